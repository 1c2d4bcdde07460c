"""serbench: a benchmark harness for speech emotion recognition.

A folder is a stage of the work, and a stage imports only from stages above it in this list:

======================  ====================================================
``corpus``              what is there? utterances, datasets, sound
``protocol``            who is tested on what? folds, splits, the leak check
``features``            sound to numbers: extractors, tables, the cache
``learning``            fit and predict: the model contract, training
``scoring``             how good, how sure?
``cost``                how costly?
``results``             facts on disk: records and predictions
``plugin``              who offers what? hooks, the manager, the registry
``testing``             does a plugin hold its contract? the suite for all
``run``                 the work: plan the cells, run them
``board``               views of the facts: ranking and tables
``audit``               does it hold? splits, runs, records, a board
``cli``                 the face
======================  ====================================================

For authors of plugins: import :mod:`serbench.api` and nothing else; in their tests, :mod:`serbench.testing`. For
notebooks: :func:`serbench.load_results`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serbench.board.frames import load_results

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name != "load_results":
        raise AttributeError(f"module 'serbench' has no attribute {name!r}")
    from serbench.board.frames import load_results  # only now: it needs numpy

    return load_results


__all__ = ["__version__", "load_results"]
