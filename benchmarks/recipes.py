"""How the registered networks' recipes were chosen: by nested folds inside training parts.

Of each of the five headline corpora the training part of the first fold of ``si`` is taken, 16 of its speakers at most
(drawn with a fixed seed), and divided into three inner folds by speakers. Every candidate is fitted on two of them and
scored on the third. Its figure is the adjusted UAR, (UAR - 1/K) / (1 - 1/K), of the three folds' pooled predictions,
averaged over the corpora. Of the candidates within half a point of the highest mean the one that trains with the least
work is what the plugin's defaults are set to (another seed moves more on most corpora; among equal work the
highest mean decides). Work is epochs times parameters. What each corpus's four companions alone would have chosen
stands beside it, as a measure of how far the choice depends on one.

Nobody who is tested in a first fold takes part. One recipe serves all folds, though: those who are tested in the other
folds are among the speakers that it was chosen on, as they are among the training rows of the first.

    python benchmarks/recipes.py --model attn1dcnn --data-root FOLDER --keep FOLDER [--candidate NAME ...]

What is finished is kept in ``--keep``, so that a search that was broken off goes on where it was.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from measure import arguments, machine, report, table

from serbench.api import Shift, SpecAugment
from serbench.digest import digest_value
from serbench.environment import usable_cores
from serbench.features.cache import FeatureCache
from serbench.features.table import FeatureTable
from serbench.files import atomic_write
from serbench.locations import Locations
from serbench.plugin.registry import load_registry
from serbench.run.request import Request
from serbench.run.setup import Setup
from serbench.run.tables import Workbench, make_tables
from serbench.run.workspace import silent
from serbench.scoring.metrics import confusion, uar_of_counts
from serbench.seeding import generator

CORPORA = ("ravdess", "cremad", "emodb", "savee", "emovo")
INNER_FOLDS = 3
MOST_SPEAKERS = 16
#: How far below the highest mean a candidate is as good.
CLOSE = 0.005
#: Of the speakers that a candidate learns from, what it chooses on where it chooses: one at least.
DEV_SHARE = 5


@dataclass(frozen=True)
class Candidate:
    """A recipe that might be a model's.

    Attributes
    ----------
    arguments
        Of the model.
    recipe
        What is changed in the recipe that they make.
    children
        Whether it learns from augmented children too; a model without augmentations has none.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    children: bool = True

    def facts(self) -> dict[str, Any]:
        """Return what is hashed."""
        changes = dict(self.recipe)
        if "augment" in changes:
            changes["augment"] = [each.facts() for each in changes["augment"]]
        return {"arguments": dict(self.arguments), "recipe": changes, "children": self.children}


#: What candidates have in common, said in full: the defaults of models may move after a search, its table does not.
PLAIN: Mapping[str, Any] = {
    "keep": "last",
    "schedule": "cosine",
    "average": "none",
    "augment": (),
    "batch_size": 32,
    "learning_rate": 1e-3,
}
ATTN1DCNN: Mapping[str, Any] = {"pooling": "mean", "width": 256, "dropout": 0.2, "epochs": 20}
CNN2D: Mapping[str, Any] = {"width": 16, "dropout": 0.3, "epochs": 20}
MLP: Mapping[str, Any] = {"width": 128, "dropout": 0.4, "epochs": 60}

BEST = {"keep": "best", "monitor": "loss", "patience": 12}
EMA = {"average": "ema"}
SHIFT = {"augment": (Shift(),)}
WIDE_SHIFT = {"augment": (Shift(scale=0.5),)}
MASKS = {"augment": (SpecAugment(),)}
SHIFT_AND_MASKS = {"augment": (Shift(), SpecAugment())}
SMALL = {"batch_size": 16}
MEAN_STD = {"pooling": "mean-std"}


def candidate(
    base: Mapping[str, Any], recipe: Mapping[str, Any] = PLAIN, *, children: bool = True, **arguments: Any
) -> Candidate:
    """Return a candidate that differs from a base in these arguments and fields of the recipe."""
    return Candidate({**base, **arguments}, {**PLAIN, **recipe}, children)


CANDIDATES: Mapping[str, Mapping[str, Candidate]] = {
    "attn1dcnn": {
        "last of 20": candidate(ATTN1DCNN),
        "mean-std": candidate(ATTN1DCNN, **MEAN_STD),
        "mean-std, shift": candidate(ATTN1DCNN, SHIFT, **MEAN_STD),
        "batch 16": candidate(ATTN1DCNN, SMALL),
        "width 128": candidate(ATTN1DCNN, width=128),
        "width 128, last of 40": candidate(ATTN1DCNN, width=128, epochs=40),
        "width 128, batch 16": candidate(ATTN1DCNN, SMALL, width=128),
        "width 128, masks": candidate(ATTN1DCNN, MASKS, width=128),
        "width 128, EMA": candidate(ATTN1DCNN, EMA, width=128),
        "width 128, shift": candidate(ATTN1DCNN, SHIFT, width=128),
        "width 128, dropout 0.4": candidate(ATTN1DCNN, width=128, dropout=0.4),
        "width 128, no children": candidate(ATTN1DCNN, width=128, children=False),
        "width 128, last of 80": candidate(ATTN1DCNN, width=128, epochs=80),
        "width 128, last of 40, shift": candidate(ATTN1DCNN, SHIFT, width=128, epochs=40),
        "width 128, last of 80, shift": candidate(ATTN1DCNN, SHIFT, width=128, epochs=80),
        "width 128, last of 40, shift 0.5": candidate(ATTN1DCNN, WIDE_SHIFT, width=128, epochs=40),
        "width 128, last of 40, shift, mean-std": candidate(ATTN1DCNN, SHIFT, width=128, epochs=40, **MEAN_STD),
        "width 128, last of 40, shift, EMA": candidate(ATTN1DCNN, SHIFT | EMA, width=128, epochs=40),
        "width 128, last of 40, shift, masks": candidate(ATTN1DCNN, SHIFT_AND_MASKS, width=128, epochs=40),
        "best of 40 on dev": candidate(ATTN1DCNN, BEST, epochs=40),
    },
    "cnn2d": {
        "last of 20": candidate(CNN2D),
        "shift": candidate(CNN2D, SHIFT),
        "masks": candidate(CNN2D, MASKS),
        "EMA": candidate(CNN2D, EMA),
        "width 24": candidate(CNN2D, width=24),
        "shift, masks": candidate(CNN2D, SHIFT_AND_MASKS),
        "best of 40 on dev": candidate(CNN2D, BEST, epochs=40),
        "last of 40": candidate(CNN2D, epochs=40),
        "shift, last of 40": candidate(CNN2D, SHIFT, epochs=40),
    },
    "mlp": {
        "best of 60 on dev": candidate(MLP, BEST | {"schedule": "constant"}),
        "last of 30": candidate(MLP, epochs=30),
        "last of 60": candidate(MLP),
        "shift": candidate(MLP, SHIFT),
        "EMA": candidate(MLP, EMA),
        "width 512": candidate(MLP, width=512),
        "dropout 0.6": candidate(MLP, dropout=0.6),
        "width 512, shift": candidate(MLP, SHIFT, width=512),
    },
}


@dataclass(frozen=True)
class Place:
    """Where a worker finds what it needs; as :class:`serbench.run.setup.Setup` says."""

    roots: tuple[Path, ...]
    cache: Path
    quick: bool

    def setup(self, model: str, corpora: Sequence[str]) -> Setup:
        """Return the request whose first folds are searched in."""
        small = {"synth": {"speakers": 8, "sentences": 1, "takes": 1}} if self.quick else {}
        request = Request(models=(model,), datasets=tuple(corpora), seeds=1, settings=small)
        out = self.cache / "no-runs"
        return Setup(
            request=request, locations=Locations(self.roots, self.cache), out=out, device="cpu", no_plugins=True
        )


def main(words: Sequence[str] | None = None) -> int:
    """Run the script."""
    parser = arguments(__doc__)
    parser.add_argument("--model", choices=sorted(CANDIDATES), default="attn1dcnn")
    parser.add_argument("--candidate", action="append", help="these alone (default: all)")
    parser.add_argument("--data-root", type=Path, action="append", default=[], help="where the corpora are")
    parser.add_argument("--keep", type=Path, help="where features and finished folds are kept (default: nowhere)")
    parser.add_argument("--jobs", type=int, default=usable_cores(), help="processes (default: %(default)s)")
    options = parser.parse_args(words)
    known = CANDIDATES[options.model]
    names = options.candidate or list(known)
    if unknown := sorted(set(names) - set(known)):
        parser.error(f"--candidate is {unknown}, expected some of {list(known)}")
    corpora = ("synth",) if options.quick else CORPORA
    with tempfile.TemporaryDirectory() as nowhere:
        keep = options.keep or Path(nowhere)
        place = Place(tuple(root.absolute() for root in options.data_root), keep.absolute() / "cache", options.quick)
        candidates = {name: known[name] for name in names}
        counts = search(options.model, candidates, corpora, place, options.jobs)
        rows = _rows(options.model, corpora[0], place)
        works = {name: work(options.model, each, rows) for name, each in candidates.items()}
    facts = {
        "what": f"adjusted UAR of {options.model} on inner folds of training parts, in per cent",
        "machine": machine(),
        "model": options.model,
        **conclusions(counts, works),
    }
    report(facts, _lines(facts), as_json=options.json)
    return 0


def search(
    model: str, candidates: Mapping[str, Candidate], corpora: Sequence[str], place: Place, jobs: int
) -> dict[str, dict[str, np.ndarray]]:
    """Return counts, rows truth and columns prediction, of every candidate and corpus over its inner folds.

    Folds that were finished before are read; the others are fitted in as many processes as ``jobs``.
    """
    for corpus in corpora:  # each clip's features are computed once, before workers ask for them at the same time
        _rows(model, corpus, place)
    # candidate by candidate: a search that is broken off has whole candidates
    tasks = [(name, corpus, number) for name in candidates for corpus in corpora for number in range(INNER_FOLDS)]
    found: dict[tuple[str, str, int], np.ndarray] = {}
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = {
            pool.submit(inner_fold, model, candidates[name], corpus, number, place): (name, corpus, number)
            for name, corpus, number in tasks
        }
        for done in as_completed(waiting):
            found[waiting[done]] = np.array(done.result())
            print(f"\r{len(found)} of {len(tasks)} inner folds", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return {
        name: {corpus: sum(found[name, corpus, number] for number in range(INNER_FOLDS)) for corpus in corpora}
        for name in candidates
    }


def inner_fold(model: str, candidate: Candidate, corpus: str, number: int, place: Place) -> list[list[int]]:
    """Return the counts of one candidate on one inner fold, from where they are kept or by fitting it."""
    import torch

    key = digest_value({"model": model, "candidate": candidate.facts(), "corpus": corpus, "fold": number})
    kept = place.cache.parent / "folds" / f"{key}.json"
    if kept.is_file():
        found: list[list[int]] = json.loads(kept.read_text())
        return found
    torch.set_num_threads(1)
    rows = _rows(model, corpus, place)
    test, train = inner_speakers(sorted(set(rows.speakers.tolist())), number)
    contender = make_model(model, candidate, quick=place.quick)
    dev = train[: max(1, len(train) // DEV_SHARE)] if candidate.recipe.get("keep") == "best" else []
    held_out = _of(rows, test, children=False)
    learned = _of(rows, [each for each in train if each not in dev], children=candidate.children)
    contender.fit(learned, _of(rows, dev, children=False) if dev else None, seed=0)
    counts: list[list[int]] = confusion(held_out.codes, contender.predict(held_out.without_labels()).scores).tolist()
    kept.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(kept) as file:
        file.write(json.dumps(counts).encode())
    return counts


def make_model(name: str, candidate: Candidate, *, quick: bool = False) -> Any:
    """Return a fresh model with the candidate's arguments, whose recipe has the candidate's changes."""
    cls = load_registry(only=()).get("model", name)
    arguments = dict(candidate.arguments) | ({"epochs": 1} if quick else {})

    class Changed(cls):  # type: ignore[misc, valid-type]
        @property
        def recipe(self) -> Any:
            return dataclasses.replace(super().recipe, **candidate.recipe)

    return Changed(**arguments)


def inner_speakers(speakers: Sequence[str], number: int) -> tuple[list[str], list[str]]:
    """Return the speakers of an inner fold that are scored, and those that are learned from."""
    drawn = [speakers[int(place)] for place in generator(0, "inner speakers").permutation(len(speakers))]
    drawn = drawn[:MOST_SPEAKERS]
    test = drawn[number::INNER_FOLDS]
    return test, [each for each in drawn if each not in test]


@cache
def _rows(model: str, corpus: str, place: Place) -> FeatureTable:
    """Return the training part of a corpus's first fold, children too; features are cached."""
    registry = load_registry(only=())
    plan = place.setup(model, [corpus]).plan(registry, silent)
    bench = Workbench(FeatureCache(place.cache), "cpu", (), {}, silent)
    return make_tables(plan.cells[0], bench).train


def _of(rows: FeatureTable, speakers: Sequence[str], *, children: bool) -> FeatureTable:
    chosen = [
        place
        for place, speaker in enumerate(rows.speakers)
        if speaker in speakers and (children or not rows.parents or rows.parents[place] == rows.ids[place])
    ]
    return rows.take(chosen)


def work(model: str, candidate: Candidate, rows: FeatureTable) -> int:
    """Return a candidate's epochs times its network's parameters: what its training takes, on any machine."""
    contender = make_model(model, candidate)
    width = rows.column.row(0).shape[-1]
    shape = (width,) if rows.column.output == "vector" else (contender.recipe.segment, width)
    network = contender.build(shape, len(rows.labels))
    return int(contender.recipe.epochs * sum(each.numel() for each in network.parameters()))


def conclusions(counts: Mapping[str, Mapping[str, np.ndarray]], works: Mapping[str, int]) -> dict[str, Any]:
    """Return each candidate's adjusted UAR, which one is chosen, and which would be without each corpus."""
    adjusted = {name: {corpus: adjusted_uar(each) for corpus, each in of.items()} for name, of in counts.items()}
    corpora = list(next(iter(adjusted.values())))

    def chosen(among: Sequence[str]) -> str:
        means = {name: float(np.mean([of[corpus] for corpus in among])) for name, of in adjusted.items()}
        good = [name for name, mean in means.items() if mean >= max(means.values()) - CLOSE]
        return min(good, key=lambda name: (works[name], -means[name]))

    others = {corpus: [each for each in corpora if each != corpus] or corpora for corpus in corpora}
    return {
        "adjusted_uar": adjusted,
        "mean": {name: float(np.mean(list(of.values()))) for name, of in adjusted.items()},
        "work": dict(works),
        "chosen": chosen(corpora),
        "chosen_by_the_other_corpora": {corpus: chosen(among) for corpus, among in others.items()},
    }


def adjusted_uar(counts: np.ndarray) -> float:
    """Return (UAR - 1/K) / (1 - 1/K), K the classes that are there."""
    k = int((counts.sum(axis=1) > 0).sum())
    return float((uar_of_counts(counts) - 1 / k) / (1 - 1 / k))


def _lines(facts: Mapping[str, Any]) -> list[str]:
    corpora = list(next(iter(facts["adjusted_uar"].values())))
    order = sorted(facts["mean"], key=facts["mean"].__getitem__, reverse=True)
    rows = [
        (
            name,
            *(f"{100 * each:.1f}" for each in (*facts["adjusted_uar"][name].values(), facts["mean"][name])),
            f"{facts['work'][name] / 1e6:.1f}",
        )
        for name in order
    ]
    alone = ", ".join(f"{name} without {corpus}" for corpus, name in facts["chosen_by_the_other_corpora"].items())
    return [
        facts["what"],
        "",
        table((facts["model"], *corpora, "mean", "million epochs x parameters"), rows),
        "",
        f"chosen: {facts['chosen']}; of four corpora alone: {alone}",
    ]


if __name__ == "__main__":
    sys.exit(main())
