"""Write the digests of all splits anew: ``python -m tests.golden.make_splits`` in the project's top folder.

They go into ``splits.json``; those of protocols that divide several corpora into ``crossings.json`` and
``adaptations.json``.
Where SERBENCH_EMOBOX names a copy of EmoBox's data folder, ``emobox.json`` is written too.

A digest that changes without a new version of its protocol is a mistake: scores of before and after would be mixed.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from serbench.protocol.adaptation import Adapt
from serbench.protocol.cross_corpus import SHARED_MAP, CrossCorpus
from serbench.protocol.emobox import EmoBox
from serbench.protocol.emobox_lists import emobox_corpora
from serbench.protocol.protocols import PROTOCOLS
from tests.sample_trees import DATASETS, GOLDEN, NAMES, write_empty

#: Those that protocols of several corpora are pinned on.
SMALL = ("emodb", "emovo", "ravdess", "savee")


def main():
    digests, emobox = {}, {}
    folder_of_emobox = os.environ.get("SERBENCH_EMOBOX")
    for name, names in NAMES.items():
        with tempfile.TemporaryDirectory() as folder:
            write_empty(Path(folder), names())
            manifest = DATASETS[name]().manifest(Path(folder))
        ready = (known for known in (each() for each in PROTOCOLS.values()) if not known.lacks)
        for protocol in (known for known in ready if not known.crosses_corpora):
            split = protocol.split(DATASETS[name](), manifest)
            digests[f"{name} {protocol.name} {protocol.version}"] = split.digest
        if folder_of_emobox and name in emobox_corpora(Path(folder_of_emobox)):
            protocol = EmoBox(folder_of_emobox)
            emobox[f"{name} emobox {protocol.version}"] = protocol.split(DATASETS[name](), manifest).digest
    write("splits.json", digests)
    for protocol, name in ((CrossCorpus(), "crossings.json"), (Adapt(), "adaptations.json")):
        write(name, {"version": protocol.version, **of_several(protocol)})
    if emobox:
        write("emobox.json", emobox)


def of_several(protocol):
    """Return from each crossing of the small corpora to the digest of its split."""
    datasets, manifests = {}, {}
    for name in SMALL:
        datasets[name] = DATASETS[name](labels=SHARED_MAP)
        with tempfile.TemporaryDirectory() as folder:
            write_empty(Path(folder), NAMES[name]())
            manifests[name] = datasets[name].manifest(Path(folder))
    crossings, _ = protocol.crossings(manifests)
    return {each.name: protocol.divide(each, datasets, manifests).digest for each in crossings}


def write(name, digests):
    (GOLDEN / name).write_text(json.dumps(digests, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
