"""Peak memory against what the system itself says of a process when it has ended, as ``/usr/bin/time`` does."""

from __future__ import annotations

import subprocess
import sys

import pytest

from serbench.cost.meter import Meter

MEGABYTE = 10**6
#: Allocates in front of the block and inside it, and starts a process there; all in megabytes.
PROGRAM = """
import subprocess, sys
import numpy as np
from serbench.cost.meter import Meter

def take(megabytes):
    return np.ones(megabytes * 125_000)

before, inside, child = map(int, sys.argv[1:])
take(before)
meter = Meter("cpu")
with meter.running():
    take(inside)
    if child:
        subprocess.run([sys.executable, "-c", f"import numpy; numpy.ones({child} * 125_000)"], check=True)
print(meter.figures["peak_memory_bytes"].value)
"""


#: Starts the program from a small process: the system counts what a process was before it became another program.
LAUNCHER = """
import os, subprocess, sys

process = subprocess.Popen([sys.executable, "-c", *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
said = process.stdout.read()
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), said.strip(), usage.ru_maxrss * 1024)
"""


def measured(*megabytes):
    """Return what the meter says and what the system says, in bytes."""
    words = [sys.executable, "-S", "-c", LAUNCHER, PROGRAM, *map(str, megabytes)]
    code, said, system = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert code == "0"
    return float(said), float(system)


@pytest.fixture(autouse=True)
def _needs_a_peak_that_starts_anew():
    meter = Meter("cpu")
    with meter.running():
        pass
    if meter.figures["peak_memory_bytes"].value is None:
        pytest.skip(meter.figures["peak_memory_bytes"].reason)


@pytest.mark.parametrize("megabytes", [(0, 300, 0), (0, 20, 400)], ids=["the process", "a process that it starts"])
def test_it_is_what_the_system_says(megabytes):
    said, system = measured(*megabytes)
    assert said == pytest.approx(system, rel=0.05)
    assert said > max(megabytes) * MEGABYTE


def test_what_was_given_back_before_is_left_out():
    said, _ = measured(600, 20, 0)
    assert said < 500 * MEGABYTE
