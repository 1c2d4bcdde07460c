"""A small store with everything a board has to show, made of the cells that the tests of results use."""

from __future__ import annotations

import pytest

from serbench.board import views
from serbench.board.leaderboard import Leaderboard
from serbench.board.pages import files, insert, latex
from serbench.board.site import pages as site
from serbench.results.summary import summarise
from tests.results.conftest import cells, store

__all__ = ["cells", "store"]


def of_rows(make):
    """Return a maker of views as a function of rows."""
    return lambda rows, *arguments, **options: make(Leaderboard.of(rows), *arguments, **options)


build, first_stale, make_views = of_rows(views.build), of_rows(views.first_stale), of_rows(views.make_views)
latex_pages, make_site, pages = of_rows(latex.latex_pages), of_rows(site.make_site), of_rows(files.pages)


def with_tables(text, rows, *name):
    return insert.with_tables(text, Leaderboard.of(rows), *name)


def model(name, **params):
    return {"name": name, "params": params}


def dataset(name, **changed):
    facts = {"name": name, "label_map": {"name": f"{name}-3", "version": "1"}}
    return {**facts, "manifest": f"m-{name}", "audio": f"a-{name}", **changed}


def cost(latency, seconds=1.5):
    return {
        "parameters_total": {"value": 46772},
        "train_seconds": {"value": seconds},
        "latency_p50_ms": {"value": latency},
        "energy_joules": {"value": None, "reason": "no counter here"},
    }


@pytest.fixture
def full(store, cells):
    """Return a store: two headline corpora, a diagnostic one, a protocol that is never ranked, a partial row."""
    apart = {"ranked": True, "diagnostic": True, "headline": False, "reason": "two speakers"}
    never = {"ranked": False, "diagnostic": False, "headline": True, "reason": None}
    opus = {"label": "Opus 16 kHz", "lossy": True}
    systems = [("majority", -0.4, 0.1), ("logreg", 0.2, 1.0), ("good", 8.0, 3.0), ("slow", 7.9, 9.0)]
    for name, skill, latency in systems:
        facts = {"label": name, "skill": skill, "cost": cost(latency)}
        for corpus in ("emodb", "emovo"):
            folds = (0, 1) if (name, corpus) == ("slow", "emovo") else (0, 1, 2)
            key = {"model": model(name), "dataset": dataset(corpus)}
            audio = {"audio": opus} if corpus == "emovo" else {}
            cells.add(store, folds=folds, seeds=(0, 1), key=key, notes=(f"{corpus} note",), **audio, **facts)
        cells.add(store, key={"model": model(name), "dataset": dataset("tess")}, standing=apart, **facts)
    random = {"name": "random", "version": "1", "split": "s2", "folds": 3}
    cells.add(
        store,
        key={"model": model("good"), "dataset": dataset("emodb"), "protocol": random},
        label="good",
        standing=never,
        skill=9.0,
    )
    return store


@pytest.fixture
def leaderboard(full):
    """Return what all views of that store are made from."""
    return Leaderboard.of(summarise(full))
