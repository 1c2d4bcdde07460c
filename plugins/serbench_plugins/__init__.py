"""The built-in plugins: they enter by the same door as a stranger's package.

Each hook imports what it yields when it is called, and what it yields imports heavy libraries when it works.
"""

from __future__ import annotations

from serbench.api import hookimpl


@hookimpl
def serbench_datasets():
    """Yield the embedded corpus and the adapters of published ones."""
    from serbench_plugins.datasets.cremad import CremaD
    from serbench_plugins.datasets.emodb import EmoDb
    from serbench_plugins.datasets.emovo import Emovo
    from serbench_plugins.datasets.iemocap import Iemocap
    from serbench_plugins.datasets.meld import Meld
    from serbench_plugins.datasets.ravdess import Ravdess
    from serbench_plugins.datasets.savee import Savee
    from serbench_plugins.datasets.synth import Synth
    from serbench_plugins.datasets.tess import Tess

    yield from (Synth, Ravdess, CremaD, EmoDb, Savee, Emovo, Tess, Iemocap, Meld)


@hookimpl
def serbench_features():
    """Yield the spectral features, and those of pretrained networks."""
    from serbench_plugins.features.compare import Compare
    from serbench_plugins.features.egemaps import Egemaps
    from serbench_plugins.features.encoder_frames import EncoderFrames
    from serbench_plugins.features.encoder_mean import EncoderMean
    from serbench_plugins.features.encoder_vector import EncoderVector
    from serbench_plugins.features.f0 import F0
    from serbench_plugins.features.ge2e import Ge2e
    from serbench_plugins.features.log_mel import LogMel
    from serbench_plugins.features.log_mel_image import LogMelImage
    from serbench_plugins.features.log_spectrogram import LogSpectrogram
    from serbench_plugins.features.mfcc import Mfcc
    from serbench_plugins.features.mfcc_stats import MfccStats
    from serbench_plugins.features.paper_mfcc import PaperMfcc
    from serbench_plugins.features.paper_zcr_mfcc import PaperZcrMfcc
    from serbench_plugins.features.prosody import Prosody
    from serbench_plugins.features.waveform import Waveform
    from serbench_plugins.features.whisper_log_mel import WhisperLogMel
    from serbench_plugins.features.word_counts import WordCounts

    yield from (
        Mfcc,
        LogMel,
        MfccStats,
        PaperMfcc,
        PaperZcrMfcc,
        EncoderMean,
        EncoderFrames,
        EncoderVector,
        Ge2e,
        Compare,
        Egemaps,
        F0,
        Prosody,
        LogMelImage,
        Waveform,
        WordCounts,
        LogSpectrogram,
        WhisperLogMel,
    )


@hookimpl
def serbench_augmentations():
    """Yield the changes of a wave that keep its label."""
    from serbench_plugins.augmentations.codec import Codec
    from serbench_plugins.augmentations.noise import Noise
    from serbench_plugins.augmentations.paper_noise import PaperNoise
    from serbench_plugins.augmentations.paper_pitch import PaperPitch
    from serbench_plugins.augmentations.paper_pitch_noise import PaperPitchNoise
    from serbench_plugins.augmentations.pitch import Pitch
    from serbench_plugins.augmentations.random_pitch import RandomPitch
    from serbench_plugins.augmentations.reverberation import Reverberation
    from serbench_plugins.augmentations.snr_noise import SnrNoise
    from serbench_plugins.augmentations.speed import Speed
    from serbench_plugins.augmentations.stretch import Stretch
    from serbench_plugins.augmentations.vtlp import Vtlp

    yield from (Noise, SnrNoise, Pitch, RandomPitch, Speed, Stretch, Vtlp, Reverberation, Codec)
    yield from (PaperNoise, PaperPitch, PaperPitchNoise)


@hookimpl
def serbench_models():
    """Yield the floors, the baselines, the reference network, the network as it was released, and probes."""
    from serbench_plugins.models.area_attn_cnn import AreaAttnCnn
    from serbench_plugins.models.attn1dcnn import Attn1dCnn
    from serbench_plugins.models.attn1dcnn_paper import Attn1dCnnPaper
    from serbench_plugins.models.cnn2d import Cnn2d
    from serbench_plugins.models.cpac import Cpac
    from serbench_plugins.models.dev_vote import DevVote
    from serbench_plugins.models.eca_cnn6 import EcaCnn6
    from serbench_plugins.models.emobox_probe import EmoBoxProbe, Emotion2vecProbe
    from serbench_plugins.models.fine_tuned_encoder import FineTunedEncoderModel
    from serbench_plugins.models.graph_fusion import GraphFusion
    from serbench_plugins.models.gru import Gru
    from serbench_plugins.models.humpcat import HumpCat
    from serbench_plugins.models.imbalance_cnn import ImbalanceCnn
    from serbench_plugins.models.late_fusion import AudioTextFusion
    from serbench_plugins.models.light_sernet import LightSerNet
    from serbench_plugins.models.linear_probe import LinearProbe, LinearProbeDev
    from serbench_plugins.models.logreg import LogReg
    from serbench_plugins.models.majority import Majority
    from serbench_plugins.models.mf_only import MfOnly
    from serbench_plugins.models.mfhca import Mfhca
    from serbench_plugins.models.mlp import Mlp
    from serbench_plugins.models.prior import Prior
    from serbench_plugins.models.random_forest import RandomForest
    from serbench_plugins.models.reslstm_sa import ResLstmSa
    from serbench_plugins.models.resnet_statspool import ResNetStatsPool
    from serbench_plugins.models.seed_vote import SeedVote
    from serbench_plugins.models.speaker_probe import SpeakerProbe
    from serbench_plugins.models.superb_probe import SuperbProbe
    from serbench_plugins.models.svm import Svm
    from serbench_plugins.models.tfidf_logreg import TfidfLogReg
    from serbench_plugins.models.tim_net import TimNet

    yield from (
        Majority,
        Prior,
        LogReg,
        Mlp,
        Cnn2d,
        Attn1dCnn,
        Attn1dCnnPaper,
        LinearProbe,
        LinearProbeDev,
        SuperbProbe,
        EmoBoxProbe,
        Emotion2vecProbe,
        FineTunedEncoderModel,
        SpeakerProbe,
        RandomForest,
        Svm,
        TfidfLogReg,
        AudioTextFusion,
        SeedVote,
        DevVote,
        MfOnly,
        ImbalanceCnn,
        TimNet,
        LightSerNet,
        EcaCnn6,
        Gru,
        ResLstmSa,
        ResNetStatsPool,
        AreaAttnCnn,
        Cpac,
        Mfhca,
        HumpCat,
        GraphFusion,
    )


@hookimpl
def serbench_metrics():
    """Yield the core metrics."""
    from serbench.api import CORE_METRICS

    yield from CORE_METRICS


__all__ = [
    "serbench_augmentations",
    "serbench_datasets",
    "serbench_features",
    "serbench_metrics",
    "serbench_models",
]
