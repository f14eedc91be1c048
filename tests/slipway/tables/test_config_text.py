"""The training config of a table is YAML that says what it was made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slipway.errors import SlipwayError
from slipway.tables.config_text import config_text, scalar
from slipway.tables.findings import Baseline, Bound, Column, Counts, Findings, Leak, Split, Task

from pipeline_lambdas.config.parsing import parse_config
from pipeline_lambdas.config.yaml_text import SIZE_LIMIT_BYTES, load

SPLIT = Split("random", "", 1, {"train": 70, "validation": 15, "test": 15})
BOUNDS = {
    "regression": ("rmse", "max", 2.5),
    "binary": ("auc", "min", 0.6),
    "multiclass": ("f1_macro", "min", 0.2),
}


def findings(task: Task, *columns: Column) -> Findings:
    metric, side, value = BOUNDS[task.problem]
    bound = Bound(metric, side, value, "a reason: #1")  # type: ignore[arg-type]
    smoke = Bound("rmse" if task.problem == "regression" else "logloss", "max", 9.0)
    columns = columns or (Column(Counts("x", 100, 0, 90, low=1.0, high=2.0), "number", "number"),)
    return Findings("a.csv", "y", 100, 0, 0, columns, task, SPLIT, Baseline("a mean", {}, (bound,), smoke))


TASKS = {
    "regression": Task("regression", "numbers"),
    "binary": Task("binary", "two", ("no", "yes"), {"no": 60, "yes": 40}),
    "multiclass": Task("multiclass", "some", ("1", "2", "on"), {"1": 60, "2": 30, "on": 10}),
}


def loaded(found: Findings) -> dict[str, Any]:
    document = load(config_text("model", found, 1_000))
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("problem", TASKS)
def test_everything_but_the_table_is_a_valid_config(problem: str) -> None:
    text = config_text("model", findings(TASKS[problem]), 1_000)
    start, end = text.index("label:"), text.index("algorithm:")
    config = parse_config((text[:start] + text[end:]).encode(), "model.yml")
    assert config.problem == problem
    assert config.hyperparameters.get("num_class") == ("3" if problem == "multiclass" else None)
    (gate,) = [gate for gate in config.tests["full"].gates if gate.metric == BOUNDS[problem][0]]
    assert BOUNDS[problem][2] in {gate.min, gate.max}


@pytest.mark.parametrize("problem", TASKS)
def test_the_label_and_its_classes_are_texts(problem: str) -> None:
    label = loaded(findings(TASKS[problem]))["label"]
    assert label == {"column": "y", **({"classes": [*TASKS[problem].classes]} if TASKS[problem].classes else {})}


NAMES = (
    "no",
    "1",
    "1.5",
    "a: b",
    "- x",
    "größe #2",
    'say "so"',
    "null",
    "2026-01-31",
    "<<",
    "=",
    "tenure",
    "a\\b",
    "*x",
    "it\x92s",
    "a\u00a0b\x7f\u2028c",
    "\U0001f600 \U000e0001",
)


def test_columns_keep_their_names_and_their_order() -> None:
    columns = [Column(Counts(name, 100, 3, 9, common=(("# a\n'b'", 2),)), "text", "text") for name in NAMES]
    assert list(loaded(findings(TASKS["binary"], *columns))["features"].items()) == [(name, "text") for name in NAMES]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_text_is_read_as_it_is(text: str) -> None:
    assert load(f"{scalar(text)}: {scalar(text)}") == {text: text}


def test_ids_constants_and_leaks_are_ignored_and_say_why() -> None:
    columns = [
        Column(Counts("nr", 100, 0, 100), "id", "ignore", "every row has its own"),
        Column(Counts("ended", 100, 0, 2), "boolean", "ignore", "alone takes away 99.0 % of the baseline's errors"),
        Column(Counts("x", 100, 0, 2), "number", "number"),
    ]
    found = replace(findings(TASKS["binary"], *columns), leaks=(Leak("ended", 0.99),))
    text = config_text("model", found, 1_000)
    assert "  nr: ignore     # id: every row has its own\n" in text
    assert "  ended: ignore  # boolean: alone takes away 99.0 % of the baseline's errors\n" in text


def test_a_config_of_many_columns_has_no_comments_and_one_of_too_many_is_refused() -> None:
    def many(count: int) -> list[Column]:
        return [Column(Counts(f"column number {n}", 100, 0, 2), "id", "ignore", "its own" * 5) for n in range(count)]

    text = config_text("model", findings(TASKS["binary"], *many(1_200)), 1_000)
    assert len(text) < SIZE_LIMIT_BYTES
    assert "its own" not in text
    with pytest.raises(SlipwayError, match="found 5,000 columns"):
        config_text("model", findings(TASKS["binary"], *many(5_000)), 1_000)


def test_a_large_dataset_gets_a_larger_instance() -> None:
    found = findings(TASKS["regression"])
    sizes = [load(config_text("model", found, size)) for size in (1_000, 2_000_000_000)]
    assert [size["training"]["instance_type"] for size in sizes if isinstance(size, dict)] == [
        "ml.m5.large",
        "ml.m5.4xlarge",
    ]
