from __future__ import annotations

import pytest

from local_aws.settings import ACCOUNT
from tests.local_aws.stepfunctions.surroundings import MACHINE, REGION, ROLE, Neighbourhood

RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/nightly"
SCHEDULE = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/nightly"
PIPE = f"arn:aws:pipes:{REGION}:{ACCOUNT}:pipe/stream"


@pytest.mark.parametrize("source", [RULE, SCHEDULE, PIPE])
@pytest.mark.parametrize("machine_type", ["STANDARD", "EXPRESS"])
def test_a_target_starts_an_execution(states: Neighbourhood, source: str, machine_type: str) -> None:
    states.create(type=machine_type, publish=True)
    assert states.service.start_from_event(f"{MACHINE}:1", '{"a": 1}', ROLE, source)
    (record,) = states.engine.records.values()
    assert (record.input, record.machine.version_arn) == ('{"a": 1}', f"{MACHINE}:1")
    assert [(one.action, one.resource) for one in states.asked[-1:]] == [("states:StartExecution", MACHINE)]


@pytest.mark.parametrize(
    ("arn", "role", "words"),
    [
        (MACHINE, "", "the target has no RoleArn"),
        (f"{MACHINE}x", ROLE, "State Machine Does Not Exist"),
        (MACHINE, f"{ROLE}2", "does not trust"),
        ("nothing", ROLE, "InvalidArn"),
    ],
)
def test_what_cannot_start_is_logged(
    states: Neighbourhood, caplog: pytest.LogCaptureFixture, arn: str, role: str, words: str
) -> None:
    states.create()
    states.distrusted.add(f"{ROLE}2")
    assert not states.service.start_from_event(arn, "{}", role, RULE)
    assert words in caplog.text
    assert states.engine.records == {}


def test_a_role_that_may_not_start_is_refused(states: Neighbourhood, caplog: pytest.LogCaptureFixture) -> None:
    states.create()
    states.denied.add("role:states:StartExecution")
    assert not states.service.start_from_event(MACHINE, "{}", ROLE, RULE)
    assert "not allowed: states:StartExecution" in caplog.text
