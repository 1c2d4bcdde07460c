"""A program in adversity: killed at a moment that was drawn, or on a machine that refuses.

Conventions
-----------
Run as a program this file is a server: it has imported all of serbench, and forks a process for every command that it
is sent, which then has its whole life before it. Moments are counted in the process itself, by Python's audit events:
each time it opens a file to write, renames, removes, or makes a folder below the folder of the test, and each
``fsync``. Killed at that, it leaves half of the file's content, as one might find it after a write that broke off. What
the system refuses is refused there too.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import json
import os
import pkgutil
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parents[1]
#: What a process is told: what is to happen to whom, at which change, below which folder, and where that is noted.
ORDER, TOKEN = "SERBENCH_TEST_ORDER", "SERBENCH_TEST_TOKEN"
_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.link"}
#: Seconds that a command may take, and that its workers may live on after it.
_PATIENCE, _MOURNING = 90, 8


def install():  # noqa: C901  (what happens to one process)
    """Count this process's changes of the disk, and end it at the one that was ordered, or refuse all from there on."""
    order = json.loads(os.environ[ORDER])
    mine = "worker" if "--multiprocessing-fork" in sys.orig_argv else "main"
    counts = os.open(f"{order['notes']}/{mine}", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    seen = 0
    sync = os.fsync

    def changed(event, place="", handle=None):
        nonlocal seen
        os.write(counts, b".")
        seen += 1
        number = order["refusal"]
        if number is not None:
            # what is full can be emptied
            if seen >= order["at"] and (event != "os.remove" or number not in (errno.ENOSPC, errno.EDQUOT)):
                raise OSError(number, os.strerror(number), *([place] if place else []))
        elif mine == order["whom"] and seen == order["at"]:
            with contextlib.suppress(FileExistsError):  # one of several workers, and none of those that come after it
                os.close(os.open(f"{order['notes']}/killed", os.O_CREAT | os.O_EXCL))
                if handle is not None:
                    os.ftruncate(handle, os.fstat(handle).st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(event, arguments):
        is_change = event in _CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & 3)
        if is_change and isinstance(arguments[0], str | os.PathLike):
            place = os.fspath(arguments[0])
            if isinstance(place, str) and place.startswith(order["below"]) and not place.startswith(order["notes"]):
                changed(event, place)

    def fsync(handle):
        if str(Path(f"/proc/self/fd/{handle}").readlink()).startswith(order["below"]):
            changed("fsync", handle=handle)
        sync(handle)

    def no_thread(*_, **__):
        raise RuntimeError("can't start new thread")

    os.fsync = fsync
    if order["threads"] is False:
        for name in ("_start_new_thread", "_start_joinable_thread"):
            setattr(threading, name, no_thread)
    sys.addaudithook(watch)


@dataclass(frozen=True)
class End:
    """How a command ended: its exit code, or minus the signal that killed it; what it said; its seconds."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    changes: dict[str, int]
    killed: bool


class Adversary:
    """Has commands carried out below a folder, and kills them or refuses them what they ask for.

    Parameters
    ----------
    folder
        For what the commands print and for its notes, and above all that they write.
    """

    def __init__(self, folder):
        self.folder = folder
        (folder / "site").mkdir()
        (folder / "site" / "sitecustomize.py").write_text("from tests import adversity\n\nadversity.install()\n")
        self._number = 0
        path = os.pathsep.join(map(str, (TOP, TOP / "plugins")))
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=TOP,
            env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.communicate()

    def run(self, *words, whom=None, at=None, after=None, refusal=None, below=None, threads=True, **circumstances):
        """Carry out a command.

        Parameters
        ----------
        whom, at
            ``main`` or ``worker``, and before which of its changes of the disk it is killed.
        after
            In place of ``at``: after how many seconds.
        refusal, below
            An ``errno`` with which, below a folder, all changes from the one numbered ``at`` on are refused.
        threads
            Whether any can be started.
        circumstances
            ``limits``, from name to number, that of memory beside what is mapped; ``stdout``, another one or ``closed``
            or ``broken``; variables, of which None takes one away.
        """
        self._number += 1
        notes = self.folder / f"notes-{self._number}"
        notes.mkdir()
        order = {"whom": whom, "at": at, "refusal": refusal, "threads": threads, "notes": str(notes)}
        order["below"] = str(below or self.folder)
        token = f"{self.folder}-{self._number}"
        path = os.pathsep.join(map(str, (self.folder / "site", TOP, TOP / "plugins")))
        limits, stdout = circumstances.pop("limits", {}), circumstances.pop("stdout", None)
        sent = {
            "words": [str(word) for word in words],
            "variables": {ORDER: json.dumps(order), TOKEN: token, "PYTHONPATH": path, **circumstances},
            "limits": limits,
            "stdout": stdout,
            "notes": str(notes),
            "whom": whom,
            "after": after,
        }
        self._server.stdin.write(json.dumps(sent) + "\n")
        self._server.stdin.flush()
        answer = json.loads(self._server.stdout.readline())
        _expect_nobody(token)
        changes = {each: (notes / each).stat().st_size for each in ("main", "worker") if (notes / each).exists()}
        said = [_text(notes / name) for name in ("stdout", "stderr")]
        return End(answer["code"], *said, answer["seconds"], changes, answer["killed"] or (notes / "killed").exists())


def _text(path):
    return path.read_text(errors="replace") if path.exists() else ""


def _expect_nobody(token):
    """Fail when a process that a command started outlives it."""
    until = time.monotonic() + _MOURNING
    while (left := _processes(token)) and time.monotonic() < until:
        time.sleep(0.05)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, f"{len(left)} processes live on"


def _processes(token):
    wanted = f"{TOKEN}={token}\0".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes() + b"\0":
                found.append(int(folder.name))
    return found


def _serve():
    for name in ("torch", "pandas", "pyarrow.parquet", "scipy.stats", "threadpoolctl", "filelock", "soundfile"):
        importlib.import_module(name)
    import serbench_plugins

    import serbench

    for package in (serbench, serbench_plugins):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith(("serbench.testing", "serbench.__main__")):
                importlib.import_module(module.name)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_carried_out(json.loads(line))) + "\n")
        sys.stdout.flush()


def _carried_out(sent):
    begun = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _live(sent)
    killed = False
    moment = None if sent["after"] is None else begun + sent["after"]
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            # one that had ended just before is none that was killed
            killed = killed and (sent["whom"] != "main" or code == -signal.SIGKILL)
            return {"code": code, "seconds": time.monotonic() - begun, "killed": killed}
        now = time.monotonic()
        if now - begun > _PATIENCE:
            os.kill(pid, signal.SIGKILL)
        elif moment is not None and now >= moment:
            victims = [pid] if sent["whom"] == "main" else _children(pid)
            for victim in victims[:1]:
                killed, moment = True, None
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
        time.sleep(0.002)


def _children(pid):
    """Return the workers of a process; what else Python started for it is left alone."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(OSError):
            if b"--multiprocessing-fork" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
    return found


def _live(sent):
    """Be the program: never returns."""
    code = 70
    try:
        for name, value in sent["variables"].items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        tempfile.tempdir = None  # the variables say where it is
        sys.path.insert(0, str(TOP))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(f"{sent['notes']}/stderr", os.O_CREAT | os.O_WRONLY), 2)
        _redirect(sent["stdout"] or f"{sent['notes']}/stdout")
        from serbench.cli import app

        sys.argv = ["serbench", *sent["words"]]
        for name, number in sent["limits"].items():
            most = number + _address_space() if name == "RLIMIT_AS" else number
            resource.setrlimit(getattr(resource, name), (most, most))
        install()
        app.main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:  # noqa: BLE001  (it is shown)
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, AttributeError):
            sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _address_space():
    """Return how many bytes this process has mapped: what it may have is counted from there."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGESIZE")


def _redirect(stdout):
    if stdout == "closed":
        os.close(1)
        sys.stdout = None
    elif stdout == "broken":
        reading, writing = os.pipe()
        os.dup2(writing, 1)
        os.close(reading)
        os.close(writing)
    else:
        os.dup2(os.open(stdout, os.O_CREAT | os.O_WRONLY), 1)


if __name__ == "__main__":
    _serve()
