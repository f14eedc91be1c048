"""A program is tried on a few rows before a push."""

from __future__ import annotations

from pathlib import Path

import pytest
from slipway.programs import trial
from slipway.programs.trial import Tried, try_program

from tests.local_server import wait_for
from tests.pipeline_lambdas.scripts import PROGRAM, script_config
from tests.pipeline_lambdas.tables import ROWS

CONFIG = script_config(hyperparameters={"weight": 0.5})


def tried(tmp_path: Path, program: str = PROGRAM, *, data: bool = True, module: str = "") -> Tried:
    folder = tmp_path / "configs" / "wine-quality"
    folder.mkdir(parents=True)
    for name, text in {"train.py": program, "rows.py": module}.items():
        (folder / name).write_text(text, encoding="utf-8")
    for channel in CONFIG.channels if data else ():
        (tmp_path / "data" / channel).mkdir(parents=True)
        (tmp_path / "data" / channel / "rows.csv").write_bytes(ROWS)
    return try_program(CONFIG, tmp_path / "configs", tmp_path / "data")


def test_a_program_is_trained_and_asked(tmp_path: Path) -> None:
    found = tried(tmp_path)
    assert (found.problems, found.warning) == ((), "")
    assert "answered 3, in" in found.done


def test_without_data_it_is_imported(tmp_path: Path) -> None:
    assert "imported, without data" in tried(tmp_path, data=False).done


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "def model_fn(model_dir):",
            "def load(model_dir):",
            "train.py: found no function model_fn; expected model_fn(",
        ),
        (
            "def predict_fn(rows, share):\n    return [share for _ in rows]",
            "def predict_fn(rows):\n    return 1",
            "train.py: found predict_fn(rows); expected predict_fn(data, model)",
        ),
        ('"--weight"', '"--depth"', "train.py: error: unrecognized arguments: --weight 0.5"),
        ("/ len(rows)", "/ 0", "train.py, line 19: ZeroDivisionError: division by zero"),
        ("[share for _ in rows]", "[share]", "train.py: found 1 values for 3 rows; expected 1 for each"),
        ("[share for _ in rows]", "[2.0 for _ in rows]", "train.py: found numbers outside of 0 to 1"),
        ("[share for _ in rows]", "['yes' for _ in rows]", "train.py: the answer is not probability: "),
        ("list(csv.reader(body.splitlines()))", "body.absent", "train.py, line 7: AttributeError"),
    ],
)
def test_what_is_wrong_with_a_program_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in PROGRAM
    (found,) = tried(tmp_path, PROGRAM.replace(old, new)).problems
    assert found.startswith(f"wine-quality/{message}"), found


def test_a_folder_without_the_program_is_told(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (found,) = try_program(CONFIG, tmp_path / "configs", tmp_path / "data").problems
    assert found.startswith("wine-quality/train.py: found no file in the folder")


ATTACK = """\
import json, os, subprocess, sys
assert not os.path.exists(os.path.expanduser("~/.aws/credentials")), "keys"
assert json.loads(os.environ["SM_HPS"]) == {"weight": 0.5}, os.environ["SM_HPS"]
left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
print("x" * 10_000_000)
"""


def test_it_finds_no_keys_and_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = tmp_path / "home" / ".aws" / "credentials"
    keys.parent.mkdir(parents=True)
    keys.write_text("[default]")
    monkeypatch.setenv("HOME", str(keys.parents[1]))
    told = tmp_path / "pid"
    code = f"{ATTACK}open({str(told)!r}, 'w').write(str(left.pid))\n"
    found = tried(
        tmp_path, PROGRAM.replace("    parser = ", code.replace("\n", "\n    ").join(["    ", "parser = "]), 1)
    )
    assert (found.problems, found.warning) == ((), "")
    wait_for(lambda: not Path(f"/proc/{told.read_text()}").exists(), "the end of what the program left")


def test_a_library_that_is_not_here_is_a_warning(tmp_path: Path) -> None:
    found = tried(tmp_path, f"import not_installed_anywhere\n{PROGRAM}")
    assert (found.problems, found.done) == ((), "")
    assert "not tried, as this Python has no not_installed_anywhere" in found.warning


def test_a_module_of_the_folder_that_lacks_is_a_problem(tmp_path: Path) -> None:
    found = tried(tmp_path, f"import rows\nimport rows.more\n{PROGRAM}", module="X = 1\n")
    assert found.problems[0].startswith("wine-quality/train.py, line 2: ModuleNotFoundError")


def test_a_program_without_an_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "LONGEST_S", 0.5)
    (found,) = tried(tmp_path, f"while True:\n    pass\n{PROGRAM}").problems
    assert "found no end after 0.5 s on 100 rows" in found


def test_its_processes_do_not_see_this_ones_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    found = tried(tmp_path, f"import os\nassert 'AWS_SECRET_ACCESS_KEY' not in os.environ\n{PROGRAM}")
    assert found.problems == ()
