"""Where a function logs to: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html."""

from __future__ import annotations

import pytest

from tests.local_aws.functions.deployed import deploy
from tests.local_server import LocalServer, allow

SAYS = "def handler(event, context):\n    print('said')\n"


@pytest.mark.parametrize("deleted", [False, True], ids=["never made", "deleted meanwhile"])
def test_a_log_group_is_made_only_by_a_role_that_may(local_aws: LocalServer, deleted: bool) -> None:
    logs = local_aws.client("logs")
    function = deploy(local_aws, f"logs-{'again' if deleted else 'first'}", SAYS)
    group = f"/aws/lambda/{function.name}"
    if deleted:
        logs.create_log_group(logGroupName=group)
        function.call()
        assert "said" in function.log()
        logs.delete_log_group(logGroupName=group)
    role = f"{function.name}-role"
    local_aws.put_role_policy(role, allow("logs:CreateLogStream", "logs:PutLogEvents"))
    assert function.call() == (None, None)
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
    local_aws.put_role_policy(role, allow("logs:*", resource=f"arn:aws:logs:*:*:log-group:{group}:*"))
    assert function.call() == (None, None)
    assert "said" in function.log()
