"""synth: a corpus that is made on the spot, so that everything can be tried and tested without a download."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import numpy as np

from serbench.api import Dataset, DatasetCard, SpeakerGroups, Utterance, atomic_folder, generator
from serbench_plugins.speech_synthesis import SAMPLE_RATE, Manner, Speaker, draw_sentence, equalise, speak

_MANNERS = {
    "anger": Manner(pitch=5.0, span=1.8, level=7.5, rate=1.2, brightness=0.9),
    "happiness": Manner(pitch=7.5, span=2.2, level=4.0, rate=1.1, brightness=0.65),
    "neutral": Manner(pitch=0.0, span=1.0, level=0.0, rate=1.0, brightness=0.4),
    "sadness": Manner(pitch=-2.5, span=0.4, level=-6.5, rate=0.8, brightness=0.1),
}
_NAME = re.compile(r"(s(\d\d))-(anger|happiness|neutral|sadness)-(t\d\d)-\d\d")
_GROUPS = 5
#: Two digits of a file's name count speakers, sentences and takes.
_MOST = 99
#: More fill a disk.
_MOST_CLIPS = 40_000


class Synth(Dataset):
    """Voices made of pulses and filters, with a trap for splits that leak.

    A speaker has a pitch, a vocal tract, a channel and a way of their own with each emotion. Every recording has a room
    and a noise of its own, which a copy of the recording keeps: a model that has heard one copy knows the other. So a
    split with copies on both sides scores near 100 %, one with new speakers clearly less, and far above chance.

    Parameters
    ----------
    speakers
        1 to 99, 6 at least for new speakers (``si``); odd ones are men.
    sentences, takes
        Each speaker says each sentence so often in each of the four emotions; 1 to 99.
    emotion, speaker, fingerprint
        How far emotions, speakers and single recordings lie apart, 0 to 99; 1 is the usual.
    seed
        Another seed makes another corpus.
    """

    card = DatasetCard(
        name="synth",
        version="1",
        summary="10 synthetic speakers, 5 sentences, 4 emotions, made on the spot; holds a trap for leaky splits",
        labels=tuple(_MANNERS),
        language="zxx",
        licence="Apache-2.0",
        cite="part of serbench",
        obtain="it is made at first use",
        prompts={},
        headline=False,
    )
    split = SpeakerGroups(
        tuple(tuple(f"s{n:02d}" for n in range(first, 100, _GROUPS)) for first in range(1, _GROUPS + 1))
    )

    def __init__(
        self,
        *,
        speakers: int = 10,
        sentences: int = 5,
        takes: int = 2,
        emotion: float = 1.0,
        speaker: float = 1.0,
        fingerprint: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        for name, count in (("speakers", speakers), ("sentences", sentences), ("takes", takes)):
            if not 1 <= count <= _MOST:
                raise ValueError(f"{name} is {count}, expected 1 to {_MOST}")
        clips = speakers * sentences * takes * len(_MANNERS)
        if clips > _MOST_CLIPS:
            raise ValueError(f"they come to {clips} clips, expected {_MOST_CLIPS} at most")
        for name, distance in (("emotion", emotion), ("speaker", speaker), ("fingerprint", fingerprint)):
            if not 0 <= distance <= _MOST:
                raise ValueError(f"{name} is {distance}, expected 0 to {_MOST}")
        self.speakers, self.sentences, self.takes = speakers, sentences, takes
        self.emotion, self.speaker, self.fingerprint = emotion, speaker, fingerprint
        self.seed = seed

    def locate(self, data_roots, cache):  # noqa: ARG002  (it lies in no data root)
        root = cache / "synth" / self.identity.digest
        if not root.is_dir():
            with atomic_folder(root) as folder:
                self._make(folder)
        return root

    def utterances(self, root):
        for path in self.recordings(root):
            if name := _NAME.fullmatch(path.stem):
                speaker, number, emotion, sentence = name.groups()
                yield Utterance(
                    id=path.stem,
                    path=path.relative_to(root).as_posix(),
                    speaker=speaker,
                    label=emotion,
                    sentence=sentence,
                    sex="m" if int(number) % 2 else "f",
                )

    def _make(self, folder: Path) -> None:
        """Write every clip as 16-bit WAV."""
        texts = [draw_sentence(generator(self.seed, "sentence", number)) for number in range(self.sentences)]
        for person in range(1, self.speakers + 1):
            rng = generator(self.seed, "speaker", person)
            voice, channel = self._voice(rng, is_man=bool(person % 2))
            for label in _MANNERS:
                habit = self.speaker * rng.standard_normal(5)
                for number, text in enumerate(texts, start=1):
                    for take in range(1, self.takes + 1):
                        name = f"s{person:02d}-{label}-t{number:02d}-{take:02d}"
                        clip_rng = generator(self.seed, "clip", name)
                        manner = self._manner(label, habit + 0.5 * clip_rng.standard_normal(5))
                        said = equalise(speak(text, voice, manner, clip_rng), channel)
                        _write(folder / f"{name}.wav", 0.02 * self._record(said, clip_rng))

    def _voice(self, rng, *, is_man):
        """Return a speaker and the channel that goes with them, a cepstrum in dB (8,)."""
        pitch, tract, level, *channel = self.speaker * rng.standard_normal(3 + 8)
        voice = Speaker(
            pitch=(115 if is_man else 200) * 2 ** (2 * pitch / 12),
            tract=(0.95 if is_man else 1.08) * 1.04**tract,
            level=2 * level,
        )
        return voice, 1.5 * np.array(channel)

    def _manner(self, label, deviation):
        """Return how this emotion sounds: its own way, as far from neutral as asked, and a deviation from it (5,)."""
        usual, plain = _MANNERS[label], _MANNERS["neutral"]
        pitch, span, level, rate, brightness = (
            getattr(plain, name) + self.emotion * (getattr(usual, name) - getattr(plain, name))
            for name in ("pitch", "span", "level", "rate", "brightness")
        )
        return Manner(
            pitch=pitch + 1.3 * deviation[0],
            span=max(span * 1.15 ** deviation[1], 0.1),
            level=level + 1.8 * deviation[2],
            rate=max(rate * 1.04 ** deviation[3], 0.5),
            brightness=brightness + 0.08 * deviation[4],
        )

    def _record(self, said, rng):
        """Return what was said in the room and the noise of this one recording."""
        room = self.fingerprint * np.linspace(0.3, 1.5, 39) * rng.standard_normal(39)
        hum = equalise(rng.standard_normal(len(said)), self.fingerprint * 3 * rng.standard_normal(12))
        level = np.sqrt(np.mean(said**2)) * 10 ** (-rng.uniform(25, 45) / 20)
        return equalise(said + self.fingerprint * level * hum, room)


def _write(path: Path, sound: np.ndarray) -> None:
    """Write 16-bit WAV; what is above full scale is clipped, as a recorder would."""
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(SAMPLE_RATE)
        stream.writeframes(np.round(np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


__all__ = ["Synth"]
