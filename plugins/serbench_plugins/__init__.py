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
    """Yield the spectral features."""
    from serbench_plugins.features.log_mel import LogMel
    from serbench_plugins.features.mfcc import Mfcc
    from serbench_plugins.features.mfcc_stats import MfccStats
    from serbench_plugins.features.paper_mfcc import PaperMfcc

    yield from (Mfcc, LogMel, MfccStats, PaperMfcc)


@hookimpl
def serbench_augmentations():
    """Yield the changes of a wave that keep its label."""
    from serbench_plugins.augmentations.noise import Noise
    from serbench_plugins.augmentations.paper_noise import PaperNoise
    from serbench_plugins.augmentations.paper_pitch import PaperPitch
    from serbench_plugins.augmentations.paper_pitch_noise import PaperPitchNoise
    from serbench_plugins.augmentations.pitch import Pitch

    yield from (Noise, Pitch, PaperNoise, PaperPitch, PaperPitchNoise)


@hookimpl
def serbench_models():
    """Yield the floors, the baselines, the reference network and the network as it was released."""
    from serbench_plugins.models.attn1dcnn import Attn1dCnn
    from serbench_plugins.models.attn1dcnn_paper import Attn1dCnnPaper
    from serbench_plugins.models.cnn2d import Cnn2d
    from serbench_plugins.models.logreg import LogReg
    from serbench_plugins.models.majority import Majority
    from serbench_plugins.models.mlp import Mlp
    from serbench_plugins.models.prior import Prior

    yield from (Majority, Prior, LogReg, Mlp, Cnn2d, Attn1dCnn, Attn1dCnnPaper)


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
