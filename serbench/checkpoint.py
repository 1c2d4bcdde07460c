"""Pretrained weights as a thing with a name, a digest and a history; ``serbench.weights`` knows where it lies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from serbench.errors import PluginError, UnknownNameError

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Checkpoint:
    """Pretrained weights that a part can use; a card lists them.

    Its name and digests are part of the identity of whatever uses it, and no path is: the same weights elsewhere are
    the same, other weights at the same place are not.

    Attributes
    ----------
    name
        How it is found: of a folder that holds ``file`` (``whisper-tiny.en``), of a repository of the Hugging Face hub
        (``facebook/hubert-base-ls960``), or of the file of weights itself (``wav2vec2.pth``).
    sha256
        Of the file of weights, all 64 digits, as ``sha256sum`` prints it.
    trained_on
        Names of corpora (or of text about them) that it has seen; a dataset of ours by its name here. The board
        marks rows that use it, and more so on a corpus among them.
    licence
        Of the weights.
    obtain
        A sentence or an address: how to come by them.
    file
        The file of weights in the folder; of no account where ``name`` is a file.
    others
        Further files of the folder that decide a result, each with its sha256: ``{"config.json": "..."}``.
    """

    name: str
    sha256: str
    trained_on: tuple[str, ...]
    licence: str
    obtain: str
    file: str = "model.safetensors"
    others: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place in (self.name, self.file, *self.others):
            if not _leads_inside(place):
                raise PluginError(
                    f"checkpoint {self.name!r} names {place!r}, expected a name that leads to no other folder"
                )
        for digest in (self.sha256, *self.others.values()):
            if not _SHA256.fullmatch(digest):
                raise PluginError(f"checkpoint {self.name}: sha256 is {digest!r}, expected 64 digits of 0-9a-f")
        if not isinstance(self.trained_on, tuple) or not all(isinstance(name, str) for name in self.trained_on):
            raise PluginError(
                f"checkpoint {self.name}: trained_on is {self.trained_on!r}, expected names as ('voxceleb',)"
            )
        for what in ("licence", "obtain"):
            if not str(getattr(self, what)).strip():
                raise PluginError(f"checkpoint {self.name}: {what} is empty, expected a word or a sentence")

    def facts(self) -> dict[str, Any]:
        """Return what identifies it: its name and its digests."""
        found: dict[str, Any] = {"name": self.name, "sha256": self.sha256}
        return {**found, "others": dict(self.others)} if self.others else found


def choose(
    owner: str, offered: Sequence[Checkpoint], defaults: Mapping[str, Any], values: Mapping[str, Any]
) -> Checkpoint:
    """Return the one of several checkpoints that an argument names: that whose default is the name of one of them.

    Parameters
    ----------
    owner
        The name of the plugin, for messages.
    defaults, values
        Its arguments.

    Raises
    ------
    UnknownNameError
        When the argument names none of them.
    PluginError
        When no argument, or more than one, has such a default.
    """
    by_name = {checkpoint.name: checkpoint for checkpoint in offered}
    choosing = [name for name, default in defaults.items() if isinstance(default, str) and default in by_name]
    if len(choosing) != 1:
        raise PluginError(
            f"{owner} lists checkpoints {sorted(by_name)}, and {len(choosing)} of its arguments have one of these "
            f"names as default, expected exactly one; or write its property 'checkpoint'"
        )
    named = values.get(choosing[0])
    if named not in by_name:
        raise UnknownNameError(f"checkpoint of {owner} for {choosing[0]}", str(named), by_name)
    return by_name[named]


def _leads_inside(place: str) -> bool:
    r"""Tell whether a place below a folder stays there, and is written as on every system.

    >>> [_leads_inside(place) for place in ("a/b.bin", "../a", "/a", "", "a\\\\b")]
    [True, False, False, False, False]
    """
    parts = PurePosixPath(place).parts
    return bool(parts) and ".." not in parts and parts[0] != "/" and not set(place) & set("\\:*?[]\0")


__all__ = ["Checkpoint", "choose"]
