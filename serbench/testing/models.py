"""How a model behaves: its card, its constructor, fit and predict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from serbench.digest import canonical_json
from serbench.errors import NotFittedError, PluginError
from serbench.learning.model import Predictions
from serbench.plugin.uses import make_augmentations, make_features
from serbench.seeding import generator
from serbench.testing import parts
from serbench.testing.check import ExemptError
from serbench.testing.learning import LEARNING_CHECKS
from serbench.testing.model_subject import TEST, ModelSubject, answer, difference, score
from serbench.testing.toys import LABELS
from serbench.testing.watch import random_state_untouched, table_digest

#: How far scores may differ where they ought to be equal but sums are taken in another order.
_CLOSE = 1e-4


def check_card(subject: ModelSubject) -> None:
    """The card is complete; what it names is there."""
    parts.check_card(subject)
    model = subject.create()
    named = make_features(model, subject.registry, subject.settings)
    asked, whose = model.uses("augmentations"), f"{subject.name}'s augmentations"
    make_augmentations(asked, subject.registry, subject.settings, whose)
    for part, arguments in subject.quick.items():
        if part not in {subject.name, *named}:
            raise PluginError(f"quick names an argument of {part}, expected one of {[subject.name, *named]}")
        (subject.part if part == subject.name else named[part]).create(**arguments)


def check_not_fitted(subject: ModelSubject) -> None:
    """Predicting before the fit raises NotFittedError."""
    try:
        answer(subject.create(), subject.shared.test)
    except NotFittedError:
        return
    except Exception as error:
        raise PluginError(
            f"predict before fit raises {type(error).__name__}: {error}, expected NotFittedError; begin predict with "
            f"self.check_fitted('what_fit_sets_')"
        ) from error
    raise PluginError("predict before fit answers, expected NotFittedError")


def check_fit_returns_self(subject: ModelSubject) -> None:
    """Fit returns self; what it sets ends in '_'."""
    model = subject.create()
    before = set(vars(model))
    returned: object = model.fit(subject.shared.train, subject.shared.dev, seed=0)
    if returned is not model:
        raise PluginError(f"fit returns {type(returned).__name__}, expected self")
    further = sorted(name for name in vars(model).keys() - before if not name.endswith("_"))
    if further:
        raise PluginError(f"fit sets {', '.join(further)}, expected names that end in '_'")


def check_inputs_left_alone(subject: ModelSubject) -> None:
    """Fit and predict change no table in place."""
    toys = subject.toys(1)
    tables = {"train": toys.train, "test": toys.test} | ({} if toys.dev is None else {"dev": toys.dev})
    before = {name: table_digest(table) for name, table in tables.items()}
    score(subject.fit(toys), toys.test)
    changed = [name for name, table in tables.items() if table_digest(table) != before[name]]
    if changed:
        raise PluginError(f"the table {changed[0]} was changed in place, expected it as it came; work on a copy")


def check_ids_in_order(subject: ModelSubject) -> None:
    """The ids come back in the order of the rows."""
    for rows in (range(TEST), generator(0, "shuffled").permutation(TEST)):
        table = subject.shared.test.take([int(row) for row in rows])
        came = tuple(answer(subject.fitted, table).ids)
        if came != table.ids:
            what = "in another order" if sorted(came) == sorted(table.ids) else f"{len(came)} others"
            raise PluginError(f"predict was given {TEST} ids and returns them {what}, expected test.ids")


def check_scores_finite(subject: ModelSubject) -> None:
    """Scores are finite, a column for each class."""
    test = subject.shared.test
    silent = {name: replace(column, values=np.zeros_like(column.values)) for name, column in test.columns.items()}
    for table in (test, replace(test, columns=silent)):
        said = answer(subject.fitted, table)
        Predictions(table.ids, said.scores, said.labels).aligned(table.ids, table.labels)


def check_one_row_alone(subject: ModelSubject) -> None:
    """A row alone scores what it scores in a batch."""
    if subject.card.uses_test_statistics:
        raise ExemptError("its card says that it uses statistics of the test rows")
    test = subject.shared.test
    for row in range(TEST):
        alone = score(subject.fitted, test.take([row]))
        gap = difference(subject.scores[[row]], alone)
        if gap > _CLOSE:
            raise PluginError(
                f"row {test.ids[row]} alone and in a batch of {TEST} score {gap:.2g} apart, expected the same; rows "
                f"must not influence each other"
            )
    backwards = score(subject.fitted, test.take(range(TEST)[::-1]))[::-1]
    if difference(subject.scores, backwards) > _CLOSE:
        raise PluginError("the same rows in another order score otherwise, expected the same")


def check_same_seed_same_scores(subject: ModelSubject) -> None:
    """The same seed gives the same bits on the CPU."""
    if not np.array_equal(subject.scores, score(subject.fit(subject.shared), subject.shared.test)):
        raise PluginError("two fits with seed 0 score differently, expected equal bits; draw from the seed alone")


def check_seed_as_declared(subject: ModelSubject) -> None:
    """With seeded=False another seed changes nothing."""
    if subject.card.seeded:
        raise ExemptError("its card says that the seed matters")
    if not np.array_equal(subject.scores, score(subject.fit(subject.shared, seed=1), subject.shared.test)):
        raise PluginError("seed 1 scores other than seed 0, expected the same, since the card says seeded=False")


def check_global_random_state(subject: ModelSubject) -> None:
    """No global random generator is touched."""
    answer(
        subject.fitted, subject.shared.test
    )  # libraries that are loaded only now may draw; that is not the model's doing
    with random_state_untouched("fit"):
        model = subject.fit(subject.shared)
    with random_state_untouched("predict"):
        answer(model, subject.shared.test)


def check_missing_class(subject: ModelSubject) -> None:
    """A class without a training row is survived."""
    toys = subject.shared
    rows = [row for row, label in enumerate(toys.train.y if toys.train.y is not None else ()) if label != LABELS[-1]]
    score(subject.fit(replace(toys, train=toys.train.take(rows))), toys.test)


def check_size_and_history(subject: ModelSubject) -> None:
    """Its size and its history can be written down."""
    canonical_json(subject.fitted.history())
    size = subject.fitted.size(subject.shared.test.take([0]).without_labels())
    if size is None:
        return
    numbers = [size.trainable, size.total, size.bytes, *([] if size.macs is None else [size.macs])]
    if min(numbers) < 0 or size.trainable > size.total or (size.macs is None) == (size.macs_reason is None):
        raise PluginError(f"size is {size}, expected numbers from 0 up, trainable within total, and macs or a reason")


def check_state_restores(subject: ModelSubject) -> None:
    """With the state of another it scores like it."""
    state = subject.fitted.state()
    if state is None:
        raise ExemptError("it offers no state: it cannot be saved")
    other = subject.create()
    other.load_state({name: values.copy() for name, values in state.items()}, subject.shared.train.labels)
    if not np.array_equal(subject.scores, score(other, subject.shared.test)):
        raise PluginError("a model with the state of another scores otherwise, expected the same bits; see Model.state")


MODEL_CHECKS = (
    check_card,
    parts.check_constructor_stores,
    parts.check_arguments_are_identity,
    check_not_fitted,
    check_fit_returns_self,
    check_inputs_left_alone,
    check_ids_in_order,
    check_scores_finite,
    check_one_row_alone,
    check_same_seed_same_scores,
    check_seed_as_declared,
    check_global_random_state,
    check_missing_class,
    *LEARNING_CHECKS,
    check_size_and_history,
    check_state_restores,
)

__all__ = ["MODEL_CHECKS"]
