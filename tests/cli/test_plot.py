"""Figures from the command line: a file, a caption, and what is refused."""

from __future__ import annotations

import pytest

from serbench.cli.app import app


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    from typer.testing import CliRunner

    folder = tmp_path_factory.mktemp("plotted") / "runs"
    words = ["run", "--model", "majority", "--model", "prior", "--no-floors", "--dataset", "synth", "--seeds", "1"]
    assert CliRunner().invoke(app, [*words, "--out", str(folder)], catch_exceptions=False).exit_code == 0
    return folder


@pytest.mark.parametrize(
    ("words", "caption"),
    [
        (("confusion", "--model", "prior"), "Confusions of prior on synth, si"),
        (("pareto",), "UAR against latency p50 on synth, si"),
        (("pareto", "--cost", "parameters", "--width", "page"), "UAR against parameters on synth, si"),
        (("speakers",), "UAR of each of"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_a_figure_is_written_and_its_caption_printed(serbench, runs, tmp_path, words, caption):
    figure, *options = words
    result = serbench("plot", figure, runs, "--to", tmp_path / "figure.svg", *options)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(caption)
    assert result.stdout.endswith(f"written: {tmp_path / 'figure.svg'}\n")
    assert "<svg" in (tmp_path / "figure.svg").read_text()


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("confusion",), "confusion shows one row, expected --model with one of ['majority', 'prior']"),
        (("confusion", "--model", "prior2"), "did you mean 'prior'?"),
        (("confusion", "--cost", "macs"), "--cost macs goes with pareto, not with confusion"),
        (("critical-difference",), "critical-difference got 0 datasets that are averaged and 0 systems"),
        (("inflation", "--protocol", "si"), "inflation shows all protocols, expected no --protocol"),
        (("adaptation", "--protocol", "si"), "adaptation shows protocol adapt, expected no --protocol"),
        (("adaptation",), "unknown protocol in these records 'adapt', expected one of ['si']"),
        (("inflation",), "no system has rows under si and another protocol"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_what_cannot_be_drawn_is_said_in_a_line(serbench, runs, tmp_path, words, answer):
    figure, *options = words
    result = serbench("plot", figure, runs, "--to", tmp_path / "figure.pdf", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert answer in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "figure.pdf").exists()


def test_an_unknown_figure_is_refused(serbench, runs, tmp_path):
    result = serbench("plot", "pie", runs, "--to", tmp_path / "pie.pdf")
    assert result.exit_code == 2
    assert "critical-difference" in result.stderr
