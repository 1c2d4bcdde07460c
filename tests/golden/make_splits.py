"""Write ``splits.json`` anew: ``python -m tests.golden.make_splits`` in the project's top folder.

A digest that changes without a new version of its protocol is a mistake: scores of before and after would be mixed.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from serbench.protocol.protocols import PROTOCOLS
from tests.sample_trees import DATASETS, GOLDEN, NAMES, write_empty


def main():
    digests = {}
    for name, names in NAMES.items():
        with tempfile.TemporaryDirectory() as folder:
            write_empty(Path(folder), names())
            manifest = DATASETS[name]().manifest(Path(folder))
        for protocol in (each for each in PROTOCOLS.values() if not each.crosses_corpora):
            split = protocol.split(DATASETS[name](), manifest)
            digests[f"{name} {protocol.name} {protocol.version}"] = split.digest
    (GOLDEN / "splits.json").write_text(json.dumps(digests, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
