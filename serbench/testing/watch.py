"""What a plugin must leave alone: the global random state, and the arrays that it is handed."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from serbench.digest import digest_value
from serbench.errors import PluginError
from serbench.features.table import FeatureTable


def random_states() -> dict[str, str]:
    """Return a digest of each global generator's state by name; torch only where it is loaded."""
    return {name: digest_value(repr(state)) for name, state in _states().items()}


def _stir() -> None:
    random.seed("stirred")
    np.random.seed(0x5E7BE9)  # noqa: NPY002
    if "torch" in sys.modules:
        import torch

        torch.random.set_rng_state(torch.Generator().manual_seed(0x5E7BE9).get_state())


def _states() -> dict[str, Any]:
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002  (the global state is what is watched)
    states: dict[str, Any] = {"random": random.getstate(), "numpy.random": (kind, np.asarray(keys).tolist(), rest)}
    if "torch" in sys.modules:
        import torch

        states["torch"] = torch.random.get_rng_state().tolist()
    return states


@contextlib.contextmanager
def restored() -> Iterator[None]:
    """Put the global random states back after the block."""
    before, keys = random.getstate(), np.random.get_state()  # noqa: NPY002
    torch_before = None
    if "torch" in sys.modules:
        import torch

        torch_before = torch.random.get_rng_state()
    try:
        yield
    finally:
        random.setstate(before)
        np.random.set_state(keys)  # noqa: NPY002
        if torch_before is not None:
            import torch

            torch.random.set_rng_state(torch_before)


@contextlib.contextmanager
def random_state_untouched(what: str) -> Iterator[None]:
    """Raise PluginError when the block changes the global state of a generator; inside :func:`restored` alone.

    Parameters
    ----------
    what
        What runs in the block, for the message: ``fit``.
    """
    _stir()  # or a plugin that seeds them with the same number every time would leave them as it found them
    before = random_states()
    yield
    after = random_states()
    touched = [name for name in before if before[name] != after[name]]
    if touched:
        raise PluginError(
            f"{what} changes the global state of {' and of '.join(touched)}, expected it untouched; "
            f"draw from a generator of your own: serbench.api.generator(seed, name)"
        )


def table_digest(table: FeatureTable) -> str:
    """Return a digest of all that a table holds."""
    columns = {
        name: [column.values.tobytes().hex(), None if column.lengths is None else column.lengths.tolist()]
        for name, column in table.columns.items()
    }
    return digest_value([table.ids, columns, table.labels, None if table.y is None else table.y.tolist()])


__all__ = ["random_state_untouched", "random_states", "restored", "table_digest"]
