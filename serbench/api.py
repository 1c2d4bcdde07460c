"""The author's door: a plugin imports from here and from nowhere else in serbench.

Importing this module imports none of torch, librosa or pandas.
"""

from __future__ import annotations

from serbench.corpus.dataset import Dataset, DatasetCard
from serbench.corpus.manifest import LabelMap, Utterance
from serbench.corpus.tables import read_table
from serbench.errors import AudioError, DatasetError, DatasetMissingError, NotFittedError
from serbench.features.extractor import BatchedFeatureExtractor, FeatureCard, FeatureExtractor
from serbench.features.table import Column, FeatureTable
from serbench.files import atomic_write
from serbench.learning.augmentation import Augmentation, AugmentationCard
from serbench.learning.model import Model, ModelCard, Predictions, Size
from serbench.learning.torch_model import Recipe, TorchModel
from serbench.plugin.hookspecs import API_VERSION, hookimpl
from serbench.protocol.splitters import LeaveOneSessionOut, LeaveOneSpeakerOut, OfficialPartition, SpeakerGroups
from serbench.scoring.figure import Figure
from serbench.scoring.metric import Metric, MetricCard
from serbench.scoring.metrics import CORE_METRICS
from serbench.seeding import derive, generator

__all__ = [
    "API_VERSION",
    "CORE_METRICS",
    "AudioError",
    "Augmentation",
    "AugmentationCard",
    "BatchedFeatureExtractor",
    "Column",
    "Dataset",
    "DatasetCard",
    "DatasetError",
    "DatasetMissingError",
    "FeatureCard",
    "FeatureExtractor",
    "FeatureTable",
    "Figure",
    "LabelMap",
    "LeaveOneSessionOut",
    "LeaveOneSpeakerOut",
    "Metric",
    "MetricCard",
    "Model",
    "ModelCard",
    "NotFittedError",
    "OfficialPartition",
    "Predictions",
    "Recipe",
    "Size",
    "SpeakerGroups",
    "TorchModel",
    "Utterance",
    "atomic_write",
    "derive",
    "generator",
    "hookimpl",
    "read_table",
]
