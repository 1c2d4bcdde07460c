"""Multiply-accumulates by hand, of every kind of layer; and nothing where nobody can tell."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torch import library as operators
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.flop_counter import FlopCounterMode

from serbench.operations import count_operations
from serbench.size import network_size

attention = nn.functional.scaled_dot_product_attention

#: b rows of t steps of width d; h hidden, e width of a feed-forward layer.
B, T, D, H, E = 2, 9, 8, 4, 16

MODES = (torch.inference_mode, torch.no_grad, torch.enable_grad)


@pytest.fixture(autouse=True)
def _networks_draw():
    with torch.random.fork_rng():
        yield


def source(*shape):
    return torch.randn(*(shape or (B, T, D)), generator=torch.Generator().manual_seed(0))


def counted(network, *given, mode=torch.inference_mode):
    with mode():
        return count_operations(lambda: network.eval()(*given))


def transformer_by_hand(t, d, e):
    """Four projections, two layers of the feed-forward part, queries by keys and weights by values."""
    return t * (4 * d * d + 2 * d * e) + 2 * t * t * d


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.__name__)
def test_a_bidirectional_lstm_of_149_frames(mode):
    network, by_hand = nn.LSTM(64, 64, bidirectional=True, batch_first=True), 149 * 2 * 4 * 64 * (64 + 64)
    assert by_hand == 9_764_864
    assert counted(network, source(1, 149, 64), mode=mode).count == by_hand


#: From its name to a recurrent network and the numbers of its matrices, each of which meets every step.
RECURRENT = {
    "two layers, both ways": (lambda: nn.LSTM(D, H, 2, bidirectional=True), 2 * 4 * H * (D + H + 2 * H + H)),
    "without biases": (lambda: nn.LSTM(D, H, bias=False), 4 * H * (D + H)),
    "projected": (lambda: nn.LSTM(D, H, proj_size=2), 4 * H * (D + 2) + 2 * H),
    "in half precision": (lambda: nn.LSTM(D, H).bfloat16(), 4 * H * (D + H)),
    "gru": (lambda: nn.GRU(D, H), 3 * H * (D + H)),
    "gru both ways": (lambda: nn.GRU(D, H, bidirectional=True, batch_first=True), 2 * 3 * H * (D + H)),
    "plain": (lambda: nn.RNN(D, H, nonlinearity="relu"), H * (D + H)),
}


@pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.__name__)
@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_layers(name, mode):
    make, matrices = RECURRENT[name]
    network = make()
    given = source().to(next(network.parameters()).dtype)
    assert counted(network, given, mode=mode).count == B * T * matrices


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.__name__)
@pytest.mark.parametrize(("cls", "gates"), [(nn.LSTM, 4), (nn.GRU, 3)], ids=["lstm", "gru"])
def test_of_packed_sequences_padding_is_not_counted(cls, gates, mode):
    packed = pack_padded_sequence(source(), torch.tensor([9, 5]), batch_first=True)
    assert counted(cls(D, H, batch_first=True), packed, mode=mode).count == (9 + 5) * gates * H * (D + H)


@pytest.mark.parametrize("need_weights", [True, False])
def test_attention_with_several_heads(need_weights):
    network, given = nn.MultiheadAttention(D, 2, batch_first=True).eval(), source()
    with torch.inference_mode():
        found = count_operations(lambda: network(given, given, given, need_weights=need_weights))
    assert found.count == B * (T * 4 * D * D + 2 * T * T * D)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.__name__)
@pytest.mark.parametrize("layers", [1, 2])
def test_transformer_layers_though_a_fused_kernel_would_run_them(layers, mode):
    layer = nn.TransformerEncoderLayer(D, 2, E, batch_first=True)
    network = layer if layers == 1 else nn.TransformerEncoder(layer, layers)
    assert counted(network, source(), mode=mode).count == layers * B * transformer_by_hand(T, D, E)
    assert torch.backends.mha.get_fastpath_enabled()


def old_style(network):
    with pytest.warns(FutureWarning, match="weight_norm"):
        return nn.utils.weight_norm(network)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.__name__)
@pytest.mark.parametrize("normed", [old_style, nn.utils.parametrizations.weight_norm], ids=["hook", "parametrization"])
def test_a_convolution_whose_weights_are_normed(normed, mode):
    network = normed(nn.Conv1d(T, 4, 3))
    with mode():
        size = network_size(network, lambda: network(source()))
    assert (size.macs, size.macs_reason) == (B * (D - 2) * 4 * T * 3, None)
    assert size.total == 4 * T * 3 + 4 + 4  # direction, length, bias


#: From its name to a layer, what it is given, and its operations.
OTHERS = {
    "depthwise": (lambda: nn.Conv1d(T, T, 3, groups=T), (B, T, D), B * (D - 2) * T * 3),
    "transposed": (lambda: nn.ConvTranspose1d(T, 6, 3, stride=2, groups=3), (B, T, D), B * D * T * 2 * 3),
    "dilated image": (lambda: nn.Conv2d(3, 5, 3, dilation=2, padding=2), (1, 3, 8, 8), 64 * 5 * 3 * 9),
    "cell": (lambda: nn.LSTMCell(D, H), (B, D), B * 4 * H * (D + H)),
    "script": (lambda: torch.jit.script(nn.Linear(D, 3)), (B, T, D), B * T * D * 3),
    "norms": (lambda: nn.Sequential(nn.BatchNorm1d(T), nn.GroupNorm(3, T), nn.LayerNorm(D), nn.PReLU()), (B, T, D), 0),
    "interpolation": (lambda: nn.Upsample(scale_factor=2, mode="linear"), (B, T, D), 0),
}


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
@pytest.mark.parametrize("name", OTHERS)
def test_other_layers(name):
    make, shape, by_hand = OTHERS[name]
    assert counted(make(), source(*shape)).count == by_hand


#: Functions of (b, t, d), with their operations.
FUNCTIONS = {
    "matrix by vector": (lambda x: x @ x[0, 0], B * T * D),
    "vector by vector": (lambda x: x[0, 0] @ x[0, 1], D),
    "einsum": (lambda x: torch.einsum("btd,bsd->bts", x, x), B * T * T * D),
    "element by element": (lambda x: torch.outer(x[0, 0], x[0, 0]).sum(), 0),
    "complex": (lambda x: torch.fft.rfft(x) @ torch.fft.rfft(x).mT, 4 * B * T * T * (D // 2 + 1)),
    "spectrum": (lambda x: torch.stft(x.flatten(), 64, window=torch.ones(64), return_complex=True), 0),
    "masked attention": (lambda x: attention(x, x, x, is_causal=True), 2 * B * T * T * D),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    function, by_hand = FUNCTIONS[name]
    assert count_operations(lambda: function(source())).count == by_hand


def test_convolutions_and_products_are_as_many_as_torch_counts():
    network = nn.Sequential(nn.Conv1d(T, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3)).eval()
    with FlopCounterMode(display=False) as counter:
        network(source())
    assert counted(network, source()).count == counter.get_total_flops() // 2 > 0


def quantised(x):
    return torch.ops.quantized.linear_dynamic(x, torch.ops.quantized.linear_prepack(_eight_bits(), None))


def _eight_bits():
    return torch.quantize_per_tensor(torch.ones(3, D), 0.1, 0, torch.qint8)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda x: torch.cdist(x, x), "aten._cdist_forward"),
        (lambda x: nn.Bilinear(D, D, 3)(x, x), "aten._trilinear"),
        (lambda x: x[0].to_sparse() @ x[0].mT, "aten.mm of sparse matrices"),
        (lambda x: torch.linalg.inv(x[:, :D]), "aten.linalg_inv_ex"),
        (quantised, "quantized.linear_dynamic"),
    ],
    ids=["distances", "bilinear", "sparse", "inverse", "eight bits"],
)
def test_what_nobody_can_count_is_undefined_and_named(function, name):
    found = count_operations(lambda: function(source()))
    assert found.count is None
    assert found.reason.startswith("nobody knows what these cost: ")
    assert name in found.reason


def test_an_operation_of_a_package_is_undefined():
    package = operators.Library("stranger", "FRAGMENT")
    package.define("twice(Tensor x) -> Tensor")
    package.impl("twice", lambda x: x @ x.mT, "CompositeExplicitAutograd")
    found = count_operations(lambda: torch.ops.stranger.twice(source()))
    assert (found.count, found.reason) == (None, "nobody knows what these cost: stranger.twice")


def test_what_raises_is_the_reason_and_leaves_torch_as_it_was():
    def fails():
        raise ValueError("no\nanswer")

    found = count_operations(fails)
    assert (found.count, found.reason) == (None, "counting failed: ValueError: no answer")
    assert torch.backends.mha.get_fastpath_enabled()


WEIGHTS = Path(os.environ.get("SERBENCH_WEIGHTS") or Path(__file__).parents[2] / "shared" / "pretrained")


@pytest.mark.filterwarnings("ignore")
def test_the_encoder_of_whisper():
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    folder = WEIGHTS / "whisper-tiny.en"
    if not folder.exists():
        pytest.skip(f"{folder.name} is not below {WEIGHTS}; set SERBENCH_WEIGHTS")
    network = transformers.WhisperModel.from_pretrained(folder, dtype=torch.float32).encoder.eval()
    with torch.inference_mode():
        size = network_size(network, lambda: network(torch.zeros(1, 80, 3000)))

    first, second = 3000 * 384 * 80 * 3, 1500 * 384 * 384 * 3
    assert size.macs == first + second + 4 * transformer_by_hand(1500, 384, 1536)
    assert size.total == 8_208_384
