"""How much work something is, whatever the machine: the calls of functions that it comes to."""

from __future__ import annotations

import sys


def steps(work):
    """Return how many functions, of Python and of C, a call of ``work`` calls in this thread."""
    count = 0

    def count_calls(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count_calls)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
