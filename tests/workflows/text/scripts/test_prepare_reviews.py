"""The program of the processing job, in folders as the container has them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflows.text.zips import zipped
from workflows.text.sample import zipped_reviews as sample
from workflows.text.scripts import prepare_reviews
from workflows.text.scripts.prepare_reviews import main


@pytest.fixture
def ml(tmp_path: Path) -> Path:
    """/opt/ml with the sample as its input."""
    (tmp_path / "processing" / "input" / "data").mkdir(parents=True)
    (tmp_path / "processing" / "input" / "data" / "a.json.zip").write_bytes(sample())
    return tmp_path


def message(ml: Path) -> str:
    return (ml / "output" / "message").read_text(encoding="utf-8")


def test_three_files_and_the_counts(ml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["a.json.zip"], ml) == 0
    output = ml / "processing" / "output"
    train = (output / "train" / "a_train.txt").read_text(encoding="utf-8").splitlines()
    test = (output / "test" / "a_test.txt").read_text(encoding="utf-8").splitlines()
    sources = (output / "sentences" / "a_test.jsonl").read_text(encoding="utf-8").splitlines()
    assert (len(train), len(test)) == (1004, 251)
    assert [json.loads(line) for line in sources] == [{"source": line.split(" ", 1)[1]} for line in test]
    counts = json.loads(capsys.readouterr().out)
    assert counts.pop("first_bad_lines") == []
    assert json.loads(message(ml)) == counts
    assert (counts["reviews"], counts["train"]) == (400, 1004)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("b.json.zip", "b.json.zip: found no zip"),
        ("c.json.zip", "c.json.zip: found no such file in the job's input"),
        ("d.txt", "d.txt: found another name than NAME.json.zip"),
    ],
)
def test_a_failure_is_the_message_of_the_job(
    ml: Path, name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (ml / "processing" / "input" / "data" / "b.json.zip").write_bytes(b"none")
    assert main([name], ml) == 1
    assert message(ml).startswith(said)
    assert capsys.readouterr().err.startswith(said)


def test_a_long_message_is_cut_to_what_sagemaker_takes(ml: Path) -> None:
    name = "n" * 700
    (ml / "processing" / "input" / "data" / "b.json.zip").write_bytes(zipped({name: b"", f"{name}2": b""}))
    assert main(["b.json.zip"], ml) == 1
    assert len(message(ml)) == 1024


def test_it_finds_its_modules_where_the_job_puts_them(tmp_path: Path) -> None:
    """The scripts alone, without the packages around them, in the folders that the state machine names."""
    code = tmp_path / "code"
    folder = code / "workflows" / "text" / "scripts"
    shutil.copytree(Path(prepare_reviews.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    program = "import runpy, sys; print(runpy.run_path(sys.argv[1])['prepare'].__code__.co_filename)"
    command = [sys.executable, "-S", "-c", program, str(folder / "prepare_reviews.py")]
    environment = {"PYTHONPATH": str(code), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.strip() == str(folder / "preparation.py"), done.stderr
