"""The training job, from the channels to the model folder and to what is said of a user's mistake."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline_lambdas.tabular import training
from pipeline_lambdas.tabular.errors import TableError
from tests.pipeline_lambdas.tabular.tables import (
    CHURN,
    arguments,
    churn_job,
    churn_rows,
    document,
    lay_out,
    specification,
    write_csv,
)

SERVE = """
import json, sys
import slipway_tabular as program
model = program.model_fn(sys.argv[1])
request = program.input_fn(sys.stdin.read(), "text/csv")
answer = program.output_fn(program.predict_fn(request, model), "text/csv")
loaded = [module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "pipeline_lambdas"]
print(json.dumps({"answer": answer, "loaded": loaded}))
"""


def run(folder: Path, *command: str, **rest: Any) -> subprocess.CompletedProcess[str]:
    """Run Python as the container does: in the folder of the code, with an environment that says nothing else."""
    rest["env"] = {"PATH": os.environ["PATH"], **rest.get("env", {})}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False, timeout=120, **rest
    )


def test_a_model_is_trained_and_served_by_what_it_holds(tmp_path: Path) -> None:
    job = churn_job(tmp_path)
    command = arguments(num_round=7, objective="binary:logistic", eval_metric="auc,logloss", eta="0.3")
    done = run(job.program.parent, "-m", "slipway_tabular", *command, env=job.environment())
    assert (done.returncode, done.stderr) == (0, "")
    first, *rounds = done.stdout.splitlines()
    assert first == "training rows: 400; columns: 5; features: 10"
    for number, line in enumerate(rounds):
        value = r"\d\.\d{5}"
        assert re.fullmatch(
            rf"\[{number}\]\ttrain-auc:{value}\ttrain-logloss:{value}\tvalidation-auc:{value}\tvalidation-logloss:{value}",
            line,
        )
    assert len(rounds) == 7
    assert sorted(path.name for path in job.model.iterdir()) == ["code", "features.json", "xgboost-model"]

    served = run(job.model / "code", "-c", SERVE, str(job.model), input='3,monthly,2023-05-01,"very angry",c-1\n')
    assert (served.returncode, served.stderr) == (0, "")
    found = json.loads(served.stdout)
    assert found["answer"] == job.endpoint().ask('3,monthly,2023-05-01,"very angry",c-1')
    assert {Path(file).is_relative_to(job.model / "code") for file in found["loaded"]} == {True}


def test_a_mistake_is_one_sentence_and_no_traceback(tmp_path: Path) -> None:
    job = churn_job(tmp_path, rows=5)
    write_csv(tmp_path / "data" / "train" / "z.csv", [["no", 1, "", "", "", ""], ["perhaps", 1, "", "", "", ""]])
    done = run(job.program.parent, "-m", "slipway_tabular", *arguments(num_round=1), env=job.environment())
    assert done.returncode == 1
    sentence = (
        "train/z.csv: row 2: label 'churned': found 'perhaps'; expected 'no', 'yes'. "
        "Correct the row, or `label` in the training config\n"
    )
    assert done.stderr == job.failure.read_text(encoding="utf-8") == sentence


@pytest.mark.parametrize(
    ("problem", "rows", "message"),
    [
        ("binary", [["churned", "age"], ["no", 3]], "row 1: label 'churned': found 'churned'; .* has a header: remove"),
        ("binary", [["no", 3], ["", 3]], "row 2: label 'churned': found ''; expected 'no', 'yes'"),
        ("regression", [["1", 3], ["inf", 3]], "row 2: label 'churned': found 'inf'; expected a number"),
        ("regression", [["1", 3], ["", 3]], "row 2: label 'churned': found ''; expected a number"),
        ("regression", [["many", 3]], "row 1: label 'churned': found 'many'; expected a number"),
        ("regression", [["1", 3, 4]], "row 1: found 3 cells; expected 2: 'churned', 'age'"),
        ("regression", [["1", "old"], ["2", "young"]], "column 'age': found 2 of 2 cells that hold no number"),
        ("regression", [], "train: found no row; expected CSV files"),
    ],
)
def test_what_is_wrong_with_the_data(tmp_path: Path, problem: str, rows: list[list[object]], message: str) -> None:
    classes = ("no", "yes") if problem == "binary" else ()
    job = lay_out(tmp_path, document({"age": "number"}, problem=problem, classes=classes), train=rows)
    assert job.train(num_round=1) == 1
    assert re.search(message, job.failure.read_text(encoding="utf-8"))
    assert not job.model.exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--num_round"], "arguments: found --num_round; expected pairs of --name value"),
        (["num_round", "3"], "arguments: found num_round 3; expected pairs"),
        (["--eta", "0.1"], "num_round: missing; expected an integer from 1"),
        (["--num_round", "0"], "num_round: found 0; expected an integer from 1"),
        (["--num_round", "3", "--early_stopping_rounds", "x"], "early_stopping_rounds: found x; expected an integer"),
    ],
)
def test_what_is_wrong_with_the_hyperparameters(given: list[str], message: str) -> None:
    with pytest.raises(TableError, match=f"^{message}"):
        training.parse_arguments(given, specification(CHURN))


def test_hyperparameters_are_completed() -> None:
    table = specification({"n": "number"}, problem="multiclass", classes=("a", "b", "c"))
    given = arguments(
        num_round=9, early_stopping_rounds=2, eval_metric="merror,mlogloss", eta="0.1", csv_weights=0, max_bin=64
    )
    found = training.parse_arguments([*given, "--_tuning_objective_metric", "validation:merror"], table)
    assert (found.rounds, found.early_stopping, found.metrics) == (9, 2, ("merror", "mlogloss"))
    assert found.booster == {"eta": "0.1", "max_bin": "64", "objective": "multi:softprob", "num_class": 3}
    assert found.max_bin == 64


def test_a_hyperparameter_that_xgboost_refuses_is_told(tmp_path: Path) -> None:
    job = churn_job(tmp_path, rows=20)
    assert job.train(num_round=1, eta="-3") == 1
    failure = job.failure.read_text(encoding="utf-8")
    assert failure.startswith("XGBoost: ")
    assert "learning_rate" in failure
    assert "Stack trace" not in failure


@pytest.mark.parametrize(("content", "message"), [("{", "Expecting"), ("{}", "features.json: schema: found nothing")])
def test_a_broken_description_is_told(tmp_path: Path, content: str, message: str) -> None:
    job = churn_job(tmp_path, rows=20)
    job.program.with_name("features.json").write_text(content, encoding="utf-8")
    assert job.train(num_round=1) == 1
    assert message in job.failure.read_text(encoding="utf-8")


def test_a_job_without_training_rows_is_told(tmp_path: Path) -> None:
    job = lay_out(tmp_path, document(CHURN), validation=churn_rows(5, 1))
    assert job.train(num_round=1) == 1
    assert job.failure.read_text(encoding="utf-8").startswith("channels: found no train; expected train")


def rounds_of(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("[")]


def test_training_ends_where_the_last_metric_has_its_best(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    job = churn_job(tmp_path)
    assert job.train(num_round=300, eval_metric="auc,logloss", early_stopping_rounds=3, eta="0.5") == 0
    rounds = rounds_of(capfd.readouterr().out)
    losses = [float(line.rpartition(":")[2]) for line in rounds]
    best = losses.index(min(losses))
    assert len(rounds) == best + 4 < 300
    assert job.endpoint().model.booster.num_boosted_rounds() == best + 1


@pytest.mark.parametrize("method", ["hist", "approx"])
def test_the_same_data_gives_the_same_model(tmp_path: Path, method: str) -> None:
    scores = []
    for attempt in ("first", "second"):
        job = churn_job(tmp_path / attempt, rows=200)
        settings = {"subsample": "0.7", "seed": 3, "tree_method": method, "nthread": 1}
        assert job.train(num_round=5, objective="binary:logistic", **settings) == 0
        scores.append(job.endpoint().scores(row[1:] for row in churn_rows(50, 3)))
    assert scores[0] == scores[1]
    assert len(set(scores[0])) > 10


def test_only_training_rows_are_learned_from(tmp_path: Path) -> None:
    train = [[place % 2, "known", "common words", "2024-01-31"] for place in range(30)]
    validation = [[place % 2, "later", "rare rare", "2024-01-31T12:00"] for place in range(90)]
    columns = {"c": "category", "x": "text", "d": "date"}
    job = lay_out(tmp_path, document(columns, classes=("0", "1")), train=train, validation=validation)
    assert job.train(num_round=2) == 0
    found = job.columns()
    assert found["c"]["values"] == ["known"]
    assert found["x"]["terms"] == ["common", "words"]
    assert found["d"]["hour"] is False
    assert job.treatment()["rows"] == 30


def test_what_was_validated_is_what_is_served(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The error that the log names for the validation rows is that of the served model's answers to them."""
    job = churn_job(tmp_path)
    assert job.train(num_round=5, objective="binary:logistic", eval_metric="error") == 0
    told = float(rounds_of(capfd.readouterr().out)[-1].rpartition(":")[2])
    rows = churn_rows(400, 2)
    scores = job.endpoint().scores(row[1:] for row in rows)
    wrong = sum((score > 0.5) != (row[0] == "yes") for score, row in zip(scores, rows, strict=True))
    assert told == pytest.approx(wrong / len(rows), abs=1e-5)
    assert 0 < wrong < 0.4 * len(rows)


def test_columns_may_be_empty_in_training(tmp_path: Path) -> None:
    rows = [[place % 2, "", "", "", "", place % 2] for place in range(40)]
    columns = {"n": "number", "c": "category", "d": "date", "x": "text", "known": "number"}
    job = lay_out(tmp_path, document(columns, classes=("0", "1")), train=rows)
    assert job.train(num_round=3) == 0
    low, high = job.endpoint().scores([["", "", "", "", 0], ["7", "new", "2024-01-31", "word", 1]])
    assert low < 0.5 < high


def test_a_category_is_more_than_a_number(tmp_path: Path) -> None:
    """Its values are told apart as sets; what is rare in training and what is new count as the same other value."""
    source = [(f"city {place}", place % 3 == 0) for place in range(30)]
    rows = [["yes" if good else "no", city] for city, good in source * 20]
    rows += [["yes", f"village {place}"] for place in range(40)]
    column = {"c": {"type": "category", "max_categories": 30}}
    job = lay_out(tmp_path, document(column), train=rows)
    assert job.train(num_round=20, max_depth=3, objective="binary:logistic") == 0
    scores = job.endpoint().scores([[city] for city, _ in source])
    assert [score > 0.5 for score in scores] == [good for _, good in source]
    village, new = job.endpoint().scores([["village 3"], ["elsewhere"]])
    assert village == new > 0.5
