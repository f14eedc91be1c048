"""State machines composed in Python: typed steps, chains, and an input with a schema, that become standard ASL.

from workflows.compose import Chain, ExecutionInput, Pass, Workflow

given = ExecutionInput({"Name": str})
print(Workflow("hello", Chain([Pass("Greet", output=given["Name"])]), given).json())
"""

from workflows.compose.endpoints import in_service, undo
from workflows.compose.errors import CompositionError, InputMismatchError
from workflows.compose.expressions import CONTEXT, ERROR, RESULT, STATE_INPUT, Expression, join, variable
from workflows.compose.failures import caught, fail, sentence
from workflows.compose.graph import Catch, Chain, Retry, Rule, State, Target
from workflows.compose.inputs import ExecutionInput, Field, check_input
from workflows.compose.sagemaker import Algorithm
from workflows.compose.services import function, nested
from workflows.compose.states import Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait
from workflows.compose.workflow import Workflow, schema_of

__all__ = [
    "CONTEXT",
    "ERROR",
    "RESULT",
    "STATE_INPUT",
    "Algorithm",
    "Catch",
    "Chain",
    "Choice",
    "CompositionError",
    "ExecutionInput",
    "Expression",
    "Fail",
    "Field",
    "InputMismatchError",
    "Map",
    "Parallel",
    "Pass",
    "Retry",
    "Rule",
    "State",
    "Succeed",
    "Target",
    "Task",
    "Wait",
    "Workflow",
    "caught",
    "check_input",
    "fail",
    "function",
    "in_service",
    "join",
    "nested",
    "schema_of",
    "sentence",
    "undo",
    "variable",
]
