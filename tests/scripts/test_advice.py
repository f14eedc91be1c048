from __future__ import annotations

from dataclasses import replace

import pytest

from scripts.advice import advise
from scripts.run_view import ActionView, RunView

ACTION = ActionView("Train", "StartTraining", "Lambda", "Failed", configuration={"FunctionName": "p-train-model"})
RUN = RunView("0f3c1f6e-5f0e-4f39-8f0b-1f1f1f1f1f1f", "p", "Failed", "", "by hand", (), (ACTION,))
WAIT = replace(
    ACTION,
    name="WaitForTraining",
    configuration={"FunctionName": "p-get-status", "UserParameters": '{"kind": "training-job", "name": "p-0f3c1f6e"}'},
)

FIRST = {
    "a config": (replace(ACTION, error_code="ConfigurationError"), "this tells beforehand: slipway check"),
    "a role": (replace(ACTION, error_code="PermissionError"), "slipway permissions"),
    "a service": (replace(ACTION, error_code="SystemUnavailable"), "a retry may cure"),
    "a function": (replace(ACTION, error_code="JobFailed"), "the whole log: slipway logs train-model"),
    "a training job": (
        replace(WAIT, error_code="JobFailed"),
        "the whole log: slipway logs training-job --run 0f3c1f6e-5f0e",
    ),
    "a gate": (replace(ACTION, name="Evaluate"), "slipway compare 0f3c1f6e-5f0e"),
    "a build": (replace(ACTION, provider="CodeBuild"), "the whole log: slipway logs build"),
    "a rejection": (replace(ACTION, provider="Manual"), "push a change that answers the reason"),
}


def command(*words: str) -> str:
    return " ".join(("slipway", *words))


@pytest.mark.parametrize("case", FIRST)
def test_what_to_do_about(case: str) -> None:
    action, said = FIRST[case]
    first, *_, last = advise(RUN, action, command)
    assert first.endswith(said) or said in first
    assert last == "try the stage again as it is: slipway retry Train --run 0f3c1f6e-5f0e"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("Succeeded", "nothing: it succeeded; see it: slipway show 0f3c1f6e-5f0e"),
        ("InProgress", "it has not ended; watch it: slipway follow 0f3c1f6e-5f0e"),
        ("Superseded", "a newer release took its place; follow that one: slipway follow"),
        ("Cancelled", "start another one: slipway start"),
    ],
)
def test_a_release_without_a_failed_action(status: str, said: str) -> None:
    assert advise(replace(RUN, status=status, actions=()), None, command) == [said]
