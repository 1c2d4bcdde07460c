"""A model as it was asked for, with its features and augmentations: what a row is of.

Conventions
-----------
A label tells what a person changed: the model's arguments, those of its features and augmentations that differ from the
parts' defaults, and the augmentations themselves where a run puts others in place of the model's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from serbench.digest import digest_value
from serbench.errors import UsageError
from serbench.features.extractor import FeatureExtractor
from serbench.features.text import TextExtractor
from serbench.lacking import lacking
from serbench.learning.augmentation import Augmentation
from serbench.learning.fusion import models_of
from serbench.learning.model import Model
from serbench.part import Part, words_of
from serbench.plugin.members import complete
from serbench.plugin.registry import Registry
from serbench.plugin.uses import copy_numbers, make_augmentations, make_features
from serbench.results.facts import PartFacts
from serbench.run.request import Request, Variation
from serbench.use import UNAUGMENTED, Use, unnumbered
from serbench.weights import WeightFolders


@dataclass(frozen=True)
class Contender:
    """A model as it was asked for, with its features and augmentations.

    Attributes
    ----------
    create
        Makes a fresh, unfitted model.
    model
        One such model, for its card and identity.
    extractors, augmentations
        By the names of their uses, in the model's order; copies are numbered (``serbench.use``).
    replaces
        Whether the augmentations are the run's, in place of those that the model asks for.
    variation
        Which value of a sweep it has, as it was written; empty outside of one.
    """

    create: Callable[[], Model]
    model: Model
    extractors: dict[str, FeatureExtractor]
    augmentations: dict[str, Augmentation]
    replaces: bool = False
    variation: str = ""

    @property
    def label(self) -> str:
        """The row label: the model's, and the features and augmentations whose arguments differ from their defaults.

        Where the augmentations are the run's, all of them, or ``unaugmented`` where there is none.
        """
        words = [self.model.identity.label]
        words += [_label(name, part) for name, part in self.extractors.items() if part.identity.params]
        changes = {unnumbered(name): part for name, part in self.augmentations.items()}
        words += [_label(name, part) for name, part in changes.items() if self.replaces or part.identity.params]
        return "+".join([*words, *([UNAUGMENTED] if self.replaces and not changes else [])])

    @property
    def copies(self) -> dict[str, int]:
        """From augmentation to its number among those that are equal to it: their children are drawn by it."""
        return copy_numbers(self.augmentations)

    @property
    def models(self) -> tuple[Model, ...]:
        """The model, and those that it is made of, at any depth."""
        return models_of(self.model)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The model and what it is made of, its features and its augmentations."""
        return (*self.models, *self.extractors.values(), *self.augmentations.values())

    def looking_in(self, folders: WeightFolders) -> Contender:
        """Return the same, whose parts look for their pretrained weights in these folders."""
        for part in self.parts:
            part.weight_folders = folders

        def create() -> Model:
            model = self.create()
            for each in models_of(model):
                each.weight_folders = folders
            return model

        return replace(self, create=create)

    @property
    def reads_text(self) -> bool:
        """Whether one of its features reads transcripts."""
        return any(isinstance(extractor, TextExtractor) for extractor in self.extractors.values())

    @property
    def missing(self) -> str:
        """What is not there that one of the parts requires, and how to come by it; empty where all is there.

        Raises
        ------
        CheckpointError
            When weights are there with another digest.
        """
        return lacking(self.parts)


def make_contenders(request: Request, registry: Registry) -> list[Contender]:
    """Make every model that a request asks for, and each model of a sweep once for every value.

    Raises
    ------
    UsageError
        When two values of a sweep come to the same system.
    """
    made: list[Contender] = []
    for name in request.models:
        variations = request.variations if name in request.swept else (None,)
        made += [make_contender(name, registry, request.settings, variation) for variation in variations]
    known: dict[str, Contender] = {}
    for contender in made:
        before = known.setdefault(digest_value([part_facts(part).facts() for part in contender.parts]), contender)
        if before is not contender:
            raise UsageError(
                f"--sweep got {before.variation!r} and {contender.variation!r}, which are both {contender.label}, "
                f"expected values that differ"
            )
    return made


def make_contender(
    name: str, registry: Registry, settings: Mapping[str, Mapping[str, Any]], variation: Variation | None = None
) -> Contender:
    """Make a model with its features and augmentations, all with the arguments that were asked for.

    Parameters
    ----------
    variation
        A value of a sweep over it: arguments, or augmentations in place of the model's own.
    """
    if variation is not None:
        settings = variation.added_to(settings)

    def create() -> Model:
        return complete(registry.get("model", name).create(**settings.get(name, {})), registry)

    model = create()
    asked = own = model.uses("augmentations")
    if variation is not None and variation.augment is not None:
        known = {use.name: use for use in own}
        asked = tuple(known.get(word, Use(word)) for word in variation.augment)
    return Contender(
        create,
        model,
        make_features(model, registry, settings),
        make_augmentations(asked, registry, settings, f"{name}'s augmentations"),
        replaces=asked != own,
        variation="" if variation is None else variation.word,
    )


def _label(name: str, part: Part) -> str:
    return f"{name}{words_of(part.identity.params)}"


def part_facts(part: Part, name: str | None = None) -> PartFacts:
    """Return what identifies a plugin with its arguments, as records hold it.

    Parameters
    ----------
    name
        Of its use in a model, where it has one; a number of a copy is left out.
    """
    identity = part.identity
    called = None if name is None or unnumbered(name) == identity.name else unnumbered(name)
    return PartFacts(
        name=identity.name, version=identity.version, params=identity.params, settings=identity.settings, called=called
    )


def system_of(contender: Contender) -> dict[str, Any]:
    """Return what of a cell's key is about a contender: ``model``, ``features`` and ``augmentations``."""
    return {
        "model": part_facts(contender.model),
        "features": tuple(part_facts(part, name) for name, part in contender.extractors.items()),
        "augmentations": tuple(part_facts(part, name) for name, part in contender.augmentations.items()),
    }


__all__ = [
    "Contender",
    "make_contender",
    "make_contenders",
    "part_facts",
    "system_of",
]
