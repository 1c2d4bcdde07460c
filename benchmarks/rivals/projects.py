"""What the rivals must be given to do EMO-DB: lists of clips, configurations, and the network that serbench trains."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "T": "sadness",
    "N": "neutral",
}

_NKULULEKO = """\
[EXP]
root = {root}
name = {name}
runs = 1
epochs = {epochs}
save = False
[DATA]
databases = {databases}
{lists}
target = emotion
labels = {labels}
[FEATS]
type = ['os']
scale = standard
[MODEL]
{model}
n_jobs = 2
device = cpu
"""

_NETWORK = '''\
import torch
from autrainer.models import AbstractModel


class SmallCnn(AbstractModel):
    """Four blocks: convolution, pooling, norm, activation; their mean is classified."""

    def __init__(self, output_dim: int, transfer: bool = False) -> None:
        super().__init__(output_dim, None)
        channels = [1, 16, 32, 64, 128]
        layers = []
        for before, after in zip(channels, channels[1:]):
            layers += [
                torch.nn.Conv2d(before, after, 3, padding="same", bias=False),
                torch.nn.MaxPool2d(2),
                torch.nn.BatchNorm2d(after),
                torch.nn.ReLU(),
            ]
        layers += [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Dropout(0.3)]
        self.body = torch.nn.Sequential(*layers)
        self.head = torch.nn.Linear(channels[-1], output_dim)

    def embeddings(self, features: torch.Tensor) -> torch.Tensor:
        return self.body(features)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(features))
'''

_CONFIG = """\
defaults:
  - _autrainer_
  - _self_

results_dir: results
experiment_id: default
iterations: 5
device: cpu
progress_bar: false

hydra:
  sweeper:
    params:
      +seed: 1
      +batch_size: 32
      +learning_rate: 0.001
      dataset: {datasets}
      model: SmallCnn
      optimizer: Adam
"""

_DATASET = """\
id: {id}
_target_: autrainer.datasets.EmoDB
train_speakers: {train}
dev_speakers: [{dev}]
test_speakers: [{test}]
path: data/EmoDB
features_subdir: log_mel_32ms
index_column: filename
target_column: emotion
file_type: npy
file_handler: autrainer.datasets.utils.NumpyFileHandler
criterion: autrainer.criterions.CrossEntropyLoss
metrics:
  - autrainer.metrics.Accuracy
  - autrainer.metrics.UAR
tracking_metric: autrainer.metrics.UAR
transform:
  type: grayscale
  base:
    - autrainer.transforms.RandomCrop:
        size: 94
        axis: -2
"""

_PREPROCESSING = """\
file_handler:
  autrainer.datasets.utils.AudioFileHandler:
    target_sample_rate: 16000
pipeline:
  - autrainer.transforms.StereoToMono
  - autrainer.transforms.PannMel:
      sample_rate: 16000
      window_size: 2048
      hop_size: 512
      mel_bins: 64
      fmin: 0
      fmax: 8000
      ref: 1.0
      amin: 1e-10
      top_db: null
"""

_MODEL = """\
id: SmallCnn
_target_: small_cnn.SmallCnn
transform:
  type: grayscale
"""


@dataclass(frozen=True)
class Clip:
    """A recording of EMO-DB, as its name tells."""

    path: Path
    speaker: str
    emotion: str


def clips(root: Path) -> list[Clip]:
    """Return the recordings below a folder, sorted by name."""
    found = sorted(path for path in root.rglob("*") if path.suffix in {".wav", ".flac"})
    return [Clip(path.absolute(), path.name[:2], EMOTIONS[path.name[5]]) for path in found]


def nkululeko_svm(folder: Path, those: Sequence[Clip]) -> list[Path]:
    """Write one configuration: leave one speaker out."""
    _write_csv(folder / "all.csv", those, absolute=True)
    lists = "\n".join([*_database("all", folder / "all.csv"), "all.split_strategy = speaker_split"])
    return [_write_ini(folder, "svm", "['all']", lists, "type = svm\nlogo = 10", 1)]


def nkululeko_mlp(folder: Path, those: Sequence[Clip], folds: int) -> list[Path]:
    """Write a configuration for each of the first folds: a speaker is tested, all others are learned from."""
    found = []
    for speaker in sorted({each.speaker for each in those})[:folds]:
        parts = {
            "train": [each for each in those if each.speaker != speaker],
            "test": [each for each in those if each.speaker == speaker],
        }
        lists = []
        for name, part in parts.items():
            path = folder / f"{name}-{speaker}.csv"
            _write_csv(path, part, absolute=True)
            lists += [*_database(name, path), f"{name}.split_strategy = {name}"]
        model = "type = mlp\nlayers = {'l1': 128}\ndrop = 0.4\nlearning_rate = 0.001\nbatch_size = 32"
        found.append(_write_ini(folder, f"mlp-{speaker}", "['train', 'test']", "\n".join(lists), model, 50))
    return found


def autrainer(folder: Path, those: Sequence[Clip], folds: int) -> Path:
    """Write a project of a data set for each of the first folds; dev is the next speaker. Return its folder."""
    data = folder / "data" / "EmoDB"
    data.mkdir(parents=True, exist_ok=True)
    if not (data / "default").exists():
        (data / "default").symlink_to(those[0].path.parent)
    _write_csv(data / "metadata.csv", those, absolute=False)
    speakers = sorted({each.speaker for each in those})
    names = []
    for place, speaker in enumerate(speakers[:folds]):
        names.append(f"Fold-{speaker}")
        dev = speakers[(place + 1) % len(speakers)]
        train = [int(each) for each in speakers if each not in (speaker, dev)]
        text = _DATASET.format(id=names[-1], train=train, dev=int(dev), test=int(speaker))
        _write(folder / "conf" / "dataset" / f"{names[-1]}.yaml", text)
    _write(folder / "conf" / "config.yaml", _CONFIG.format(datasets=",".join(names)))
    _write(folder / "conf" / "preprocessing" / "log_mel_32ms.yaml", _PREPROCESSING)
    _write(folder / "conf" / "model" / "SmallCnn.yaml", _MODEL)
    _write(folder / "small_cnn.py", _NETWORK)
    return folder


def _database(name: str, path: Path) -> list[str]:
    return [f"{name} = {path}", f"{name}.type = csv", f"{name}.absolute_path = True"]


def _write_ini(folder: Path, name: str, databases: str, lists: str, model: str, epochs: int) -> Path:
    path = folder / f"{name}.ini"
    labels = sorted(EMOTIONS.values())
    text = _NKULULEKO.format(
        root=f"{folder}/", name=name, epochs=epochs, databases=databases, lists=lists, labels=labels, model=model
    )
    _write(path, text)
    return path


def _write_csv(path: Path, those: Sequence[Clip], *, absolute: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file" if absolute else "filename", "speaker", "emotion"))
        writer.writerows((each.path if absolute else each.path.name, each.speaker, each.emotion) for each in those)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


__all__ = ["Clip", "autrainer", "clips", "nkululeko_mlp", "nkululeko_svm"]
