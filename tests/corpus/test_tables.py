"""Tables of corpora: read as published, or refused in one sentence that names the table."""

from __future__ import annotations

import re

import pytest

from serbench.corpus.tables import read_table
from serbench.errors import DatasetError
from tests.sample_trees import DATASETS, SAMPLES

COLUMNS = {"ActorID": r"\d+", "Sex": "Female|Male"}
WHOLE = b'"ActorID","Age","Sex"\n1001,51,"Male"\n1002,21,"Female"\n'


def written(folder, data):
    (folder / "table.csv").write_bytes(data)
    return folder / "table.csv"


@pytest.mark.parametrize(
    "data",
    [WHOLE, b"\xef\xbb\xbf" + WHOLE, WHOLE.replace(b"\n", b"\r\n"), WHOLE.replace(b"51", b" 51 ") + b"\n"],
    ids=["plain", "byte order mark", "line ends of Windows", "blanks"],
)
def test_a_table_is_read_as_it_was_published(tmp_path, data):
    assert read_table(written(tmp_path, data), COLUMNS) == [
        {"ActorID": "1001", "Sex": "Male"},
        {"ActorID": "1002", "Sex": "Female"},
    ]


ODD = {
    "semicolons": (WHOLE.replace(b",", b";"), "expected one 'ActorID', and commas"),
    "tabs": (WHOLE.replace(b",", b"\t"), "expected one 'ActorID', and commas"),
    "Latin-1": (WHOLE + b"1003,20,M\xe4nnlich\n", "line 4: byte 0xe4 is no UTF-8"),
    "UTF-16": (WHOLE.decode().encode("utf-16"), "line 1: byte 0xff is no UTF-8"),
    "an empty cell": (WHOLE.replace(b'"Female"', b""), "line 3: Sex is empty, expected Female|Male"),
    "a short line": (WHOLE + b"1003\n", "line 4: Sex is empty"),
    "another word": (WHOLE.replace(b"Female", b"W"), "line 3: Sex is 'W', expected Female|Male"),
    "no number": (WHOLE.replace(b"1002", b"one"), "line 3: ActorID is 'one'"),
    "a lost heading": (WHOLE.replace(b"Sex", b"Gender"), "expected one 'Sex'"),
    "a heading twice": (WHOLE.replace(b"Age", b"Sex"), "expected one 'Sex'"),
    "nothing": (b"", "has the headings []"),
    "no end of a quote": (b'"ActorID","Sex"\n1,"' + b"x" * 200_000, "field larger than field limit"),
}


@pytest.mark.parametrize(("data", "said"), ODD.values(), ids=ODD)
def test_an_odd_table_is_refused_in_one_sentence(tmp_path, data, said):
    path = written(tmp_path, data)

    with pytest.raises(DatasetError, match=f"^{re.escape(str(path))}.*{re.escape(said)}") as caught:
        read_table(path, COLUMNS)
    assert len(str(caught.value).splitlines()) == 1


def test_a_table_that_is_about_in_two_encodings_is_read_in_both(tmp_path):
    path = written(tmp_path, "Text\nThat\u2019s it\n".encode("cp1252") + b"\x81\n")

    assert read_table(path, {"Text": ".*"}, encodings=("utf-8-sig", "cp1252"))[0] == {"Text": "That\u2019s it"}


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.symlink_to("nowhere")])
def test_a_table_that_is_no_file_is_named(tmp_path, make):
    make(tmp_path / "table.csv")

    with pytest.raises(DatasetError, match=r"table\.csv cannot be read: "):
        read_table(tmp_path / "table.csv", COLUMNS)


@pytest.mark.parametrize(
    ("name", "table", "change", "said"),
    [
        ("cremad", "VideoDemographics.csv", lambda data: data.replace(b",", b";"), "commas between"),
        ("cremad", "VideoDemographics.csv", lambda data: data + b"1004,3\xfc,Male\n", "no UTF-8"),
        ("cremad", "VideoDemographics.csv", lambda data: data.replace(b'"Male"', b""), "Sex is empty"),
        ("meld", "dev_sent_emo.csv", lambda data: data.replace(b",", b";"), "commas between"),
        ("meld", "dev_sent_emo.csv", lambda data: data.replace(b"Ross", b""), "Speaker is empty"),
        ("meld", "test_sent_emo.csv", lambda data: data.replace(b",joy,", b",,"), "Emotion is empty"),
        ("meld", "train_sent_emo.csv", lambda data: data.replace(b",7,", b",seven,"), "_ID is 'seven'"),
        ("meld", "train_sent_emo.csv", lambda data: data.decode().encode("utf-16"), "expected one"),
    ],
)
def test_an_odd_table_of_a_corpus_is_named(tmp_path, name, table, change, said):
    SAMPLES[name](tmp_path)
    (tmp_path / table).write_bytes(change((tmp_path / table).read_bytes()))

    with pytest.raises(DatasetError, match=f"{table}.*{said}"):
        DATASETS[name]().manifest(tmp_path)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("cremad", "VideoDemographics.csv"),
        ("meld", "dev_sent_emo.csv"),
        ("iemocap", "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"),
    ],
)
def test_two_tables_of_one_name_are_copies_or_refused(tmp_path, name, place):
    SAMPLES[name](tmp_path)
    expected = DATASETS[name]().manifest(tmp_path).digest
    other = tmp_path / "copy" / place
    other.parent.mkdir(parents=True)
    other.write_bytes((tmp_path / place).read_bytes())
    assert DATASETS[name]().manifest(tmp_path).digest == expected

    other.write_bytes(other.read_bytes() + b"\n")
    with pytest.raises(DatasetError, match=f"{place} and .*copy/{place} bear one name and hold different tables"):
        DATASETS[name]().manifest(tmp_path)


@pytest.mark.parametrize("name", ["cremad", "meld", "iemocap"])
def test_tables_in_linked_folders_are_found_and_forks_of_them_are_not(tmp_path, name):
    SAMPLES[name](tmp_path / "real")
    expected = DATASETS[name]().manifest(tmp_path / "real").digest
    for table in [*(tmp_path / "real").rglob("*.txt"), *(tmp_path / "real").rglob("*.csv")]:
        table.with_name(f"._{table.name}").write_bytes(b"\0\x05\x16\x07")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "disk 2").symlink_to(tmp_path / "real")

    assert DATASETS[name]().manifest(tmp_path / "corpus").digest == expected
