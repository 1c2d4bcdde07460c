"""Saved models on new recordings.

Conventions
-----------
Recordings are read, resampled and turned into features as in training, with the arguments of the time. A recording that
cannot be used is an answer with a reason; the others go on. Where several folds or seeds of one system are given, their
scores are averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from glob import glob
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serbench.corpus.audio import read_audio
from serbench.corpus.endings import AUDIO_SUFFIXES
from serbench.corpus.walk import files_below, is_passed_over
from serbench.environment import usable_cores
from serbench.errors import FormatError, SerbenchError, UsageError
from serbench.features.batch import extract_waves
from serbench.features.table import Column, FeatureTable, Floats
from serbench.features.text import TextExtractor
from serbench.plugin.registry import Registry
from serbench.results.saved import SavedModel
from serbench.run.saving import LoadedModel, load_model
from serbench.weights import WeightFolders

#: Recordings that are in memory at once, and samples in a batch, padding included.
_CHUNK, _BATCH_SAMPLES = 64, 1 << 22
#: How many systems an error names.
_NAMED = 4

#: From sample rate to the wave.
_Waves = dict[int, Floats]


@dataclass(frozen=True)
class Answer:
    """What the model says of a recording.

    Attributes
    ----------
    path
        The recording.
    scores
        float64 (k,) in the order of the model's classes, or None.
    reason
        Why there are none.
    """

    path: Path
    scores: npt.NDArray[np.float64] | None
    reason: str | None = None


def find_models(place: Path) -> list[Path]:
    """Return the cards of one system: a card itself, its file of numbers, or all below a folder.

    Parameters
    ----------
    place
        A saved cell, a folder of them, or the ``--out`` folder of a run.

    Raises
    ------
    UsageError
        When there is none, or the folder holds more than one system.
    FormatError
        When none of them could be saved; the message says why.
    """
    if place.is_file():
        return [place.with_suffix(".json")]
    inside = place / "models"
    cards = sorted((inside if inside.is_dir() else place).rglob("*.json")) if place.is_dir() else []
    if not cards:
        raise UsageError(f"no saved model in {place}, expected one; save them with serbench run --save-models")
    read = {path: SavedModel.read(path) for path in cards}
    usable = {path: card for path, card in read.items() if card.weights is not None}
    if not usable:
        raise FormatError(f"{place} holds no model: {next(iter(read.values())).reason}")
    systems: dict[tuple[str, str], list[Path]] = {}
    for path, card in usable.items():
        systems.setdefault((card.key.task, card.key.system), []).append(path)
    if len(systems) > 1:
        named = [str(paths[0].parent) for paths in systems.values()]
        more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        raise UsageError(
            f"{place} holds models of {len(systems)} systems, expected one; name the folder or the card of one: "
            f"{', '.join(named[:_NAMED])}{more}"
        )
    return next(iter(systems.values()))


def find_recordings(words: Sequence[str]) -> list[Path]:
    """Return the files that words name: files, patterns, and folders for all recordings below them.

    Below a folder, hidden files and the forks of a Mac are passed over and links are followed, as in a corpus
    (``serbench.corpus.walk``). A pattern finds none of them either, unless it names them; a file that is named is
    taken as it is.

    Raises
    ------
    UsageError
        When a word names nothing.
    """
    found: list[Path] = []
    for word in words:
        path = Path(word)
        named = [path] if path.exists() else _matches(word)
        here = [file for place in named for file in (_recordings(place) if place.is_dir() else [place])]
        if not here:
            raise UsageError(f"no recording at {word!r}, expected a file, a folder or a pattern")
        found += here
    return list(dict.fromkeys(found))


def _recordings(folder: Path) -> list[Path]:
    return sorted(folder / place for place in files_below(folder) if Path(place).suffix.lower() in AUDIO_SUFFIXES)


def _matches(pattern: str) -> list[Path]:
    """Return what a pattern names; of hidden names, and of the forks of a Mac, what it names itself."""
    asked = {*Path(pattern).parts}
    paths = [Path(file) for file in sorted(glob(pattern, recursive=True))]  # noqa: PTH207  (may be absolute)
    # what begins with a dot is found by no star: it was asked for
    forks = {name for path in paths for name in path.parts if is_passed_over(name) and name[0] != "."} - asked
    return [path for path in paths if not forks & {*path.parts}]


def load_models(
    cards: Sequence[Path], registry: Registry, device: str, weights: WeightFolders | None = None
) -> list[LoadedModel]:
    """Load the models of one system, to predict together; see :func:`serbench.run.saving.load_model`."""
    return [load_model(path, registry, device, weights) for path in cards]


def predict(
    models: Sequence[LoadedModel], paths: Sequence[Path], progress: Callable[[int], None] | None = None
) -> Iterator[Answer]:
    """Yield an answer per recording, in the order of ``paths``.

    Parameters
    ----------
    models
        Of one system; their scores are averaged.
    paths
        The recordings.
    progress
        Told how many are done.
    """
    extractors = models[0].extractors
    if reading := [name for name, extractor in extractors.items() if isinstance(extractor, TextExtractor)]:
        raise UsageError(
            f"{models[0].model.card.name} reads transcripts ({', '.join(reading)}), and recordings alone have none; "
            f"expected a model whose features hear sound"
        )
    rates = sorted({extractor.card.sample_rate for extractor in extractors.values()})
    with ThreadPoolExecutor(usable_cores(), thread_name_prefix="serbench-decode") as pool:
        for start in range(0, len(paths), _CHUNK):
            chunk = paths[start : start + _CHUNK]
            heard = dict(zip(chunk, pool.map(partial(_read, rates=rates), chunk), strict=True))
            answers = {path: Answer(path, None, waves) for path, waves in heard.items() if isinstance(waves, str)}
            for batch in _batches({path: waves for path, waves in heard.items() if not isinstance(waves, str)}):
                answers |= {answer.path: answer for answer in _answers(models, batch)}
            if progress is not None:
                progress(start + len(chunk))
            yield from (answers[path] for path in chunk)


def _read(path: Path, rates: Sequence[int]) -> _Waves | str:
    """Return the recording at every rate, or why it cannot be read."""
    try:
        if not rates:
            read_audio(path)
        return {rate: read_audio(path, rate)[0] for rate in rates}
    except SerbenchError as error:
        return str(error)


def _batches(heard: dict[Path, _Waves]) -> Iterator[dict[Path, _Waves]]:
    """Yield recordings of like length together, so that a long one costs little padding."""

    def long(path: Path) -> int:
        return max((len(wave) for wave in heard[path].values()), default=0)

    batch: dict[Path, _Waves] = {}
    for path in sorted(heard, key=long):
        if batch and long(path) * (len(batch) + 1) > _BATCH_SAMPLES:
            yield batch
            batch = {}
        batch[path] = heard[path]
    if batch:
        yield batch


def _answers(models: Sequence[LoadedModel], batch: dict[Path, _Waves]) -> list[Answer]:
    """Return the answers of a batch; where it fails as a whole, each recording is tried alone."""
    try:
        scores = _scores(models, batch)
    except Exception as error:  # noqa: BLE001  (a plugin may raise anything)
        if len(batch) > 1:
            return [answer for path, waves in batch.items() for answer in _answers(models, {path: waves})]
        (path,) = batch
        return [Answer(path, None, f"{path}: {type(error).__name__}: {' '.join(str(error).split())}")]
    return [Answer(path, row) for path, row in zip(batch, scores, strict=True)]


def _scores(models: Sequence[LoadedModel], batch: dict[Path, _Waves]) -> npt.NDArray[np.float64]:
    first = models[0]
    columns = {}
    for name, extractor in first.extractors.items():
        waves = [each[extractor.card.sample_rate] for each in batch.values()]
        columns[name] = Column.stack(extractor.card.output, extract_waves(extractor, waves, first.model.device))
    table = FeatureTable(tuple(str(path) for path in batch), columns, first.card.classes)
    scores = [each.model.predict(table).aligned(table.ids, table.labels) for each in models]
    mean: npt.NDArray[np.float64] = np.mean(scores, axis=0)
    return mean


__all__ = ["Answer", "find_models", "find_recordings", "load_models", "predict"]
