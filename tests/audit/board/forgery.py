"""A careful forger: changes one fact of a published row and makes every seal, digest and file name fit again.

Conventions
-----------
A *place* is the path of a fact in a record, ``cost.macs_3s``; items of lists have their number. A figure (a value, or
None with a reason) is one fact, for a careful forger would change both. Every place is found in the records themselves,
so that a new field is tampered with as soon as a record has it.
"""

from __future__ import annotations

import contextlib
import copy
import json
import re
import shutil
from collections import defaultdict
from dataclasses import dataclass, replace

from serbench.digest import digest_value
from serbench.errors import FormatError
from serbench.files import write_document
from serbench.results.record import FORMAT, KIND, Record
from serbench.results.seal import sealed
from serbench.results.store import Store
from serbench.scoring.metrics import confusion

#: A digest, of which another is as good.
_DIGEST = re.compile("[0-9a-f]{32}")
#: The keys of a figure.
_FIGURES = ({"value"}, {"value", "reason"})
#: The change of what is left away.
AWAY = "away"


@dataclass(frozen=True)
class Tampering:
    """One change at one place.

    Attributes
    ----------
    place
        The path of the fact.
    change
        What is done to it, by the name that :func:`changes` gives it.
    """

    place: tuple[str | int, ...]
    change: str

    def __str__(self):
        return f"{'.'.join(map(str, self.place))}: {self.change}"

    def of(self, facts):
        """Return a record's facts with the change, or None where there is no such place or nothing changes."""
        forged = copy.deepcopy(facts)
        *parents, last = self.place
        holder = forged
        for step in parents:
            if not (step in holder if isinstance(holder, dict) else isinstance(step, int) and step < len(holder)):
                return None
            holder = holder[step]
        if not (last in holder if isinstance(holder, dict) else last < len(holder)):
            return None
        if self.change == AWAY:
            del holder[last]
        elif made := changes(holder[last]).get(self.change):
            holder[last] = made(holder[last])
        return None if forged == facts else forged


def is_figure(value):
    """Tell whether a value is a figure of a record."""
    return isinstance(value, dict) and set(value) in _FIGURES


def places(facts, at=()):
    """Yield every place of a record's facts, with its value: objects and lists before what they hold."""
    for step, value in facts.items() if isinstance(facts, dict) else enumerate(facts):
        yield (*at, step), value
        if isinstance(value, dict | list) and not is_figure(value):
            yield from places(value, (*at, step))


def tamperings(records):
    """Return every change of every place of some records, by the first step of its place."""
    found = defaultdict(dict)
    for facts in records:
        for place, value in places(facts):
            ways = [*changes(value), *([AWAY] if isinstance(place[-1], str) else [])]  # an item is dropped by its list
            found[place[0]] |= dict.fromkeys(Tampering(place, way) for way in ways)
    return {fact: list(of) for fact, of in found.items()}


def changes(value):
    """Return ways to change a fact into another that looks as good, by name."""
    if is_figure(value):
        return UNKNOWN if value["value"] is None else KNOWN
    if isinstance(value, list):
        return LISTS[min(len(value), 2)]
    return next(ways for kind, ways in WAYS.items() if isinstance(value, kind))


#: The first item of lists of no, one or more items.
LISTS = (
    {"one given": lambda found: [*found, "all is well"]},
    {"its first dropped": lambda found: found[1:], "its first doubled": lambda found: [found[0], *found]},
)
LISTS += ({**LISTS[1], "its first two swapped": lambda found: [found[1], found[0], *found[2:]]},)
#: A figure that has a value, and one that has a reason.
KNOWN = {
    "a hundredth more": lambda found: {"value": found["value"] * 1.01 + 1e-9},
    "one more": lambda found: {"value": found["value"] + 1},
    "undefined": lambda found: {"value": None, "reason": "nobody knows"},
}
UNKNOWN = {
    "given": lambda found: {"value": 1.0},
    "another reason": lambda found: {**found, "reason": "nobody knows"},
}
#: All else by its type; True is an int too.
WAYS = {
    bool: {"inverted": lambda found: not found},
    int: {"one more": lambda found: found + 1, "one less": lambda found: max(0, found - 1)},
    float: {"a hundredth more": lambda found: found * 1.01 + 1e-9},
    type(None): {"given": lambda found: "all is well"},
    str: {"another": lambda found: another(found)},
    dict: {"one more key": lambda found: {**found, "another": next(iter(found.values()), "1")}},
}


def another(word):
    """Return another word of the same kind: a digest, one with another number, or one that ends otherwise."""
    if _DIGEST.fullmatch(word):
        return word[1:] + word[:1]
    if numbers := re.findall(r"\d+", word):
        head, _, tail = word.rpartition(numbers[-1])
        return f"{head}{int(numbers[-1]) + 1}{tail}"
    return f"{word}er"


class Forger:
    """Somebody who may write into the folder of a board, and knows its format.

    Parameters
    ----------
    folder
        The board, which :meth:`restore` puts back.
    label
        Whose row is forged.
    """

    def __init__(self, folder, label):
        self.folder = folder
        self._files = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        self.records = [record for record in Store(folder).records() if record.label == label]
        store = Store(folder)
        self._own = [store.record_path(self.records[0])]
        self.told = {record.key.digest: self._told(store, record) for record in self.records}
        self._predictions = {store.predictions_path(record) for record in self.records if record.predictions}

    @staticmethod
    def _told(store, record):
        return None if record.predictions is None else store.predictions(record)

    @property
    def facts(self):
        """The facts of the row's records, as JSON has them."""
        return [plain(record) for record in self.records]

    def restore(self):
        """Put the board back as it was."""
        shutil.rmtree(self.folder)
        for name, data in self._files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def write(self, changed):
        """Put changed facts and predictions in place of the row's; refuse what is no record as the store does.

        Parameters
        ----------
        changed
            Pairs of facts and predictions (or None), a cell each.
        """
        for path in (*self._own, *self._predictions):
            path.unlink(missing_ok=True)
        try:
            cells = [(Record.read(facts), told) for facts, told in changed]
        except FormatError:
            write_document(self._own[0], KIND, FORMAT, {"records": [sealed(facts) for facts, _ in changed]})
            return
        rows = defaultdict(list)
        for record, told in cells:
            rows[record.row_stem].append((record, told))
        for row in rows.values():
            classes = row[-1][0].classes
            together = [(record, told) for record, told in row if record.classes == classes]
            said = {(record.key.fold, record.key.seed): told for record, told in together if told is not None}
            with contextlib.suppress(FormatError):  # what is no row is written, and not looked at again
                Store(self.folder).write_row([record for record, _ in together], said)
            for record, told in row:
                if record.classes != classes:  # no file of predictions has two lists of classes
                    Store(self.folder).write(record, told)

    def tamper(self, tampering, *, alone=False):
        """Change a fact in every record that has it, or in the first alone; return whether anything changed."""
        changed, count = [], 0
        for record, facts in zip(self.records, self.facts, strict=True):
            told = self.told[record.key.digest]
            forged = None if alone and count else tampering.of(facts)
            count += forged is not None
            changed.append((facts, told) if forged is None else consistent(tampering, facts, forged, told))
        if count:
            self.write(changed)
        return bool(count)

    def retell(self, change, registry):
        """Change predictions, and by them digests, rows, figures and confusion matrices, of every cell.

        Parameters
        ----------
        change
            From what was told of a cell to what is told instead; None leaves the cell away.
        """
        cells = [(record, change(self.told[record.key.digest])) for record in self.records]
        forged = [(rescored(record, told, registry), told) for record, told in cells if told is not None]
        self.write([(plain(record), told) for record, told in forged])

    def exchange(self):
        """Exchange all but the keys of the first and the last cell, with what was told of them."""
        first, *_, last = self.records
        swapped = {first.key.digest: last, last.key.digest: first}
        others = [swapped.get(record.key.digest, record) for record in self.records]
        pairs = zip(self.records, others, strict=True)
        self.write([(plain(replace(other, key=own.key)), self.told[other.key.digest]) for own, other in pairs])


def plain(record):
    """Return a record's facts as JSON has them."""
    return json.loads(json.dumps(record.facts()))


def rescored(record, told, registry):
    """Return a record that says of predictions all that follows from them."""
    metrics = [offer.part for offer in registry.metrics.values()]
    return replace(
        record,
        classes=told.classes,
        rows={**record.rows, "test": len(told.ids)},
        scores={each.card.name: each(told.truth, told.scores) for each in metrics},
        confusion=tuple(map(tuple, confusion(told.truth, told.scores).tolist())),
        predictions=told.digest,
    )


def consistent(tampering, facts, forged, told):
    """Return forged facts with all that would give them away, and predictions that go with them."""
    if told is not None and tampering.place[0] == "classes" and len(forged.get("classes", ())) == len(told.classes):
        told = replace(told, classes=tuple(forged["classes"]))
        forged["predictions"] = told.digest
    if tampering.place[0] == "key" and "key" in forged:
        before, after = (names_of_parts(each["key"]) for each in (facts, forged))
        kept = {name: digest for name, digest in forged["code"].items() if name in after or name not in before}
        forged["code"] = kept | {name: digest_value(name) for name in after - before}
    return forged, told


def names_of_parts(key):
    """Return the names of the plugins of a key."""
    parts = [key.get(name) for name in ("dataset", "model")]
    parts += [part for name in ("features", "augmentations") for part in key.get(name, ())]
    return {part["name"] for part in parts if isinstance(part, dict) and isinstance(part.get("name"), str)}
