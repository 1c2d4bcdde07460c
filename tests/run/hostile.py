"""Plugins that leave, die, hang and lie: each must cost its own cells and nothing else."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np

from serbench.api import FeatureCard, FeatureExtractor, ModelCard, hookimpl
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


#: What each does when it is fitted.
DEEDS = {
    deed.__name__.replace("_", "-"): deed
    for deed in (
        *(leave, exit_hard, exit_with_three, touch_null, kill_itself, abort, interrupt, close_everything, recurse),
        *(want_memory, raise_odd, leave_a_thread, leave_a_child),
    )
}
#: Those that only end by a limit.
HANGING = {deed.__name__.replace("_", "-"): deed for deed in (hang, spin, hang_deaf)}


def model_of(name, deed):
    def fit(self, train, dev, *, seed):
        deed()
        return Nearest.fit(self, train, dev, seed=seed)

    card = ModelCard(name=name, version="1", summary=name, features=("crossings",), seeded=False)
    return type(name.title().replace("-", ""), (Nearest,), {"card": card, "fit": fit})


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


def on(feature):
    card = ModelCard(name=f"on-{feature}", version="1", summary=feature, features=(feature,), seeded=False)
    return type(f"On{feature.title()}", (Nearest,), {"card": card})


@hookimpl
def serbench_features():
    yield from (DyingFeature, HangingFeature)


@hookimpl
def serbench_models():
    for name, deed in (DEEDS | HANGING).items():
        yield model_of(name, deed)
    yield Talking
    yield saying("nan", [{"epoch": 1, "loss": float("nan")}])
    yield saying("float32", [{"epoch": np.int64(1), "loss": np.float32(0.5)}])
    yield saying("objects", [{"epoch": object()}])
    yield saying("lists", [[1, 2]])
    yield on("dying")
    yield on("hanging")
