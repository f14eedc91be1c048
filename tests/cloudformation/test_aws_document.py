"""docs/aws.md and docs/own-key.md against the templates, and sums against arithmetic."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.cloudformation import templates
from tests.slipway.cost_document import sections, written

OWN_KEY = (templates.ROOT / "docs" / "own-key.md").read_text(encoding="utf-8")
TEXT = (templates.ROOT / "docs" / "aws.md").read_text(encoding="utf-8")


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
        if stack in (name, "all"):
            told |= dict(zip(names, values, strict=True))
    declared = {
        key: str(parameter.get("Default", "")).replace(",", ", ").replace("*", "\\*")
        for key, parameter in templates.load(name)["Parameters"].items()
    }
    assert told == declared


@pytest.mark.parametrize("name", sections())
def test_the_costs_are_those_that_the_verb_computes(name: str) -> None:
    assert written(name) == sections()[name], "write them anew: python -m tests.slipway.cost_document"


def test_the_docs_give_an_existing_key_the_statements_of_the_stacks_own() -> None:
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
