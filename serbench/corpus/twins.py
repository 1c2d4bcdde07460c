"""Which recordings of a corpus hold the same sound, bit for bit or nearly so.

Conventions
-----------
Two recordings are *equal* when their decoded samples and rates are, and *near* when one is the other after another
gain, rate or codec, with noise 20 dB below it, or without its silence. Twins are found in two steps:

1. Candidates. Fingerprints are centred on the corpus and scaled to equal variance along its 32 main axes, so that what
   all its clips have in common (a carrier phrase, a microphone) counts for nothing. Four k-d trees of eight axes each
   name the five nearest of every recording: n log n. Those whose cosine over all axes is at least 0.9 are looked into.
   A corpus of up to 32 sounds is looked into pair by pair.
2. Proof. The largest cross-correlation of the two waves at 8 kHz, 150 to 3500 Hz, over all lags, against their
   energies: at least 0.8.

The bounds come from EMO-DB, EMOVO, SAVEE, RAVDESS, TESS and CREMA-D (13,285 clips, some 2,000 candidates). Two takes of
one sentence by one speaker correlate by 0.59 at most; the 11 pairs above 0.8 all lie above 0.93 and are cuts of one
take. Of 40 to 60 clips of each corpus, copies at another gain or rate, with more or less silence, as µ-law, MP3, Vorbis
or Opus at some 16 kbit/s, or with noise at 20 dB, 98 to 100 % were candidates; in SAVEE, EMOVO and TESS 95 % of these
copies correlate by 0.93 or more with their originals. Opus at 8 kbit/s leaves 85 to 97 % as candidates, 8-bit
PCM 75 % of RAVDESS, whose clips are quiet. A piece cut out of the speech itself, another speed or another pitch is
not found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serbench.corpus.fingerprint import HIGHEST, LOWEST, RATE, VERSION, Fingerprint
from serbench.corpus.inventory import Inventory
from serbench.corpus.kept import if_it_can_be_kept, place_of, read_sealed, write_sealed
from serbench.corpus.manifest import Manifest
from serbench.corpus.recording import read_known
from serbench.errors import FormatError

FORMAT = 2
KIND = "serbench-twins"

#: Least cosine of two fingerprints, and least correlation of two waves.
ALIKE, SAME = 0.9, 0.8
#: Up to so many sounds every pair is looked into.
FEW = 32
_AXES, _AXES_PER_TREE, _NEAREST = 32, 8, 5

Pair = tuple[str, str]


@dataclass(frozen=True)
class Twins:
    """Utterances whose recordings hold one sound.

    Attributes
    ----------
    ids
        Sorted; two at least.
    correlation
        Of the two that are least alike among those that were compared; 1 where all are equal.
    equal
        True where all recordings are the same sample by sample.
    """

    ids: tuple[str, ...]
    correlation: float
    equal: bool


def find_twins(
    manifest: Manifest, inventory: Inventory, fingerprints: Mapping[str, Fingerprint], folder: Path
) -> tuple[Twins, ...]:
    """Return the groups of utterances that have one sound, sorted by their first id.

    Parameters
    ----------
    manifest, inventory
        The corpus and its recordings; those that cannot be read are in no group.
    fingerprints
        From a recording's digest to its fingerprint, for all of the inventory.
    folder
        The cache folder: what two waves came to is kept there, in ``twins``.

    Raises
    ------
    AudioError
        When a recording can no longer be read, or holds another sound.
    """
    ids: dict[str, list[str]] = {}
    for uid, found in inventory.recordings.items():
        if uid in manifest.by_id:
            ids.setdefault(found.digest, []).append(uid)
    sounds = [digest for digest in sorted(ids) if not fingerprints[digest].is_blank]
    shapes = np.array([fingerprints[digest].shape for digest in sounds], np.float64)
    pairs = [(sounds[i], sounds[j]) for i, j in candidates(shapes)]

    @lru_cache(maxsize=256)
    def wave(digest: str) -> npt.NDArray[np.float32]:
        first = ids[digest][0]
        return read_known(manifest.path(first), digest, inventory.recordings[first].checksum, RATE)

    proofs = _proofs(pairs, wave, place_of(folder, "twins", manifest.root))
    near = {pair: proof for pair, proof in proofs.items() if proof >= SAME}
    return tuple(sorted(_groups(ids, near), key=lambda each: each.ids))


def candidates(shapes: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the pairs of rows that are alike, each as (smaller, larger), sorted.

    Parameters
    ----------
    shapes
        float64 (n, d), fingerprints that are not blank.
    """
    n = len(shapes)
    if n <= FEW:
        return [(i, j) for i in range(n) for j in range(i + 1, n)]
    from scipy.spatial import KDTree

    centred = shapes - shapes.mean(axis=0)
    variances, axes = np.linalg.eigh(centred.T @ centred / n)
    # a quarter of the sounds at most: so many axes are known from them with some certainty
    kept = [place for place in np.argsort(-variances)[: min(_AXES, n // 4)] if variances[place] > 1e-9]
    whitened = centred @ (axes[:, kept] / np.sqrt(variances[kept]))  # (n, axes)
    found: set[tuple[int, int]] = set()
    for first in range(0, len(kept), _AXES_PER_TREE):
        part = whitened[:, first : first + _AXES_PER_TREE]
        _, nearest = KDTree(part).query(part, k=min(n, _NEAREST + 1))
        found.update((min(i, j), max(i, j)) for i, row in enumerate(nearest.tolist()) for j in row if i != j)
    units = whitened / np.maximum(np.linalg.norm(whitened, axis=1, keepdims=True), 1e-12)
    return sorted((i, j) for i, j in found if units[i] @ units[j] >= ALIKE)


def correlation(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Return the largest correlation of two waves at 8 kHz over all lags, 0 to 1, in the band of the fingerprints.

    The waves' signs and levels do not matter; 0 where one of them has nothing in the band.
    """
    size = 1 << (len(one) + len(other) - 1).bit_length()
    first, second = _spectrum(one, size), _spectrum(other, size)
    energies = [float(np.sum(np.abs(each) ** 2)) / size * 2 for each in (first, second)]
    if not min(energies) > 0:
        return 0.0
    lags = np.fft.irfft(first * second.conj(), size)
    return float(np.abs(lags).max() / np.sqrt(energies[0] * energies[1]))


def _spectrum(wave: npt.NDArray[np.float32], size: int) -> npt.NDArray[np.complex128]:
    spectrum = np.fft.rfft(wave, size)
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    spectrum[(hertz < LOWEST) | (hertz > HIGHEST)] = 0
    return spectrum


def _proofs(pairs: Iterable[Pair], wave: Callable[[str], npt.NDArray[np.float32]], document: Path) -> dict[Pair, float]:
    """Return the correlation of every pair; what is known from before is not computed again."""
    known = _read(document)
    found: dict[Pair, float] = {}
    new = 0
    for pair in pairs:
        if pair not in known:
            # six digits: the document says the same as the first look
            known[pair] = round(correlation(wave(pair[0]), wave(pair[1])), 6)
            new += 1
        found[pair] = known[pair]
    if new:
        with if_it_can_be_kept(document):
            write_sealed(document, KIND, FORMAT, {"fingerprint": VERSION, "pairs": [[*p, c] for p, c in known.items()]})
    return found


def _read(document: Path) -> dict[Pair, float]:
    try:
        facts = read_sealed(document, KIND, FORMAT)
        return {(str(one), str(other)): float(c) for one, other, c in facts["pairs"]}
    except (OSError, FormatError, KeyError, TypeError, ValueError):
        return {}  # it only saves time


def _groups(ids: Mapping[str, list[str]], near: Mapping[Pair, float]) -> Iterable[Twins]:
    """Yield a group for all sounds that hang together by ``near``, and for equal ones alone."""
    group = {digest: {digest} for digest in ids}
    for one, other in near:
        if group[one] is not group[other]:
            joined = group[one] | group[other]
            for digest in joined:
                group[digest] = joined
    for sounds in {id(each): each for each in group.values()}.values():
        members = sorted(uid for digest in sounds for uid in ids[digest])
        if len(members) > 1:
            lowest = min((c for pair, c in near.items() if pair[0] in sounds), default=1.0)
            yield Twins(tuple(members), lowest, equal=len(sounds) == 1)


__all__ = ["ALIKE", "FEW", "SAME", "Twins", "candidates", "correlation", "find_twins"]
