"""Tiny random checkpoints of the classes of pretrained speech encoders, as folders of the Hugging Face hub."""

from __future__ import annotations

from serbench_plugins.features.encoders import Encoder

from serbench.digest import sha256_file

RATE = 16_000
#: Two layers of width 16 behind three convolutions, a position every 80 samples.
WAVE = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": (16, 16, 16),
    "conv_kernel": (10, 8, 4),
    "conv_stride": (5, 4, 4),
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
}
#: Two layers of width 16, and 100 positions of 20 ms: it hears 2 s.
WHISPER = {
    "d_model": 16,
    "encoder_layers": 2,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_layers": 1,
    "decoder_attention_heads": 2,
    "decoder_ffn_dim": 32,
    "num_mel_bins": 80,
    "max_source_positions": 100,
    "max_target_positions": 4,
    "vocab_size": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
    "begin_suppress_tokens": None,
}
MADE = {
    "wav2vec2-group": ("Wav2Vec2", WAVE | {"feat_extract_norm": "group"}, False),
    "wav2vec2-layer": ("Wav2Vec2", WAVE | {"feat_extract_norm": "layer", "do_stable_layer_norm": True}, True),
    "hubert-group": ("Hubert", WAVE | {"feat_extract_norm": "group"}, True),
    "wavlm-layer": ("WavLM", WAVE | {"feat_extract_norm": "layer", "do_stable_layer_norm": True}, True),
    "data2vec": ("Data2VecAudio", WAVE | {"conv_pos_kernel_size": 5}, True),
    "whisper-random": ("Whisper", WHISPER, False),
}


def saved(name, folder):
    """Save a random model as a folder of the hub has it; return what the table would say of it."""
    import torch
    import transformers

    kind, config, normalise = MADE[name]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = getattr(transformers, f"{kind}Model")(getattr(transformers, f"{kind}Config")(**config))
    model.save_pretrained(folder / name)
    digest = sha256_file(folder / name / "model.safetensors")
    return Encoder(f"lab/{name}", digest, ("noise",), "CC0", "model.safetensors", normalise=normalise)
