"""A machine that is busy while something is timed: seen, timed again, and said."""

from __future__ import annotations

import pytest

from serbench.cost import quiet
from serbench.cost.quiet import Moment, disturbance, moment, quietly

START = Moment(clock=100.0, own=7.0, switches=40, cores=2, all=500.0, stolen=3.0)


def after(clock=1.0, own=1.0, switches=0, everything=None, stolen=0.0):
    """Return a moment so many seconds later; without other programs unless it is said."""
    return Moment(
        clock=START.clock + clock,
        own=START.own + own,
        switches=START.switches + switches,
        cores=2,
        all=START.all + (own if everything is None else everything),
        stolen=START.stolen + stolen,
    )


@pytest.mark.parametrize(
    ("later", "paces", "sentence"),
    [
        (after(), (), None),
        (after(own=0.96, switches=50), (), None),  # 4 % of waiting is a machine's own housekeeping
        (after(own=0.9, switches=50), (), "its core was taken from it 50 times in 1 s"),
        (after(own=0.5, switches=2), (), None),  # it sleeps of its own will
        (after(everything=1.39), (), None),
        (after(everything=1.41), (), "other programs had 0.4 of 2 cores"),
        (after(clock=2.0, own=2.0, everything=4.0), (), "other programs had 1.0 of 2 cores"),
        (after(stolen=0.04), (), None),
        (after(stolen=0.06), (), "another machine had 6 % of a core"),
        (after(), (0.012, 0.0149), None),
        (after(), (0.012, 0.0152), "the calibration kernel took 12.0 ms and 15.2 ms within moments"),
        (after(), (0.0152, 0.012), "the calibration kernel took 12.0 ms and 15.2 ms within moments"),
    ],
)
def test_what_disturbs_a_timing_is_said(later, paces, sentence):
    assert disturbance(START, later, paces) == sentence


@pytest.mark.parametrize(
    ("before", "later"),
    [
        (Moment(1.0, 1.0), Moment(2.0, 1.5)),
        (Moment(1.0, 1.0, 4), Moment(2.0, 2.0, 900)),
        (Moment(1.0, 1.0), Moment(1.0, 1.0)),
    ],
)
def test_what_a_system_does_not_tell_is_not_held_against_it(before, later):
    assert disturbance(before, later) is None


class Machine:
    """Clocks that go on by what each of several timings is to take: seconds of the clock, and of the processor."""

    def __init__(self, *timings):
        self.timings, self.now, self.calls = iter(timings), START, 0

    def work(self):
        clock, own = next(self.timings)
        self.now = Moment(self.now.clock + clock, self.now.own + own, self.now.switches + 100)
        self.calls += 1
        return f"timing {self.calls}"

    def quietly(self, **limits):
        return quietly(self.work, look=lambda: self.now, pace=lambda: {"seconds": 0.013}, **limits)


BUSY = "its core was taken from it 100 times in 3 s"


@pytest.mark.parametrize(
    ("timings", "value", "sentence", "calls"),
    [
        ([(2, 2)], "timing 1", None, 1),
        ([(3, 2), (2, 2)], "timing 2", None, 2),
        ([(5, 2), (3, 2), (4, 2)], "timing 2", BUSY, 3),
        ([(3, 2), (6, 2)], "timing 1", BUSY, 2),  # in all more than its patience
    ],
)
def test_a_disturbed_timing_is_repeated_and_the_shortest_is_kept_with_a_word(timings, value, sentence, calls):
    machine = Machine(*timings)
    found = machine.quietly(patience=8.5 if calls == 2 else 30.0)
    assert (found.value, found.disturbance, machine.calls) == (value, sentence, calls)


def test_the_calibration_is_the_slower_of_before_and_after():
    paces = iter((0.013, 0.014))
    found = quietly(lambda: None, look=lambda: START, pace=lambda: {"seconds": next(paces)})
    assert found.calibration == {"seconds": 0.014}


STAT = "cpu  100 20 30 800 5 6 7 8 9 0\ncpu0 50 10 15 400 2 3 3 4 4 0\ncpu1 50 10 15 400 3 3 4 4 5 0\nintr 5 0\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # user, nice, system, interrupts of both kinds; a guest's time is in the user's
        (STAT, (2, 163.0, 8.0)),
        ("cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n", (None, None, None)),
        ("nothing that is known\n", (None, None, None)),
        ("", (None, None, None)),
    ],
)
def test_what_the_system_says_of_all_programs_is_read(tmp_path, monkeypatch, text, found):
    (tmp_path / "stat").write_text(text)
    monkeypatch.setattr(quiet, "_STAT", tmp_path / "stat")
    monkeypatch.setattr("os.sysconf", lambda name: {"SC_CLK_TCK": 1}[name])
    now = moment()
    assert (now.cores, now.all, now.stolen) == found


def test_a_system_without_a_table_of_programs_tells_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(quiet, "_STAT", tmp_path / "none")
    assert (moment().cores, moment().all, moment().stolen) == (None, None, None)
