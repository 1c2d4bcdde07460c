"""Features of EMO-DB and RAVDESS, decoding included, against librosa and torchaudio.

Every rival turns the same files into 40 MFCCs every 32 ms (librosa's defaults at 16 kHz):

serbench        on all cores, as a run does it: rows are checked and written to the cache
librosa         a loop over files in one process: librosa.load, librosa.feature.mfcc
librosa+joblib  the same, over all cores
torchaudio      a loop over files, torch on all cores: soundfile, torchaudio.transforms.MFCC set as librosa is
decode only     serbench's reader on all cores and nothing else: no pipeline that decodes these files can be faster
libsndfile only the same by the reader of all rivals, without any check

Processes are started and libraries warmed up before the clock runs. The numbers are compared clip by clip.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from measure import arguments, in_turn, machine, ratios, report, spread, table
from serbench_plugins.features.mfcc import Mfcc

from serbench.corpus.audio import decode
from serbench.environment import usable_cores
from serbench.features.cache import FeatureCache
from serbench.features.extract import Clip, extract_column

RATE = 16_000
#: Who decodes and does nothing else.
BOUNDS = {"decode only": "decoding alone", "libsndfile only": "libsndfile's decoding alone"}
#: How far MFCCs may be from librosa's.
CLOSE = 1e-3


def main(words: Sequence[str] | None = None) -> int:
    """Run the script; the exit code is 1 when numbers differ."""
    parser = arguments(__doc__)
    parser.add_argument("--data-root", type=Path, help="the folder of emodb and ravdess (default: SERBENCH_DATA)")
    options = parser.parse_args(words)
    root = options.data_root or Path(os.environ.get("SERBENCH_DATA", "").split(os.pathsep)[0] or ".")
    with tempfile.TemporaryDirectory() as place:
        clips = generated(Path(place), 12) if options.quick else _clips(root)
        if not clips:
            parser.error(f"no recordings in {root / 'emodb'} and {root / 'ravdess'}; name their folder by --data-root")
        facts = _compare(clips, Path(place), 1 if options.quick else options.rounds)
    report(facts, _lines(facts), as_json=options.json)
    return 0 if facts["largest_difference"]["librosa"] <= CLOSE else 1


def _clips(root: Path) -> list[Clip]:
    from serbench_plugins.datasets.emodb import EmoDb
    from serbench_plugins.datasets.ravdess import Ravdess

    paths = [path for dataset in (EmoDb, Ravdess) for path in sorted(dataset.recordings(root / dataset.card.name))]
    return [Clip.of(path) for path in paths]


def generated(folder: Path, number: int) -> list[Clip]:
    """Return recordings of noise, of 0.2 to 0.6 s."""
    import soundfile

    rng = np.random.default_rng(0)
    clips = []
    for each in range(number):
        wave = rng.normal(0, 0.1, int(RATE * rng.uniform(0.2, 0.6))).astype(np.float32)
        path = folder / f"{each:02}.wav"
        soundfile.write(path, wave, RATE)
        clips.append(Clip.of(path))
    return clips


def _compare(clips: Sequence[Clip], place: Path, rounds: int) -> dict[str, Any]:
    paths = [str(clip.path) for clip in clips]
    made: dict[str, list[np.ndarray]] = {}
    rivals = {
        "serbench": _serbench(clips, place, made),
        **_librosa(paths, made),
        "torchaudio": _torchaudio(paths, made),
    }
    rivals["decode only"] = lambda: _on_all_cores(lambda path: decode(path).samples, clips)
    rivals["libsndfile only"] = lambda: _on_all_cores(_read_by_libsndfile, clips)
    found = in_turn(rivals, rounds)
    others = ("librosa", "librosa+joblib", "torchaudio")
    return {
        "what": "40 MFCCs of every clip, decoding included",
        "machine": machine(),
        "clips": len(clips),
        "audio_seconds": round(sum(clip.seconds or 0 for clip in clips), 1),
        "rounds": found,
        "clips_per_second": {k: spread([len(clips) / each["seconds"] for each in v]) for k, v in found.items()},
        "cpu_ms_per_clip": {k: spread([1e3 * each["cpu"] / len(clips) for each in v]) for k, v in found.items()},
        "times_faster": {name: ratios(found, name, "serbench") for name in others},
        "times_less_cpu": {name: ratios(found, name, "serbench", "cpu") for name in others},
        "share_of_decode_bound": {
            name: {"seconds": ratios(found, name, "serbench"), "cpu": ratios(found, name, "serbench", "cpu")}
            for name in BOUNDS
        },
        "largest_difference": {name: _difference(made["serbench"], made[name]) for name in others},
    }


def _serbench(clips: Sequence[Clip], place: Path, made: dict[str, list[np.ndarray]]) -> Callable[[], None]:
    count = itertools.count()

    def work() -> None:  # in a new folder each time; they are removed when all is measured
        column = extract_column(Mfcc(), clips, FeatureCache(place / f"cache-{next(count)}"))
        made["serbench"] = [row.T for row in column.rows]

    _warm(lambda: extract_column(Mfcc(), clips[:2], FeatureCache(place / "warm")))
    return work


def librosa_mfcc(path: str) -> np.ndarray:
    """Return what librosa makes of a file: float32 (40, frames)."""
    import librosa

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_fft=.* is too large")
        wave, _ = librosa.load(path, sr=RATE)
        result: np.ndarray = librosa.feature.mfcc(y=wave, sr=RATE, n_mfcc=40)
        return result


def _librosa(paths: Sequence[str], made: dict[str, list[np.ndarray]]) -> dict[str, Callable[[], None]]:
    from joblib import Parallel, delayed

    pool = Parallel(n_jobs=usable_cores(), batch_size=16)

    def loop() -> None:
        made["librosa"] = [librosa_mfcc(path) for path in paths]

    def parallel() -> None:
        made["librosa+joblib"] = pool(delayed(librosa_mfcc)(path) for path in paths)

    _warm(lambda: librosa_mfcc(paths[0]))
    pool.__enter__()  # its processes stay until this one ends
    _warm(lambda: pool(delayed(librosa_mfcc)(path) for path in paths[:64]))
    return {"librosa": loop, "librosa+joblib": parallel}


def _torchaudio(paths: Sequence[str], made: dict[str, list[np.ndarray]]) -> Callable[[], None]:
    import soundfile
    import torch
    import torchaudio

    mel = {"n_fft": 2048, "hop_length": 512, "n_mels": 128, "mel_scale": "slaney", "norm": "slaney"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transform = torchaudio.transforms.MFCC(RATE, n_mfcc=40, melkwargs={**mel, "pad_mode": "constant"})

    def one(path: str) -> np.ndarray:
        wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
        wave = torch.from_numpy(wave.T).mean(0, keepdim=True)
        if rate != RATE:
            wave = torchaudio.functional.resample(wave, rate, RATE)
        result: np.ndarray = transform(wave)[0].numpy()
        return result

    def work() -> None:
        with torch.inference_mode():
            made["torchaudio"] = [one(path) for path in paths]

    _warm(lambda: one(paths[0]))
    return work


def _on_all_cores(read: Callable[[Path], np.ndarray], clips: Sequence[Clip]) -> None:
    with ThreadPoolExecutor(usable_cores()) as pool:
        for _ in pool.map(lambda clip: len(read(clip.path)), clips):
            pass


def _read_by_libsndfile(path: Path) -> np.ndarray:
    import soundfile

    samples: np.ndarray = soundfile.read(path, dtype="float32")[0]
    return samples


def _warm(work: Callable[[], object]) -> None:
    work()


def _difference(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray]) -> float:
    return max(float(np.abs(one - other).max()) for one, other in zip(ours, theirs, strict=True))


def _lines(facts: dict[str, Any]) -> list[str]:
    rows = []
    for name, rate in facts["clips_per_second"].items():
        faster, less = (facts[key].get(name) for key in ("times_faster", "times_less_cpu"))
        rows.append(
            (
                name,
                rate["median"],
                f"{rate['min']:.0f}–{rate['max']:.0f}",
                facts["cpu_ms_per_clip"][name]["median"],
                f"{faster['median']:.2f}" if faster else None,
                f"{less['median']:.2f}" if less else None,
                facts["largest_difference"].get(name),
            )
        )
    shares = facts["share_of_decode_bound"]
    return [
        f"{facts['what']}: {facts['clips']} clips, {facts['audio_seconds']:.0f} s of sound",
        "",
        table(("", "clips/s", "spread", "CPU ms/clip", "× slower", "× more CPU", "differs by"), rows),
        "",
        *(
            f"serbench reaches {100 * shares[name]['seconds']['median']:.0f} % of {words} by the clock, "
            f"{100 * shares[name]['cpu']['median']:.0f} % by processor seconds"
            for name, words in BOUNDS.items()
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
