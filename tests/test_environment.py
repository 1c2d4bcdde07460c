"""Which device a run gets, and when torch is asked for it."""

from __future__ import annotations

import pytest
import torch

from serbench import environment
from serbench.environment import resolve_device
from serbench.errors import UsageError

THERE = [
    name for name, there in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())) if there
]


@pytest.mark.parametrize("files", [environment._DRIVER_FILES, ("null",)], ids=["as it is", "as with a driver"])
def test_auto_is_what_torch_has(monkeypatch, files):
    monkeypatch.setattr(environment, "_DRIVER_FILES", files)

    assert resolve_device("auto") == next(iter([*THERE, "cpu"]))


def test_where_there_is_no_driver_torch_is_not_asked(monkeypatch):
    monkeypatch.setattr(environment, "_DRIVER_FILES", ())
    monkeypatch.setattr(environment.platform, "system", lambda: "Linux")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: pytest.fail("torch was asked"))

    assert resolve_device("auto") == "cpu"


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused(device):
    if device in THERE:
        pytest.skip(f"{device} is there")
    with pytest.raises(UsageError, match=f"device '{device}' is not there, expected one of .*'cpu'"):
        resolve_device(device)
