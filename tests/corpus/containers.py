"""Files in every container that is read, made at test time, and what changes their bytes."""

from __future__ import annotations

import io
import struct

import numpy as np
import soundfile

RATE = 16_000


def noisy_tone(samples=4_000, channels=1, seed=0):
    """Return float32 (samples, channels): tones in noise, no two samples alike, silent nowhere."""
    rng = np.random.default_rng(seed)
    tones = [np.sin(np.arange(samples) * (0.17 + 0.05 * channel)) for channel in range(channels)]
    return (0.3 * np.stack(tones, axis=1) + rng.normal(0, 0.03, (samples, channels))).astype(np.float32)


def coded(container, coding, wave=None, rate=RATE, **options):
    """Return the bytes of a wave in a container."""
    stream = io.BytesIO()
    soundfile.write(stream, noisy_tone() if wave is None else wave, rate, format=container, subtype=coding, **options)
    return stream.getvalue()


def replaced(data, place, change):
    """Return bytes with others at a place."""
    return data[:place] + change + data[place + len(change) :]


def flipped(data, place, bit=0):
    """Return bytes with one bit changed."""
    return replaced(data, place, bytes([data[place] ^ 1 << bit]))


def checksum(page):
    """Return Ogg's checksum of a page, bit by bit as RFC 3533 has it."""
    state = 0
    for byte in page[:22] + bytes(4) + page[26:]:
        state ^= byte << 24
        for _ in range(8):
            state = (state << 1 ^ (0x04C11DB7 if state >> 31 else 0)) & 0xFFFFFFFF
    return state


def page(body, *, number, position, flags=0, serial=7):
    """Return an Ogg page of one whole packet or a part of one, of less than 65,025 bytes."""
    sizes = [255] * (len(body) // 255) + [len(body) % 255]
    head = b"OggS\0" + struct.pack("<BQIIIB", flags, position, serial, number, 0, len(sizes)) + bytes(sizes)
    return sealed(head + body)


def sealed(whole):
    """Return a page with the checksum that it should have."""
    return replaced(whole, 22, struct.pack("<I", checksum(whole)))


def pages(data):
    """Return the pages of an Ogg."""
    found = []
    while data:
        size = 27 + data[26] + sum(data[27 : 27 + data[26]])
        found.append(data[:size])
        data = data[size:]
    return found


def ogg_flac(flac, samples):
    """Return a FLAC in Ogg, a page for the head, one for the other metadata, one for all frames of a short sound."""
    first = flac.index(b"\xff\xf8", 42)
    bodies = [b"\x7fFLAC\x01\x00\x00\x01" + flac[:42], flac[42:first], flac[first:]]
    return b"".join(
        page(body, number=index, position=samples if index == 2 else 0, flags=(2, 0, 4)[index])
        for index, body in enumerate(bodies)
    )


def without_statement(mp3):
    """Return an MP3 without its first frame, which states how many there are."""
    return mp3[mp3.index(mp3[:2], 4) :]


def pcm(wave):
    """Return a wave as 16-bit samples, little-endian."""
    return (wave * 32_768).astype("<i2").tobytes()


def voc(*pieces, rate=RATE):
    """Return a VOC of 16 bits whose sound is in several blocks, as FFmpeg writes it."""
    head = b"Creative Voice File\x1a" + struct.pack("<HHH", 26, 0x0114, 0x1F11)
    about = struct.pack("<IBBHI", rate, 16, 1, 4, 0)
    first = b"\x09" + (len(about) + len(pieces[0])).to_bytes(3, "little") + about + pieces[0]
    more = b"".join(b"\x02" + len(piece).to_bytes(3, "little") + piece for piece in pieces[1:])
    return head + first + more + b"\0"


#: A name for the file, and its container and coding for libsndfile.
CODED = {
    "pcm16.wav": ("WAV", "PCM_16"),
    "pcm24.wav": ("WAV", "PCM_24"),
    "float.wav": ("WAV", "FLOAT"),
    "double.wav": ("WAV", "DOUBLE"),
    "mu-law.wav": ("WAV", "ULAW"),
    "ima.wav": ("WAV", "IMA_ADPCM"),
    "ms.wav": ("WAV", "MS_ADPCM"),
    "gsm.wav": ("WAV", "GSM610"),
    "extensible.wave": ("WAVEX", "PCM_16"),
    "long.rf64": ("RF64", "PCM_16"),
    "sony.w64": ("W64", "PCM_16"),
    "gsm.w64": ("W64", "GSM610"),
    "pcm.aiff": ("AIFF", "PCM_16"),
    "bytes.aif": ("AIFF", "PCM_S8"),
    "float.aifc": ("AIFF", "FLOAT"),
    "ima.aifc": ("AIFF", "IMA_ADPCM"),
    "pcm.au": ("AU", "PCM_16"),
    "a-law.snd": ("AU", "ALAW"),
    "pcm.caf": ("CAF", "PCM_16"),
    "alac.caf": ("CAF", "ALAC_16"),
    "pcm.voc": ("VOC", "PCM_16"),
    "mu-law.voc": ("VOC", "ULAW"),
    "pcm.nist": ("NIST", "PCM_16"),
    "mu-law.sph": ("NIST", "ULAW"),
    "pcm16.flac": ("FLAC", "PCM_16"),
    "pcm24.flac": ("FLAC", "PCM_24"),
    "vorbis.ogg": ("OGG", "VORBIS"),
    "opus.oga": ("OGG", "OPUS"),
    "stated.mp3": ("MP3", "MPEG_LAYER_III"),
}


def specimens():
    """Return a file of 4,000 samples, or some more where the coding fills up its last block, per name."""
    made = {name: coded(*kind) for name, kind in CODED.items()}
    ogg = made["opus.oga"]
    return made | {
        "big.wav": coded("WAV", "PCM_16", endian="BIG"),
        "stereo.wav": coded("WAV", "PCM_16", noisy_tone(channels=2)),
        "stereo.flac": coded("FLAC", "PCM_16", noisy_tone(channels=2)),
        "in-ogg.oga": ogg_flac(made["pcm16.flac"], 4_000),
        "chain.opus": ogg + ogg,
        "unstated.mp3": without_statement(made["stated.mp3"]),
        "blocks.voc": voc(pcm(noisy_tone()[:3_000]), pcm(noisy_tone()[3_000:])),
    }
