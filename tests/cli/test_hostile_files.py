"""Plugins that misbehave before any cell is run: one line that names them, and an exit code; the others go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.run import toy

#: What a file does when it is imported, and what is said of it.
IMPORTS = {
    "import sys; sys.exit(0)": "SystemExit: 0",
    "import sys; sys.exit('done')": "SystemExit: done",
    "class Odd(BaseException): pass\nraise Odd('odd')": "Odd: odd",
    "raise GeneratorExit": "GeneratorExit",
    "def f(): f()\nf()": "RecursionError: maximum recursion depth exceeded",
    "import no_such_package": "ModuleNotFoundError: No module named 'no_such_package'",
    "def (": "SyntaxError: ",
    "raise RuntimeError('two\\nlines')": "RuntimeError: two lines",
    "raise MemoryError": "MemoryError",
}
HEAD = """
from serbench.api import Model, ModelCard, Dataset, DatasetCard, LeaveOneSpeakerOut, Utterance, hookimpl
"""
MODEL = """
class Odd(Model):
    card = ModelCard(name="odd", version="1", summary="odd", features=("mfcc-stats",))

BODY

@hookimpl
def serbench_models():
    yield Odd
"""
#: From name to the body of a model's class.
MODELS = {
    "constructor leaves": "    def __init__(self):\n        raise SystemExit(3)",
    "constructor raises": "    def __init__(self):\n        raise RuntimeError('no luck')",
    "features raise": "    @property\n    def features(self):\n        raise RuntimeError('no luck')",
    "features leave": "    @property\n    def features(self):\n        raise SystemExit(3)",
    "augmentations raise": "    @property\n    def augmentations(self):\n        raise RuntimeError('no luck')",
    "features of numbers": "    features = (1, 2)",
}
DATASET = """
class Odd(Dataset):
    card = DatasetCard(
        name="odd", version="1", summary="odd", labels=("angry", "calm", "sad"), language="zxx", licence="none",
        cite="none", obtain="a test makes it", folders=("toy",))
    split = LeaveOneSpeakerOut()

    def utterances(self, root):
        for number, path in enumerate(self.recordings(root)):
            label = path.stem.partition("-")[0]
            facts = dict(id=f"{path.parent.name}-{path.stem}", path=path.relative_to(root).as_posix(),
                         speaker=path.parent.name, label=label)
            BODY
            yield Utterance(**facts)

@hookimpl
def serbench_datasets():
    yield Odd
"""
#: From name to what a dataset does with the facts of each utterance.
DATASETS = {
    "leaves": "raise SystemExit(0)",
    "raises": "raise RuntimeError('no luck')",
    "doubles ids": "facts['id'] = 'one'",
    "unknown label": "facts['label'] = 'glad'",
    "yields nothing": "continue",
    "yields words": "yield 'a word'; continue",
    "no speaker": "facts['speaker'] = ''",
    "number for an id": "facts['id'] = number",
    "leads out": "facts['path'] = '../../' + facts['path']",
    "absolute path": "facts['path'] = str(path)",
}


@pytest.fixture
def plugin(tmp_path):
    """Return a function that writes a plugin's file."""

    def plugin(text):
        path = tmp_path / "odd_plugin.py"
        path.write_text(text)
        return path

    return plugin


def expect_one_line(result, *words, codes=(5,)):
    assert result.exit_code in codes, result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize("text", IMPORTS)
def test_a_file_that_cannot_be_imported_is_named(serbench, plugin, text):
    result = serbench("list", "models", "--plugin", plugin(text))
    assert result.exit_code == 0
    assert "logreg" in result.stdout
    result = serbench("plan", "--model", "majority", "--dataset", "synth", "--plugin", plugin(text))
    expect_one_line(result, f"odd_plugin.py: {IMPORTS[text]}")


def test_an_import_that_goes_elsewhere_leaves_what_a_person_named_where_it_is(serbench, plugin):
    before = Path.cwd()
    serbench("list", "models", "--plugin", plugin("import os\nos.chdir('/')"))
    assert Path.cwd() == before


def test_a_person_who_waits_for_an_import_may_end_it(serbench, plugin):
    result = serbench("list", "models", "--plugin", plugin("raise KeyboardInterrupt"))
    assert result.exit_code == 130


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_cannot_be_made_is_named(serbench, plugin, name):
    path = plugin(HEAD + MODEL.replace("BODY", MODELS[name]))
    result = serbench("plan", "--model", "odd", "--dataset", "synth", "--plugin", path)
    expect_one_line(result, "odd", codes=(2, 5))


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_that_cannot_be_read_is_named(serbench, plugin, tmp_path, name):
    toy.make_corpus(tmp_path, speakers=3, takes=1)
    path = plugin(HEAD + DATASET.replace("BODY", DATASETS[name]))
    words = ["--model", "majority", "--no-floors", "--plugin", path, "--data-root", tmp_path]
    result = serbench("plan", "--dataset", "odd", *words)
    expect_one_line(result, "utterance" if name in ("no speaker", "number for an id") else "odd", codes=(3, 4, 5))
