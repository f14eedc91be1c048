from __future__ import annotations

from typing import Any

import pytest

from pipeline_lambdas.config.columns import check_columns
from pipeline_lambdas.config.features import features_document
from pipeline_lambdas.config.model import Feature, Label, SliceColumn, config_values
from pipeline_lambdas.config.parsing import ConfigError, parse_config
from pipeline_lambdas.runtime.failures import ConfigurationError
from tests.pipeline_lambdas.aws_doubles import sample_config
from tests.pipeline_lambdas.tables import COLUMNS, FEATURES, churn_config, churn_document, churn_text

FILE = "wine-quality.yml"
THREE = {"column": "churned", "classes": ["no", "maybe", "yes"]}
SOFTPROB = {"objective": "multi:softprob", "num_round": 10}
MULTICLASS_TESTS = {
    "smoke": {"channel": "validation", "gates": {"accuracy": {"min": 0.5}}},
    "full": {"channel": "test", "gates": {"f1_macro": {"min": 0.5}}},
}


def problems_of(**changes: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_config(churn_text(**changes), FILE)
    return [problem.removeprefix(f"{FILE}: ") for problem in caught.value.problems]


def with_test(**sections: Any) -> dict[str, Any]:
    tests = churn_document()["tests"]
    return {"tests": {**tests, "full": {**tests["full"], **sections}}}


def test_a_table() -> None:
    config = churn_config()
    assert config.label == Label("churned", ("no", "yes"))
    assert config.features == (
        Feature("tenure", "number"),
        Feature("contract", "category", max_categories=20),
        Feature("signup", "date"),
        Feature("notes", "text", max_terms=200),
        Feature("customer_id", "ignore"),
    )
    assert list(config.column_types) == COLUMNS
    assert config.column_types["churned"] == "category"
    assert config.classes == 2
    assert "num_class" not in config.hyperparameters


def test_what_the_training_program_reads() -> None:
    assert features_document(churn_config()) == {
        "schema": "slipway-features/1",
        "problem": "binary",
        "label": "churned",
        "classes": ["no", "yes"],
        "columns": [
            {"name": "tenure", "type": "number"},
            {"name": "contract", "type": "category", "max_categories": 20},
            {"name": "signup", "type": "date"},
            {"name": "notes", "type": "text", "max_terms": 200},
            {"name": "customer_id", "type": "ignore"},
        ],
    }


def test_a_config_without_a_table_has_the_hash_that_it_had() -> None:
    assert not {"label", "features"} & config_values(sample_config()).keys()
    assert {"label", "features"} <= config_values(churn_config()).keys()


def test_the_number_of_classes_follows_from_their_names() -> None:
    config = churn_config(problem="multiclass", label=THREE, hyperparameters=SOFTPROB, tests=MULTICLASS_TESTS)
    assert config.hyperparameters["num_class"] == "3"
    assert (config.classes, config.prediction_form.width) == (3, 3)


def test_a_number_as_label() -> None:
    gates = {"gates": {"rmse": {"max": 1}}}
    tests = {"smoke": {"channel": "validation", **gates}, "full": {"channel": "test", **gates}}
    config = churn_config(
        problem="regression", label={"column": "churned"}, hyperparameters={"num_round": 10}, tests=tests
    )
    assert config.class_names == ()
    assert config.column_types["churned"] == "number"


def test_classes_that_yaml_reads_as_numbers() -> None:
    assert churn_config(label={"column": "churned", "classes": [0, 1]}).class_names == ("0", "1")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"label": ...}, "label: missing; expected a mapping with column, classes, which features needs"),
        ({"features": ...}, "label: found without features, script and container; allowed with one of them"),
        ({"label": {"column": "churned"}}, "label.classes: missing; expected the 2 values of the label"),
        ({"label": THREE}, "label.classes: found 3; expected the 2 values of the label, the positive one last"),
        (
            {"label": {"column": "churned", "classes": [False, True]}},
            "label.classes: found false, which YAML makes of a bare yes, no, true or false; expected the class",
        ),
        (
            {"label": {"column": "churned", "classes": ["no", "no"]}},
            "label.classes: found a list; expected a list of 1 to 1000 class names, each once",
        ),
        ({"features": {}}, "features: found no column; expected a mapping of every other column to its type: number, "),
        ({"features": ["tenure"]}, "features: found a list; expected a mapping of every other column"),
        ({"features": {"tenure": "numeric"}}, "features.tenure.type: found 'numeric'; expected number, category, text"),
        ({"features": {"tenure": 1}}, "features.tenure: found 1; expected number, category, text, date, ignore, or a"),
        ({"features": {True: "number", "a": "date"}}, "features: found the column true, no text in YAML; expected it"),
        (
            {"features": {**FEATURES, "churned": "text"}},
            "features.churned: found the label's column; expected the other",
        ),
        ({"features": {"a": "ignore"}}, "features: found no column that is not ignored; expected one at least"),
        (
            {"features": {"a": {"type": "number", "max_terms": 5}}},
            "features.a.max_terms: found with type number; allowed with type text",
        ),
        (
            {"features": {"a": {"type": "text", "max_terms": 0}}},
            "features.a.max_terms: found 0; expected an integer from 1 to 10000",
        ),
        (
            {"algorithm": {"name": "xgboost", "version": "1.2-1"}},
            "algorithm.version: found 1.2-1 with features; allowed with features: ",
        ),
        (
            {"channels": {"train": {"content_type": "text/libsvm"}, "validation": {"content_type": "text/csv"}}},
            "channels.train.content_type: found text/libsvm with features; expected text/csv",
        ),
        (
            {"training": {**churn_document()["training"], "instance_count": 2}},
            "training.instance_count: found 2 with features; expected 1",
        ),
        (
            {"hyperparameters": {"objective": "binary:logistic", "num_round": 1, "csv_weights": 1}},
            "hyperparameters.csv_weights: found with features; expected none, as a table has no column of weights",
        ),
        (
            {"hyperparameters": {"objective": "binary:logistic", "num_round": 1, "eval_metric": "f1,logloss"}},
            "hyperparameters.eval_metric: found f1 with features; expected metrics of XGBoost itself",
        ),
        (
            {"hyperparameters": {"objective": "binary:logistic", "num_round": 1, "tree_method": "exact"}},
            "hyperparameters.tree_method: found exact with features; expected auto, hist, approx",
        ),
        (
            {"hyperparameters": {"objective": "binary:logistic", "num_round": 1, "booster": "gblinear"}},
            "hyperparameters.booster: found gblinear with features; expected gbtree, dart",
        ),
        (
            with_test(slices=[{"column": "contract", "ranges": [1]}]),
            "tests.full.slices[0].ranges: found with contract, a category; allowed with a number, else values",
        ),
        (
            with_test(slices=[{"column": "contract", "values": [1.5]}]),
            "tests.full.slices[0].values: found 1.5; expected texts, in quotes, as the column is a category",
        ),
        (
            with_test(slices=[{"column": "tenure", "values": ["a"]}]),
            "tests.full.slices[0].values: found 'a'; expected numbers",
        ),
        (
            with_test(slices=[{"column": "tenur", "values": [1]}]),
            "tests.full.slices[0].column: found 'tenur'; expected a column of the dataset: churned, tenure, contract, "
            "signup, notes, customer_id; did you mean tenure?",
        ),
        (
            with_test(drift={"max_psi": 1, "columns": ["tenure", "notes"]}),
            "tests.full.drift.columns[1]: found notes, of type text; expected columns of number and category",
        ),
    ],
)
def test_one_problem(changes: dict[str, Any], problem: str) -> None:
    (found,) = problems_of(**changes)
    assert found.startswith(problem)


def test_another_algorithm_has_no_tables() -> None:
    problems = problems_of(
        algorithm={"name": "linear-learner", "version": "1"}, hyperparameters={"predictor_type": "binary_classifier"}
    )
    assert problems == ["features: found with linear-learner; allowed with xgboost"]


def test_a_model_is_not_saved_where_its_job_is_stopped() -> None:
    problems = problems_of(hyperparameters={**churn_document()["hyperparameters"], "save_model_on_termination": "true"})
    assert problems == [
        "hyperparameters.save_model_on_termination: found true with features; expected false, as a stop saves nothing"
    ]


def test_another_number_of_classes_is_refused() -> None:
    problems = problems_of(
        problem="multiclass",
        label=THREE,
        hyperparameters={**SOFTPROB, "num_class": 4},
        tests=MULTICLASS_TESTS,
    )
    assert problems == ["hyperparameters.num_class: found 4; expected 3, one for each of label.classes"]


def test_slices_of_texts() -> None:
    slices = [
        {"column": "contract", "values": ["month-to-month", 2]},
        {"column": "churned", "values": ["yes"]},
        {"column": "tenure", "ranges": [12]},
    ]
    assert churn_config(**with_test(slices=slices)).tests["full"].slices == (
        SliceColumn("contract", values=("month-to-month", "2")),
        SliceColumn("churned", values=("yes",)),
        SliceColumn("tenure", ranges=(12.0,)),
    )


def test_texts_in_slices_need_a_table() -> None:
    slices = [{"column": "a", "values": ["x"]}]
    assert problems_of(features=..., label=..., **with_test(slices=slices)) == [
        "tests.full.slices[0].values: found 'x'; expected numbers; texts are allowed with features, for columns of "
        "other types, and with script or container"
    ]


@pytest.mark.parametrize(
    ("names", "problems"),
    [
        ([], ["features: found a dataset without names of its columns; expected a columns.json with churned, tenure"]),
        (
            [*COLUMNS[:4], "remarks", "customer_id"],
            [
                "features.notes: found 'notes'; expected a column of the dataset: churned, tenure, contract, signup, "
                "remarks, customer_id",
                "features: found no type of remarks; expected one for each column, such as ignore",
            ],
        ),
        (
            ["tenure", "churned", *COLUMNS[2:]],
            ["features: found another order than the dataset's; expected tenure, then churned, contract, signup"],
        ),
        (
            ["left", *COLUMNS[1:]],
            ["label.column: found 'churned'; expected a column", "features: found no type of left"],
        ),
    ],
)
def test_the_columns_are_those_of_the_dataset(names: list[str], problems: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_columns(churn_config(), names)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(problems)
    assert all(line.startswith(f"{FILE}: {problem}") for line, problem in zip(lines, problems, strict=True))


def test_columns_in_order_are_no_problem() -> None:
    check_columns(churn_config(), COLUMNS)
