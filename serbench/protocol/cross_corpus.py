"""Cross-corpus (``cross``): train on some corpora, test on another; which crossings there are, who is in which part.

Conventions
-----------
All corpora are read by their label map ``shared4``, onto the same four classes. In a manifest that holds several
corpora every id, speaker, session and sentence bears its corpus's name and a stroke before it (``emodb/03a01Fa``), so
that nothing is taken for the same because two corpora number alike; a path is the whole path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from serbench.corpus.dataset import Dataset
from serbench.corpus.manifest import LabelMap, Manifest, Utterance
from serbench.digest import digest_value
from serbench.errors import ProtocolError
from serbench.protocol.protocol import Protocol
from serbench.protocol.speaker_independent import SpeakerIndependent
from serbench.protocol.split import Fold, Split

#: The label map that a dataset brings to take part.
SHARED_MAP = "shared4"
#: Its classes, in the order of all scores.
SHARED_CLASSES = ("anger", "happiness", "neutral", "sadness")


class SeveralCorpora(Protocol):
    """A protocol that divides several corpora at once: by ``divide``, not by ``split``."""

    crosses_corpora = True

    def split(self, dataset: Dataset, manifest: Manifest) -> Split:  # noqa: ARG002  (there is nothing in one corpus)
        """Refuse: there is nothing to divide in one corpus.

        Raises
        ------
        ProtocolError
            Always.
        """
        raise ProtocolError(
            f"{manifest.dataset}: protocol {self.name} needs two corpora or more, got one; name another"
        )

    def crossings(self, manifests: Mapping[str, Manifest]) -> tuple[list[Crossing], dict[str, str]]:
        """Return what comes of corpora that take part, and from what cannot be to the reason.

        Parameters
        ----------
        manifests
            By name, of two corpora or more; read by the label map ``shared4``.

        Raises
        ------
        UsageError
            When an argument of the protocol does not fit these corpora.
        """
        raise NotImplementedError

    def divide(self, crossing: Crossing, datasets: Mapping[str, Dataset], manifests: Mapping[str, Manifest]) -> Split:
        """Return the split of the corpora that take part, joined into one manifest by ``unite``.

        Parameters
        ----------
        datasets, manifests
            By name, of all that take part; read by the label map ``shared4``.

        Raises
        ------
        ProtocolError
            When the crossing cannot be made of these corpora.
        """
        raise NotImplementedError


class CrossCorpus(SeveralCorpora):
    """Test a corpus of which nothing was heard in training."""

    name = "cross"
    version = "1"
    summary = (
        "Cross-corpus: train on one corpus, test on the whole of another; of three or more also train on all others. "
        "Each corpus brings a label map 'shared4' onto anger, happiness, neutral and sadness; what it does not map is "
        "left out, and counted. Dev is a fifth of the speakers of each training corpus (by rule; of the test corpus "
        "never), and a recording that two corpora hold is a leak. Give two datasets or more; the result is a matrix, "
        "and on its diagonal each corpus's own speaker-independent folds under the same map, for reference."
    )
    ranked = True

    def crossings(self, manifests: Mapping[str, Manifest]) -> tuple[list[Crossing], dict[str, str]]:
        """Return every ordered pair, the diagonal among them, and all others against each; nothing is refused."""
        return crossings(manifests), {}

    def divide(self, crossing: Crossing, datasets: Mapping[str, Dataset], manifests: Mapping[str, Manifest]) -> Split:
        """Return the split of the corpora that take part, joined into one manifest by ``unite``.

        Parameters
        ----------
        datasets, manifests
            By name, of all that take part; read by the label map ``shared4``.

        Raises
        ------
        ProtocolError
            When nobody is left for dev, or when, on the diagonal, the corpus's own rule shares speakers or fails.
        """
        name = crossing.tested_on
        if not crossing.is_diagonal:
            return Split(self.name, self.version, crossing.name, (across(crossing, manifests),))
        own = SpeakerIndependent().split(datasets[name], manifests[name])
        if own.shares_speakers:
            raise ProtocolError(f"{name}: its own split shares speakers, so there is no figure for new speakers")
        folds = tuple(prefixed(name, fold) for fold in own.folds)
        return Split(self.name, self.version, crossing.name, folds, dev_shares_speakers=own.dev_shares_speakers)


@dataclass(frozen=True)
class Crossing:
    """Which corpora are trained on and which one is tested.

    Attributes
    ----------
    trained_on
        Names, sorted.
    tested_on
        A name; among ``trained_on`` only where it stands there alone: the diagonal.
    """

    trained_on: tuple[str, ...]
    tested_on: str

    @property
    def name(self) -> str:
        """For people: ``emodb+emovo-to-savee``."""
        return f"{'+'.join(self.trained_on)}-to-{self.tested_on}"

    @property
    def is_diagonal(self) -> bool:
        """True where one corpus is trained on and tested, with new speakers."""
        return self.trained_on == (self.tested_on,)

    @property
    def training(self) -> str:
        """What is trained on, for people: ``emodb, emovo``."""
        return ", ".join(self.trained_on)

    @property
    def members(self) -> tuple[str, ...]:
        """All that take part, sorted."""
        return tuple(sorted({*self.trained_on, self.tested_on}))


def crossings(names: Iterable[str]) -> list[Crossing]:
    """Return every ordered pair, the diagonal among them; of three corpora or more also all others against each.

    >>> [each.name for each in crossings(["b", "a"])]
    ['a-to-a', 'a-to-b', 'b-to-a', 'b-to-b']
    """
    names = sorted(names)
    pairs = [Crossing((one,), other) for one in names for other in names]
    if len(names) < 3:
        return pairs
    return pairs + [Crossing(tuple(name for name in names if name != tested), tested) for tested in names]


def shared_map(dataset: type[Dataset]) -> LabelMap:
    """Return the map of a dataset onto the shared four classes.

    Raises
    ------
    ProtocolError
        When the dataset declares none, or one that has other classes.
    """
    for found in dataset.label_maps:
        if found.name == SHARED_MAP:
            if set(found.labels) != set(SHARED_CLASSES):
                raise ProtocolError(
                    f"{dataset.card.name}: its label map {SHARED_MAP!r} has the classes {list(found.labels)}, expected "
                    f"{list(SHARED_CLASSES)}"
                )
            return found
    raise ProtocolError(
        f"{dataset.card.name} declares no label map {SHARED_MAP!r}, expected one onto {', '.join(SHARED_CLASSES)} "
        f"among its label_maps"
    )


def unite(name: str, manifests: Sequence[Manifest]) -> Manifest:
    """Return one manifest of all utterances of several, under a name for them together.

    Parameters
    ----------
    manifests
        Of different corpora, each read by its ``shared4``.
    """
    manifests = sorted(manifests, key=lambda corpus: f"{corpus.dataset}/")  # so that the ids come sorted
    classes = {
        f"{corpus.dataset}/{word}": label
        for wanted in SHARED_CLASSES
        for corpus in manifests
        for word, label in corpus.label_map.classes.items()
        if label == wanted
    }
    return Manifest(
        dataset=name,
        version="1",
        root=Path(),
        label_map=LabelMap(SHARED_MAP, "1", classes),
        utterances=tuple(_renamed(corpus, utterance) for corpus in manifests for utterance in corpus.utterances),
        deviations=tuple(f"{corpus.dataset}: {deviation}" for corpus in manifests for deviation in corpus.deviations),
        dropped={f"{corpus.dataset}/{word}": count for corpus in manifests for word, count in corpus.dropped.items()},
    )


def across(crossing: Crossing, manifests: Mapping[str, Manifest]) -> Fold:
    """Return the fold that tests a whole corpus; train and dev are other corpora, and have no speaker in common.

    Raises
    ------
    ProtocolError
        When the training corpora have one speaker only: nobody is left for dev.
    """
    chosen = _dev_speakers([manifests[name] for name in crossing.trained_on])
    parts: dict[str, list[str]] = {"train": [], "dev": []}
    for name in crossing.trained_on:
        for each in manifests[name].utterances:
            parts["dev" if f"{name}/{each.speaker}" in chosen else "train"].append(f"{name}/{each.id}")
    tested = (f"{crossing.tested_on}/{each.id}" for each in manifests[crossing.tested_on].utterances)
    return Fold(crossing.tested_on, tuple(sorted(parts["train"])), tuple(sorted(parts["dev"])), tuple(sorted(tested)))


def prefixed(name: str, fold: Fold) -> Fold:
    """Return a corpus's own fold with its ids as they are in a joined manifest."""
    return Fold(fold.name, *(tuple(f"{name}/{uid}" for uid in ids) for ids in (fold.train, fold.dev, fold.test)))


def _dev_speakers(manifests: Sequence[Manifest]) -> set[str]:
    """Return a fifth of each corpus's speakers, rounded: those whose names have the smallest digests.

    A corpus with fewer than three speakers gives none, and where that leaves nobody, the first name of all is taken.
    """
    chosen: set[str] = set()
    everybody: list[str] = []
    for manifest in manifests:
        names = sorted((f"{manifest.dataset}/{speaker}" for speaker in manifest.speakers), key=digest_value)
        chosen.update(names[: round(len(names) / 5)])
        everybody += names
    if len(everybody) < 2:
        raise ProtocolError(
            f"{everybody} is all that speaks in training, expected two speakers or more: one is for dev"
        )
    return chosen or {min(everybody, key=digest_value)}


def _renamed(manifest: Manifest, utterance: Utterance) -> Utterance:
    name = manifest.dataset
    return replace(
        utterance,
        id=f"{name}/{utterance.id}",
        path=(manifest.root / utterance.path).absolute().as_posix(),
        speaker=f"{name}/{utterance.speaker}",
        session=utterance.session and f"{name}/{utterance.session}",
        sentence=utterance.sentence and f"{name}/{utterance.sentence}",
    )


__all__ = [
    "SHARED_CLASSES",
    "SHARED_MAP",
    "CrossCorpus",
    "Crossing",
    "SeveralCorpora",
    "across",
    "crossings",
    "prefixed",
    "shared_map",
    "unite",
]
