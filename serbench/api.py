"""The author's door: a plugin imports from here and from nowhere else in serbench.

Importing this module imports none of torch, librosa or pandas.
"""

from __future__ import annotations

from serbench.checkpoint import Checkpoint
from serbench.corpus.dataset import Dataset, DatasetCard
from serbench.corpus.manifest import LabelMap, Utterance
from serbench.corpus.tables import read_table
from serbench.errors import (
    AudioError,
    CheckpointError,
    CheckpointMissingError,
    DatasetError,
    DatasetMissingError,
    NotFittedError,
)
from serbench.features.extractor import BatchedFeatureExtractor, FeatureCard, FeatureExtractor
from serbench.features.table import Column, FeatureTable
from serbench.features.text import TextCard, TextExtractor
from serbench.files import atomic_folder, atomic_write
from serbench.learning.augmentation import Augmentation, AugmentationCard
from serbench.learning.batch.augmentation import BatchAugmentation, Rows
from serbench.learning.batch.masking import OneOf, Shift, SpecAugment
from serbench.learning.batch.mixing import CopyPaste, CutMix, Mixup
from serbench.learning.fusion import LateFusion, Voting
from serbench.learning.model import Model, ModelCard, Predictions
from serbench.learning.sklearn_model import SklearnModel
from serbench.learning.torch_model import Recipe, Stage, TorchModel
from serbench.plugin.hookspecs import API_VERSION, hookimpl
from serbench.protocol.splitters import LeaveOneSessionOut, LeaveOneSpeakerOut, OfficialPartition, SpeakerGroups
from serbench.scoring.figure import Figure
from serbench.scoring.metric import Metric, MetricCard
from serbench.scoring.metrics import CORE_METRICS
from serbench.seeding import derive, generator
from serbench.size import Size
from serbench.use import Use

__all__ = [
    "API_VERSION",
    "CORE_METRICS",
    "AudioError",
    "Augmentation",
    "AugmentationCard",
    "BatchAugmentation",
    "BatchedFeatureExtractor",
    "Checkpoint",
    "CheckpointError",
    "CheckpointMissingError",
    "Column",
    "CopyPaste",
    "CutMix",
    "Dataset",
    "DatasetCard",
    "DatasetError",
    "DatasetMissingError",
    "FeatureCard",
    "FeatureExtractor",
    "FeatureTable",
    "Figure",
    "LabelMap",
    "LateFusion",
    "LeaveOneSessionOut",
    "LeaveOneSpeakerOut",
    "Metric",
    "MetricCard",
    "Mixup",
    "Model",
    "ModelCard",
    "NotFittedError",
    "OfficialPartition",
    "OneOf",
    "Predictions",
    "Recipe",
    "Rows",
    "Shift",
    "Size",
    "SklearnModel",
    "SpeakerGroups",
    "SpecAugment",
    "Stage",
    "TextCard",
    "TextExtractor",
    "TorchModel",
    "Use",
    "Utterance",
    "Voting",
    "atomic_folder",
    "atomic_write",
    "derive",
    "generator",
    "hookimpl",
    "read_table",
]
