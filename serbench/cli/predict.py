"""``serbench predict``: a saved model on new recordings."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serbench.cli import console
from serbench.cli.options import AsJson, NoPlugins, PluginFiles, WeightRoots, open_registry
from serbench.cli.request import DeviceName, OnDevice
from serbench.errors import AudioError, UsageError
from serbench.names import legible
from serbench.text import spreadsheet_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serbench.run.predicting import Answer
    from serbench.run.saving import LoadedModel


def register(program: typer.Typer) -> None:
    """Add the command to the program."""
    program.command("predict")(predict)


def predict(
    audio: Annotated[list[str], typer.Argument(metavar="AUDIO...", help="Files, folders or patterns.")],
    model: Annotated[
        Path,
        typer.Option("--model", metavar="PATH", help="A saved cell, or a folder of the cells of one system: a run's."),
    ],
    device: OnDevice = DeviceName.AUTO,
    weights: WeightRoots = None,
    plugin: PluginFiles = None,
    no_plugins: NoPlugins = False,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """Say which emotion recordings have, by a saved model.

    With a probability per class; run --save-models keeps models.

    Where a folder holds several folds and seeds of one system, their probabilities are averaged. Ends with 3 when a
    recording cannot be read; the others are answered.
    """
    from serbench.environment import resolve_device
    from serbench.run.predicting import find_models, find_recordings, load_models
    from serbench.run.predicting import predict as answer
    from serbench.weights import WeightFolders

    if as_json and as_csv:
        raise UsageError("--json and --csv were both given, expected one of them")
    cards, paths = find_models(model), find_recordings(audio)
    folders = WeightFolders.of_user(weights or ())
    models = load_models(cards, open_registry(plugin, no_plugins), resolve_device(device.value), folders)
    for name in sorted({name for model in models for name in model.changed}):
        console.notice(f"the code of {name} is not what it was when the model was saved; it may predict otherwise")
    with console.progress(len(paths), "predicting") as bar:
        answers = list(answer(models, paths, bar.reach))
    if as_json:
        console.print_json(_facts(models, answers))
    elif as_csv:
        _print_csv(models[0].card.classes, answers)
    else:
        _print_table(models, answers)
    bad = [answer for answer in answers if answer.reason is not None]
    for unanswered in bad:
        console.notice(f"not answered: {unanswered.reason}")
    if bad:
        raise AudioError(f"{len(bad)} of {len(answers)} recordings cannot be used, first {bad[0].path}; fix them")


def _facts(models: Sequence[LoadedModel], answers: Sequence[Answer]) -> dict[str, Any]:
    card = models[0].card
    return {
        "model": card.key.model.facts(),
        "features": [part.facts() for part in card.key.features],
        "trained_on": {"dataset": card.key.dataset.facts(), "protocol": card.key.protocol.facts()},
        "cells": [{"fold": model.card.key.fold, "seed": model.card.key.seed} for model in models],
        "classes": card.classes,
        "predictions": [
            {
                "path": _name(answer),
                "label": _label(card.classes, answer),
                "probabilities": dict(zip(card.classes, answer.scores.tolist(), strict=True)),
            }
            for answer in answers
            if answer.scores is not None
        ],
        "failed": [{"path": _name(answer), "reason": answer.reason} for answer in answers if answer.reason is not None],
    }


def _print_csv(classes: Sequence[str], answers: Sequence[Answer]) -> None:
    """Write a line per answer; names of files and classes are no formulas."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["path", "label", *map(spreadsheet_text, classes)])
    for each in answers:
        if each.scores is not None:
            words = (spreadsheet_text(_name(each)), spreadsheet_text(_label(classes, each) or ""))
            writer.writerow([*words, *each.scores.tolist()])
    console.data(stream.getvalue())


def _print_table(models: Sequence[LoadedModel], answers: Sequence[Answer]) -> None:
    classes = models[0].card.classes
    lines = []
    for each in answers:
        if each.scores is not None:
            order = each.scores.argsort()[::-1]
            second = f"{classes[order[1]]} {100 * each.scores[order[1]]:.1f}" if len(classes) > 1 else None
            lines.append((_name(each), classes[order[0]], f"{100 * each.scores[order[0]]:.1f}", second))
    console.table(("recording", "emotion", "%", "then"), lines, right=("%",))
    card = models[0].card
    several = f", mean of {len(models)} cells" if len(models) > 1 else ""
    console.line(f"{card.label}, trained on {card.key.dataset.name}{several}; all classes: --json, --csv")


def _name(answer: Answer) -> str:
    """Return the recording's path; a name that is no UTF-8 is made legible."""
    return legible(str(answer.path))


def _label(classes: Sequence[str], answer: Answer) -> str | None:
    return None if answer.scores is None else classes[int(answer.scores.argmax())]


__all__ = ["predict", "register"]
