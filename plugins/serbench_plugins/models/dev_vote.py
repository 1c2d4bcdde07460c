"""A vote of the best systems, as dev sees them."""

from __future__ import annotations

from serbench.api import ModelCard, Voting

CANDIDATES = "logreg,svm,random-forest,mlp,attn1dcnn,cnn2d,linear-probe,superb-probe"


class DevVote(Voting):
    """Several systems are trained, and the five of the highest UAR on dev vote; the others are let go.

    A vote of different systems is how challenges are won (arXiv 2506.02088 has 13). Of classes with equally many votes
    the one of the higher mean posterior wins. No member learns from dev rows, which they would if they ran alone. All
    candidates' features are extracted and count, those of the ones that were let go too.

    Parameters
    ----------
    candidates
        Names of models with their default arguments, with commas between them.
    count
        How many of them vote.
    """

    card = ModelCard(
        name="dev-vote",
        version="1",
        summary="a vote of the five best of eight systems on dev",
        chooses_on_dev=True,
        seconds_per_row=0.12,
        quick={"candidates": "logreg,svm,mlp", "count": 2},
    )

    def __init__(self, *, candidates: str = CANDIDATES, count: int = 5) -> None:
        self.candidates = candidates
        self.count = count

    @property
    def members(self):
        return tuple(self.candidates.split(","))

    @property
    def best(self):
        return self.count


__all__ = ["DevVote"]
