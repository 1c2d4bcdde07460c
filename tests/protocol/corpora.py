"""Small manifests with a known answer, for tests of folds."""

from __future__ import annotations

from pathlib import Path

from serbench.corpus.manifest import LabelMap, Manifest, Utterance


def manifest(*utterances):
    labels = tuple(sorted({each.label for each in utterances}))
    return Manifest("toy", "1", Path(), LabelMap.of("toy", labels), tuple(sorted(utterances, key=lambda each: each.id)))


def clip(uid, speaker, label="calm", **facts):
    return Utterance(id=uid, path=f"{uid}.wav", speaker=speaker, label=label, **facts)


def grid(speakers="abcd", labels=("angry", "calm"), takes=5, **facts):
    """Return ``takes`` clips of each speaker and label; clip ``a-calm-1`` says sentence ``1``."""
    return manifest(
        *(
            clip(f"{speaker}-{label}-{take}", speaker, label, sentence=str(take), **facts)
            for speaker in speakers
            for label in labels
            for take in range(takes)
        )
    )
