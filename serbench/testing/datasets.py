"""What every dataset is held to.

Conventions
-----------
Most is judged on the corpus, or on a tiny sample of it with true file names, in a data root. Without one the dataset is
exempt from what needs one, and only its card and its words for an empty folder are judged.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from serbench.corpus.audio import read_audio
from serbench.corpus.dataset import Dataset, DatasetCard
from serbench.corpus.endings import AUDIO_SUFFIXES
from serbench.corpus.manifest import Manifest, Utterance
from serbench.corpus.walk import files_below
from serbench.environment import cache_folder
from serbench.errors import DatasetMissingError, PluginError
from serbench.protocol.leakage import check_fold
from serbench.protocol.protocols import get_protocol
from serbench.testing import parts
from serbench.testing.check import ExemptError, Subject
from serbench.testing.watch import random_state_untouched

#: Recordings that are decoded: of so many speakers one each.
_HEARD = 3
#: Larger files that are no recordings (films) are not copied.
_LARGEST_TABLE = 50_000_000


class DatasetSubject(Subject):
    """A dataset under test."""

    @property
    def card(self) -> DatasetCard:
        """What the dataset says of itself."""
        card: DatasetCard = self.part.card
        return card

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset with the arguments that are checked."""
        dataset: Dataset = self.made()
        return dataset

    @cached_property
    def root(self) -> Path:
        """Where the corpus lies, or a sample of it."""
        try:
            return self.dataset.locate(self.data_roots, cache_folder())
        except DatasetMissingError:
            raise ExemptError("no data root holds the corpus, or a sample") from None

    @cached_property
    def manifest(self) -> Manifest:
        """The facts of all clips."""
        return self.dataset.manifest(self.root)


def check_card(subject: DatasetSubject) -> None:
    """The card is complete, with licence and source."""
    parts.check_card(subject)
    card = subject.card
    for name in ("labels", "language", "licence", "cite", "obtain"):
        if not getattr(card, name):
            raise PluginError(f"the card's {name} is empty, expected something")
    if len(set(card.labels)) != len(card.labels):
        raise PluginError(f"the card's labels are {card.labels}, expected each once")
    if card.clips is not None and set(card.clips) != set(card.labels):
        raise PluginError(f"the card counts clips of {sorted(card.clips)}, expected its labels {sorted(card.labels)}")
    for name, clips in card.releases.items():
        if not isinstance(clips, int) and set(clips) != set(card.labels):
            raise PluginError(
                f"the card counts clips of {sorted(clips)} in release {name}, expected its labels {sorted(card.labels)}"
            )
    if not 0 <= card.tolerance < 1:
        raise PluginError(f"the card's tolerance is {card.tolerance}, expected a share from 0 to below 1")
    if not card.folders and subject.part.locate is Dataset.locate:
        raise PluginError("the card names no folder and locate is not overridden, expected one of both")


def check_label_maps(subject: DatasetSubject) -> None:
    """Label maps speak of the card's labels alone."""
    names = [each.name for each in subject.part.label_maps]
    if len(set(names)) != len(names):
        raise PluginError(f"the label maps are called {names}, expected each name once")
    for each in subject.part.label_maps:
        strange = sorted(set(each.classes) - set(subject.card.labels))
        if strange:
            raise PluginError(
                f"label map {each.name} maps {strange}, expected words out of {list(subject.card.labels)}"
            )


def check_missing_is_said(subject: DatasetSubject) -> None:
    """An empty folder says how to get the corpus."""
    with tempfile.TemporaryDirectory() as empty:
        calls: dict[str, Callable[[], object]] = {"manifest": lambda: subject.dataset.manifest(Path(empty))}
        if subject.card.folders:
            calls["locate"] = lambda: subject.dataset.locate([Path(empty)], Path(empty))
        for name, call in calls.items():
            try:
                call()
            except DatasetMissingError as error:
                if subject.card.obtain not in str(error):
                    raise PluginError(f"{name} says {str(error)!r}, expected it to hold the card's obtain") from error
                continue
            except Exception as error:
                raise PluginError(
                    f"{name} of an empty folder raises {type(error).__name__}: {error}, expected DatasetMissingError"
                ) from error
            raise PluginError(f"{name} finds a corpus in an empty folder, expected DatasetMissingError")


def check_paths_exist(subject: DatasetSubject) -> None:
    """Paths are relative, and files lie there."""
    for each in subject.manifest.utterances:
        path = Path(each.path)
        if path.is_absolute() or ".." in path.parts or not (subject.root / path).is_file():
            raise PluginError(
                f"{each.id} has path {each.path!r}, expected a file below the corpus root, relative to it"
            )


def check_read_twice_the_same(subject: DatasetSubject) -> None:
    """Reading it again gives the same facts."""
    with random_state_untouched("reading the corpus"):
        again = subject.made().manifest(subject.root)
    if again.utterances != subject.manifest.utterances:
        raise PluginError("two readings of one folder differ, expected the same utterances")


def check_decodes_nothing(subject: DatasetSubject) -> None:
    """Names and tables alone give the facts."""
    with _silent_copy(subject.root) as copy:
        try:
            found = subject.made().manifest(copy).utterances
        except Exception as error:
            raise PluginError(
                f"with empty recordings reading raises {type(error).__name__}: {error}, expected the same facts; "
                f"no file of sound may be opened"
            ) from error
    if _facts(found) != _facts(subject.manifest.utterances):
        raise PluginError("with empty recordings the facts differ, expected the same; no file of sound may be opened")


def _facts(utterances: tuple[Utterance, ...]) -> list[tuple[str, ...]]:
    return [(each.id, each.path, each.speaker, each.label) for each in utterances]


@contextmanager
def _silent_copy(root: Path) -> Iterator[Path]:
    """Copy a corpus for the length of a block, its recordings without a single byte."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / root.name
        copy.mkdir()
        for place in files_below(root):
            path, to = root / place, copy / place
            to.parent.mkdir(parents=True, exist_ok=True)
            empty = path.suffix.lower() in AUDIO_SUFFIXES or path.stat().st_size > _LARGEST_TABLE
            to.write_bytes(b"" if empty else path.read_bytes())
        yield copy


def check_folds_hold(subject: DatasetSubject) -> None:
    """Its folds leak nothing, and come out the same."""
    protocol = get_protocol("si")
    split = protocol.split(subject.dataset, subject.manifest)
    nothing_known = {uid: uid for uid in subject.manifest.by_id}  # every recording counts as one of its own
    for fold in split.folds:
        check_fold(subject.manifest, split, fold, nothing_known)
    if protocol.split(subject.made(), subject.made().manifest(subject.root)).digest != split.digest:
        raise PluginError("two splits of one folder differ, expected the same folds; draw nothing, sort what you list")


def check_sound_is_read(subject: DatasetSubject) -> None:
    """Recordings of a few speakers can be read."""
    for speaker in subject.manifest.speakers[:_HEARD]:
        first = next(each for each in subject.manifest.utterances if each.speaker == speaker)
        read_audio(subject.manifest.path(first.id))


DATASET_CHECKS = (
    check_card,
    parts.check_constructor_stores,
    parts.check_arguments_are_identity,
    check_label_maps,
    check_missing_is_said,
    check_paths_exist,
    check_read_twice_the_same,
    check_decodes_nothing,
    check_folds_hold,
    check_sound_is_read,
)

__all__ = ["DATASET_CHECKS", "DatasetSubject"]
