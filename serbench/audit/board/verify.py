"""Does a leaderboard hold what it says? Every figure again, from the predictions and the corpora.

Conventions
-----------
Looked at in this order, and the first thing that does not hold ends it: records, predictions and their digests; figures
and confusion matrices; seeds and folds; the code; what cards declare; keys, labels of rows and sizes; labels, speakers,
folds and digests of the corpora; the views, ranks and intervals among them. What cannot be checked here is listed with
its reason. Times, memory and energy belong to the machine that measured them and are taken as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from serbench.audit.board.code import check_code, check_declared
from serbench.audit.board.corpora import check_corpora
from serbench.audit.board.costs import Counts
from serbench.audit.board.figures import check_cells
from serbench.audit.board.identities import check_identities
from serbench.audit.board.ledger import Ledger
from serbench.board.leaderboard import Leaderboard
from serbench.board.rows import metrics_of
from serbench.board.site.pages import SITE
from serbench.board.views import FACTS, first_stale
from serbench.errors import BoardError, UsageError
from serbench.plugin.registry import Registry
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.results.summary import summarise
from serbench.run.workspace import Workspace


def verify(folder: Path, workspace: Workspace, *, allow_changed_code: bool = False, is_strict: bool = False) -> Ledger:
    """Verify the records of a folder, and the views where there are some.

    Parameters
    ----------
    workspace
        Where plugins and recordings are found.
    allow_changed_code
        List plugins whose code differs from what made a record, in place of raising.
    is_strict
        Raise where something could not be checked that needs no recordings: an unknown protocol, plugin or version.

    Raises
    ------
    BoardError
        At the first thing that does not hold; the message names it.
    FormatError
        When a file is damaged or was changed.
    UsageError
        When there are no records.
    """
    store, ledger, registry = Store(folder), Ledger(), workspace.registry
    metrics = {name: registry.get("metric", name) for name in registry.metrics}
    records = check_cells(store, metrics, ledger)
    if not records:
        raise UsageError(f"no records below {folder}, expected a leaderboard; see serbench leaderboard add --help")
    changed = check_code(store, records, registry, ledger, allow_changed=allow_changed_code)
    check_declared(store, records, registry, ledger)
    counts = Counts()
    check_identities(store, records, registry, ledger, workspace.locations.weights, counts)
    missed = check_corpora(store, records, workspace, ledger, counts)
    for name in changed:
        if name in missed:
            sentence = f"code of dataset {name}: it has changed since; what it yields is checked with its recordings"
            ledger.skip(sentence, is_unknown=False)
    _check_views(store, records, registry, ledger)
    if is_strict and ledger.unknown:
        raise BoardError(f"{folder}: {ledger.unknown[0]}; without --strict, this is listed as not checked")
    return ledger


def _check_views(store: Store, records: Sequence[Record], registry: Registry, ledger: Ledger) -> None:
    metrics, missing = metrics_of(records, registry)
    if missing:
        ledger.skip(f"views: no plugin that is installed offers metric {', '.join(missing)}")
    elif not (store.folder / FACTS).exists() and not (store.folder / "README.md").exists():
        ledger.skip("views: there are none; serbench leaderboard build makes them")
    else:
        site = (store.folder / SITE / "index.html").exists()
        stale = first_stale(Leaderboard.of(summarise(store, metrics, records=records)), store.folder, site=site)
        if stale:
            raise BoardError(f"{stale}; a rank or figure was altered, or serbench leaderboard build was not run")
        ledger.holds("views")


__all__ = ["verify"]
