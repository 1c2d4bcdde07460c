"""Cells that are trained and still to be timed: all that is known of them, kept until the machine is quiet.

Conventions
-----------
``drafts/<dataset>/<protocol>/<model>/<fold>.seed<k>.<key>.draft`` in the folder of a run, a safetensors file: the
numbers that the fit learned, the predictions' scores and truth, and in its header the sealed record as it will be, but
for what is timed. One file, so that it is there whole or not at all. A draft only saves training the cell again: what
cannot be read, or is not what its seal says, counts as none. It goes when the record is written.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from serbench.digest import digest_array, digest_value
from serbench.errors import FormatError
from serbench.files import MOST_BYTES, atomic_write, read_bytes
from serbench.results.predictions import TestPredictions
from serbench.results.record import CellKey, Record
from serbench.results.seal import sealed, unsealed

KIND, FORMAT = "serbench-draft", 1
#: Where drafts lie in the folder of a run.
ROOM = "drafts"
#: Of the name of a number that the fit learned, and where the predictions' stand.
_LEARNED, _SCORES, _TRUTH = "state.", "scores", "truth"
#: Bytes that the length of the header takes.
_LENGTH = 8

Numbers = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A cell that is trained.

    Attributes
    ----------
    record
        As it will be, but for what is timed.
    predictions
        That go with it.
    state
        The numbers that the fit learned, by name; None where the model does not say.
    """

    record: Record
    predictions: TestPredictions
    state: Numbers | None


class Drafts:
    """The drafts of a run.

    Parameters
    ----------
    folder
        The run's, where its records lie too.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, record: Record) -> Path:
        """Return where the draft of a record lies."""
        return self.folder / ROOM / f"{record.stem}.draft"

    def write(self, draft: Draft) -> None:
        """Keep a draft.

        Raises
        ------
        FormatError
            When a number that the fit learned is no array of numbers.
        """
        from safetensors.numpy import save

        numbers = _numbers(draft)
        found = draft.predictions
        facts = {
            "kind": KIND,
            "format": FORMAT,
            "record": draft.record.facts(),
            "predictions": {"ids": found.ids, "speakers": found.speakers, "classes": found.classes},
            "numbers": _digest(numbers),
            "has_state": draft.state is not None,
        }
        with atomic_write(self.path(draft.record)) as stream:
            stream.write(save(dict(numbers), {"draft": json.dumps(sealed(facts))}))

    def has(self, key: CellKey, label: str) -> bool:
        """Tell whether there is a draft of a cell; whether it can be read is not looked at."""
        return self.path(Record(key=key, label=label, status="skipped")).exists()

    def find(self, key: CellKey, label: str) -> Draft | None:
        """Return the draft of a cell; None where there is none that can be read."""
        path = self.path(Record(key=key, label=label, status="skipped"))
        try:
            draft = _read(read_bytes(path, MOST_BYTES))
        except Exception:  # noqa: BLE001  (whatever the damage: the cell is trained again)
            return None
        return draft if draft.record.key.digest == key.digest else None

    def remove(self, record: Record) -> None:
        """Remove the draft of a record, if there is one, and the folders that are empty without it."""
        path = self.path(record)
        if not path.exists():
            return
        path.unlink()
        with contextlib.suppress(OSError):  # others lie there
            for folder in path.parents:
                if folder == self.folder:
                    break
                folder.rmdir()


def _numbers(draft: Draft) -> Numbers:
    state = {f"{_LEARNED}{name}": values for name, values in (draft.state or {}).items()}
    for name, values in state.items():
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiub":
            raise FormatError(f"the state {name!r} is {type(values).__name__}, expected an array of numbers")
    found = {**state, _SCORES: draft.predictions.scores, _TRUTH: draft.predictions.truth}
    return {name: np.ascontiguousarray(values).reshape(values.shape) for name, values in found.items()}


def _digest(numbers: Numbers) -> str:
    return digest_value({name: digest_array(values) for name, values in numbers.items()})


def _read(data: bytes) -> Draft:
    from safetensors.numpy import load

    end = _LENGTH + int.from_bytes(data[:_LENGTH], "little")
    facts, fits = unsealed(json.loads(json.loads(data[_LENGTH:end])["__metadata__"]["draft"]))
    numbers = load(data)
    if not fits or (facts["kind"], facts["format"]) != (KIND, FORMAT) or facts["numbers"] != _digest(numbers):
        raise FormatError("it is no draft, or was altered after it was written")
    said = {name: tuple(words) for name, words in facts["predictions"].items()}
    state = {name.removeprefix(_LEARNED): values for name, values in numbers.items() if name.startswith(_LEARNED)}
    return Draft(
        record=Record.read(facts["record"]),
        predictions=TestPredictions(truth=numbers[_TRUTH], scores=numbers[_SCORES], **said),
        state=state if facts["has_state"] else None,
    )


__all__ = ["ROOM", "Draft", "Drafts"]
