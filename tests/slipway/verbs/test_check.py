from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from slipway.cli import run
from slipway.verbs import check

from tests.releases.house import patched

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("training_config", "data", "cloudformation"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("checkout")
def test_what_is_committed_is_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check"]) == 0
    assert "1 configs and 3 data files are in order." in capsys.readouterr().out


def test_every_problem_is_shown_with_its_place(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = checkout / "training_config" / "wine-quality.yml"
    config.write_text(config.read_text().replace("max_depth: 6", "max_dept: 6").replace("eta: 0.1", "eta: much"))
    assert run(["check"]) == 1
    said = capsys.readouterr().out
    assert "training_config/wine-quality.yml: hyperparameters.max_dept: found" in said
    assert "training_config/wine-quality.yml: hyperparameters.eta: found" in said


def test_data_is_checked_with_the_columns_of_its_dataset(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = checkout / "data" / "wine-quality" / "test" / "test.csv"
    path.write_text("quality,alcohol\n5,1\n")
    assert run(["check", "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert [problem.partition("test.csv: ")[2] for problem in answer["problems"]] == [
        "line 1: found a header ('quality,alcohol'); expected rows of numbers only; `slipway data prepare` drops a "
        "header",
        "line 2: found 2 columns; expected 12, as in the rows before",
    ]
    assert answer["files"][0]["rows"] == 1_120


def test_a_table_is_checked_by_its_columns(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = ROOT / "tests" / "releases" / "table"
    changes = yaml.safe_load((case / "config.yml").read_text(encoding="utf-8"))
    config = checkout / "training_config" / "wine-quality.yml"
    config.write_text(patched(config.read_text(), changes), encoding="utf-8")
    data = checkout / "data" / "wine-quality"
    shutil.rmtree(data)
    shutil.copytree(case / "data", data)
    assert run(["check"]) == 0, capsys.readouterr().out
    test, columns = data / "test" / "test.csv", data / "columns.json"
    rows = test.read_text(encoding="utf-8").splitlines()
    test.write_text("\n".join(["perhaps" + rows[0][rows[0].index(",") :], 'no,"1', *rows[2:]]), encoding="utf-8")
    columns.write_text(columns.read_text().replace("notes", "remarks"))
    capsys.readouterr()
    assert run(["check", "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert [problem.partition(": ")[2] for problem in problems] == [
        "features.notes: found 'notes'; expected a column of the dataset: churned, tenure, contract, city, signup, "
        "remarks, customer_id",
        "features: found no type of remarks; expected one for each column, such as ignore",
        "line 1, column 1: found 'perhaps'; expected no, yes",
        "line 2: found a quote that is not closed; expected cells in double quotes, a quote within them doubled, and "
        "no line break in a cell",
    ]


def test_a_wait_in_which_no_alarm_can_go_off_is_told(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = checkout / "training_config" / "wine-quality.yml"
    assert run(["check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == []
    config.write_text(config.read_text().replace("termination_wait_s: 600", "termination_wait_s: 0"))
    assert run(["check", "--json"]) == 0
    answer = capsys.readouterr()
    [warning] = json.loads(answer.out)["warnings"]
    assert warning.startswith(
        "training_config/wine-quality.yml: environments.prod.deployment.termination_wait_s: found 0; an alarm that "
        "takes Prod back needs up to 300 s"
    )
    assert "termination_wait_s: found 0" in answer.err


def test_the_file_is_named_after_its_model(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = checkout / "training_config" / "wine-quality.yml"
    config.rename(config.with_name("other.yml"))
    assert run(["check"]) == 1
    assert "training_config/other.yml: model: found wine-quality; expected other" in capsys.readouterr().out


def test_columns_of_the_config_have_to_be_in_the_data(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = checkout / "training_config" / "wine-quality.yml"
    config.write_text(config.read_text().replace("column: alcohol", "column: alcohl"))
    assert run(["check"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "training_config/wine-quality.yml: tests.full.slices[0].column: found 'alcohl'; expected a column of" in said
    assert "did you mean alcohol?" in said
    (checkout / "data" / "wine-quality" / "columns.json").unlink()
    assert run(["check"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "expected column 1, the label, to column 12, as the dataset has no columns.json that names them" in said


def test_every_column_has_a_name_or_none(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "data" / "wine-quality" / "columns.json").write_text('["quality", "alcohol"]')
    assert run(["check"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "columns.json: found 2 names; expected 12, one for each column" in said


def test_a_missing_channel_says_how_to_make_one(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["slipway"])
    shutil.rmtree(checkout / "data" / "wine-quality" / "validation")
    assert run(["check"]) == 1
    error = capsys.readouterr().err
    assert "validation: found no file; a dataset has train/, validation/, test/" in error
    assert "next: Make it from one CSV file: slipway data prepare" in error


def test_a_folder_without_configs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(tmp_path)]) == 1
    assert "found no *.yml" in capsys.readouterr().err


def test_an_instance_type_that_no_stack_would_allow_is_found_before_the_push(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a stack the template's default counts, with one what it was given."""
    text = (ROOT / "training_config" / "wine-quality.yml").read_text(encoding="utf-8")
    assert "instance_type: ml.m5.large" in text
    (tmp_path / "wine-quality.yml").write_text(
        text.replace("instance_type: ml.m5.large", "instance_type: ml.x2iedn.xlarge", 1)
    )
    monkeypatch.setattr(check, "find_stack", lambda *_: None)
    assert run(["check", str(tmp_path), "--local"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "training.instance_type: found ml.x2iedn.xlarge; expected ml.t2.*, ml.t3.*, ml.m*, ml.c*, ml.r*" in said
    assert "deploy --parameter InstanceTypePatterns=" in said
    given = {
        "Parameters": [{"ParameterKey": "InstanceTypePatterns", "ParameterValue": "ml.x2iedn.*,ml.t2.*,ml.m*,ml.t3.*"}]
    }
    monkeypatch.setattr(check, "find_stack", lambda *_: given)
    assert run(["check", str(tmp_path), "--local"]) == 0


def clone(folder: Path, *names: str) -> Path:
    """A clone of a published repository that holds these of the checkout's files and folders."""
    (folder / ".git").mkdir(parents=True)
    for name in names:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, folder / source.name)
    return folder


def test_a_clone_of_the_configs_is_checked_and_not_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = clone(tmp_path / "my-config", "training_config/wine-quality.yml")
    config = folder / "wine-quality.yml"
    config.write_text(config.read_text().replace("max_depth: 6", "max_dept: 6"))
    monkeypatch.chdir(folder)
    assert run(["check"]) == 1
    said = capsys.readouterr().out.replace("\n", "")
    assert f"checking {folder}" in said
    assert "wine-quality.yml: hyperparameters.max_dept: found" in said


@pytest.mark.parametrize("package", ["pipeline_lambdas", "inference_lambdas"])
def test_a_clone_of_functions_has_its_sources_checked(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = clone(tmp_path / "code", package, *(["cloudformation"] if package == "pipeline_lambdas" else []))
    monkeypatch.chdir(folder / package)
    assert run(["check", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["folder"], bool(answer["functions"])) == (str(folder), True)
    source = next((folder / package / "handlers").glob("[a-z]*.py"))
    source.write_text("def broken(:\n")
    assert run(["check"]) == 1
    assert f"{source}: line 1: " in capsys.readouterr().out.replace("\n", "")
