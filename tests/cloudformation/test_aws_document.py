"""docs/aws.md and docs/own-key.md against the templates, and sums against arithmetic."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import pytest
import yaml

from tests.cloudformation import templates

OWN_KEY = (templates.ROOT / "docs" / "own-key.md").read_text(encoding="utf-8")
TEXT = (templates.ROOT / "docs" / "aws.md").read_text(encoding="utf-8")
TIMES = "\N{MULTIPLICATION SIGN}"


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of every row of the tables in `text`."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def test_it_is_short_enough_to_be_read() -> None:
    assert len(TEXT.splitlines()) < 280


@pytest.mark.parametrize("name", templates.NAMES)
def test_every_parameter_is_in_its_table_with_its_default(name: str) -> None:
    told: dict[str, str] = {}
    for stack, parameters, defaults, _ in rows(section("Parameters"))[2:]:
        names = parameters.split(", ")
        values = defaults.split(", ") if len(names) == len(defaults.split(", ")) else [defaults] * len(names)
        if stack in (name, "both"):
            told |= dict(zip(names, values, strict=True))
    declared = {
        key: str(parameter.get("Default", "")).replace(",", ", ").replace("*", "\\*")
        for key, parameter in templates.load(name)["Parameters"].items()
    }
    assert told == declared


def prices() -> set[Fraction]:
    """Return the prices of the first table; every sum is made of them."""
    table = section("What it costs").split("**A release**")[0]
    return {Fraction(cells[2]) for cells in rows(table)[2:]}


def computations() -> list[tuple[str, str]]:
    found = [(cells[2], cells[3]) for cells in rows(section("What it costs")) if TIMES in cells[2]]
    assert len(found) > 5
    return found


@pytest.mark.parametrize(("computation", "result"), computations())
def test_a_cost_is_what_its_computation_gives(computation: str, result: str) -> None:
    amount, price = computation.rsplit(f" {TIMES} ", 1)
    assert Fraction(price) in prices()
    quantity = Fraction(1)
    for operator, number in re.findall(rf"(^|[{TIMES}/]) ?([0-9.]+)", amount):
        quantity = quantity / Fraction(number) if operator == "/" else quantity * Fraction(number)
    # To the last digit that is shown.
    digits = len(result.split(".")[1])
    assert round(float(quantity * Fraction(price)), digits) == float(result)


@pytest.mark.parametrize("table", ["**A release**", "**An idle month**"])
def test_a_sum_is_the_sum_of_what_stands_above_it(table: str) -> None:
    total = 0.0
    for *_, computation, result in rows(section("What it costs").split(table)[1]):
        if computation.startswith("sum"):
            assert total == pytest.approx(float(result), abs=0.001)
            return
        if TIMES in computation:
            total += float(result)
    raise AssertionError(f"{table} has no sum")


def test_an_existing_key_is_told_to_need_what_the_stacks_own_has() -> None:
    told = yaml.safe_load(OWN_KEY.split("```yaml")[1].split("```")[0])
    setup = templates.decided("setup")
    context = {
        **templates.LONGEST,
        "SuffixID": "SUFFIX",
        "AWS::Region": "REGION",
        "AWS::AccountId": "ACCOUNT",
    }
    own: list[dict[str, Any]] = templates.render(
        setup["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"], setup, context
    )
    assert told == own[1:]
