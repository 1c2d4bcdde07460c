"""The reference model, trained from several seeds."""

from __future__ import annotations

import copy

from serbench.api import ModelCard, Voting, derive

RULES = ("vote", "mean")


class SeedVote(Voting):
    """Several ``attn1dcnn`` that differ in their seed alone, and vote: what chance in training costs one of them.

    Each is trained on the same rows; its seed is derived from the run's. Of classes with equally many votes the one of
    the higher mean posterior wins.

    Parameters
    ----------
    seeds
        How many there are.
    rule
        ``vote``, or ``mean``: of the posteriors.
    width, epochs, learning_rate
        As of ``attn1dcnn``.
    """

    card = ModelCard(
        name="seed-vote",
        version="1",
        summary="a vote over five seeds of attn1dcnn",
        seconds_per_row=0.175,
        quick={"seeds": 2, "width": 32, "learning_rate": 1e-2},
    )

    def __init__(
        self,
        *,
        seeds: int = 5,
        rule: str = "vote",
        width: int = 128,
        epochs: int = 40,
        learning_rate: float = 1e-3,
    ) -> None:
        if seeds < 1 or rule not in RULES:
            raise ValueError(f"seeds is {seeds!r} and rule {rule!r}, expected one or more and one of {RULES}")
        self.seeds = seeds
        self.rule = rule
        self.width = width
        self.epochs = epochs
        self.learning_rate = learning_rate

    @property
    def members(self):
        return {"attn1dcnn": {"width": self.width, "epochs": self.epochs, "learning_rate": self.learning_rate}}

    @property
    def parts(self):
        return vars(self).get("voters_", {})

    def take_members(self, models):
        ((name, model),) = models.items()
        self.voters_ = {f"{name}-{number}": copy.deepcopy(model) for number in range(1, self.seeds + 1)}
        return self

    def fit(self, train, dev, *, seed):
        import numpy as np

        self.labels_ = train.labels
        for name, voter in self.parts.items():
            voter.device = self.device
            voter.fit(train, dev, seed=derive(seed, name))
        self.weights_ = np.full(self.seeds, 1 / self.seeds)
        return self


__all__ = ["SeedVote"]
