"""A workflow: its states, and the input that an execution of it takes; together a definition."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.compose.errors import CompositionError
from workflows.compose.expressions import Expression, literal, variable
from workflows.compose.graph import Chain, Rule, State, Target, scope, scope_asl, steps_of
from workflows.compose.inputs import Described, ExecutionInput, expected
from workflows.compose.states import Choice, Fail, Pass

CHECK, DECIDE, REFUSE = "Check Input", "Is Input Right", "Refuse Input"
SCHEMA = "inputSchema"
"""The variable with the schema in JSON's words: whoever reads the definition knows what to give an execution."""
_PLACEHOLDER = re.compile(r"\$states\.context\.Execution\.Input\.(?:`([^`]+)`|([A-Za-z_]\w*))")


@dataclass(frozen=True)
class Workflow:
    """A state machine: `name` is short, such as `tabular`; `steps` begin with the first state.

    The definition begins with a check of the input, so an execution that somebody starts elsewhere with a wrong input
    fails before it makes anything, with a sentence that names the keys.
    """

    name: str
    steps: Target
    input: ExecutionInput
    comment: str = ""
    timeout_s: int | None = None

    def definition(self) -> dict[str, Any]:
        """Return the definition in Amazon States Language.

        CompositionError for two states of one name, and for an expression that reads a key that the input has not.
        """
        steps = self._checked()
        self._check_names(steps)
        about = {"Comment": self.comment} if self.comment else {}
        timeout = {} if self.timeout_s is None else {"TimeoutSeconds": self.timeout_s}
        found = {**about, "QueryLanguage": "JSONata", **timeout, **scope_asl(steps)}
        self._check_placeholders(found)
        return found

    def json(self) -> str:
        """Return the definition as text; the same workflow gives the same text."""
        return json.dumps(self.definition(), indent=2, ensure_ascii=False) + "\n"

    def _checked(self) -> Chain:
        problems = variable("inputProblems")
        end = literal(f"; expected {expected(self.input.described)}.")
        cause = Expression(f"'The input ' & $join({problems}, ', ') & {end}")
        refuse = Fail(REFUSE, "InputError", cause)
        check = Pass(CHECK, assign={SCHEMA: self.input.described, "inputProblems": self.input.problems()})
        decide = Choice(DECIDE, [Rule(Expression(f"$count({problems}) > 0"), refuse)])
        return Chain([check, decide, *steps_of(self.steps)])

    def _check_names(self, steps: Target) -> None:
        names = [state.name for state in every_state(steps)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise CompositionError(
                f"Workflow {self.name!r} has more than one state named {', '.join(map(repr, twice))}; "
                "names are unique over the whole machine, in branches and maps too."
            )

    def _check_placeholders(self, definition: Mapping[str, Any]) -> None:
        used = {quoted or plain for quoted, plain in _PLACEHOLDER.findall(json.dumps(definition))}
        unknown = sorted(used - self.input.schema.keys())
        if unknown:
            known = ", ".join(self.input.schema) or "none"
            raise CompositionError(
                f"Workflow {self.name!r} reads {', '.join(unknown)} of the input; its schema has {known}."
            )


def every_state(steps: Target) -> Iterator[State]:
    """The states of a workflow, with those inside of others."""
    for state in scope(steps):
        yield state
        for inner in state.inner():
            yield from every_state(inner)


def schema_of(definition: Mapping[str, Any]) -> dict[str, Described] | None:
    """Return the input's schema in JSON's words that the first state of a definition assigns; None if it has none."""
    first = definition.get("States", {}).get(definition.get("StartAt"), {})
    found = first.get("Assign", {}).get(SCHEMA)
    return dict(found) if isinstance(found, dict) else None
