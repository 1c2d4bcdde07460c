"""What a person asks of ``run``, ``plan`` and ``inflate``: their common options, turned into a plan.

Conventions
-----------
The options are the arguments of :func:`prepare`; a command gets them by :func:`with_options`.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serbench.cli import console, places
from serbench.cli.options import (
    AsJson,
    DataRoots,
    EmoBoxFolder,
    NoPlugins,
    PluginFiles,
    WeightRoots,
    is_typed,
    open_registry,
    with_emobox,
)
from serbench.errors import UsageError

if TYPE_CHECKING:
    from serbench.plugin.registry import Registry
    from serbench.run.estimate import Estimate, Times
    from serbench.run.plan import Plan
    from serbench.run.setup import Setup

#: More seeds than this are a slip of the keyboard.
MOST_SEEDS = 1000
#: How many cells per core may run at once, and how many in any case.
_JOBS_PER_CORE, _FEWEST_JOBS = 4, 8


class DeviceName(StrEnum):
    """What ``--device`` takes."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


Models = Annotated[list[str] | None, typer.Option("--model", metavar="NAME", help="A model; may be given again.")]
Datasets = Annotated[list[str] | None, typer.Option("--dataset", metavar="NAME", help="A dataset; may be given again.")]
AllDatasets = Annotated[bool, typer.Option("--all-datasets", help="Every dataset that is found, and synth.")]
Protocols = Annotated[
    list[str] | None, typer.Option("--protocol", metavar="NAME", help="A protocol; may be given again.  [default: si]")
]
Seeds = Annotated[int, typer.Option("--seeds", min=1, max=MOST_SEEDS, help="How many seeds: 0, 1, ...")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="An argument of the models, or of any part of the run: mfcc.n_mfcc=20; may be given again.",
    ),
]
Sweep = Annotated[
    str | None,
    typer.Option(
        "--sweep",
        metavar="KEY=VALUE,VALUE",
        help="Each model under every value of an argument, or of augment: augment=none,speed,speed+vtlp.",
    ),
]
Floors = Annotated[bool, typer.Option("--floors/--no-floors", help="Run majority, prior and logreg beside the models.")]
SaveModels = Annotated[
    bool, typer.Option("--save-models", help="Keep the model of every cell that is run, for serbench predict.")
]
SkipBad = Annotated[bool, typer.Option("--skip-bad-audio", help="Leave unreadable recordings out, and record which.")]
PromptedText = Annotated[
    bool,
    typer.Option("--prompted-text", help="Let features of text read prompts, which may give the label away; marked."),
]
Retime = Annotated[
    bool, typer.Option("--retime", help="Run those cells again whose timing something disturbed; their scores stay.")
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", min=1, help="Cells at once on the CPU; without it as many as cores, where that pays."),
]
CellTimeout = Annotated[
    float | None,
    typer.Option(
        "--cell-timeout",
        metavar="SECONDS",
        min=0.1,
        help="A cell that takes longer has failed; without it a cell may take as long as it takes.",
    ),
]
Out = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where records and predictions are kept.")]
OnDevice = Annotated[DeviceName, typer.Option("--device", help="Where features and models are computed.")]


@dataclass(frozen=True)
class Prepared:
    """A request, turned into a plan.

    Attributes
    ----------
    setup, plan
        What was asked for and what it comes to.
    registry
        Who offers it.
    times
        What this machine knows of how long it takes.
    jobs
        How many cells are to run at once; None where the program chooses.
    timeout
        Seconds that a cell may take; None: as long as it takes.
    as_json
        True when the answer is for a machine.
    swept
        What ``--sweep`` names before its values; empty without it.
    """

    setup: Setup
    plan: Plan
    registry: Registry
    times: Times
    jobs: int | None
    timeout: float | None
    as_json: bool
    swept: str = ""

    @property
    def out(self) -> Path:
        """Where records and predictions are kept."""
        return self.setup.out

    @functools.cached_property
    def estimate(self) -> Estimate:
        """How long the open cells are expected to take."""
        from serbench.run.runner import expect

        return expect(self.plan.open, self.registry, self.setup, self.times, jobs=self.jobs, timeout=self.timeout)


def prepare(
    context: typer.Context,
    model: Models = None,
    dataset: Datasets = None,
    all_datasets: AllDatasets = False,
    protocol: Protocols = None,
    seeds: Seeds = 3,
    settings: Settings = None,
    sweep: Sweep = None,
    data_root: DataRoots = None,
    weights: WeightRoots = None,
    out: Out = Path("runs"),
    device: OnDevice = DeviceName.AUTO,
    jobs: Jobs = None,
    cell_timeout: CellTimeout = None,
    floors: Floors = True,
    skip_bad_audio: SkipBad = False,
    save_models: SaveModels = False,
    prompted_text: PromptedText = False,
    retime: Retime = False,
    emobox: EmoBoxFolder = None,
    plugin: PluginFiles = None,
    no_plugins: NoPlugins = False,
    as_json: AsJson = False,
) -> Prepared:
    """Turn the options that ``run`` and ``plan`` share into a plan."""
    from serbench.board.ranking.boards import FLOORS
    from serbench.environment import resolve_device
    from serbench.locations import Locations
    from serbench.run.estimate import Times
    from serbench.run.request import Request
    from serbench.run.settings import check_settings, read_settings
    from serbench.run.setup import Setup
    from serbench.run.sweep import read_sweep

    if not model:
        raise UsageError("no model was named, expected --model NAME; see serbench list models")
    if bool(dataset) == all_datasets:
        raise UsageError("expected either --dataset NAME or --all-datasets; see serbench list datasets")
    places.open_cache()
    if jobs is not None:
        _expect_jobs(jobs)
    registry = open_registry(plugin, no_plugins)
    named = tuple(dict.fromkeys(model))
    written = read_settings(settings or (), registry, named)
    protocols = tuple(dict.fromkeys(protocol or ("si",)))
    swept, variations = read_sweep(sweep, registry, named, settings or (), protocols) if sweep else ((), ())
    request = Request(
        models=tuple(dict.fromkeys([*named, *(FLOORS if floors else ())])),
        datasets=tuple(dict.fromkeys(dataset or ())),
        all_datasets=all_datasets,
        protocols=protocols,
        seeds=seeds,
        settings=with_emobox(emobox, written),
        skip_bad_audio=skip_bad_audio,
        save_models=save_models,
        swept=swept,
        variations=variations,
        prompted_text=prompted_text,
        retime=retime,
    )
    check_settings(written, request, registry)
    if is_typed(context, "emobox"):
        _expect_emobox(written, request.protocols)
    setup = Setup(
        request=request,
        locations=Locations.of_user(data_root or (), weights or ()),
        out=out,
        device=resolve_device(device.value),
        plugins=tuple(plugin or ()),
        no_plugins=no_plugins,
    )
    plan = setup.plan(registry, _progress)
    times, key = Times(setup.locations.cache, setup.device), (sweep or "").partition("=")[0]
    return Prepared(setup, plan, registry, times, jobs, cell_timeout, as_json, key)


def _expect_emobox(written: Mapping[str, Mapping[str, Any]], protocols: Sequence[str]) -> None:
    """Refuse a folder of EmoBox that nothing reads, or a second one."""
    if "emobox" not in protocols:
        raise UsageError(f"--emobox is for protocol emobox, which is not in this run: {list(protocols)}")
    if "folder" in written.get("emobox", {}):
        raise UsageError("EmoBox's folder was given twice, by --emobox and by --set emobox.folder, expected it once")


def _expect_jobs(jobs: int) -> None:
    """Refuse more cells at once than this machine bears: each is a process of its own."""
    from serbench.environment import usable_cores

    cores = usable_cores()
    most = max(_FEWEST_JOBS, _JOBS_PER_CORE * cores)
    if jobs > most:
        raise UsageError(f"--jobs got {jobs}, expected 1 to {most} on a machine of {cores} cores")


@dataclass(frozen=True)
class OwnOption:
    """An option of one command that means something else there.

    Attributes
    ----------
    annotation
        Type, name and help.
    read
        Turns what was given into what :func:`prepare` takes.
    """

    annotation: Any
    read: Callable[[Any], Any]


def with_options(act: Callable[[Prepared], None], *, writes: bool = True, **changed: Any) -> Callable[..., None]:
    """Give a command the options of :func:`prepare`, written once.

    Parameters
    ----------
    writes
        Whether the command writes to ``--out``: whether that can be is tried before any work.
    changed
        By an option's name :class:`OwnOption`, or its value where a person is not to choose it.
    """
    own = {name: value for name, value in changed.items() if isinstance(value, OwnOption)}
    fixed = {name: value for name, value in changed.items() if name not in own}

    @functools.wraps(prepare)
    def command(**options: Any) -> None:
        given = {name: own[name].read(value) if name in own else value for name, value in options.items()}
        if writes:
            places.expect_folder(given["out"], "--out")
        act(prepare(**given, **fixed))

    every = inspect.signature(prepare, eval_str=True).parameters
    kept = [
        option.replace(annotation=own[name].annotation) if name in own else option
        for name, option in every.items()
        if name not in fixed
    ]
    command.__signature__ = inspect.Signature(kept)  # type: ignore[attr-defined]
    command.__doc__ = act.__doc__
    return command


@contextlib.contextmanager
def _progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    with console.progress(total or None, label) as bar:
        yield bar.reach


__all__ = ["DeviceName", "OwnOption", "Prepared", "prepare", "with_options"]
