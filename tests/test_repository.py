"""What a repository owes those who come to it: the gate, forms, how to cite it, whom to tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from serbench import __version__
from serbench.plugin.manager import KINDS

TOP = Path(__file__).parents[1]
FORMS = sorted((TOP / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
WORKFLOWS = sorted((TOP / ".github" / "workflows").glob("*.yml"))


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def typed(job):
    """Return all that a job types, and what it uses."""
    return [step.get("run") or step["uses"] for step in job["steps"]]


@pytest.fixture(scope="module")
def gate():
    return read(TOP / ".github" / "workflows" / "tests.yml")


def test_the_gate_stands_before_main_and_on_it(gate):
    events = gate[True]  # YAML takes the word on for true
    assert set(events) == {"pull_request", "push"}
    assert events["push"] == {"branches": ["main"]}


def test_the_gate_runs_the_script_that_everybody_runs_on_linux(gate):
    job = gate["jobs"]["everything"]
    assert job["runs-on"].startswith("ubuntu-")
    assert typed(job)[-1].split()[-1] == ".ci/run"
    assert (TOP / ".ci" / "run").is_file()


def test_the_gate_runs_what_is_quick_on_the_other_systems(gate):
    job = gate["jobs"]["fast"]
    assert job["strategy"]["matrix"] == {"os": ["macos-latest", "windows-latest"], "python": ["3.11", "3.13"]}
    assert (job["runs-on"], job["strategy"]["fail-fast"]) == ("${{ matrix.os }}", False)
    chosen = "not slow and not corpus and not gpu and not browser and not latex"
    assert typed(job)[-2:] == ['python -m pip install -e ".[test]"', f'python -m pytest -m "{chosen}" tests']


def test_the_gate_names_markers_that_there_are(gate, pytestconfig):
    known = {line.partition(":")[0] for line in pytestconfig.getini("markers")}
    assert set(re.findall(r"not (\w+)", typed(gate["jobs"]["fast"])[-1])) <= known


def test_a_newer_commit_of_a_pull_request_ends_the_older_one_s_tests(gate):
    assert gate["concurrency"]["group"] == "tests-${{ github.ref }}"
    assert gate["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read(path):
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert [name for name, job in workflow["jobs"].items() if "permissions" in job] == []
    assert "secrets." not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_job_has_an_end_and_keeps_what_pip_fetched(path):
    for job in read(path)["jobs"].values():
        assert 0 < job["timeout-minutes"] <= 120
        (python,) = (step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/setup-python@"))
        assert python["cache"] == "pip"
        (checkout,) = (step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@"))
        assert checkout["persist-credentials"] is False


def test_there_is_a_form_for_each_of_three_matters():
    assert [path.stem for path in FORMS] == ["bug", "config", "new-plugin", "wrong-number"]


@pytest.mark.parametrize("path", [path for path in FORMS if path.stem != "config"], ids=lambda path: path.stem)
def test_a_form_is_one_that_the_host_takes(path):
    form = read(path)
    assert set(form) == {"name", "description", "labels", "body"}
    asked = [field for field in form["body"] if field["type"] != "markdown"]
    names = [field["id"] for field in asked]
    assert len(set(names)) == len(names) > 0
    assert {field["type"] for field in form["body"]} <= {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    assert all(field["attributes"]["label"] for field in asked)
    assert any(field.get("validations", {}).get("required") for field in asked)


def test_the_form_for_plugins_offers_every_kind():
    options = read(TOP / ".github" / "ISSUE_TEMPLATE" / "new-plugin.yml")["body"][0]["attributes"]["options"]
    assert set(KINDS) <= {word for option in options for word in option.split()}


@pytest.mark.parametrize(
    "word",
    [
        "Run by",
        "three seeds",
        "verify leaderboard --data-root",
        "pretrained_on",
        "Licences",
        "pinned",
        "code of every plugin",
    ],
)
def test_a_submission_is_asked_for(word):
    assert word in (TOP / ".github" / "pull_request_template.md").read_text(encoding="utf-8")


def test_the_citation_is_of_this_version():
    facts = read(TOP / "CITATION.cff")
    assert (facts["cff-version"], facts["type"], facts["title"]) == ("1.2.0", "software", "serbench")
    assert (facts["version"], facts["license"]) == (__version__, "Apache-2.0")
    assert facts["authors"] == [{"name": "The serbench authors"}]
    assert facts["message"]
    assert facts["abstract"]


def test_the_citation_invents_no_address():
    assert set(read(TOP / "CITATION.cff")) & {"doi", "url", "repository-code", "identifiers", "date-released"} == set()


@pytest.mark.parametrize(
    ("page", "linked"),
    [
        *(("README.md", name) for name in ("docs/design.md", "SECURITY.md", "CITATION.cff", "CONTRIBUTING.md")),
        *(("CONTRIBUTING.md", name) for name in ("docs/design.md", "SECURITY.md", "CODE_OF_CONDUCT.md")),
        ("CODE_OF_CONDUCT.md", "SECURITY.md"),
    ],
)
def test_a_page_is_linked_from(page, linked):
    assert f"]({linked})" in (TOP / page).read_text(encoding="utf-8")
