from __future__ import annotations

from pathlib import Path

import pytest

from local_aws.stepfunctions.definition.parser import diagnose
from workflows import tabular
from workflows.tabular.__main__ import DEFINITIONS, written

FOLDER = Path(tabular.__file__).parent


def test_each_committed_definition_is_composed() -> None:
    assert {path.name for path in FOLDER.glob("*.asl.json")} == DEFINITIONS.keys()


@pytest.mark.parametrize("file", DEFINITIONS)
def test_a_committed_definition_is_what_is_composed(file: str) -> None:
    workflow = DEFINITIONS[file]
    assert (FOLDER / file).read_text(encoding="utf-8") == written(workflow), "write it: python -m workflows.tabular"
    assert "arn:aws:" not in written(workflow)
    assert diagnose(workflow.json(), "STANDARD") == []


def test_the_chain_of_the_source() -> None:
    steps = DEFINITIONS["chain.asl.json"].definition()["States"]
    names = ["Train Step", "Save model", "Transform Input Dataset", "Create Endpoint Config", "Create Endpoint"]
    assert [steps[name]["Next"] for name in names[:-1]] == names[1:]
    for name in names:
        assert steps[name]["TimeoutSeconds"] > 0
        assert steps[name]["Retry"][0]["JitterStrategy"] == "FULL"
        assert steps[name]["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
