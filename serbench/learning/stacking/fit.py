"""Models of one identity fitted together where that is possible, and one by one where it is not."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from serbench.errors import PluginError
from serbench.features.table import FeatureTable
from serbench.learning.model import Model
from serbench.learning.torch_model import TorchModel

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fit:
    """A model to be fitted, and on what; see :meth:`serbench.learning.model.Model.fit`."""

    model: Model
    train: FeatureTable
    dev: FeatureTable | None
    seed: int


def is_stackable(model: Model) -> bool:
    """Whether the harness trains a model itself, so that it may train several together.

    Not with an optimizer of its own, in stages, with parts that have rates of their own or are frozen, with several
    batches to a step, or with batches of one length: these are trained one by one.
    """
    if not isinstance(model, TorchModel):
        return False
    kind, recipe = type(model), model.recipe
    is_ours = kind.fit is TorchModel.fit and kind.optimizer is TorchModel.optimizer
    is_plain = not (recipe.learning_rates or recipe.freeze or recipe.recompute) and recipe.accumulate == 1
    return is_ours and is_plain and recipe.fill != "none" and len(model.stages) == 1


def fit_together(fits: Sequence[Fit]) -> list[Exception | None]:
    """Fit models of one identity at once, in halves where memory is short, one by one where they cannot be stacked.

    Returns
    -------
    For each fit None, or what it raised.
    """
    import torch

    name = fits[0].model.card.name
    if len(fits) > 1 and all(is_stackable(fit.model) for fit in fits):
        try:
            return _fit_stacked(fits)
        except torch.cuda.OutOfMemoryError:
            torch.cuda.empty_cache()
            half = len(fits) // 2
            _log.warning("%s: %d cells do not fit into memory; they are trained in halves", name, len(fits))
            return [*fit_together(fits[:half]), *fit_together(fits[half:])]
        except Exception as error:  # noqa: BLE001  (torch says in many ways that it cannot stack)
            reason = " ".join(str(error).split())[:200]
            _log.warning("%s cannot be trained as a stack (%s); its cells are trained one by one", name, reason)
    return [_fit_alone(fit) for fit in fits]


def _fit_alone(fit: Fit) -> Exception | None:
    try:
        fit.model.fit(fit.train, fit.dev, seed=fit.seed)
    except Exception as error:  # noqa: BLE001  (a plugin may raise anything)
        return error
    return None


def _fit_stacked(fits: Sequence[Fit]) -> list[Exception | None]:
    from serbench.learning.stacking.training import train_together
    from serbench.learning.training import repeatable

    models = [each.model for each in fits if isinstance(each.model, TorchModel)]
    recipe, device = models[0].recipe, models[0].device
    trainees = [
        model.begin_training(each.train, each.dev, seed=each.seed) for model, each in zip(models, fits, strict=True)
    ]
    with repeatable(0, device):
        answers = train_together(trainees, recipe)
    for model, trainee, answer in zip(models, trainees, answers, strict=True):
        if not isinstance(answer, PluginError):
            model.end_training(trainee, answer)
    return [answer if isinstance(answer, PluginError) else None for answer in answers]


__all__ = ["Fit", "fit_together", "is_stackable"]
