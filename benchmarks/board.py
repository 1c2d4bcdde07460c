"""Everything that the published board holds, end to end: the runs behind its rows, in the order in which they matter.

    python benchmarks/board.py --data-root FOLDER --weights FOLDER --out RUNS [--only GROUP ...] [--list]
    serbench leaderboard add RUNS
    serbench leaderboard build leaderboard --into README.md

Each run is one ``serbench run``, typed out before it starts. What is done in ``--out`` is not done again, so the script
may be broken off and called again. A run that fails is named at the end, and the others go on.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SMALL = ("emodb", "savee", "emovo", "ravdess")
ALL = (*SMALL, "cremad", "tess")
CLIP = ("encoder-mean.pad=clip",)
FRAMES = ("encoder-frames.pad=clip",)
VECTOR = ("encoder-vector.pad=clip",)
#: The protocols beside ``si`` under which the story's systems are run: new sentences, and the two that leak.
STORY = ("si-text", "random", "replica-2507.03251")


@dataclass(frozen=True)
class Run:
    """One command.

    Attributes
    ----------
    group
        What it is run for, as ``--only`` names it.
    models, datasets, protocols, seeds
        As ``serbench run`` takes them.
    settings, sweep
        Values of ``--set``, and that of ``--sweep``.
    """

    group: str
    models: tuple[str, ...]
    datasets: tuple[str, ...] = SMALL
    seeds: int = 3
    settings: tuple[str, ...] = ()
    sweep: str = ""
    protocols: tuple[str, ...] = ("si",)

    def words(self) -> Iterator[str]:
        """Yield the words behind ``serbench``."""
        yield "run"
        given = {"model": self.models, "dataset": self.datasets, "protocol": self.protocols, "set": self.settings}
        for option, values in given.items():
            for value in values:
                yield from (f"--{option}", value)
        if self.sweep:
            yield from ("--sweep", self.sweep)
        yield from ("--seeds", str(self.seeds))


RUNS = (
    Run("reference", ("logreg", "mlp", "attn1dcnn", "majority", "prior"), (*ALL, "synth")),
    Run("probes", ("linear-probe", "superb-probe", "linear-probe-dev", "speaker-probe")),
    Run("probes", ("linear-probe", "superb-probe"), ALL, settings=CLIP),
    Run("probes", ("speaker-probe",), ("cremad", "tess")),
    Run("classical", ("svm", "random-forest"), ALL),
    Run("classical", ("svm",), ALL, settings=("svm.feature=egemaps",)),
    Run("classical", ("random-forest",), ALL, settings=("random-forest.feature=egemaps",)),
    Run("classical", ("svm",), settings=("svm.feature=compare", "svm.c=1e-4")),
    Run("classical", ("random-forest",), settings=("random-forest.feature=compare",)),
    Run("classical", ("svm",), settings=("svm.feature=encoder-vector", *VECTOR)),
    Run("classical", ("random-forest",), settings=("random-forest.feature=encoder-vector", *VECTOR)),
    Run("ablations", ("attn1dcnn",), sweep="attn1dcnn.attention=none,channel,spatial"),
    Run("networks", ("cnn2d", "imbalance-cnn"), ALL),
    Run("networks", ("gru",), seeds=1),
    Run("networks", ("tim-net",), seeds=1),
    Run("frames", ("emobox-probe",), seeds=1, settings=FRAMES),
    Run("frames", ("emotion2vec-probe",), seeds=1, settings=FRAMES),
    Run("frames", ("humpcat",), seeds=1, settings=FRAMES),
    Run("networks", ("reslstm-sa",), seeds=1),
    Run("networks", ("eca-cnn6",), seeds=1),
    Run("networks", ("light-sernet",), seeds=1),
    Run("networks", ("cpac",), seeds=1),
    Run("frames", ("graph-fusion",), seeds=1, settings=FRAMES),
    Run("frames", ("mfhca",), ("emodb", "savee"), seeds=1, settings=FRAMES),
    Run("networks", ("mf-only",), ("emodb", "savee"), seeds=1),
    Run("networks", ("area-attn-cnn",), ("emodb", "savee"), seeds=1),
    Run("networks", ("resnet-statspool",), ("emodb", "savee"), seeds=1),
    Run("votes", ("seed-vote",), seeds=1),
    Run("leaks", ("logreg",), (*SMALL, "tess"), 1, protocols=STORY),
    Run("leaks", ("attn1dcnn",), ("emodb", "savee"), 1, protocols=STORY),
    Run("leaks", ("linear-probe", "linear-probe-dev"), settings=CLIP, protocols=STORY[:2]),
    Run("leaks", ("svm",), settings=("svm.feature=egemaps",), protocols=STORY[:2]),
    Run("leaks", ("speaker-probe",), protocols=STORY[:2]),
    Run("adapt", ("logreg", "attn1dcnn"), protocols=("adapt",), settings=("adapt.target=emodb",)),
    Run("adapt", ("logreg", "attn1dcnn"), protocols=("adapt",), settings=("adapt.target=emovo",)),
    Run("adapt", ("humpcat",), protocols=("adapt",), settings=("adapt.target=emodb", *FRAMES), seeds=1),
    Run("precision", ("attn1dcnn",), (*SMALL, "synth"), settings=("attn1dcnn.precision=bf16",)),
)


def main(words: Sequence[str] | None = None) -> int:
    """Run the script."""
    summary, _, rest = (__doc__ or "").partition("\n")
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=summary, epilog=rest.strip(), formatter_class=plain)
    groups = tuple(dict.fromkeys(run.group for run in RUNS))
    parser.add_argument("--data-root", type=Path, help="the folder of the corpora (default: SERBENCH_DATA)")
    parser.add_argument("--weights", type=Path, help="the folder of pretrained weights (default: SERBENCH_WEIGHTS)")
    parser.add_argument("--out", type=Path, default=Path("runs"), help="where records are kept (default: %(default)s)")
    parser.add_argument("--only", action="append", choices=groups, help="these groups alone; may be given again")
    parser.add_argument("--model", action="append", help="runs of these models alone; may be given again")
    parser.add_argument("--list", action="store_true", help="print the commands, and run none")
    options = parser.parse_args(words)
    given = {"--data-root": options.data_root, "--weights": options.weights}
    places = [word for option, path in given.items() if path for word in (option, str(path))]
    failed = []
    for run in RUNS:
        if (options.only and run.group not in options.only) or (options.model and not {*run.models} & {*options.model}):
            continue
        command = [*run.words(), "--no-floors", "--out", str(options.out), *places]
        print("$ serbench", shlex.join(command), flush=True)
        whole = [sys.executable, "-m", "serbench", *command]
        if not options.list and subprocess.run(whole, check=False).returncode:  # noqa: S603  (words of this script)
            failed.append(shlex.join(command))
    for command in failed:
        print(f"did not end as it should: serbench {command}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
