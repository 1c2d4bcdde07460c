"""Results and cards in the words of others: Hugging Face's model index, Croissant.

Conventions
-----------
Only what is known is said; a field that nobody stated is left out. Scores are fractions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from serbench.board.columns import BoardColumn, Table, columns_of
from serbench.board.ranking.boards import Board, Placement, make_boards
from serbench.board.wording import audio_label, is_part
from serbench.corpus.dataset import DatasetCard
from serbench.errors import UnknownNameError
from serbench.results.row import Row
from serbench.text import one_line

#: Core metrics by Hugging Face's words: type and arguments; others are called what they are.
_TYPES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "uar": ("recall", {"average": "macro"}),
    "wa": ("accuracy", {}),
    "macro-f1": ("f1", {"average": "macro"}),
}

#: What Croissant 1.0 demands of every dataset beside its context and type, and where nobody's card says it.
REQUIRED = ("conformsTo", "name", "description", "license", "url", "creator", "datePublished", "distribution")

#: The terms of Croissant 1.0 that stand for themselves in its context.
_TERMS = (
    *("citeAs", "column", "extract", "field", "fileProperty", "fileObject", "fileSet", "format", "includes"),
    *("isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "separator", "source", "subField", "transform"),
)


def model_index(rows: Sequence[Row], name: str) -> dict[str, Any]:
    """Return the ``model-index`` of a model card: all complete rows of one system under protocols that are ranked.

    Parameters
    ----------
    rows
        Of a board.
    name
        The system's, as the boards show it.

    Raises
    ------
    UnknownNameError
        When no such row has that name.
    """
    found = [
        (board, placement)
        for board in make_boards(rows)
        for placement in board.placements
        if placement.row.is_complete and board.is_ranked and placement.row.evidence != "replica"
    ]
    wanted = [(board, placement) for board, placement in found if placement.name == name]
    if not wanted:
        raise UnknownNameError("row", name, {placement.name for _, placement in found})
    return {"model-index": [{"name": one_line(name), "results": [_result(*pair) for pair in wanted]}]}


def _result(board: Board, placement: Placement) -> dict[str, Any]:
    row, classes = placement.row, len(placement.row.classes)
    columns = columns_of(Table.MODEL_INDEX, [board])
    dataset, protocol, part = row.dataset.name, row.protocol.name, " (part of the corpus)" if is_part(row) else ""
    return {
        "task": {"type": "audio-classification", "name": "Speech emotion recognition"},
        "dataset": {
            "name": one_line(f"{dataset}{part}, protocol {protocol}, {classes} classes ({audio_label(row)})"),
            "type": one_line(dataset),
            "config": one_line(f"{protocol}, {row.dataset.label_map.name}"),
            "split": "test",
            # copy, labels and split in one digest: results of one revision may be compared
            "revision": row.task,
            "args": {
                "manifest_digest": row.dataset.manifest,
                "audio_digest": row.dataset.audio,
                "split_digest": row.protocol.split,
            },
        },
        "metrics": [
            _metric(column, row, value) for column in columns if (value := column.fact(board, placement)) is not None
        ],
    }


def _metric(column: BoardColumn, row: Row, value: Any) -> dict[str, Any]:
    kind, arguments = _TYPES.get(column.key, (column.key, {}))
    arguments = {**arguments, "seeds": len(row.seeds), "folds": row.folds, "evidence": row.evidence}
    if column.key == "uar" and row.interval.low is not None:
        arguments["interval_95_over_speakers"] = [row.interval.low, row.interval.high]
    return {"type": kind, "value": value, "name": column.heading.removesuffix(" %"), "args": arguments}


def to_yaml(facts: Mapping[str, Any]) -> str:
    r"""Return JSON-like facts as YAML in their own order, whatever is not ASCII escaped.

    >>> to_yaml({"b": [1.5, "x: y"], "a": "ü"})
    'b:\n- 1.5\n- \'x: y\'\na: "\\xFC"\n'
    """
    import yaml

    return str(yaml.safe_dump(facts, sort_keys=False, width=120))


def croissant(card: DatasetCard) -> dict[str, Any]:
    """Return a dataset card's facts as Croissant 1.0 metadata (JSON-LD): no files, since none are handed out.

    Of :data:`REQUIRED` those are missing that no card states. The card's version is that of the adapter and its
    reference mostly a paper's: neither is given out as the dataset's.
    """
    context: dict[str, Any] = {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "sc": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "dct": "http://purl.org/dc/terms/",
        "conformsTo": "dct:conformsTo",
        "data": {"@id": "cr:data", "@type": "@json"},
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        **{term: f"cr:{term}" for term in _TERMS},
    }
    url = _address(card.obtain)
    return {
        "@context": context,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": card.name,
        "description": _description(card),
        "license": card.licence,
        **({"url": url} if url else {}),
        "citeAs": card.cite,
        "inLanguage": card.language,
        "keywords": ["speech emotion recognition", *card.labels],
        "recordSet": [_labels(card)],
    }


def _address(text: str) -> str | None:
    """Return the first address, or DOI as an address, that a text names."""
    found = re.search(r"https?://[^\s,;()]+|doi:10\.[^\s,;()]+", text)
    return found[0].rstrip(".").replace("doi:", "https://doi.org/") if found else None


def _description(card: DatasetCard) -> str:
    facts = [card.summary]
    if card.clips:
        facts.append(f"{sum(card.clips.values())} clips")
    if card.speakers:
        facts.append(f"{card.speakers} speakers")
    if card.sample_rates:
        facts.append(f"published at {', '.join(f'{rate} Hz' for rate in card.sample_rates)}")
    return f"{'; '.join(facts)}. To obtain it: {card.obtain}"


def _labels(card: DatasetCard) -> dict[str, Any]:
    """Return the labels, with the published number of clips of each where there is one."""
    columns = {"name": "sc:Text"} | ({"clips": "sc:Integer"} if card.clips else {})
    data = [
        {"labels/name": label} | ({"labels/clips": card.clips[label]} if card.clips else {}) for label in card.labels
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": "labels",
        "name": "labels",
        "dataType": "sc:Enumeration",
        "key": {"@id": "labels/name"},
        "field": [
            {"@type": "cr:Field", "@id": f"labels/{name}", "name": f"labels/{name}", "dataType": kind}
            for name, kind in columns.items()
        ],
        "data": data,
    }


__all__ = ["REQUIRED", "croissant", "model_index", "to_yaml"]
