"""The sections of a test beyond its plain gates: champion, slices, drift."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from pipeline_lambdas.config.model import ChampionGate, ChampionTest, DriftTest, Gate, SliceColumn
from pipeline_lambdas.config.parsing import parse_config
from tests.pipeline_lambdas.aws_doubles import plain_document
from tests.pipeline_lambdas.config.test_parsing import FILE, changed, problems_of

NUMBERS = "a list of 1 to 20 numbers, each greater than the one before"
SLICES = "tests.full.slices"


def full_with(**sections: Any) -> str:
    document = plain_document()
    document["tests"]["full"] |= {"gates": {"rmse": {"max": 1}}, **sections}
    text: str = yaml.safe_dump(document)
    return text


def test_without_the_sections_nothing_is_compared() -> None:
    test = parse_config(full_with(), FILE).tests["full"]
    assert (test.champion, test.slices, test.drift) == (None, (), None)


def test_all_sections() -> None:
    text = full_with(
        gates={"failed_share": {"max": 0.001}},
        champion={"require": "shown-not-worse", "gates": {"rmse": {"max_worse_percent": 2}}},
        slices=[
            {"column": "alcohol", "ranges": [10, 11.5], "gates": {"rmse": {"max": 0.9}}},
            {"column": "pH", "values": [3, 1], "min_rows": 5},
        ],
        drift={"max_psi": 0.25, "columns": ["alcohol"]},
    )
    test = parse_config(text, FILE).tests["full"]
    assert test.gates == (Gate("failed_share", max=0.001),)
    assert test.champion == ChampionTest((ChampionGate("rmse", 2.0),), "shown-not-worse")
    assert test.slices == (
        SliceColumn("alcohol", ranges=(10.0, 11.5), min_rows=30, gates=(Gate("rmse", max=0.9),)),
        SliceColumn("pH", values=(3.0, 1.0), min_rows=5),
    )
    assert test.drift == DriftTest(0.25, ("alcohol",))


def test_defaults() -> None:
    text = full_with(champion={"gates": {"r2": {"max_worse_percent": 0}}}, drift={"max_psi": 1})
    test = parse_config(text, FILE).tests["full"]
    assert test.champion == ChampionTest((ChampionGate("r2", 0.0),), "not-shown-worse")
    assert test.drift == DriftTest(1.0)


@pytest.mark.parametrize(
    ("sections", "problem"),
    [
        (
            {"champion": {}},
            "tests.full.champion.gates: found none; expected at least one of rmse, mae, r2",
        ),
        ({"champion": 2}, "tests.full.champion: found 2; expected a mapping with require, gates"),
        (
            {"champion": {"require": "better", "gates": {"rmse": {"max_worse_percent": 1}}}},
            "tests.full.champion.require: found 'better'; expected not-shown-worse, shown-not-worse",
        ),
        (
            {"champion": {"gates": {"latency_p95_ms": {"max_worse_percent": 1}}}},
            "tests.full.champion.gates.latency_p95_ms: found an unknown key; expected rmse, mae, r2",
        ),
        (
            {"champion": {"gates": {"rmse": {"max_worse_percent": -1}}}},
            "tests.full.champion.gates.rmse.max_worse_percent: found -1; expected a number from 0",
        ),
        (
            {"champion": {"gates": {"rmse": {}}}},
            "tests.full.champion.gates.rmse.max_worse_percent: missing; expected a number from 0",
        ),
        (
            {"gates": {"failed_share": {"max": 1.5}}},
            "tests.full.gates.failed_share.max: found 1.5; expected a number in [0, 1]",
        ),
        (
            {"gates": {"failed_share": {"min": 0, "max": 0}}},
            "tests.full.gates.failed_share.min: found an unknown key; ",
        ),
        ({"slices": []}, f"{SLICES}: found 0 entries; expected a list of 1 to 10 entries"),
        ({"slices": {"column": "a"}}, f"{SLICES}: found a mapping; expected a list of 1 to 10 entries"),
        ({"slices": [7]}, f"{SLICES}[0]: found 7; expected a mapping with column, ranges, values, min_rows, gates"),
        ({"slices": [{"column": "a"}]}, f"{SLICES}[0]: found neither of ranges and values; expected one of them"),
        (
            {"slices": [{"column": "a", "ranges": [1], "values": [1]}]},
            f"{SLICES}[0]: found both of ranges and values; expected one of them",
        ),
        ({"slices": [{"ranges": [1]}]}, f"{SLICES}[0].column: missing; expected the name of a column"),
        ({"slices": [{"column": "a", "ranges": [2, 1]}]}, f"{SLICES}[0].ranges: found a list; expected {NUMBERS}"),
        ({"slices": [{"column": "a", "ranges": [1, 1]}]}, f"{SLICES}[0].ranges: found a list; expected {NUMBERS}"),
        ({"slices": [{"column": "a", "ranges": ["1"]}]}, f"{SLICES}[0].ranges: found a list; expected {NUMBERS}"),
        ({"slices": [{"column": "a", "ranges": [[]]}]}, f"{SLICES}[0].ranges: found a list; expected {NUMBERS}"),
        (
            {"slices": [{"column": "a", "ranges": list(range(21))}]},
            f"{SLICES}[0].ranges: found a list; expected {NUMBERS}",
        ),
        (
            {"slices": [{"column": "a", "values": [1, True]}]},
            f"{SLICES}[0].values: found a list; expected a list of 1 to 50 numbers or texts, each once",
        ),
        (
            {"slices": [{"column": "a", "values": [1, 1.0]}]},
            f"{SLICES}[0].values: found a list; expected a list of 1 to 50 numbers or texts, each once",
        ),
        (
            {"slices": [{"column": "a", "values": [1]}, {"column": "a", "ranges": [1]}]},
            f"{SLICES}[1].column: found 'a' a second time; expected once",
        ),
        (
            {"slices": [{"column": "a", "values": [1], "min_rows": 0}]},
            f"{SLICES}[0].min_rows: found 0; expected an integer from 1",
        ),
        (
            {"slices": [{"column": "a", "values": [1], "gates": {"failed_share": {"max": 0}}}]},
            f"{SLICES}[0].gates.failed_share: found an unknown key; expected rmse, mae, r2",
        ),
        (
            {"slices": [{"column": "a", "values": [*range(40)]}, {"column": "b", "ranges": [*range(10)]}]},
            f"{SLICES}: found 51 slices together; expected at most 50",
        ),
        ({"drift": {}}, "tests.full.drift.max_psi: missing; expected a number above 0"),
        ({"drift": {"max_psi": 0}}, "tests.full.drift.max_psi: found 0; expected a number above 0"),
        (
            {"drift": {"max_psi": 1, "columns": "alcohol"}},
            "tests.full.drift.columns: found 'alcohol'; expected a list of 1 to 1000 names of columns, each once",
        ),
    ],
)
def test_one_problem(sections: dict[str, Any], problem: str) -> None:
    (found,) = problems_of(full_with(**sections))
    assert found.startswith(f"{FILE}: {problem}")


def test_the_smoke_test_compares_with_no_champion() -> None:
    champion = {"gates": {"rmse": {"max_worse_percent": 2}}}
    assert problems_of(changed("tests.smoke.champion", champion)) == (
        f"{FILE}: tests.smoke.champion: found in the smoke test, which judges prod too, where the champion is "
        "replaced; allowed in tests.full",
    )


def test_libsvm_has_no_columns() -> None:
    document = yaml.safe_load(full_with(slices=[{"column": "a", "values": [1]}], drift={"max_psi": 1}))
    document["channels"] = {name: {"content_type": "text/libsvm"} for name in ("train", "validation")}
    reason = "found with channel test in text/libsvm, whose rows have no columns; allowed with text/csv"
    assert problems_of(yaml.safe_dump(document)) == (
        f"{FILE}: tests.full.slices: {reason}",
        f"{FILE}: tests.full.drift: {reason}",
    )


def test_a_champion_gate_that_can_never_be_evaluated_is_refused() -> None:
    document = yaml.safe_load(full_with(champion={"gates": {"auc": {"max_worse_percent": 1}}}))
    document["problem"] = "binary"
    document["hyperparameters"] |= {"objective": "binary:hinge"}
    del document["hyperparameters"]["eval_metric"], document["hyperparameters"]["early_stopping_rounds"]
    document["tests"]["smoke"]["gates"] = {"accuracy": {"min": 0.5}}
    document["tests"]["full"]["gates"] = {"accuracy": {"min": 0.5}}
    document["tests"]["full"]["slices"] = [{"column": "a", "values": [1], "gates": {"logloss": {"max": 1}}}]
    reason = "found a metric of probabilities; allowed with hyperparameters that predict them"
    assert problems_of(yaml.safe_dump(document)) == (
        f"{FILE}: tests.full.champion.gates.auc: {reason}",
        f"{FILE}: tests.full.slices[0].gates.logloss: {reason}",
    )
