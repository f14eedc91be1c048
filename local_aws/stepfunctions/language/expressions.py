"""JSONata expressions in the fields of a state: `{% $states.input.price * 2 %}`.

Values reach an expression as variables and are never pasted into its text.
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from local_aws.stepfunctions.contracts.errors import QUERY_EVALUATION, StatesError
from local_aws.stepfunctions.definition.expressions import inner, is_expression
from local_aws.stepfunctions.definition.model import ABSENT
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.values import json_text, kind


class ExpressionSyntaxError(ValueError):
    """A text is no JSONata; the message is the parser's."""


def check_expression(text: str) -> Any:
    """The syntax tree of an expression in its braces. Raises ExpressionSyntaxError."""
    from local_aws.stepfunctions.jsonata import JException  # noqa: PLC0415 - the library costs memory; many machines have no JSONata
    from local_aws.stepfunctions.language.queries import bounds, evaluator, messages  # noqa: PLC0415 - as above

    try:
        return evaluator.parse(inner(text))
    except JException as problem:
        raise ExpressionSyntaxError(messages.describe(problem)) from None
    except RecursionError:
        raise ExpressionSyntaxError(bounds.DEPTH) from None
    except Exception as problem:  # noqa: BLE001 - the library's parser lets out what Python raises
        raise ExpressionSyntaxError(str(problem) or type(problem).__name__) from None


@dataclass(frozen=True)
class Query:
    """What the expressions of one step in a state see: `$states` and the variables."""

    states: Mapping[str, Any]
    variables: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def _frame(self) -> Any:
        from local_aws.stepfunctions.jsonata import Jsonata, Utils  # noqa: PLC0415 - as above
        from local_aws.stepfunctions.language.queries import functions  # noqa: PLC0415 - as above

        frame = Jsonata.Frame(functions.frame())
        frame.bindings.update(
            (name, Utils.NULL_VALUE if value is None else value) for name, value in self.variables.items()
        )
        frame.bindings["states"] = dict(self.states)
        return frame

    def fill(self, template: Any, field: str) -> Any:
        """A JSON value with all its expressions evaluated, however deep.

        `field` names it (`Output`; below it `Output/a/b[0]`). Raises StatesError States.QueryEvaluationError with
        the field as location.
        """
        if isinstance(template, str):
            return self.evaluate(template, field) if is_expression(template) else template
        if isinstance(template, dict):
            return {name: self.fill(value, f"{field}/{name}") for name, value in template.items()}
        if isinstance(template, list):
            return [self.fill(value, f"{field}[{at}]") for at, value in enumerate(template)]
        return template

    def evaluate(self, text: str, field: str) -> Any:
        """The value of one expression, as plain JSON. Raises StatesError as `fill` does."""
        try:
            value = self._value(text)
        except _Failed as failed:
            raise query_error(text, field, str(failed)) from None
        if value is ABSENT:
            raise query_error(text, field, "returned nothing (undefined).")
        return value

    def expect(self, text: Any, field: str, *kinds: str) -> Any:
        """The value of a field that must have one of several types ("boolean", "number", "array", …)."""
        if not is_expression(text):
            return text
        value = self.evaluate(text, field)
        if kind(value) not in kinds:
            wanted = " or ".join(f"'{each}'" for each in kinds)
            found = f"'{kind(value)}' for value: {json_text(value)}"
            raise query_error(text, field, f"returned an unexpected result type. Expected {wanted}, but was {found}")
        return value

    def _value(self, text: str) -> Any:
        try:
            tree = check_expression(text)
        except ExpressionSyntaxError as problem:
            raise _Failed(f"threw an error during evaluation. {problem}") from None
        return _run(tree, self._frame)


class _Failed(Exception):  # noqa: N818 - the end of AWS's sentence, not an error by itself
    """Why an expression has no value: the end of AWS's sentence."""


def _run(tree: Any, frame: Any) -> Any:
    from local_aws.stepfunctions.jsonata import JException  # noqa: PLC0415 - as above
    from local_aws.stepfunctions.language.queries import bounds, evaluator, messages, results  # noqa: PLC0415 - as above

    try:
        raw = evaluator.run(tree, frame)
        return ABSENT if raw is None else results.plain(raw)
    except JException as problem:
        raise _Failed(f"threw an error during evaluation. {messages.describe(problem)}") from None
    except results.UnsupportedResultError:
        raise _Failed("returned an unsupported result type.") from None
    except RecursionError:
        raise _Failed(f"threw an error during evaluation: {bounds.DEPTH}") from None
    except Exception as problem:  # noqa: BLE001 - a bound, or what the library's functions let out
        raise _Failed(f"threw an error during evaluation: {problem}") from None


def query_error(text: str, field: str, ending: str) -> StatesError:
    """States.QueryEvaluationError of an expression in a field."""
    cause = f"The JSONata expression '{inner(text)}' specified for the field '{field}' {ending}"
    return StatesError(QUERY_EVALUATION, cause, location=field)


def query(state_input: Any, scope: Scope, *, result: Any = ABSENT, error_output: Any = ABSENT) -> Query:
    """What expressions see: https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html."""
    states = {"input": state_input, "context": scope.context}
    if result is not ABSENT:
        states["result"] = result
    if error_output is not ABSENT:
        states["errorOutput"] = error_output
    return Query(states, scope.variables)
