"""Plugins that leave, die, hang and lie: each must cost its own cells and nothing else."""

from __future__ import annotations

import contextlib
import ctypes
import locale
import os
import pickle
import random
import signal
import stat
import subprocess
import sys
import threading
import time

import numpy as np

from serbench.api import (
    Augmentation,
    AugmentationCard,
    FeatureCard,
    FeatureExtractor,
    Figure,
    Metric,
    MetricCard,
    ModelCard,
    Predictions,
    Size,
    hookimpl,
)
from tests.run import toy
from tests.run.toy import Crossings, Nearest


def leave():
    sys.exit(0)


def exit_hard():
    os._exit(0)


def exit_with_three():
    os._exit(3)


def touch_null():
    ctypes.string_at(0)


def kill_itself():
    os.kill(os.getpid(), signal.SIGKILL)


def abort():
    os.abort()


def interrupt():
    raise KeyboardInterrupt


def close_everything():
    os.closerange(3, 256)


def recurse():
    recurse()


def want_memory():
    np.ones(1 << 50)


def hang():
    time.sleep(600)


def spin():
    while True:
        pass


def hang_deaf():
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)
    hang()


def leave_a_thread():
    threading.Thread(target=hang).start()


def leave_a_child():
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    os._exit(1)


def raise_odd():
    class Odd(BaseException):
        pass

    raise Odd("neither one nor the other")


def change_folder():
    os.chdir("/")


def change_variables():
    for name in ("PATH", "HOME", "SERBENCH_CACHE", "PYTHONPATH"):
        os.environ.pop(name, None)
    os.environ["TMPDIR"] = "/dev/null"


def close_streams():
    sys.stdout.close()
    for number in (1, 2):
        with contextlib.suppress(OSError):
            os.close(number)


def change_locale():
    locale.setlocale(locale.LC_ALL, "C")
    os.umask(0o777)


def reseed():
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  (that is the deed)


def replace_the_generator():
    np.random.default_rng = lambda *_: None


def return_twice():
    os.fork()


def leave_a_daemon():
    nothing = subprocess.DEVNULL
    words = [sys.executable, "-c", "import time; time.sleep(59)"]
    subprocess.Popen(words, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)


def fill_stderr():
    os.write(2, b"x" * (1 << 22))


def pipes():
    """Return the descriptors that lead to other processes."""
    for number in range(3, 64):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                yield number


def write_to_every_pipe():
    for number in pipes():
        os.write(number, b"what a mess this is\n" * 4)


def send_no_message():
    said = pickle.dumps("neither this")
    for number in pipes():
        os.write(number, len(said).to_bytes(4, "big") + said)
    time.sleep(0.2)


#: What each does when it is fitted.
DEEDS = {
    deed.__name__.replace("_", "-"): deed
    for deed in (
        *(leave, exit_hard, exit_with_three, touch_null, kill_itself, abort, interrupt, close_everything, recurse),
        *(want_memory, raise_odd, leave_a_thread, leave_a_child),
        *(change_folder, change_variables, close_streams, change_locale, reseed, replace_the_generator, return_twice),
        *(leave_a_daemon, fill_stderr, write_to_every_pipe, send_no_message),
    )
}
#: Those that only end by a limit.
HANGING = {deed.__name__.replace("_", "-"): deed for deed in (hang, spin, hang_deaf)}


#: Those after which another process is needed, which takes its time: they do it in one fold, the smallest.
ENDING = {
    *("exit-hard", "exit-with-three", "touch-null", "kill-itself", "abort", "close-everything", "leave-a-child"),
    *("write-to-every-pipe", "send-no-message", "replace-the-generator"),
}


def make_corpus(folder):
    """Write a corpus whose first speaker says more: the fold that tests it trains on the fewest."""
    toy.make_corpus(folder, speakers=3, takes=2)
    return toy.make_corpus(folder, speakers=1, takes=3)


FEWEST = 12


def model_of(name, deed):
    def fit(self, train, dev, *, seed):
        if name not in ENDING or len(train) <= FEWEST:
            deed()
        return Nearest.fit(self, train, dev, seed=seed)

    card = ModelCard(name=name, version="1", summary=name, features=("crossings",), seeded=False)
    return type(name.title().replace("-", ""), (Nearest,), {"card": card, "fit": fit})


def leave_with_three():
    sys.exit(3)


#: From name to what is said in place of ids, scores (n, k) and classes.
ANSWERS = {
    "wrong-shape": lambda ids, scores, labels: (ids, scores[:, 1:], labels),
    "one-row-less": lambda ids, scores, labels: (ids[1:], scores[1:], labels),
    "other-ids": lambda ids, scores, labels: (ids[::-1], scores, labels),
    "nan-scores": lambda ids, scores, labels: (ids, scores * np.nan, labels),
    "endless-scores": lambda ids, scores, labels: (ids, scores / 0, labels),
    "objects-for-scores": lambda ids, scores, labels: (ids, np.full(scores.shape, object()), labels),
    "words-for-scores": lambda ids, scores, labels: (ids, np.full(scores.shape, "much"), labels),
    "complex-scores": lambda ids, scores, labels: (ids, scores + 1j, labels),
    "unknown-class": lambda ids, scores, labels: (ids, scores, ("glad", *labels[1:])),
    "doubled-class": lambda ids, scores, labels: (ids, scores, (labels[1], *labels[1:])),
    "no-scores": lambda ids, scores, labels: (ids, None, labels),
    "leaves-in-predict": lambda ids, scores, labels: leave_with_three(),
    "negative-scores": lambda ids, scores, labels: (ids, scores - 5, labels),
    "large-scores": lambda ids, scores, labels: (ids, scores * 1e9, labels),
    "half-precision": lambda ids, scores, labels: (ids, scores.astype(np.float16), labels),
    "whole-numbers": lambda ids, scores, labels: (ids, (scores * 100).astype(np.int8), labels),
    "lists": lambda ids, scores, labels: (list(ids), scores.tolist(), list(labels)),
}


def answering(name, change):
    def predict(self, test):
        said = Nearest.predict(self, test)
        return Predictions(*change(said.ids, np.asarray(said.scores), said.labels))

    card = ModelCard(name=f"answer-{name}", version="1", summary=name, features=("crossings",), seeded=False)
    return type(name.title().replace("-", ""), (Nearest,), {"card": card, "predict": predict})


class Speechless(Nearest):
    card = ModelCard(name="speechless", version="1", summary="no answer", features=("crossings",), seeded=False)

    def predict(self, test):
        return None


class Unmeasurable(Nearest):
    card = ModelCard(name="unmeasurable", version="1", summary="no size", features=("crossings",), seeded=False)

    def size(self, clip):
        return leave_with_three()

    def state(self):
        raise RuntimeError("no state")


class OfOddSize(Nearest):
    card = ModelCard(name="of-odd-size", version="1", summary="odd size", features=("crossings",), seeded=False)

    def size(self, clip):
        return Size("many", float("nan"), -1, macs="few")


class Talking(Nearest):
    """It prints where the answer is to stand."""

    card = ModelCard(name="talking", version="1", summary="talks", features=("crossings",), seeded=False)

    def predict(self, test):
        sys.stdout.write("not for a machine\n")
        os.write(1, b"nor this")
        return super().predict(test)


def saying(name, history):
    card = ModelCard(name=name, version="1", summary=name, features=("crossings",), seeded=False)
    return type(name.title(), (Nearest,), {"card": card, "history": lambda self: history})


class DyingFeature(FeatureExtractor):
    card = FeatureCard(name="dying", version="1", summary="dies", sample_rate=8_000, output="vector")

    def extract(self, wave):
        return touch_null()


class HangingFeature(Crossings):
    card = FeatureCard(name="hanging", version="1", summary="hangs", sample_rate=8_000, output="vector")

    def extract(self, wave):
        return hang()


#: From name to what a feature makes of a wave.
ROWS = {
    "leaving": lambda wave: leave_with_three(),
    "nans": lambda wave: np.array([np.nan, 1], np.float32),
    "doubles": lambda wave: np.ones(2),
    "empty": lambda wave: np.ones(0, np.float32),
    "uneven": lambda wave: np.ones(2 + len(wave) % 2, np.float32),
    "words": lambda wave: "a word",
}


def feature_of(name, extract):
    card = FeatureCard(name=name, version="1", summary=name, sample_rate=8_000, output="vector")
    return type(name.title(), (FeatureExtractor,), {"card": card, "extract": lambda self, wave: extract(wave)})


#: From name to what an augmentation makes of a wave.
CHILDREN = {
    "breaking": lambda wave: wave * np.nan,
    "widening": lambda wave: wave.astype(np.float64),
    "swallowing": lambda wave: wave[:0],
    "quitting": lambda wave: leave_with_three(),
}


def augmentation_of(name, change):
    card = AugmentationCard(name=name, version="1", summary=name)
    return type(
        name.title(), (Augmentation,), {"card": card, "apply": lambda self, wave, sample_rate, rng: change(wave)}
    )


def on(feature="crossings", *augmentations):
    name = "-".join(("on", *(augmentations or (feature,))))
    card = ModelCard(
        name=name, version="1", summary=name, features=(feature,), augmentations=augmentations, seeded=False
    )
    return type(name.title().replace("-", ""), (Nearest,), {"card": card})


def spoil(truth, scores):
    scores[:] = 0
    truth[:] = 0
    return Figure(1.0)


#: From name to what a metric says of truth and scores.
FIGURES = {
    "says-nan": lambda truth, scores: Figure(float("nan")),
    "says-words": lambda truth, scores: "excellent",
    "says-a-number": lambda truth, scores: 0.5,
    "raises": lambda truth, scores: 1 / 0,
    "leaves": lambda truth, scores: leave_with_three(),
    "spoils": spoil,
}


@hookimpl
def serbench_features():
    yield from (DyingFeature, HangingFeature)
    for name, extract in ROWS.items():
        yield feature_of(name, extract)


@hookimpl
def serbench_augmentations():
    for name, change in CHILDREN.items():
        yield augmentation_of(name, change)


@hookimpl
def serbench_metrics():
    for name, function in FIGURES.items():
        yield Metric(MetricCard(name=name, version="1", summary=name, better="higher"), function)


@hookimpl
def serbench_models():
    for name, deed in (DEEDS | HANGING).items():
        yield model_of(name, deed)
    yield Talking
    yield saying("nan", [{"epoch": 1, "loss": float("nan")}])
    yield saying("float32", [{"epoch": np.int64(1), "loss": np.float32(0.5)}])
    yield saying("objects", [{"epoch": object()}])
    yield saying("lists", [[1, 2]])
    for name, change in ANSWERS.items():
        yield answering(name, change)
    yield from (Speechless, Unmeasurable, OfOddSize)
    for feature in ("dying", "hanging", *ROWS):
        yield on(feature)
    for augmentation in CHILDREN:
        yield on("crossings", augmentation)
