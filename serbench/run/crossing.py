"""Several corpora as one: what a cell reads that trains on some and tests another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from serbench.corpus.dataset import Dataset
from serbench.corpus.inventory import Inventory
from serbench.corpus.transcripts import Wording
from serbench.errors import ProtocolError
from serbench.protocol.adaptation import Adaptation
from serbench.protocol.cross_corpus import Crossing, SeveralCorpora, shared_map, unite
from serbench.protocol.split import Split, expect_classes
from serbench.results.facts import AdaptedFacts, AudioCopy, DatasetFacts, MemberFacts
from serbench.run.corpora import Corpus, open_corpora
from serbench.run.request import Request, Skip
from serbench.run.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class CrossedCorpus(Corpus):
    """The corpora of one crossing, joined; ``dataset`` is the tested one.

    Attributes
    ----------
    crossing
        Which is trained on and which is tested.
    members
        All of them, each as it was opened.
    """

    crossing: Crossing
    members: tuple[Corpus, ...]

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """The members' plugins."""
        return tuple(each.dataset for each in self.members)

    @property
    def roots(self) -> tuple[Path, ...]:
        """Where the members' recordings lie on this machine."""
        return tuple(root for member in self.members for root in member.roots)

    @property
    def exclusion(self) -> str:
        """Why a score on it is excluded from averages over datasets."""
        if self.dataset.card.diagnostic:
            reason = self.dataset.card.diagnostic
        elif self.crossing.is_diagonal:
            reason = "the diagonal of the matrix: new speakers of one corpus, on the shared four classes"
        else:
            reason = f"trained on {self.crossing.training}"
        return "; ".join([reason, *(f"{name}: {sentence}" for name, sentence in self.parts.items())])

    @property
    def parts(self) -> dict[str, str]:
        """From the name of each member that is a part of its corpus to the numbers that are off."""
        return {name: sentence for member in self.members for name, sentence in member.parts.items()}

    def domain_of(self, uid: str) -> str | None:
        """Return whether an utterance is ``source`` or ``target``; None where nobody adapts from one to the other."""
        if not isinstance(self.crossing, Adaptation):
            return None
        return "target" if uid.startswith(f"{self.crossing.tested_on}/") else "source"

    @property
    def wording(self) -> Wording | None:
        """What the words of the members' clips are: unknown where those of one are, prompts where those of one are."""
        found = {member.wording for member in self.members}
        return None if None in found else "prompts" if "prompts" in found else "transcripts"

    def texts(self) -> tuple[str, ...]:
        """Return the words of every utterance, in the manifest's order."""
        by_id = {
            f"{member.manifest.dataset}/{utterance.id}": text
            for member in self.members
            for utterance, text in zip(member.manifest.utterances, member.texts(), strict=True)
        }
        return tuple(by_id[utterance.id] for utterance in self.manifest.utterances)

    def variant(self) -> AudioCopy:
        """Return which copies were read; derived where any of them is; ``corpora`` has the same of each."""
        copies = {member.manifest.dataset: member.variant() for member in self.members}
        return AudioCopy(
            **self.inventory.variant(),
            published_sample_rates=tuple(sorted({r for copy in copies.values() for r in copy.published_sample_rates})),
            derived=any(copy.derived for copy in copies.values()),
            corpora=copies,
        )

    def facts(self) -> DatasetFacts:
        """Return what of the corpora may change a result, and how the words of each were mapped."""
        return replace(
            super().facts(),
            params={},
            trained_on=self.crossing.trained_on,
            target=self.crossing.tested_on,
            corpora={member.manifest.dataset: _member_facts(member) for member in self.members},
            adapted=_adapted(self.crossing),
        )


@dataclass(frozen=True)
class Crossed:
    """What crossing the corpora of a request comes to.

    Attributes
    ----------
    tasks
        A joined corpus and its split for every crossing.
    members
        The corpora, each as it was opened.
    skips
        What is left out and why.
    """

    tasks: tuple[tuple[CrossedCorpus, Split], ...] = ()
    members: tuple[Corpus, ...] = ()
    skips: tuple[Skip, ...] = ()


def cross(protocol: SeveralCorpora, request: Request, workspace: Workspace) -> Crossed:
    """Open the corpora of a request by their shared four classes and join them for every crossing.

    Raises
    ------
    ProtocolError
        When fewer than two of the corpora that were named can be crossed; with ``all_datasets`` that is a skip.
    UsageError
        When an argument of the protocol does not fit the corpora.
    """
    members, skips = open_corpora(request, workspace, label_map=shared_map)
    names = [corpus.manifest.dataset for corpus in members]
    if len(names) < 2:
        why = "".join(f"; {skip.reason}" for skip in skips if not request.all_datasets)
        reason = (
            f"protocol {protocol.name} needs two corpora or more, got {names}{why}; name another with --dataset "
            f"or take --all-datasets"
        )
        if not request.all_datasets:
            raise ProtocolError(reason)
        return Crossed(skips=(*skips, Skip(protocol.name, reason)))
    by_name = {corpus.manifest.dataset: corpus for corpus in members}
    tasks = []
    found, refused = protocol.crossings({name: corpus.manifest for name, corpus in by_name.items()})
    skips += [Skip(f"{target}/{protocol.name}", reason) for target, reason in refused.items()]
    for crossing in found:
        try:
            tasks.append(divide(protocol, crossing, by_name))
        except ProtocolError as error:
            skips.append(Skip(f"{crossing.name}/{protocol.name}", str(error)))
    return Crossed(tuple(tasks), tuple(members), tuple(skips))


def divide(protocol: SeveralCorpora, crossing: Crossing, by_name: Mapping[str, Corpus]) -> tuple[CrossedCorpus, Split]:
    """Return the corpora of a crossing as one, with their split.

    Parameters
    ----------
    by_name
        The members, each opened by its ``shared4``; others are passed over.

    Raises
    ------
    ProtocolError
        When the crossing cannot be made of these corpora.
    """
    members = {name: by_name[name] for name in crossing.members}
    datasets = {name: corpus.dataset for name, corpus in members.items()}
    manifests = {name: corpus.manifest for name, corpus in members.items()}
    joined = join(crossing, members)
    return joined, expect_classes(joined.manifest, protocol.divide(crossing, datasets, manifests))


def join(crossing: Crossing, by_name: Mapping[str, Corpus]) -> CrossedCorpus:
    """Return the corpora of a crossing as one; each was opened by its ``shared4``."""
    members = [by_name[name] for name in crossing.members]

    def joined(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        return dict(sorted((f"{name}/{uid}", fact) for name, own in facts.items() for uid, fact in own.items()))

    return CrossedCorpus(
        dataset=by_name[crossing.tested_on].dataset,
        manifest=unite(crossing.name, [corpus.manifest for corpus in members]),
        inventory=Inventory(
            joined({corpus.manifest.dataset: corpus.inventory.recordings for corpus in members}),
            joined({corpus.manifest.dataset: corpus.inventory.bad for corpus in members}),
        ),
        left_out=joined({corpus.manifest.dataset: corpus.left_out for corpus in members}),
        crossing=crossing,
        members=tuple(members),
    )


def _adapted(crossing: Crossing) -> AdaptedFacts | None:
    if not isinstance(crossing, Adaptation):
        return None
    return AdaptedFacts(percentages=crossing.percentages, speakers=crossing.speakers, of=crossing.of)


def _member_facts(corpus: Corpus) -> MemberFacts:
    """Return the facts of a corpus, with what each word counts as, the clips of each class, and what was dropped."""
    manifest, facts = corpus.manifest, corpus.facts()
    return MemberFacts(
        name=facts.name,
        version=facts.version,
        params=facts.params,
        label_map=facts.label_map,
        manifest=facts.manifest,
        audio=facts.audio,
        classes=dict(manifest.label_map.classes),
        clips=dict(manifest.label_counts),
        dropped=dict(manifest.dropped),
    )


__all__ = ["Crossed", "CrossedCorpus", "cross", "divide", "join"]
