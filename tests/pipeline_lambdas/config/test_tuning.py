"""The section `tuning` of a training config."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from pipeline_lambdas.config.model import config_values
from pipeline_lambdas.config.parsing import ConfigError, TrainingConfig, parse_config
from tests.pipeline_lambdas.aws_doubles import plain_document, sample_config

FILE = "wine-quality.yml"
ROUNDS = {"type": "integer", "min": 10, "max": 60}
ETA = {"type": "continuous", "min": 0.01, "max": 0.5, "scaling": "Logarithmic"}
DEPTHS = {"type": "categorical", "values": [3, 6]}


def tuning(**changes: Any) -> dict[str, Any]:
    """A valid section; a change to ... takes the key out."""
    values = {
        "strategy": "Random",
        "objective": {"metric": "validation:rmse", "type": "Minimize"},
        "max_jobs": 4,
        "max_parallel_jobs": 2,
        "ranges": {"num_round": ROUNDS, "eta": ETA},
        **changes,
    }
    return {key: value for key, value in values.items() if value is not ...}


def parsed(section: object, **top: Any) -> TrainingConfig:
    document = {**plain_document(), "tuning": section, **top}
    if "hyperparameters" not in top:
        document["hyperparameters"] = {"objective": "reg:squarederror", "eval_metric": "rmse"}
    document = {key: value for key, value in document.items() if value is not ...}
    return parse_config(yaml.safe_dump(document), FILE)


def problems(section: object, **top: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parsed(section, **top)
    return [text.removeprefix(f"{FILE}: ") for text in caught.value.problems]


def test_a_search_is_read_with_its_defaults() -> None:
    config = parsed(tuning(strategy=..., max_parallel_jobs=...))
    found = config.tuning
    assert found is not None
    assert (found.strategy, found.max_parallel_jobs, found.early_stopping, found.jobs) == ("Bayesian", 1, "Off", 4)
    assert found.ranges["eta"].scaling == "Logarithmic"
    assert "num_round" not in config.hyperparameters
    grid = parsed(tuning(strategy="Grid", max_jobs=..., ranges={"max_depth": DEPTHS}), hyperparameters={"num_round": 5})
    assert grid.tuning is not None
    assert (grid.tuning.jobs, grid.tuning.ranges["max_depth"].values) == (2, ("3", "6"))
    banded = parsed(tuning(strategy="Hyperband", resource={"max": 27}))
    assert banded.tuning is not None
    assert banded.tuning.resource is not None
    assert banded.tuning.resource.min == 1


def test_a_config_without_a_search_has_the_values_that_it_had() -> None:
    assert "tuning" not in config_values(sample_config())
    assert config_values(parsed(tuning()))["tuning"]["max_jobs"] == 4


def ranges(**one: Any) -> dict[str, Any]:
    return tuning(ranges={"num_round": ROUNDS, **one})


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        (3, "tuning: found 3; expected a mapping with strategy"),
        (tuning(strategy="Best"), "tuning.strategy: found 'Best'; expected Bayesian, Random, Grid, Hyperband"),
        (tuning(max_jobs=...), "tuning.max_jobs: missing; expected an integer from 1 to 10000, which strategy Random"),
        (tuning(strategy="Bayesian", max_jobs=751), "tuning.max_jobs: found 751 with strategy Bayesian; expected an"),
        (tuning(max_jobs=60, ranges={"num_round": ROUNDS}), "tuning.max_jobs: found 60; expected at most 51, as the"),
        (tuning(max_parallel_jobs=5), "tuning.max_parallel_jobs: found 5; expected at most max_jobs, 4"),
        (tuning(early_stopping="On"), "tuning.early_stopping: found 'On'; expected Off, Auto"),
        (tuning(seed=-1), "tuning.seed: found -1; expected an integer from 0 to 2147483647"),
        (tuning(max_runtime_s=60), "tuning.max_runtime_s: found 60; expected an integer from 120 to 86400"),
        (tuning(objective=...), "tuning.objective: missing; expected a mapping with metric, type"),
        (
            tuning(objective={"metric": "validation:rmsee", "type": "Minimize"}),
            "tuning.objective.metric: found 'validation:rmsee'; expected a metric that the training job logs: ",
        ),
        (
            tuning(objective={"metric": "validation:auc", "type": "Maximize"}),
            "tuning.objective.metric: found 'validation:auc'; expected a metric that the training job logs: ",
        ),
        (
            tuning(objective={"metric": "validation:rmse", "type": "Maximize"}),
            "tuning.objective.type: found Maximize with validation:rmse; expected Minimize",
        ),
        (tuning(ranges={}), "tuning.ranges: found none; expected a mapping of hyperparameters to what is tried of"),
        (
            ranges(etaa=ETA),
            "tuning.ranges.etaa: found a hyperparameter that SageMaker does not tune in the image of xgboost; expected",
        ),
        (ranges(seed=ROUNDS), "tuning.ranges.seed: found a hyperparameter that SageMaker does not tune in the image"),
        (ranges(eta=3), "tuning.ranges.eta: found 3; expected a mapping with type, min, max, scaling, values"),
        (ranges(eta={"type": "integer", "min": 0, "max": 1}), "tuning.ranges.eta.type: found integer; expected contin"),
        (ranges(eta={**ETA, "max": 5}), "tuning.ranges.eta.max: found 5; expected a number in [0, 1]"),
        (ranges(eta={**ETA, "max": 0.01}), "tuning.ranges.eta.max: found 0.01; expected more than min, 0.01"),
        (ranges(eta={**ETA, "min": 0}), "tuning.ranges.eta.scaling: found Logarithmic with min 0; allowed for numbers"),
        (ranges(eta={"type": "continuous", "max": 1}), "tuning.ranges.eta.min: missing; expected a number, which cont"),
        (ranges(eta={**ETA, "values": [1]}), "tuning.ranges.eta.values: found with type continuous; allowed with type"),
        (
            ranges(max_depth={"type": "integer", "min": 1, "max": 5, "scaling": "ReverseLogarithmic"}),
            "tuning.ranges.max_depth.scaling: found ReverseLogarithmic; allowed for continuous numbers from 0 to below",
        ),
        (
            ranges(max_depth={"type": "integer", "min": 1.5, "max": 5}),
            "tuning.ranges.max_depth.min: found 1.5; expected a whole number, as the type is integer",
        ),
        (ranges(max_depth={**DEPTHS, "values": ["x"]}), "tuning.ranges.max_depth.values: found 'x'; expected an integ"),
        (ranges(max_depth={**DEPTHS, "min": 1}), "tuning.ranges.max_depth.min: found with type categorical; allowed"),
        (ranges(max_depth={"type": "categorical"}), "tuning.ranges.max_depth.values: missing; expected a list of 1 to"),
        (tuning(strategy="Grid", max_jobs=...), "tuning.ranges.num_round.type: found integer with strategy Grid; exp"),
        (
            tuning(strategy="Grid", ranges={"num_round": {"type": "categorical", "values": [5, 6]}}),
            "tuning.max_jobs: found with strategy Grid; expected none, as it tries each combination",
        ),
        (tuning(strategy="Hyperband"), "tuning.resource: missing; expected a mapping with min, max, which strategy"),
        (tuning(resource={"max": 9}), "tuning.resource: found with strategy Random; allowed with Hyperband"),
        (
            tuning(strategy="Hyperband", resource={"min": 9, "max": 9}),
            "tuning.resource.max: found 9; expected more than min, 9",
        ),
        (
            tuning(strategy="Hyperband", resource={"max": 9}, early_stopping="Auto"),
            "tuning.early_stopping: found Auto with strategy Hyperband; expected Off",
        ),
    ],
)
def test_what_sagemaker_refuses_is_found_before_the_push(section: object, expected: str) -> None:
    found = problems(section)
    assert any(text.startswith(expected) for text in found), found


def test_what_does_not_go_with_a_search_is_found() -> None:
    twice = problems(tuning(), hyperparameters={"num_round": 5, "eta": 0.1})
    assert twice == [
        f"tuning.ranges.{name}: found in hyperparameters too; expected it in one of them, fixed or searched"
        for name in ("eta", "num_round")
    ]
    alone = problems(tuning(), channels={"train": {"content_type": "text/csv"}})
    assert "channels.validation: missing; expected it, as tuning aims at a metric of its rows" in alone
    training = {**plain_document()["training"], "keep_alive_s": 60}
    assert problems(tuning(), training=training)[0].startswith("training.keep_alive_s: found with tuning; allowed")


def test_linear_learner_has_metrics_by_its_problem() -> None:
    learner = {
        "algorithm": {"name": "linear-learner", "version": "1"},
        "hyperparameters": {"predictor_type": "regressor"},
    }
    found = tuning(
        objective={"metric": "validation:mse", "type": "Minimize"},
        ranges={
            "wd": {"type": "continuous", "min": 1e-7, "max": 1},
            "use_bias": {"type": "categorical", "values": ["true", "false"]},
        },
    )
    assert parsed(found, **learner).tuning is not None
    wrong = problems({**found, "objective": {"metric": "validation:recall", "type": "Maximize"}}, **learner)
    assert "validation:absolute_loss, validation:mse, validation:objective_loss" in wrong[0]


def test_the_columns_of_a_table_log_what_eval_metric_names() -> None:
    table = {
        "label": {"column": "quality"},
        "features": {"alcohol": "number"},
        "algorithm": {"name": "xgboost", "version": "3.2-0"},
    }
    assert parsed(tuning(), hyperparameters={"eval_metric": "mae,rmse"}, **table).tuning is not None
    (text,) = problems(tuning(), hyperparameters={"eval_metric": "mae"}, **table)
    assert text.endswith("expected a metric that the training job logs: validation:mae; did you mean validation:mae?")
    (text,) = problems(tuning(), hyperparameters={}, **table)
    assert text.endswith("none: name them in hyperparameters.eval_metric")


def test_xgboosts_image_tunes_its_own_hyperparameters_whatever_program_it_runs() -> None:
    script = {
        "label": {"column": "quality"},
        "algorithm": {"name": "xgboost", "version": "3.2-0"},
        "script": {"program": "train.py", "answers": "number"},
        "hyperparameters": {"trees": 5},
    }
    assert parsed(tuning(), **script).tuning is not None
    kernel = {"type": "categorical", "values": ["rbf", "linear"]}
    (text,) = problems(ranges(kernel=kernel), **script)
    assert text.startswith("tuning.ranges.kernel: found a hyperparameter that SageMaker does not tune in the image of")


def test_an_image_of_ones_own_aims_at_what_it_logs() -> None:
    own = {
        "label": {"column": "quality"},
        "algorithm": {"name": "container"},
        "container": {"dockerfile": "Dockerfile", "answers": "number", "metrics": {"loss": "loss ([0-9.]+)"}},
        "hyperparameters": {"trees": 5},
        "channels": {"train": {"content_type": "text/csv"}},
    }
    section = tuning(objective={"metric": "loss", "type": "Minimize"}, ranges={"depth": ROUNDS})
    assert parsed(section, **own).tuning is not None
    bare = {**own, "container": {"dockerfile": "Dockerfile", "answers": "number"}}
    assert problems(section, **bare)[0].startswith("container.metrics: missing; expected the metric that tuning aims")


def test_a_tuning_job_takes_fewer_metrics_than_a_training_job() -> None:
    script = {
        "label": {"column": "quality"},
        "algorithm": {"name": "scikit-learn", "version": "1.4-2"},
        "hyperparameters": {"trees": 5},
    }
    section = tuning(objective={"metric": "m0", "type": "Minimize"}, ranges={"c": ETA})

    def program(metrics: int) -> dict[str, Any]:
        found = {f"m{number}": f"m{number} ([0-9.]+)" for number in range(metrics)}
        return {**script, "script": {"program": "train.py", "answers": "number", "metrics": found}}

    assert parsed(section, **program(20)).tuning is not None
    assert problems(section, **program(21)) == ["script.metrics: found 21 with tuning; expected at most 20"]


def test_a_script_aims_at_a_metric_of_its_own() -> None:
    script = {
        "label": {"column": "quality"},
        "algorithm": {"name": "scikit-learn", "version": "1.4-2"},
        "script": {"program": "train.py", "answers": "number", "metrics": {"loss": "loss ([0-9.]+)"}},
        "hyperparameters": {"trees": 5},
    }
    section = tuning(
        objective={"metric": "loss", "type": "Minimize"},
        ranges={"kernel": {"type": "categorical", "values": ["rbf", "linear"]}, "c": ETA},
    )
    assert parsed(section, **script).tuning is not None
    (text,) = problems({**section, "objective": {"metric": "lost", "type": "Minimize"}}, **script)
    assert text == (
        "tuning.objective.metric: found 'lost'; expected a metric that the training job logs: loss; did you mean loss?"
    )
    bare = {**script, "script": {"program": "train.py", "answers": "number"}}
    assert problems(section, **bare)[0].startswith("script.metrics: missing; expected the metric that tuning aims at")
