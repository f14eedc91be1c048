"""The section `script` of a training config."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline_lambdas.algorithms.answers import class_numbers
from pipeline_lambdas.config.columns import table_problems
from pipeline_lambdas.config.model import config_values
from pipeline_lambdas.config.parsing import ConfigError
from tests.pipeline_lambdas.aws_doubles import sample_config
from tests.pipeline_lambdas.scripts import script_config

FULL = {"channel": "test", "gates": {"accuracy": {"min": 0.6}}}


def problems(**changes: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        script_config(**changes)
    return [text.removeprefix("wine-quality.yml: ") for text in caught.value.problems]


def test_a_script_takes_what_hyperparameters_it_likes() -> None:
    config = script_config()
    assert config.script is not None
    assert (config.script.program, config.script.serve) == ("train.py", "train.py")
    assert config.hyperparameters == {"weight": "0.5", "kind": "ridge", "fast": "true", "steps": "7", "code": "007"}
    assert config.raw_rows
    assert config.column_types == {}
    assert script_config(hyperparameters=...).hyperparameters == {}


def test_a_config_without_a_script_has_the_values_that_it_had() -> None:
    assert not {"script", "features", "label"} & config_values(sample_config()).keys()
    assert config_values(script_config())["script"]["program"] == "train.py"


@pytest.mark.parametrize(
    ("answers", "problem", "classes", "width", "names"),
    [
        ("number", "regression", [], 1, False),
        ("probability", "binary", ["no", "yes"], 1, False),
        ("class", "binary", ["no", "yes"], 1, True),
        ("probabilities", "multiclass", ["a", "b", "c"], 3, False),
    ],
)
def test_answers_have_the_form_that_the_config_tells(
    answers: str, problem: str, classes: list[str], width: int, names: bool
) -> None:
    full = {"channel": "test", "gates": {"rmse" if problem == "regression" else "accuracy": {"max": 1}}}
    config = script_config(
        problem=problem,
        label={"column": "churned", **({"classes": classes} if classes else {})},
        script={"program": "train.py", "answers": answers},
        tests={"smoke": {"channel": "validation"}, "full": full},
    )
    form = config.prediction_form
    assert (form.width, form.names_classes) == (width, names)
    assert form.probability == answers.startswith("probabilit")


def test_answers_of_classes_are_their_names() -> None:
    read = class_numbers(["no", "yes", "no, thanks"])
    assert read(b'yes\nno\n"no, thanks"\n') == [1.0, 0.0, 2.0]
    with pytest.raises(ValueError, match="found the class 'maybe'; expected no, yes"):
        read(b"maybe\n")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"script": ...}, "script: missing; scikit-learn runs a program"),
        ({"features": {"tenure": "number"}}, "script: found with features; expected one of them"),
        (
            {"algorithm": {"name": "linear-learner", "version": 1}},
            "script: found with linear-learner; allowed with xgboost, scikit-learn",
        ),
        ({"label": ...}, "label: missing; expected a mapping with column, classes, which script needs"),
        (
            {"script": {"program": "train.py", "answers": "number"}},
            "script.answers: found number; allowed for problem binary: probability, class",
        ),
        ({"script": {"program": "../train.py", "answers": "class"}}, "script.program: found '../train.py'; expected"),
        ({"script": {"program": "slipway_script.py", "answers": "class"}}, "script.program: found 'slipway_script.py'"),
        ({"hyperparameters": {"sagemaker_program": "x"}}, "hyperparameters: found the name 'sagemaker_program'"),
        ({"hyperparameters": {"layers": [1]}}, "hyperparameters.layers: found a list; expected a number, true"),
        (
            {"script": {"program": "train.py", "answers": "class", "metrics": {"auc": "auc: [0-9.]+"}}},
            "script.metrics.auc: found 'auc: [0-9.]+'; expected a regular expression",
        ),
        (
            {"script": {"program": "train.py", "answers": "class", "metrics": {"auc": "("}}},
            "script.metrics.auc: found '(', which is no regular expression",
        ),
        ({"channels": {"train": {"content_type": "text/libsvm"}}}, "channels.train.content_type: found text/libsvm"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], message: str) -> None:
    found = problems(**changes)
    assert any(text.startswith(message) for text in found), found


def test_a_slice_may_have_texts_and_the_label_must_stand_first() -> None:
    column = {"column": "contract", "values": ["two-year"], "min_rows": 1}
    config = script_config(tests={"smoke": {"channel": "validation"}, "full": {**FULL, "slices": [column]}})
    assert config.tests["full"].slices[0].values == ("two-year",)
    assert list(table_problems(config, ["churned", "contract"])) == []
    assert list(table_problems(config, ["contract", "churned"])) == [
        "label.column: found 'churned'; expected contract, the dataset's first column"
    ]
