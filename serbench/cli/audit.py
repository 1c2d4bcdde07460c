"""``serbench audit``: what leaks, and what is odd, in a corpus under its protocols, in EmoBox's folds, in a run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serbench.cli import console, places
from serbench.cli.findings import corpus_facts, print_corpora, print_tasks, task_facts
from serbench.cli.options import (
    AsJson,
    DataRoots,
    EmoBoxFolder,
    NoPlugins,
    PluginFiles,
    is_typed,
    open_registry,
    with_emobox,
)
from serbench.errors import DatasetError, DatasetMissingError, PluginError, ProtocolError, UsageError

if TYPE_CHECKING:
    from serbench.audit.corpora import CorpusAudit
    from serbench.audit.runs import TaskAudit
    from serbench.plugin.registry import Registry
    from serbench.protocol.protocol import Protocol
    from serbench.run.request import Progress
    from serbench.run.workspace import Workspace

#: The exit code of an audit that found a leak.
LEAKS = 1

Targets = Annotated[
    list[str] | None,
    typer.Argument(metavar="[DATASET|FOLDER]...", help="Datasets, folders of runs, copies of EmoBox's data folder."),
]
Protocols = Annotated[
    list[str] | None,
    typer.Option("--protocol", metavar="NAME", help="A protocol; may be given again.  [default: all of one corpus]"),
]
AllDatasets = Annotated[bool, typer.Option("--all-datasets", help="Every dataset that is found, and synth.")]


@dataclass(frozen=True)
class AuditTargets:
    """What is to be audited.

    Attributes
    ----------
    datasets
        Names, under ``protocols``.
    runs
        Folders of records.
    listed
        Copies of EmoBox's data folder, each with the names of the corpora whose folds are audited; none for all.
    """

    datasets: tuple[str, ...]
    runs: tuple[Path, ...]
    listed: tuple[tuple[Path, tuple[str, ...]], ...]


def register(program: typer.Typer) -> None:
    """Add the command to the program."""
    program.command("audit")(audit)


def audit(
    context: typer.Context,
    targets: Targets = None,
    protocol: Protocols = None,
    all_datasets: AllDatasets = False,
    emobox: EmoBoxFolder = None,
    data_root: DataRoots = None,
    plugin: PluginFiles = None,
    no_plugins: NoPlugins = False,
    as_json: AsJson = False,
) -> None:
    """Find leaks in splits and finished runs, and odd recordings.

    A dataset is audited under the protocols named, or all that divide one corpus; several at once under those that
    cross corpora, where they are named; with --emobox, under EmoBox's folds; a run by its records. Ends with 1 when
    something leaks: rows, siblings of one recording, equal or nearly equal sounds, speakers, or sentences that a
    protocol promises to be new. Other shared sentences, odd files and what train and dev share are reported only.
    """
    from serbench.audit.emobox import audit_emobox
    from serbench.audit.recorded_splits import RecordedSplits
    from serbench.audit.runs import audit_run
    from serbench.audit.sounds import Sounds
    from serbench.locations import Locations
    from serbench.results.store import Store
    from serbench.run.workspace import Workspace

    places.open_cache()
    registry = open_registry(plugin, no_plugins)
    named = tuple(dict.fromkeys([*(targets or ()), *(registry.datasets if all_datasets else ())]))
    asked = _sort(named, registry, emobox, by_lists=is_typed(context, "emobox") and not protocol)
    if protocol and not asked.datasets:
        raise UsageError("--protocol is for datasets and none was named: runs and lists are audited under their own")
    with _progress() as show:
        workspace = Workspace(
            registry=registry,
            locations=Locations.of_user(data_root or ()),
            progress=show,
            settings=with_emobox(emobox),
        )
        corpora, broken = _datasets(asked.datasets, workspace, _protocols(protocol, workspace), all_datasets)
        for folder, names in asked.listed:
            corpora += audit_emobox(folder, names, workspace)
        splits, sounds = RecordedSplits(workspace), Sounds(workspace)
        tasks = [task for folder in asked.runs for task in audit_run(Store(folder), splits, sounds)]
    _refuse_nothing(corpora, protocol)
    leaks = any(corpus.leaks for corpus in corpora) or any(task.leaks for task in tasks)
    if as_json:
        console.print_json(
            {
                "leaks": leaks,
                "corpora": [corpus_facts(corpus) for corpus in corpora],
                "runs": [task_facts(task) for task in tasks],
            }
        )
    else:
        print_corpora(corpora)
        if tasks:
            print_tasks(tasks)
        _print_end(corpora, tasks)
    for sentence in broken:
        console.notice(sentence)
    if leaks:
        raise typer.Exit(LEAKS)
    if broken:
        raise DatasetError(f"{len(broken)} of the datasets cannot be opened; the others were audited")


def _sort(targets: Sequence[str], registry: Registry, emobox: Path | None, *, by_lists: bool) -> AuditTargets:
    """Tell names from folders; a name goes before a folder that bears it.

    Raises
    ------
    UsageError
        When nothing was named, or a folder holds neither records nor folds of EmoBox.
    UnknownNameError
        When there is neither a dataset nor a folder of that name.
    """
    names, runs, listed = [], [], []
    for target in targets:
        folder = Path(target)
        if target in registry.datasets or (by_lists and not folder.is_dir()):
            names.append(target)
        elif (folder / "records").is_dir():
            runs.append(folder)
        elif any(folder.glob("*/fold_*")) or any(folder.glob("data/*/fold_*")):
            listed.append((folder, ()))
        elif folder.is_dir():
            raise UsageError(
                f"{target} holds neither records of a run nor folds of EmoBox, expected a run's --out folder, a copy "
                f"of EmoBox's data folder or the name of a dataset; see serbench list datasets"
            )
        else:
            raise registry.unknown("dataset or folder", target, registry.datasets)
    if by_lists and emobox is not None and not runs:
        return AuditTargets((), (), (*listed, (emobox, tuple(names))))
    if not targets:
        raise UsageError("nothing to audit, expected a dataset, --all-datasets, --emobox or the folder of a run")
    return AuditTargets(tuple(names), tuple(runs), tuple(listed))


def _protocols(named: Sequence[str] | None, workspace: Workspace) -> list[Protocol]:
    """Return the protocols that were named, or all that divide one corpus and have what they need."""
    from serbench.protocol.protocols import PROTOCOLS

    found = [workspace.protocol(name) for name in dict.fromkeys(named or PROTOCOLS)]
    return found if named else [known for known in found if not (known.crosses_corpora or known.lacks)]


def _datasets(
    names: Sequence[str], workspace: Workspace, protocols: Sequence[Protocol], skip_missing: bool
) -> tuple[list[CorpusAudit], list[str]]:
    """Audit datasets under protocols; one that cannot be opened is an error, or a sentence beside the others."""
    from serbench.audit.corpora import analyse_corpus, audit_corpus, audit_several
    from serbench.protocol.cross_corpus import SeveralCorpora
    from serbench.run.request import Request

    audits: list[CorpusAudit] = []
    broken: list[str] = []
    within = [protocol for protocol in protocols if not isinstance(protocol, SeveralCorpora)]
    for name in names if within else ():
        try:
            analysed = analyse_corpus(workspace.registry.get("dataset", name)(), workspace)
        except (DatasetError, PluginError) as error:
            if not skip_missing:
                raise
            if isinstance(error, DatasetMissingError):
                console.notice(f"{name} was not found and is not audited")
            else:
                broken.append(f"{name} is not audited: {error}")
            continue
        audits.append(audit_corpus(analysed, within))
    request = Request(models=(), datasets=() if skip_missing else tuple(names), all_datasets=skip_missing)
    several = [protocol for protocol in protocols if isinstance(protocol, SeveralCorpora)] if names else []
    return audits + [audit_several(protocol, request, workspace) for protocol in several], broken


def _refuse_nothing(corpora: Sequence[CorpusAudit], named: Sequence[str] | None) -> None:
    """Raise when a corpus could be audited under none of the protocols that were named: that is no clean bill."""
    for each in corpora:
        if named and not each.splits:
            raise ProtocolError(f"{each.manifest.dataset}: {'; '.join(skip.reason for skip in each.skips)}")


@contextlib.contextmanager
def _progress() -> Iterator[Progress]:
    """Show a bar per corpus; give what the work calls with a label and a total."""
    with console.progress(None, "auditing") as bar:

        @contextlib.contextmanager
        def inner(label: str, total: int) -> Iterator[Callable[[int], None]]:
            with bar.task(total or None, label) as below:
                yield below.reach

        yield inner


def _print_end(corpora: Sequence[CorpusAudit], tasks: Sequence[TaskAudit]) -> None:
    """Say what leaks, and what to do next."""
    leaking = [f"{each.manifest.dataset}/{by.split.protocol}" for each in corpora for by in each.splits if by.leaks]
    leaking += [f"the run's {each.dataset.name}/{each.protocol.name}" for each in tasks if each.leaks]
    console.prose(f"leaking: {', '.join(leaking)}" if leaking else "no leak was found")
    console.verbatim("next: the same command with --json names everything")


__all__ = ["LEAKS", "AuditTargets", "audit", "register"]
