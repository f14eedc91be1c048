"""States and chains as ASL, and what cannot be composed."""

from __future__ import annotations

import json

import pytest

from tests.local_server import LocalServer
from tests.workflows.compose.machines import composed, findings, run, states
from workflows.compose import (
    ERROR,
    RESULT,
    STATE_INPUT,
    Catch,
    Chain,
    Choice,
    CompositionError,
    ExecutionInput,
    Expression,
    Fail,
    Map,
    Parallel,
    Pass,
    Retry,
    Rule,
    Succeed,
    Task,
    Wait,
    function,
    join,
    nested,
    variable,
)

ARN = "arn:aws:lambda:us-east-1:111122223333:function:f"


def test_a_chain() -> None:
    found = states(Chain([Pass("A", comment="First"), Wait("B", 3), Succeed("C", output=None)]))
    assert found == {
        "A": {"Type": "Pass", "Comment": "First", "Next": "B"},
        "B": {"Type": "Wait", "Seconds": 3, "Next": "C"},
        "C": {"Type": "Succeed", "Output": None},
    }


def test_a_task_with_all_its_fields() -> None:
    caught = Catch(Fail("No", "E", "why"), ["Bad"], output=ERROR["Cause"], assign={"e": ERROR})
    task = Task("T", ARN, {"a": [variable("x"), 1]}, 60, retry=[Retry(["Busy"])], catch=[caught], output=RESULT["b"])
    assert states(task)["T"] == {
        "Type": "Task",
        "Resource": ARN,
        "Arguments": {"a": ["{% $x %}", 1]},
        "TimeoutSeconds": 60,
        "Retry": [
            {
                "ErrorEquals": ["Busy"],
                "IntervalSeconds": 1,
                "MaxAttempts": 3,
                "BackoffRate": 2.0,
                "MaxDelaySeconds": 30,
                "JitterStrategy": "FULL",
            }
        ],
        "Catch": [
            {
                "ErrorEquals": ["Bad"],
                "Output": "{% $states.errorOutput.Cause %}",
                "Assign": {"e": "{% $states.errorOutput %}"},
                "Next": "No",
            }
        ],
        "Output": "{% $states.result.b %}",
        "End": True,
    }


def test_a_loop_and_a_choice(local_aws: LocalServer) -> None:
    count = Pass("Count", assign={"n": Expression(f"{variable('n')} + 1")})
    again = Choice("Again", [Rule(Expression(f"{variable('n')} < 3"), count)])
    workflow = composed(Pass("Begin", assign={"n": 0}), count, again, Pass("Done", output=variable("n")))
    assert findings(workflow) == []
    assert json.loads(run(local_aws, workflow, {})["output"]) == 3


def test_parallel_and_map(local_aws: LocalServer) -> None:
    given = ExecutionInput({"Names": list})
    greet = Map("Greet", given["Names"], Pass("Hello", output=join("hello ", STATE_INPUT)), max_concurrency=2)
    both = Parallel("Both", [Chain([greet]), Pass("Other", output=7)], output=RESULT)
    workflow = composed(both, given=given)
    assert findings(workflow) == []
    done = run(local_aws, workflow, {"Names": ["Ada", "Bo's"]})
    assert json.loads(done["output"]) == [["hello Ada", "hello Bo's"], 7]


def test_texts_are_joined_whatever_they_hold(local_aws: LocalServer) -> None:
    given = ExecutionInput({"A": str})
    text = 'it\'s "so" \\ \n${Not}'
    done = run(local_aws, composed(Pass("P", output=join(text, given["A"])), given=given), {"A": "!"})
    assert json.loads(done["output"]) == f"{text}!"


def test_functions_and_nested_executions() -> None:
    call = function("Call", ARN, {"rows": STATE_INPUT})
    inner = nested("Inner", "arn:aws:states:us-east-1:111122223333:stateMachine:m", {"a": 1}, 600)
    other = nested("Other", "arn:aws:states:us-east-1:111122223333:stateMachine:m", STATE_INPUT, 600)
    found = states(Chain([call, inner, other]))
    assert found["Call"]["Resource"] == "arn:aws:states:::lambda:invoke"
    assert "Lambda.TooManyRequestsException" in found["Call"]["Retry"][0]["ErrorEquals"]
    assert found["Inner"]["Arguments"]["Input"] == {
        "a": 1,
        "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "{% $states.context.Execution.Id %}",
    }
    assert findings(composed(call, inner, other)) == []


def test_two_states_of_one_name_wherever_they_are() -> None:
    with pytest.raises(
        CompositionError, match=r"^Workflow 'tried' has more than one state named 'A'; names are unique"
    ):
        composed(Pass("A"), Pass("A")).definition()
    with pytest.raises(CompositionError, match="more than one state named 'A'"):
        composed(Pass("A"), Map("M", [1], Pass("A"))).definition()
    with pytest.raises(CompositionError, match="more than one state named 'Check Input'"):
        composed(Pass("Check Input")).definition()


def test_a_state_that_is_not_reachable() -> None:
    with pytest.raises(CompositionError, match=r"^State 'B' is not reachable: 'A' before it ends\.$"):
        Chain([Fail("A", "E", "why"), Pass("B")])


def test_a_state_that_two_chains_continue() -> None:
    shared = Pass("Shared")
    wrong = Choice("C", [Rule(Expression("true"), Chain([shared, Pass("A")]))])
    with pytest.raises(CompositionError, match=r"^State 'Shared' has two successors, 'B' and 'A'; a Choice decides"):
        composed(wrong, shared, Pass("B")).definition()


def test_a_part_of_a_chain_leads_to_the_same_states() -> None:
    last, middle = Fail("Last", "E", "why"), Pass("Middle")
    undo = Chain([Pass("First"), middle, last])
    steps = [
        Task("A", ARN, catch=[Catch(undo)]),
        Task("B", ARN, catch=[Catch(undo.since(middle))]),
    ]
    found = states(Chain(steps))
    assert [found[name].get("Next") for name in ("First", "Middle", "Last")] == ["Middle", "Last", None]
    with pytest.raises(CompositionError, match=r"^State 'Stray' is not in the chain that begins with 'First'\.$"):
        undo.since(Pass("Stray"))


@pytest.mark.parametrize("name", ["", "x" * 81])
def test_a_name_has_a_length(name: str) -> None:
    with pytest.raises(CompositionError, match=r"a name has 1 to 80 characters\.$"):
        Pass(name)


def test_a_chain_has_a_state() -> None:
    with pytest.raises(CompositionError, match=r"^A chain has no state"):
        Chain([])


def test_the_same_workflow_gives_the_same_text() -> None:
    texts = {composed(Pass("A", assign={"b": 1, "a": 2}), Succeed("B")).json() for _ in range(3)}
    assert len(texts) == 1
