"""Results and cards in the words of others: Hugging Face's model index, Croissant.

Conventions
-----------
Only what is known is said; a field that nobody stated is left out. Scores are fractions. YAML is written with every
word quoted as JSON quotes it, which YAML reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from serbench.board.markdown import one_line
from serbench.board.rank import display_names
from serbench.board.wording import audio_label
from serbench.corpus.dataset import DatasetCard
from serbench.errors import UnknownNameError
from serbench.results.row import Row

#: Metrics by Hugging Face's words: type, name for people, arguments.
_METRICS: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    "uar": ("recall", "UAR (unweighted average recall)", {"average": "macro"}),
    "wa": ("accuracy", "WA (accuracy)", {}),
    "macro-f1": ("f1", "macro-F1", {"average": "macro"}),
}

#: The terms of Croissant 1.0 that stand for themselves in its context.
_TERMS = (
    *("citeAs", "column", "extract", "field", "fileProperty", "fileObject", "fileSet", "format", "includes"),
    *("isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "separator", "source", "subField", "transform"),
)


def model_index(rows: Sequence[Row], name: str) -> dict[str, Any]:
    """Return the ``model-index`` of a model card: all whole rows of one system, those of a replica left out.

    Parameters
    ----------
    rows
        Of a board.
    name
        The system's, as the boards show it.

    Raises
    ------
    UnknownNameError
        When no whole row has that name.
    """
    names = display_names(rows)
    whole = [row for row in rows if row.is_whole and row.evidence != "replica"]
    found = [row for row in whole if names[row.system] == name]
    if not found:
        raise UnknownNameError("system", name, {names[row.system] for row in whole})
    return {"model-index": [{"name": one_line(name), "results": [_result(row) for row in found]}]}


def _result(row: Row) -> dict[str, Any]:
    dataset, protocol = str(row.dataset["name"]), str(row.protocol["name"])
    return {
        "task": {"type": "audio-classification", "name": "Speech emotion recognition"},
        "dataset": {
            "type": one_line(dataset),
            "name": one_line(f"{dataset}, protocol {protocol}, {len(row.classes)} classes ({audio_label(row)})"),
            "config": one_line(protocol),
            "split": "test",
            "revision": str(row.dataset.get("audio")),
            "args": {"split_digest": str(row.protocol.get("split")), "manifest_digest": str(row.dataset["manifest"])},
        },
        "metrics": [_metric(row, name) for name in _METRICS if row.scores[name].mean.value is not None],
    }


def _metric(row: Row, name: str) -> dict[str, Any]:
    kind, words, arguments = _METRICS[name]
    arguments = {**arguments, "seeds": len(row.seeds), "folds": row.folds, "evidence": row.evidence}
    if name == "uar" and row.interval.low is not None:
        arguments["interval_95_over_speakers"] = [row.interval.low, row.interval.high]
    return {"type": kind, "value": row.scores[name].mean.value, "name": words, "args": arguments}


def croissant(card: DatasetCard) -> dict[str, Any]:
    """Return a dataset card's facts as Croissant 1.0 metadata (JSON-LD): no files, since none are handed out."""
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
    address = re.search(r"https?://[^\s,;)]+", card.obtain)
    doi = re.fullmatch(r"doi:(10\.\S+)", card.cite)
    known = {
        "url": address[0].rstrip(".") if address else None,
        "sameAs": f"https://doi.org/{doi[1]}" if doi else None,
    }
    return {
        "@context": context,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": card.name,
        "description": _description(card),
        "version": card.version,
        "license": card.licence,
        "citeAs": card.cite,
        "inLanguage": card.language,
        "keywords": ["speech emotion recognition", *card.labels],
        **{name: value for name, value in known.items() if value},
        "recordSet": [_labels(card)],
    }


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


def to_yaml(value: Mapping[str, Any]) -> str:
    r"""Return JSON-like facts as YAML blocks.

    >>> to_yaml({"a": [{"b": "x: y", "c": [1.5]}], "d": {}})
    '"a":\n- "b": "x: y"\n  "c":\n  - 1.5\n"d": {}\n'
    """
    return "\n".join(_yaml(value)) + "\n"


def _yaml(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for name, each in value.items():
            yield from _entry(f"{_scalar(name)}:", each)
    elif isinstance(value, list | tuple) and value:
        for each in value:
            first, *rest = _yaml(each)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    else:
        yield _scalar(value)


def _entry(name: str, value: Any) -> Iterator[str]:
    lines = list(_yaml(value))
    if not (isinstance(value, Mapping | list | tuple) and value):
        yield f"{name} {lines[0]}"
        return
    yield name
    indent = "  " if isinstance(value, Mapping) else ""
    yield from (f"{indent}{line}" for line in lines)


def _scalar(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in text)


__all__ = ["croissant", "model_index", "to_yaml"]
