"""Does a plugin hold its contract? The suite that every plugin is judged by, ours and anybody's.

In a test file of your own::

    import my_models
    from serbench.testing import parametrize_plugins

    @parametrize_plugins(my_models)
    def test_contract(check):
        check()

or ``serbench check NAME`` on the command line. Every check is a function whose first line says what must hold; a plugin
that cannot hold one says so on its card, with the reason: ``exempt={"overfits": "it is a floor"}``.
"""

from __future__ import annotations

from serbench.testing.check import Case, Check, CheckResult
from serbench.testing.suite import CHECKS, cases_of, kind_of, parametrize_plugins

__all__ = ["CHECKS", "Case", "Check", "CheckResult", "cases_of", "kind_of", "parametrize_plugins"]
