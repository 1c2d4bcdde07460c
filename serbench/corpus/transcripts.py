"""The words of every clip, and whether they were somebody's own.

Conventions
-----------
A *transcript* is what somebody wrote down of what was said. A *prompt* is what an actor was told to say: its words say
nothing of the speaker, and where each emotion has sentences of its own they give the label away. Words of prompts stand
on the dataset's card and are no part of a manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from serbench.corpus.manifest import Manifest

Wording = Literal["transcripts", "prompts"]


def wording_of(prompts: Mapping[str, str] | None, manifest: Manifest) -> Wording | None:
    """Return what the words of a corpus are; None where nobody knows them.

    Parameters
    ----------
    prompts
        Of the dataset's card.
    """
    if prompts is not None:
        return "prompts"
    return "transcripts" if any(utterance.transcript for utterance in manifest.utterances) else None


def texts_of(prompts: Mapping[str, str] | None, manifest: Manifest) -> tuple[str, ...]:
    """Return the words of every utterance, in the manifest's order; empty where a clip has none.

    A prompt whose words the card does not hold is called by its number among the corpus's sentences: that says which
    sentence it is, and nothing of what it says.
    """
    if prompts is None:
        return tuple(utterance.transcript or "" for utterance in manifest.utterances)
    sentences = sorted({utterance.sentence or "" for utterance in manifest.utterances})
    words = {sentence: prompts.get(sentence, f"sentence {number}") for number, sentence in enumerate(sentences, 1)}
    return tuple(words[utterance.sentence or ""] for utterance in manifest.utterances)


__all__ = ["Wording", "texts_of", "wording_of"]
