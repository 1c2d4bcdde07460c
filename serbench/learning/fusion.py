"""Models made of models: each is fitted on its own features, and their scores are fused.

Conventions
-----------
``m`` members, ``n`` rows, ``k`` classes. A member is a registered model, named; whoever has the registry hands the
members over after the constructor has stored its arguments (``serbench.plugin.members``). A member is given the rows,
features and augmented children that it is given when it runs alone, and the same seed. Its scores count as
probabilities: a row of them is divided by its sum, and where one is negative its softmax is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from serbench.errors import PluginError
from serbench.features.table import FeatureTable
from serbench.learning.fusion_rules import Rule, are_weights, as_probabilities, chosen_weights, fused, uar_on
from serbench.learning.model import Model, ModelCard, Predictions, Scores, Size
from serbench.use import Use, unnumbered

#: For how many members weights are tried on dev.
_MOST = 6


class LateFusion(Model):
    """Several models whose scores are fused. An author writes the card and names the members.

    Attributes
    ----------
    members
        Names of models, with their default arguments; or from name to arguments. A property where constructor arguments
        change them.
    rule
        ``mean``, ``product`` or ``vote``.
    weighing
        One for each member; None for equal ones; ``dev`` to choose them on dev by UAR, in steps of a tenth. Then the
        card says ``chooses_on_dev=True``, and no member learns from dev rows.
    best
        How many members are kept: those of the highest UAR on dev, of equal ones the first named; None: all. The card
        says ``chooses_on_dev=True`` then, likewise.

    Example
    -------
    ::

        class Both(LateFusion):
            card = ModelCard(name="both", version="1", summary="two models, weighed on dev", chooses_on_dev=True)
            members = ("logreg", "mlp")
            weighing = "dev"
    """

    card: ClassVar[ModelCard]
    members: Sequence[str] | Mapping[str, Mapping[str, Any]] = ()
    rule: Rule = "mean"
    weighing: Sequence[float] | Literal["dev"] | None = None
    best: int | None = None

    @property
    def arguments(self) -> dict[str, dict[str, Any]]:
        """The members' arguments, by name."""
        given = self.members
        return {name: dict(given[name]) if isinstance(given, Mapping) else {} for name in given}

    @property
    def parts(self) -> dict[str, Model]:
        """The members, by name; none before they were handed over."""
        found: dict[str, Model] = vars(self).get("_parts", {})
        return found

    @property
    def _voters(self) -> dict[str, Model]:
        """The members whose scores are fused: all, or after a fit the best of them."""
        kept = vars(self).get("kept_")
        return self.parts if kept is None else {name: self.parts[name] for name in kept}

    def take_members(self, models: Mapping[str, Model]) -> Self:
        """Take up unfitted members; return self. No author calls it.

        Raises
        ------
        PluginError
            When there are fewer than two, a member chooses on dev and the card does not, or ``rule`` or ``weighing``
            mean nothing.
        """
        name, count = self.card.name, len(models)
        if count < 2 or len(self.members) != count:
            raise PluginError(f"{name} has members {list(self.members)}, expected two names or more, each once")
        if self.rule not in ("mean", "product", "vote"):
            raise PluginError(f"{name}: rule is {self.rule!r}, expected mean, product or vote")
        if self.best is not None:
            self._expect_best(count)
        if isinstance(self.weighing, str):
            self._expect_dev(self.best or count)
        elif self.weighing is not None and not are_weights(self.weighing, count):
            raise PluginError(f"{name}: weighing is {self.weighing!r}, expected {count} from 0 up, not all 0")
        choosing = [model.card.name for model in models.values() if model.card.chooses_on_dev]
        if choosing and not self.card.chooses_on_dev:
            raise PluginError(f"{name}: member {choosing[0]} chooses on dev, expected chooses_on_dev=True on the card")
        self._parts = dict(models)
        return self

    def _expect_dev(self, count: int) -> None:
        name = self.card.name
        if self.weighing != "dev":
            raise PluginError(f"{name}: weighing is {self.weighing!r}, expected 'dev', numbers or None")
        if not self.card.chooses_on_dev:
            raise PluginError(f"{name} chooses weights on dev, expected chooses_on_dev=True on its card")
        if count > _MOST:
            raise PluginError(f"{name} chooses weights of {count} members on dev, expected {_MOST} at most")

    def _expect_best(self, count: int) -> None:
        name = self.card.name
        if not 1 <= (self.best or 0) <= count:
            raise PluginError(f"{name} keeps the best {self.best} members on dev, expected 1 to {count}")
        if not self.card.chooses_on_dev:
            raise PluginError(f"{name} chooses members on dev, expected chooses_on_dev=True on its card")
        if self.weighing not in (None, "dev"):
            raise PluginError(f"{name} keeps the best members on dev, and has weights for all: expected None or 'dev'")

    @property
    def features(self) -> tuple[str | Use, ...]:
        """The features of all members, each once."""
        return self._named("features")

    @property
    def augmentations(self) -> tuple[str | Use, ...]:
        """The augmentations that any member wants, each once."""
        return self._named("augmentations")

    def _named(self, what: Literal["features", "augmentations"]) -> tuple[str | Use, ...]:
        """Return what the members ask for, each once.

        Raises
        ------
        PluginError
            When two members mean other things by one name.
        """
        found: dict[str, Use] = {}
        for member in self.parts.values():
            for use in member.uses(what):
                if str(found.setdefault(use.name, use)) != str(use):
                    raise PluginError(
                        f"{self.card.name}: its members ask for {found[use.name]} and for {use}, expected one of that "
                        f"name; give one of them a name of its own"
                    )
        return tuple(use.part if use == Use(use.part) else use for use in found.values())

    def settings(self) -> dict[str, Any]:
        """Return what each member is, the rule and the weights: they decide results as arguments do."""
        facts: dict[str, Any] = {"members": [member.identity.facts() for member in self.parts.values()]}
        if self.rule != "mean":
            facts["rule"] = self.rule
        if self.best is not None:
            facts["best"] = self.best
        if self.weighing is not None:
            facts["weighing"] = self.weighing if isinstance(self.weighing, str) else list(self.weighing)
        return facts

    def fit(self, train: FeatureTable, dev: FeatureTable | None, *, seed: int) -> Self:
        """Fit every member, then choose members and weights where they are chosen; see :class:`Model`."""
        self.labels_, self.kept_ = train.labels, list(self.parts)
        self.uars_: list[float] = []
        is_chosen = self.weighing == "dev" or self.best is not None
        for member, rows in self._own(train):
            own_dev = None if dev is None else self._columns(dev, member)
            if member.card.chooses_on_dev or own_dev is None:
                member.fit(rows, own_dev, seed=seed)
            else:  # as when it runs alone dev is joined, unless something is yet to be chosen on it
                member.fit(rows if is_chosen else FeatureTable.join([rows, own_dev]), None, seed=seed)
        if self.best is not None:
            self._keep_best(self.best, dev)
        count = len(self._voters)
        if self.weighing == "dev" and dev is not None:
            self.weights_ = chosen_weights(self.rule, self._probabilities(dev), dev.codes)
        else:
            given = np.ones(count) if self.weighing in (None, "dev") else np.array(self.weighing, np.float64)
            self.weights_ = given / given.sum()
        return self

    def _keep_best(self, count: int, dev: FeatureTable | None) -> None:
        """Let those members go that are not among the best on dev; without dev the first named stay."""
        names = list(self.parts)
        self.uars_ = [] if dev is None else [uar_on(dev.codes, each) for each in self._probabilities(dev)]
        places = sorted(range(len(names)), key=lambda place: -self.uars_[place] if self.uars_ else 0.0)[:count]
        self.kept_ = [names[place] for place in sorted(places)]

    def predict(self, test: FeatureTable) -> Predictions:
        """Return the fused scores (n, k); rows of ``mean`` and ``vote`` add up to 1."""
        self.check_fitted("weights_")
        return Predictions(test.ids, fused(self.rule, self._probabilities(test), self.weights_), self.labels_)

    def size(self, clip: FeatureTable) -> Size | None:
        """Return the sum of the members' sizes, and of the weights where they were chosen."""
        sizes = []
        for member in self._voters.values():
            member.device = self.device
            sizes.append(member.size(self._columns(clip, member)))
        known = [size for size in sizes if size is not None]
        if len(known) < len(sizes):
            return None
        own = len(self.weights_)
        sized = zip(self._voters, known, strict=True)
        reasons = [f"{name}: {size.macs_reason}" for name, size in sized if size.macs is None]
        return Size(
            trainable=sum(size.trainable for size in known) + own * (self.weighing == "dev"),
            total=sum(size.total for size in known) + own,
            bytes=sum(size.bytes for size in known) + self.weights_.nbytes,
            macs=None if reasons else sum(size.macs or 0 for size in known) + own * len(self.labels_),
            macs_reason="; ".join(reasons) or None,
        )

    def state(self) -> dict[str, npt.NDArray[Any]] | None:
        """Return the states of all members and the weights; None where a member cannot be saved."""
        self.check_fitted("weights_")
        found = {"weights": self.weights_}
        for name, member in self._voters.items():
            state = member.state()
            if state is None:
                return None
            found |= {f"{name}/{key}": values for key, values in state.items()}
        return found

    def load_state(self, state: Mapping[str, npt.NDArray[Any]], labels: tuple[str, ...]) -> Self:
        """Give every member its state; see :class:`Model`."""
        self.labels_ = labels
        self.weights_ = np.array(state["weights"])
        kept = {key.partition("/")[0] for key in state}
        self.kept_ = [name for name in self.parts if self.best is None or name in kept]
        for name, member in self._voters.items():
            own = {key.removeprefix(f"{name}/"): each for key, each in state.items() if key.startswith(f"{name}/")}
            member.device = self.device
            member.load_state(own, labels)
        return self

    def history(self) -> list[dict[str, Any]]:
        """Return each member's history with its name, and its weight."""
        rows = [{"member": name, **row} for name, member in self._voters.items() for row in member.history()]
        weights = zip(self._voters, self.weights_.tolist(), strict=True)
        said = zip(self.parts, vars(self).get("uars_", ()), strict=False)
        rows += [{"member": name, "dev_uar": uar} for name, uar in said]
        return [*rows, *({"member": name, "weight": weight} for name, weight in weights)]

    def _own(self, train: FeatureTable) -> Iterator[tuple[Model, FeatureTable]]:
        """Yield each member, on the device, and the rows that it is given when it runs alone."""
        if not self.parts:
            raise PluginError(f"{self.card.name} was given no members, expected {list(self.members)}")
        for member in self.parts.values():
            member.device = self.device
            yield member, self._columns(self._children_of(train, member), member)

    def _children_of(self, table: FeatureTable, member: Model) -> FeatureTable:
        """Return the rows without children that other members alone asked for.

        A child's id ends in the name of its augmentation; one that no member asked for is the run's, and everybody's.
        """
        if not table.parents:
            return table
        own, every = ({use.name for use in model.uses("augmentations")} for model in (member, self))
        last = [unnumbered(uid.rpartition("+")[2]) for uid in table.ids]
        rows = [
            place
            for place, (uid, parent) in enumerate(zip(table.ids, table.parents, strict=True))
            if uid == parent or last[place] in own or last[place] not in every
        ]
        return table if len(rows) == len(table) else table.take(rows)

    def _columns(self, table: FeatureTable, member: Model) -> FeatureTable:
        return replace(table, columns={use.name: table.columns[use.name] for use in member.uses("features")})

    def _probabilities(self, table: FeatureTable) -> Scores:
        """Return (m, n, k) of the members that are kept."""
        found = []
        for member in self._voters.values():
            member.device = self.device
            said = member.predict(self._columns(table.without_labels(), member)).aligned(table.ids, self.labels_)
            found.append(as_probabilities(said))
        return np.stack(found)


class Voting(LateFusion):
    """Several models that vote: the class that most of them name, and of equally many the one of the higher mean score.

    An author writes the card and names the members; see :class:`LateFusion`.
    """

    rule: Rule = "vote"


def models_of(model: Model) -> tuple[Model, ...]:
    """Return a model and those that it is made of, at any depth."""
    members = model.parts.values() if isinstance(model, LateFusion) else ()
    return (model, *(part for member in members for part in models_of(member)))


__all__ = ["LateFusion", "Voting", "models_of"]
