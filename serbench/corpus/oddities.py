"""What is odd about the recordings of a corpus, whatever is done with them.

Conventions
-----------
All is said of the mono mix, which is what models hear. Nothing here leaks: an oddity is reported, and what becomes of
it is a person's decision. Kinds, and their bounds:

==============  ===================================================================================================
``unreadable``  a file that cannot be read whole: missing, truncated, damaged
``silent``      rms of the mono mix about its mean below -80 dB of full scale: digital zero, a constant offset
``cancelled``   a quarter or more of the sound lies where channels of opposite phase cancel each other in the mono mix
``quiet``       rms below -60 dB: 16-bit samples of less than 33 steps
``clipped``     more than 0.1 % and at least 30 of the samples lie within 1 % of the largest
``cut``         begins or ends within 10 dB of its loudest 20 ms: in the middle of a sound
``short``       less than a third of the median of the corpus, or less than 0.1 s
``long``        more than three times the median
``format``      another rate or number of channels than most of the corpus
``labels``      one sound under several labels, or of several speakers
``copies``      one sound under several ids, labelled alike
``names``       what the dataset says of a clip's name
``deviations``  what differs from the published corpus
==============  ===================================================================================================

Of two sounds that are one, ``=`` says that they are so sample by sample, ``~`` that they are nearly so.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

from serbench.corpus.finding import Finding
from serbench.corpus.fingerprint import Fingerprint
from serbench.corpus.inventory import Inventory, Recording
from serbench.corpus.manifest import Manifest
from serbench.corpus.twins import Twins

#: Root mean squares, full scale 1.
SILENT, QUIET = 1e-4, 1e-3
#: Part of the energy of the channels.
CANCELLED = 0.25
#: Part of the samples, and how many of them, near the largest.
HELD, HELD_SAMPLES = 1e-3, 30
#: In dB, against the loudest 20 ms.
CUT = -10.0
#: Against the median; the second in seconds.
TIMES, SHORT = 3.0, 0.1


def find_oddities(
    manifest: Manifest, inventory: Inventory, fingerprints: Mapping[str, Fingerprint], twins: Sequence[Twins]
) -> tuple[Finding, ...]:
    """Return what is odd, the gravest kind first; nothing for a kind of which there is nothing.

    Parameters
    ----------
    manifest, inventory
        The corpus and its recordings.
    fingerprints
        From a recording's digest to its fingerprint, for all of the inventory.
    twins
        The groups of utterances that have one sound.
    """
    recordings = {uid: found for uid, found in inventory.recordings.items() if uid in manifest.by_id}
    bad = {uid: reason for uid, reason in inventory.bad.items() if uid in manifest.by_id}
    found = [
        Finding(
            kind="unreadable",
            text="cannot be read whole",
            items=tuple(f"{uid}: {reason}" for uid, reason in sorted(bad.items())),
        ),
        *_of_twins(manifest, twins),
        *_of_levels(recordings, fingerprints),
        *_of_lengths(recordings),
        _of_formats(recordings),
        Finding(
            kind="names",
            text="named otherwise than the others",
            items=tuple(f"{clip.id} ({clip.remark})" for clip in manifest.utterances if clip.remark),
        ),
        Finding(kind="deviations", text="differs from the published corpus", items=manifest.deviations),
    ]
    return tuple(finding for finding in found if finding.items)


def same_sound(twins: Twins) -> str:
    """Return a group as people read it: ``a = b``, or ``a ~ b`` where the sounds are not equal sample by sample."""
    return (" = " if twins.equal else " ~ ").join(twins.ids)


def _of_twins(manifest: Manifest, twins: Sequence[Twins]) -> list[Finding]:
    labelled: list[str] = []
    copies: list[str] = []
    for same in twins:
        utterances = [manifest.by_id[uid] for uid in same.ids]
        labels = list(dict.fromkeys(utterance.label for utterance in utterances))
        speakers = list(dict.fromkeys(utterance.speaker for utterance in utterances))
        if len(labels) > 1 or len(speakers) > 1:
            words = labels if len(labels) > 1 else [f"speaker {speaker}" for speaker in speakers]
            labelled.append(f"{same_sound(same)} ({', '.join(words)})")
        else:
            copies.append(same_sound(same))
    return [
        Finding(kind="labels", text="one sound under several labels or speakers", items=tuple(labelled)),
        Finding(kind="copies", text="one sound under several ids, labelled alike", items=tuple(copies)),
    ]


def _of_levels(recordings: Mapping[str, Recording], fingerprints: Mapping[str, Fingerprint]) -> list[Finding]:
    silent = {uid for uid, recording in recordings.items() if recording.rms < SILENT}
    quiet = {uid for uid, recording in recordings.items() if recording.rms < QUIET} - silent
    lost = {uid: found.cancelled for uid, found in recordings.items() if found.cancelled >= CANCELLED}
    clipped: list[str] = []
    cut: list[str] = []
    for uid, recording in recordings.items():
        found = fingerprints[recording.digest]
        if uid in silent:
            continue
        if found.held > HELD and found.held * recording.seconds * recording.sample_rate >= HELD_SAMPLES:
            clipped.append(uid)
        if not found.is_blank and max(found.first, found.last) > CUT:
            cut.append(uid)
    return [
        Finding(kind="silent", text="silent, or nearly so (below -80 dB)", items=tuple(sorted(silent))),
        Finding(
            kind="cancelled",
            text="its channels cancel each other in the mono mix (opposite phase)",
            items=tuple(f"{uid} ({100 * part:.0f} % of its sound)" for uid, part in sorted(lost.items())),
        ),
        Finding(kind="quiet", text="very quiet (below -60 dB)", items=tuple(sorted(quiet))),
        Finding(kind="clipped", text="clipped (stays at its largest sample)", items=tuple(clipped)),
        Finding(kind="cut", text="begins or ends in the middle of a sound", items=tuple(cut)),
    ]


def _of_lengths(recordings: Mapping[str, Recording]) -> list[Finding]:
    if not recordings:
        return []
    median = statistics.median(recording.seconds for recording in recordings.values())
    short = [uid for uid, recording in recordings.items() if recording.seconds < max(SHORT, median / TIMES)]
    long = [uid for uid, recording in recordings.items() if recording.seconds > median * TIMES]
    seconds = {uid: f"{uid} ({recordings[uid].seconds:.1f} s)" for uid in (*short, *long)}
    return [
        Finding(
            kind="short",
            text=f"very short (the median is {median:.1f} s)",
            items=tuple(seconds[uid] for uid in short),
        ),
        Finding(
            kind="long",
            text=f"very long (the median is {median:.1f} s)",
            items=tuple(seconds[uid] for uid in long),
        ),
    ]


def _of_formats(recordings: Mapping[str, Recording]) -> Finding:
    formats = Counter((each.sample_rate, each.channels) for each in recordings.values())
    usual = max(formats, key=lambda each: (formats[each], each), default=None)
    return Finding(
        kind="format",
        text="of another rate or number of channels than most",
        items=tuple(
            f"{uid} ({each.sample_rate} Hz, {each.channels} channel{'s' * (each.channels > 1)})"
            for uid, each in recordings.items()
            if (each.sample_rate, each.channels) != usual
        ),
    )


__all__ = ["CANCELLED", "CUT", "HELD", "QUIET", "SILENT", "find_oddities", "same_sound"]
