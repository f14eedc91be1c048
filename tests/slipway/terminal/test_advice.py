from __future__ import annotations

from dataclasses import replace

import pytest
from slipway.releases.run_view import ActionView, RunView
from slipway.terminal.advice import advise, how_to_retry

from pipeline_lambdas.release.retries import RETRY_ALL, START_NEW

ACTION = ActionView("Train", "StartTraining", "Lambda", "Failed", configuration={"FunctionName": "p-train-model"})
RUN = RunView("0f3c1f6e-5f0e-4f39-8f0b-1f1f1f1f1f1f", "p", "Failed", "", "by hand", (), (ACTION,))
WAIT = replace(
    ACTION,
    name="WaitForTraining",
    configuration={"FunctionName": "p-get-status", "UserParameters": '{"kind": "training-job", "name": "p-0f3c1f6e"}'},
)

FIRST = {
    "a config": (replace(ACTION, error_code="ConfigurationError"), "check before you push: slipway check"),
    "an instance type": (
        replace(
            ACTION,
            error_code="ConfigurationError",
            error_message="wine-quality.yml: training.instance_type: found ml.g5.xlarge; expected ml.m*, the parameter "
            "InstanceTypePatterns of the pipeline stack.",
        ),
        "slipway deploy --parameter InstanceTypePatterns=PATTERN,...",
    ),
    "a role": (replace(ACTION, error_code="PermissionError"), "slipway permissions"),
    "a service": (replace(ACTION, error_code="SystemUnavailable"), "a retry may cure"),
    "a function": (replace(ACTION, error_code="JobFailed"), "the whole log: slipway logs train-model"),
    "a training job": (
        replace(WAIT, error_code="JobFailed"),
        "the whole log: slipway logs training-job --run 0f3c1f6e-5f0e",
    ),
    "a gate": (replace(ACTION, name="Evaluate", external_id="s3://evidence/a?versionId=7"), "slipway compare 0f3c1f6e"),
    "a model that was not judged": (
        replace(ACTION, name="Evaluate", error_message=f"Endpoint p-test is missing. {RETRY_ALL} to deploy it."),
        "fix what the reason names",
    ),
    "a champion that did not answer": (
        replace(
            ACTION, name="Evaluate", external_id="s3://evidence/a?versionId=7", error_message=f"a: b. {RETRY_ALL}."
        ),
        "fix what the reason names",
    ),
    "a check": (
        replace(ACTION, provider="CodeBuild", configuration={"ProjectName": f"{RUN.pipeline}-check"}),
        "the whole log: slipway logs check",
    ),
    "a state machine": (
        replace(ACTION, provider="StepFunctions", external_id="arn:aws:states:us-east-1:1:execution:m:e"),
        "in the data or in the state machine; its execution: arn:aws:states:us-east-1:1:execution:m:e",
    ),
    "a rejection": (replace(ACTION, provider="Manual"), "push a change that answers the reason"),
}


def command(*words: str) -> str:
    return " ".join(("slipway", *words))


@pytest.mark.parametrize("case", FIRST)
def test_what_to_do_about(case: str) -> None:
    action, said = FIRST[case]
    first, *_, last = advise(replace(RUN, actions=(action,)), action, command)
    assert first.endswith(said) or said in first
    what = "all actions of the stage" if action.provider == "Lambda" else "what failed"
    assert last == f"try {what} again as it is: slipway retry Train --run 0f3c1f6e-5f0e"


@pytest.mark.parametrize(
    ("failed", "mode"),
    [
        # The next attempt at training is StartTraining's.
        (["WaitForTraining"], "ALL_ACTIONS"),
        # A release that failed has no endpoint of the champion any more.
        (["Evaluate"], "ALL_ACTIONS"),
        (["Deploy"], "ALL_ACTIONS"),
        (["WaitForChampion", "Wait"], "ALL_ACTIONS"),
        (["SmokeTest"], "ALL_ACTIONS"),
        # These come after the evaluation, which is not repeated for them.
        (["Register"], "FAILED_ACTIONS"),
        (["Register", "RemoveChampion"], "FAILED_ACTIONS"),
        (["Register", "Evaluate"], "ALL_ACTIONS"),
        (["Evidence"], "FAILED_ACTIONS"),
        (["CleanUp"], "FAILED_ACTIONS"),
    ],
)
def test_a_stage_is_tried_again_by_what_failed_in_it(failed: list[str], mode: str) -> None:
    actions = tuple(replace(ACTION, name=name) for name in failed)
    done = (replace(ACTION, name="Done", status="Succeeded"), replace(ACTION, stage="Other", name="Wait"))
    assert how_to_retry(replace(RUN, actions=actions + done), "Train") == mode


def test_a_stage_that_a_later_release_has_entered_cannot_be_tried_again() -> None:
    *_, last = advise(replace(RUN, overtaken=frozenset({"Train"})), ACTION, command)
    assert last.endswith("slipway start --like 0f3c1f6e-5f0e")


def test_what_no_retry_can_mend_is_released_anew() -> None:
    """Versions stay, so an object that was written twice is refused by every retry."""
    action = replace(ACTION, error_message=f"s3://a/b: found 2 versions. {START_NEW}.")
    *_, last = advise(replace(RUN, actions=(action,)), action, command)
    assert last == "no retry can mend it; release the same sources again: slipway start --like 0f3c1f6e-5f0e"


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
