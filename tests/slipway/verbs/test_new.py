"""A model from a table, with one verb: what it says, what it writes, and what it refuses."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from slipway.cli import run
from slipway.programs.trial import try_program
from slipway.tables import config_text

from pipeline_lambdas.config.parsing import parse_config
from tests.local_server import ROOT
from tests.real_data import real_data

EXAMPLES = ROOT / "data" / "examples"
CHANNELS = ("train", "validation", "test")


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout without a model."""
    root = tmp_path / "checkout"
    for folder in ("cloudformation", "training_config", "pipeline_lambdas"):
        (root / folder).mkdir(parents=True)
    (root / "cloudformation" / "setup.yml").touch()
    monkeypatch.chdir(root)
    monkeypatch.setenv("COLUMNS", "80")
    return root


def new(*arguments: object) -> int:
    return run(["--local", "new", *map(str, arguments), "--no-upload"])


def made(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """Return the document of a run that succeeded."""
    code, printed = new(*arguments, "--json"), capsys.readouterr()
    assert code == 0, printed
    document: dict[str, Any] = json.loads(printed.out)
    return document


def rows(root: Path, model: str) -> dict[str, list[list[str]]]:
    """Return the rows of each channel."""
    return {channel: cells(root / "data" / model / channel / f"{channel}.csv") for channel in CHANNELS}


def cells(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))


def config(root: Path, model: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((root / "training_config" / f"{model}.yml").read_text(encoding="utf-8"))
    return loaded


def test_churn_becomes_a_dataset_and_a_config(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = made(capsys, "churn", "--data", EXAMPLES / "churn.csv", "--label", "churned")
    assert (found["problem"], [one["name"] for one in found["classes"]]) == ("binary", ["no", "yes"])
    assert config(checkout, "churn")["features"] == {
        "customer_id": "ignore",
        "signup": "date",
        "contract": "category",
        "tenure": "number",
        "monthly_charge": "number",
        "paperless": "category",
        "support_notes": "text",
    }
    header, *source = cells(EXAMPLES / "churn.csv")
    written = rows(checkout, "churn")
    assert Counter((*row[1:], row[0]) for part in written.values() for row in part) == Counter(map(tuple, source))
    assert {channel: len(part) for channel, part in written.items()} == found["split"]["rows"]
    columns = json.loads((checkout / "data" / "churn" / "columns.json").read_text())
    assert columns == ["churned", *header[:-1]]
    names, example = cells(checkout / "data" / "churn" / "example.csv")
    assert names == columns[1:]
    assert example in [row[1:] for row in written["test"]]


def test_the_page_names_commands_that_run(checkout: Path) -> None:
    page = (ROOT / "docs" / "your-data.md").read_text(encoding="utf-8")
    (command,) = [line.split()[2:] for line in page.splitlines() if line.startswith("    slipway new ")]
    (checkout / "data").mkdir()
    (checkout / "data" / "examples").symlink_to(EXAMPLES)
    assert new(*command) == 0
    for named in re.findall(r"`((?:data|training_config)/churn[^`]*)`", page):
        assert (checkout / named).exists()
    assert "slipway predict data/churn/example.csv --model churn" in page


def test_what_is_said_fits_a_terminal_and_can_be_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert new("tickets", "--data", EXAMPLES / "tickets.csv", "--label", "team") == 0
    lines = capsys.readouterr().out.splitlines()
    table = lines[1 : lines.index(next(line for line in lines if line.startswith("problem:")))]
    assert [line.split()[0] for line in table] == ["column", "ticket", "opened", "channel", "message", "attachments"]
    assert max(map(len, table)) <= 80
    assert lines[-1].endswith("--model tickets predict data/tickets/example.csv")
    assert any(line.endswith("--model tickets release") for line in lines)


def test_sales_are_split_by_time(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = made(capsys, "sales", "--data", EXAMPLES / "sales.csv", "--label", "units", "--time", "day")
    assert (found["problem"], found["split"]["method"]) == ("regression", "time")
    days = {channel: {row[1] for row in part} for channel, part in rows(checkout, "sales").items()}
    assert max(days["train"]) < min(days["validation"])
    assert max(days["validation"]) < min(days["test"])
    assert set(config(checkout, "sales")["tests"]["full"]["gates"]) == {"rmse", "r2", "latency_p95_ms"}


def test_the_same_table_and_seed_give_the_same_dataset(capsys: pytest.CaptureFixture[str]) -> None:
    ids = [
        made(capsys, name, "--data", EXAMPLES / "churn.csv", "--label", "churned", "--seed", seed)["dataset"]
        for name, seed in (("one", 1), ("two", 1), ("three", 2))
    ]
    assert ids[0] == ids[1] != ids[2]


def test_a_column_that_gives_the_label_away_is_named_and_ignored(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = (EXAMPLES / "churn.csv").read_text(encoding="utf-8").splitlines()
    lines = [f"{source[0]},final_bill", *(f"{line},{'sent' * line.endswith('yes')}" for line in source[1:])]
    (checkout / "leaky.csv").write_text("\n".join(lines), encoding="utf-8")
    found = made(capsys, "churn", "--data", "leaky.csv", "--label", "churned")
    assert found["gives_away"] == {"final_bill": 1.0}
    assert "final_bill alone takes away 100.0 %" in found["warnings"][0]
    assert config(checkout, "churn")["features"]["final_bill"] == "ignore"


def test_rows_without_a_label_and_duplicates_are_told(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["x,word,y", *(f"{number % 90},w{number % 90},{number % 90 % 2}" for number in range(200)), "1,a,", "2,b,"]
    (checkout / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    found = made(capsys, "a", "--data", "a.csv", "--label", "y")
    assert (found["rows"], found["unlabelled_rows"], found["duplicate_rows"]) == (200, 2, 110)
    assert "rows without a label, which are left out: 2" in found["warnings"]


def write_table(root: Path, row: Callable[[int], str], header: str = "x,word,y", count: int = 120) -> Path:
    """Write a table of a line for each number from 0 on."""
    path = root / "table.csv"
    path.write_text("\n".join([header, *map(row, range(count))]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("label", "problem", "classes", "left_out"),
    [
        (["0", "1", "NA"], "binary", ["0", "1"], 40),
        (["1.5", "2.5", "?"], "binary", ["2.5", "1.5"], 40),
        (["no", "yes", "no\N{NO-BREAK SPACE}"], "binary", ["no", "yes"], 0),
        (["no", "yes", "NA"], "multiclass", ["NA", "no", "yes"], 0),
        (["none", "unknown", "missing"], "multiclass", ["missing", "none", "unknown"], 0),
        (["it\x92s", "b", "b"], "binary", ["b", "it\x92s"], 0),
        (["<i>", '"a, ""b"""', "é/ü"], "multiclass", ["<i>", 'a, "b"', "é/ü"], 0),
    ],
)
def test_what_a_label_holds(
    label: list[str],
    problem: str,
    classes: list[str],
    left_out: int,
    checkout: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = write_table(checkout, lambda number: f"{number}.5,{'abcd'[number // 3 % 4]},{label[number % 3]}")
    found = made(capsys, "a", "--data", table, "--label", "y")
    assert (found["problem"], [one["name"] for one in found["classes"]]) == (problem, classes)
    assert found["unlabelled_rows"] == left_out
    parsed = parse_config((checkout / "training_config/a.yml").read_bytes(), "a.yml")
    assert parsed.label
    assert list(parsed.label.classes) == classes
    gaps = [text for text in found["warnings"] if "does it stand for a gap?" in text]
    assert bool(gaps) == bool({"NA", "none"} & {*classes})


def test_both_classes_are_in_each_channel(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else a model that cannot be judged comes to light at the end of a release."""
    table = write_table(checkout, lambda number: f"2026-01-{number % 28 + 1:02},{number}.5,{number % 28 > 24}", "d,x,y")
    assert new("a", "--data", table, "--label", "y", "--time", "d") == 1
    told = capsys.readouterr().err
    assert "the split by time d leaves no row of the class 'True' for train; expected rows of both classes" in told
    assert new("a", "--data", write_table(checkout, lambda number: f"{number}.5,b,{number < 2}"), "--label", "y") == 1
    assert "the split leaves no row of the class 'True' for test" in capsys.readouterr().err
    table = write_table(checkout, lambda number: f"{number}.5,b,{number % 2 if number > 1 else 'rare'}")
    found = made(capsys, "a", "--data", table, "--label", "y")
    assert [text for text in found["warnings"] if "has no row of class" in text] == [
        "the channel test has no row of class 'rare'"
    ]


def test_the_column_of_the_groups_is_ignored(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = write_table(checkout, lambda number: f"{number}.5,c{number % 20},{number % 3 == 1}")
    made(capsys, "a", "--data", table, "--label", "y", "--group", "word")
    assert config(checkout, "a")["features"] == {"x": "number", "word": "ignore"}


def test_too_many_columns_write_nothing(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config_text, "SIZE_LIMIT_BYTES", 500)
    assert new("a", "--data", EXAMPLES / "churn.csv", "--label", "churned") == 1
    assert "found 7 columns; expected so many that a config of 500 bytes" in capsys.readouterr().err
    assert not (checkout / "data").exists()


@pytest.mark.parametrize("encoding", ["base64", "nonsense", "undefined"])
def test_an_encoding_that_is_none(encoding: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert new("a", "--data", EXAMPLES / "churn.csv", "--label", "churned", "--encoding", encoding) == 1
    assert f"--encoding: found '{encoding}'; expected an encoding that" in capsys.readouterr().err


def test_a_line_break_in_a_cell_is_a_space(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["x,note,y", *(f'{number},"a note, ""{number}""\nin lines",{number % 3}.5' for number in range(40))]
    (checkout / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    made(capsys, "a", "--data", "a.csv", "--label", "y", "--problem", "regression")
    written = rows(checkout, "a")
    assert {row[2] for row in written["test"]} <= {f'a note, "{number}" in lines' for number in range(40)}
    assert len((checkout / "data/a/train/train.csv").read_text().splitlines()) == len(written["train"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["churn", "--label", "churnd"], "did you mean churned?"),
        (["churn", "--label", "churned", "--split", "time"], "--split time: found no --time"),
        (["churn", "--label", "churned", "--split", "group", "--time", "signup"], "--split group: found --time"),
        (["churn", "--label", "tenure", "--problem", "regression", "--split", "stratified"], "found with numbers"),
        (["churn", "--label", "customer_id"], "found 800 different values"),
        (["churn", "--label", "churned", "--shares", "70,30"], "--shares: found '70,30'"),
        (["churn", "--label", "churned", "--delimiter", "::"], "--delimiter: found '::'"),
        (["Churn", "--label", "churned"], "--model: found 'Churn'"),
        (["tabular", "--label", "churned"], "a name that the Step Functions workflows use"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_writes_nothing(
    arguments: list[str], told: str, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new(*arguments, "--data", EXAMPLES / "churn.csv") == 1
    assert told in capsys.readouterr().err
    assert list((checkout / "training_config").iterdir()) == []
    assert not (checkout / "data").exists()


def test_a_model_is_not_replaced_without_being_told(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("churn", "--data", EXAMPLES / "churn.csv", "--label", "churned")
    assert new(*arguments) == 0
    assert new(*arguments) == 1
    assert "there is a model churn already" in capsys.readouterr().err
    assert new(*arguments, "--overwrite", "--seed", "2") == 0
    (checkout / "data/churn/train/more.csv").touch()
    assert new(*arguments, "--overwrite") == 1
    assert "found a file that would become a part of the new dataset" in capsys.readouterr().err


def test_wine_as_it_is_published(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = real_data("winequality", "winequality-white.csv")
    found = made(capsys, "wine", "--data", file, "--label", "quality", "--problem", "regression")
    assert (found["rows"], found["duplicate_rows"]) == (4_898, 937)
    assert set(config(checkout, "wine")["features"].values()) == {"number"}


def test_abalone_with_its_sex(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = "sex,length,diameter,height,whole,shucked,viscera,shell,rings\n"
    content = real_data("abalone", "abalone.data").read_text()
    (checkout / "abalone.csv").write_text(names + content)
    found = made(capsys, "abalone", "--data", "abalone.csv", "--label", "rings")
    assert (found["problem"], found["rows"], found["gives_away"]) == ("regression", 4_177, {})
    assert config(checkout, "abalone")["features"] == {
        "sex": "category",
        **dict.fromkeys(names.split(",")[1:-1], "number"),
    }


@pytest.mark.parametrize(
    ("model", "file", "label", "answers"),
    [
        ("churn", "churn.csv", "churned", "probability"),
        ("tickets", "tickets.csv", "team", "probabilities"),
        ("sales", "sales.csv", "units", "number"),
    ],
)
def test_a_program_to_begin_with_is_in_order(
    checkout: Path, capsys: pytest.CaptureFixture[str], model: str, file: str, label: str, answers: str
) -> None:
    """It is trained and asked on the first rows, as before a push."""
    assert new(model, "--data", EXAMPLES / file, "--label", label, "--script") == 0
    assert f"wrote training_config/{model}/train.py, inference.py, rows.py and columns.py" in capsys.readouterr().out
    written = config(checkout, model)
    assert (written["algorithm"]["name"], written["script"]["answers"]) == ("scikit-learn", answers)
    assert "features" not in written
    configs = checkout / "training_config"
    parsed = parse_config((configs / f"{model}.yml").read_bytes(), f"{model}.yml")
    tried = try_program(parsed, configs, checkout / "data" / model)
    assert (tried.problems, tried.warning) == ((), "")
    assert "answered 10, in" in tried.done


def test_a_program_is_never_replaced(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("churn", "--data", EXAMPLES / "churn.csv", "--label", "churned", "--script")
    assert new(*arguments) == 0
    own = checkout / "training_config" / "churn" / "rows.py"
    own.write_text("# mine\n")
    assert new(*arguments, "--overwrite") == 1
    assert "columns.py: found it; expected no program of this name, as it is yours" in capsys.readouterr().err
    assert own.read_text() == "# mine\n"


def test_names_of_columns_survive_in_a_program(checkout: Path) -> None:
    table = checkout / "odd.csv"
    names = ["it's", 'a "name"', "été, {x}", "back\\slash", "y"]
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([number % 7, number % 5, number % 3, number % 11, number % 2] for number in range(80))
    assert new("odd", "--data", table, "--label", "y", "--script") == 0
    found: dict[str, Any] = {}
    exec((checkout / "training_config" / "odd" / "columns.py").read_text(encoding="utf-8"), found)  # noqa: S102 - ours
    assert (list(found["COLUMNS"]), found["CLASSES"]) == (names[:-1], ["0", "1"])
