"""What a person names: a workflow in a Python file, a definition in a JSON file, or a state machine."""

from __future__ import annotations

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from slipway.errors import SlipwayError
from slipway.project import shown
from slipway.session import Session
from slipway.workflows.machines import machine_arn
from workflows.compose import CompositionError, Workflow


def is_file(text: str) -> bool:
    """Whether a text names a file rather than a state machine, there or not."""
    return text.endswith((".py", ".json")) or Path(text).is_file()


def definition_of(session: Session, source: str) -> tuple[str, dict[str, Any]]:
    """Return the name and the definition of a file or of a state machine."""
    if not is_file(source):
        found = describe_machine(session, source)
        return str(found["name"]), read_json(found["definition"], source)
    path = Path(source)
    if path.suffix == ".py":
        workflow = load_workflow(path)
        return workflow.name, definition(workflow, path)
    return path.name.split(".")[0], read_json(_text_of(path), shown(path))


def describe_machine(session: Session, machine: str) -> dict[str, Any]:
    """DescribeStateMachine's answer; SlipwayError with the next step if there is no such state machine."""
    client = session.client("stepfunctions")
    try:
        found: dict[str, Any] = client.describe_state_machine(stateMachineArn=machine_arn(session, machine))
    except (client.exceptions.StateMachineDoesNotExist, client.exceptions.InvalidArn):
        raise SlipwayError(
            f"Found no state machine {machine!r} in {session.target.title}.",
            f"See those that there are: {session.command('workflow list')}",
        ) from None
    return found


def load_workflow(path: Path) -> Workflow:
    """Return the Workflow of a Python file: its variable `workflow`, or the only one that there is."""
    module = _imported(path)
    named = getattr(module, "workflow", None)
    if isinstance(named, Workflow):
        return named
    found = [value for value in vars(module).values() if isinstance(value, Workflow)]
    if len(found) != 1:
        raise SlipwayError(f"{shown(path)}: found {len(found)} workflows; expected one, in the variable `workflow`.")
    return found[0]


def definition(workflow: Workflow, path: Path) -> dict[str, Any]:
    """Return the definition of a workflow; SlipwayError for one that is not right."""
    try:
        return workflow.definition()
    except CompositionError as error:
        raise SlipwayError(f"{shown(path)}: {error}") from None


def read_json(text: str, where: str) -> dict[str, Any]:
    """Return a JSON object; SlipwayError that names where it was looked for."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SlipwayError(f"{where}: found text that is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise SlipwayError(f"{where}: found JSON that is not an object.")
    return found


def _imported(path: Path) -> ModuleType:
    """Run a file; what is wrong with it is the user's to fix, whatever it is."""
    wanted = "expected Python that composes a workflow, in a file whose name ends in .py"
    if not path.is_file():
        raise SlipwayError(f"{shown(path)}: found {'a folder' if path.is_dir() else 'no such file'}; {wanted}.")
    spec = spec_from_file_location(f"slipway_workflow_{path.stem}", path)
    if spec is None or spec.loader is None or path.suffix != ".py":
        raise SlipwayError(f"{shown(path)}: found a file that is not Python; {wanted}.")
    module = module_from_spec(spec)
    sys.path.insert(0, str(Path.cwd()))
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001 - a file of the user's may raise anything
        raise SlipwayError(f"{shown(path)}: {type(error).__name__}: {error}") from None
    finally:
        sys.path.pop(0)
    return module


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SlipwayError(f"{shown(path)}: {error.strerror}; expected a definition as JSON.") from None
