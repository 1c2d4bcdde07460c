"""Records as somebody would change them who knows the format."""

from __future__ import annotations

import json

from serbench.digest import digest_value
from serbench.results.seal import sealed


def edit_record(store, record, *, is_sealed=True, **facts):
    """Change facts of a record where it lies; its seal fits again where it ``is_sealed``."""
    path = store.record_path(record)
    body = json.loads(path.read_text(encoding="utf-8"))
    key = record.key.facts()
    for found in body["records"]:
        if (found["key"]["fold"], found["key"]["seed"]) == (key["fold"], key["seed"]):
            seal = found.pop("seal")
            found.update(facts)
            found["seal"] = digest_value(found) if is_sealed else seal
    path.write_text(json.dumps(body), encoding="utf-8")


def edit_card(path, **facts):
    """Change facts of a saved model's card; its seal fits again."""
    body = json.loads(path.read_text(encoding="utf-8"))
    head = {name: body.pop(name) for name in ("kind", "format")}
    del body["seal"]
    path.write_text(json.dumps(head | sealed(body | facts)), encoding="utf-8")
