"""What a check is, what becomes of it, and how it is run on a plugin.

Conventions
-----------
A check is a function ``check_<what>(subject)`` that returns when the plugin holds that part of its contract and raises
otherwise; its name on the outside is ``<what>`` in kebab-case, its description the first line of its docstring. A
plugin is *exempt* where its card says so with a reason, or where the check finds that it does not apply.
"""

from __future__ import annotations

import contextlib
import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

from serbench.errors import PluginError
from serbench.lacking import lacking
from serbench.part import Card, Part, missing_packages
from serbench.plugin.manager import one_line
from serbench.plugin.registry import Registry
from serbench.scoring.metric import Metric
from serbench.testing.watch import restored
from serbench.weights import WeightFolders

#: A plugin class; for a metric the metric itself.
PluginPart = type[Part] | Metric

PartMade = TypeVar("PartMade", bound=Part)
Status = Literal["passed", "failed", "exempt"]


class ExemptError(Exception):
    """Raised by a check that does not apply to a plugin, with the reason; never seen outside of this folder."""


@dataclass(frozen=True)
class Check:
    """One sentence of a contract.

    Attributes
    ----------
    name
        Kebab-case: ``one-row-alone``.
    summary
        One line: what must hold.
    function
        Raises when it does not.
    """

    name: str
    summary: str
    function: Callable[[Any], None]

    @classmethod
    def of(cls, function: Callable[[Any], None]) -> Check:
        """Return the check that a function ``check_<what>`` is.

        >>> def check_order_of_rows(subject):
        ...     '''The order of rows changes nothing.'''
        >>> Check.of(check_order_of_rows).name
        'order-of-rows'
        """
        name = function.__name__.removeprefix("check_").replace("_", "-")
        return cls(name, inspect.getdoc(function).partition("\n")[0].removesuffix("."), function)  # type: ignore[union-attr]


@dataclass(frozen=True)
class CheckResult:
    """What became of a check.

    Attributes
    ----------
    check
        Which one.
    status
        ``passed``, ``failed`` or ``exempt``.
    reason
        Why, in one line; None exactly when it passed.
    seconds
        How long it took.
    error
        What the check raised, with its traceback; None unless it failed.
    """

    check: Check
    status: Status
    reason: str | None
    seconds: float
    error: BaseException | None = field(default=None, compare=False)

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "check": self.check.name,
            "summary": self.check.summary,
            "status": self.status,
            "reason": self.reason,
            "seconds": self.seconds,
        }


@dataclass
class Subject:
    """A plugin under test, and what its checks share.

    Attributes
    ----------
    part
        The plugin.
    registry
        Where the other plugins that it names are found.
    data_roots
        Where corpora lie.
    checks
        The names of all checks of its kind.
    settings
        Arguments with which it is checked, by the names of parts: its own, and of a model those of what it asks for.
    weights
        Where pretrained weights are looked for; None: in the user's folders.
    """

    part: Any
    registry: Registry
    data_roots: Sequence[Path]
    checks: tuple[str, ...]
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    weights: WeightFolders | None = None

    @property
    def own(self) -> Mapping[str, Any]:
        """The arguments that are its own."""
        return self.settings.get(self.name, {})

    def made(self) -> Any:
        """Return a fresh one with the arguments that are checked."""
        return self.told(self.part(**self.own))

    def told(self, part: PartMade) -> PartMade:
        """Return a part that was made, told where pretrained weights are looked for."""
        part.weight_folders = self.weights
        return part

    def parts(self) -> list[Part]:
        """Return the plugin, made, and those whose work it needs."""
        return [self.made()] if isinstance(self.part, type) else []

    @cached_property
    def lacks(self) -> str:
        """What is not on this machine that it needs; what else is off with it is for the checks to find."""
        with restored(), contextlib.suppress(Exception):
            return lacking(self.parts())
        return ""

    @property
    def card(self) -> Card:
        """What the plugin says of itself."""
        card: Card = self.part.card
        return card

    @cached_property
    def name(self) -> str:
        """The plugin's name, for messages."""
        return self.card.name


@dataclass(frozen=True)
class Case:
    """One check of one plugin.

    Attributes
    ----------
    subject
        The plugin and what the cases of it share.
    check
        The check.
    """

    subject: Subject
    check: Check

    def __str__(self) -> str:
        return f"{self.subject.name}-{self.check.name}"

    def run(self) -> CheckResult:
        """Run the check; whatever the plugin raises is its failure. The global random state is left as it was."""
        if reason := self.subject.card.exempt.get(self.check.name):
            return CheckResult(self.check, "exempt", reason, 0.0)
        if reason := missing_packages([self.subject.part]) or self.subject.lacks:
            return CheckResult(self.check, "exempt", reason, 0.0)
        start = time.perf_counter()
        status: Status = "passed"
        reason, failure = None, None
        with restored():
            try:
                self.check.function(self.subject)
            except ExemptError as error:
                status, reason = "exempt", str(error)
            except (Exception, SystemExit) as error:  # noqa: BLE001  (a plugin may raise anything)
                status, reason, failure = "failed", one_line(error), error
        return CheckResult(self.check, status, reason, time.perf_counter() - start, failure)

    def __call__(self) -> None:
        """Run the check inside a test: skip when the plugin is exempt.

        Raises
        ------
        PluginError
            When the plugin does not hold it.
        """
        outcome = self.run()
        if outcome.status == "failed":
            raise PluginError(f"{self.subject.name}: {self.check.name}: {outcome.reason}") from outcome.error
        if outcome.status == "exempt":
            import pytest

            pytest.skip(outcome.reason or "")


__all__ = ["Case", "Check", "CheckResult", "ExemptError", "PluginPart", "Status", "Subject"]
