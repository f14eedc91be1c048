"""Files with workflows and definitions, and what is said of those that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from slipway.cli import run
from slipway.errors import SlipwayError
from slipway.workflows.creating import filled
from slipway.workflows.sources import load_workflow, read_json

COMPOSED = """
from workflows.compose import Chain, ExecutionInput, Pass, Workflow
given = ExecutionInput({"Name": str})
mine = Workflow("tabular-mine", Chain([Pass("Greet", output=given["Name"])]), given)
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "mine.py"


def test_the_only_workflow_of_a_file(file: Path) -> None:
    file.write_text(COMPOSED, encoding="utf-8")
    assert load_workflow(file).name == "tabular-mine"


def test_the_workflow_of_that_name_is_taken(file: Path) -> None:
    file.write_text(f"{COMPOSED}workflow = Workflow('tabular-other', mine.steps, given)\n", encoding="utf-8")
    assert load_workflow(file).name == "tabular-other"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            None,
            "mine.py: found no such file; expected Python that composes a workflow, in a file whose name ends in .py.",
        ),
        ("a = 1", "mine.py: found 0 workflows; expected one, in the variable `workflow`."),
        (f"{COMPOSED}other = Workflow('o', mine.steps, given)", "mine.py: found 2 workflows; expected one"),
        ("import no_such_module", "mine.py: ModuleNotFoundError: No module named 'no_such_module'"),
        (f"{COMPOSED}given['Nme']", "mine.py: CompositionError: The input has no key 'Nme'; its schema has Name."),
        ("a b", "mine.py: SyntaxError: invalid syntax"),
    ],
)
def test_a_file_that_gives_no_workflow(file: Path, text: str | None, said: str) -> None:
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(SlipwayError) as refused:
        load_workflow(file)
    assert refused.value.message.startswith(said)


@pytest.mark.parametrize(("name", "found"), [("README.md", "a file that is not Python"), ("folder", "a folder")])
def test_what_is_there_but_is_not_python(file: Path, name: str, found: str) -> None:
    file.with_name("README.md").write_text("# Mine", encoding="utf-8")
    file.with_name("folder").mkdir()
    with pytest.raises(SlipwayError) as refused:
        load_workflow(Path(name))
    assert refused.value.message == (
        f"{name}: found {found}; expected Python that composes a workflow, in a file whose name ends in .py."
    )


def test_a_workflow_and_a_definition_are_drawn(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(COMPOSED, encoding="utf-8")
    assert run(["--local", "workflow", "graph", "mine.py"]) == 0
    definition = {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}}
    Path("other.asl.json").write_text(json.dumps(definition), encoding="utf-8")
    assert run(["--local", "workflow", "graph", "other.asl.json", "--out", "drawn.svg"]) == 0
    assert capsys.readouterr().out.splitlines() == ["tabular-mine.svg written.", "drawn.svg written."]
    assert "Greet" in Path("tabular-mine.svg").read_text(encoding="utf-8")
    assert "Only" in Path("drawn.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{", "--input: found text that is not JSON: "),
        ("@none.json", "none.json: No such file or directory; expected a file with the input as JSON."),
    ],
)
def test_an_input_that_is_not_json(file: Path, given: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert not file.exists()
    assert run(["--local", "workflow", "execute", "tabular", "--input", given]) == 1
    assert capsys.readouterr().err.startswith(f"error: {said}")


def test_json_that_is_no_object() -> None:
    with pytest.raises(SlipwayError, match=r"^machine: found JSON that is not an object\.$"):
        read_json("[1]", "machine")


def test_placeholders_are_filled_whatever_their_values_hold() -> None:
    text = json.dumps({"a": "${Name}-${Name}", "b": "{% $x ? '${Other}' : 1 %}"})
    assert json.loads(filled(text, {"Name": 'q"\\', "Other": "o"})) == {"a": 'q"\\-q"\\', "b": "{% $x ? 'o' : 1 %}"}
    with pytest.raises(SlipwayError, match=r"^The definition has the placeholders Other; known: Name\.$"):
        filled(text, {"Name": "n"})
