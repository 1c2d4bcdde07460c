"""What an audit found, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from serbench.cli import console

if TYPE_CHECKING:
    from serbench.audit.corpora import CorpusAudit
    from serbench.audit.runs import TaskAudit
    from serbench.audit.splits import SplitAudit
    from serbench.corpus.finding import Finding

#: How many items of a finding are named for people before the rest is counted.
NAMED = 6
_COLUMNS = ("protocol", "verdict", "folds", "tested", "what leaks")


def print_corpora(audits: Sequence[CorpusAudit]) -> None:
    """Write a table of verdicts per corpus, and below it what was found."""
    for audit in audits:
        manifest = audit.manifest
        speakers = f"{len(manifest.speakers)} speakers" if audit.knows_speakers else "speakers unknown"
        copy = audit.copy or f"{_why_no_copy(audit)}: audited by names alone"
        console.prose(f"{manifest.dataset}: {len(manifest)} clips, {speakers}, {copy}", hanging=2)
        rows = [(_under(split, audit), *_verdict(split, audit.knows_speakers)) for split in audit.splits]
        if rows:
            console.table(_COLUMNS, rows, right=("folds", "tested"))
        for skip in audit.skips:
            console.prose(f"{skip.what} cannot be applied: {skip.reason}", hanging=2)
        for split in audit.splits:
            _print_findings(f"under {_under(split, audit)}", split.findings, split)
        _print_findings("in the corpus", audit.oddities)
        console.line()


def _why_no_copy(audit: CorpusAudit) -> str:
    unread = any(each.kind == "unreadable" for each in audit.oddities)
    return "no recording that can be read" if unread else "no recordings here"


def print_tasks(audits: Sequence[TaskAudit]) -> None:
    """Write a line per task of a run, and below them what leaks and what the records lack."""
    columns = ("dataset", "protocol", "verdict", "cells", "models", "tested")
    rows = [(*_task(task), task.verdict, task.cells, len(task.systems), task.tested) for task in audits]
    console.table(columns, rows, right=columns[3:])
    unseen: dict[str, list[str]] = {}
    for task in audits:
        name = "/".join(_task(task))
        own = [found for found in task.findings if found.kind != "unseen"]
        _print_findings(f"in the records of {name}", own)
        if task.split is not None:
            _print_findings(f"in the split of {name}", [f for f in task.split.findings if f.leaks], task.split)
        for reason in (item for found in task.findings if found.kind == "unseen" for item in found.items):
            unseen.setdefault(reason, []).append(name)
    for reason, names in unseen.items():
        console.line()
        console.prose(f"the split could not be made again of {_named(names)}: {reason}", hanging=2)
    console.line()


def _task(audit: TaskAudit) -> tuple[str, str]:
    return audit.dataset.name, audit.protocol.name


def corpus_facts(audit: CorpusAudit) -> dict[str, Any]:
    """Return the JSON form, every item in full."""
    manifest = audit.manifest
    return {
        "dataset": manifest.dataset,
        "copy": audit.copy,
        "clips": len(manifest),
        "speakers": len(manifest.speakers) if audit.knows_speakers else None,
        "leaks": audit.leaks,
        "findings": _facts(audit.oddities),
        "protocols": [_split_facts(each) for each in audit.splits],
        "skips": [asdict(each) for each in audit.skips],
    }


def task_facts(audit: TaskAudit) -> dict[str, Any]:
    """Return the JSON form, every item in full."""
    return {
        "dataset": audit.dataset.facts(),
        "protocol": audit.protocol.facts(),
        "models": audit.systems,
        "cells": audit.cells,
        "tested": audit.tested,
        "leaks": audit.leaks,
        "findings": _facts(audit.findings),
        "split": None if audit.split is None else _split_facts(audit.split),
    }


def _split_facts(audit: SplitAudit) -> dict[str, Any]:
    return {
        "protocol": audit.split.protocol,
        "dataset": audit.split.dataset,
        "version": audit.split.version,
        "split": audit.split.digest,
        "folds": len(audit.split.folds),
        "tested": audit.tested,
        "leaks": audit.leaks,
        "notes": audit.split.notes,
        "findings": _facts(audit.findings),
        "balance": {
            fold: {part: asdict(each) for part, each in parts.items()} for fold, parts in audit.balance.items()
        },
    }


def _facts(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [asdict(each) for each in findings]


def _under(split: SplitAudit, audit: CorpusAudit) -> str:
    """Return under what a corpus was audited: a protocol, or one crossing of several corpora."""
    name = split.split.protocol
    return name if split.split.dataset == audit.manifest.dataset else f"{name}: {split.split.dataset}"


def _verdict(audit: SplitAudit, knows_speakers: bool) -> tuple[object, ...]:
    leaking = ", ".join(each.kind for each in audit.findings if each.leaks)
    verdict = "leaks" if leaking else "clean" if knows_speakers else "unknown"
    return verdict, len(audit.split.folds), audit.tested, leaking or None


def _print_findings(title: str, findings: Sequence[Finding], split: SplitAudit | None = None) -> None:
    """Write findings below a title; those of a split with their folds, and with names only where they leak."""
    if findings:
        console.line()
        console.line(f"{title}:")
    for each in findings:
        if split is None:
            console.prose(
                f"{'leak: ' * each.leaks}{each.text}, {len(each.items)}: {_named(each.items)}", indent=2, hanging=2
            )
        elif each.leaks:
            folds = f" (in {len(each.folds)} of {len(split.split.folds)} folds)" if len(split.split.folds) > 1 else ""
            console.prose(f"leak: {each.text}{folds}: {_named(each.items)}", indent=2, hanging=2)
        else:
            console.prose(each.text, indent=2, hanging=2)


def _named(items: Sequence[str]) -> str:
    """Return the first items, and how many more there are."""
    between = "; " if any(", " in each for each in items) else ", "
    more = [f"and {len(items) - NAMED} more"] if len(items) > NAMED else []
    return between.join([*items[:NAMED], *more])


__all__ = ["NAMED", "corpus_facts", "print_corpora", "print_tasks", "task_facts"]
