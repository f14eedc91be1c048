from __future__ import annotations

import pytest

from local_aws.base import find_connection
from local_aws.base.tables import ministack

ARN = "arn:aws:events:us-east-1:111122223333:connection/partner"


def test_a_connection_is_found_with_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {"ConnectionArn": ARN, "AuthParameters": {"BasicAuthParameters": {"Username": "u", "Password": "p"}}}
    monkeypatch.setitem(ministack("services.eventbridge")._connections, "partner", held)
    assert find_connection(ARN) == held


@pytest.mark.parametrize("arn", [ARN, ARN.replace("us-east-1", "eu-west-1"), "partner"])
def test_no_connection_of_that_arn(monkeypatch: pytest.MonkeyPatch, arn: str) -> None:
    if arn != ARN:
        monkeypatch.setitem(ministack("services.eventbridge")._connections, "partner", {"ConnectionArn": ARN})
    assert find_connection(arn) is None
