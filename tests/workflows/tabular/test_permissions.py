"""What an execution says whose roles lack a grant."""

from __future__ import annotations

import json

import pytest

from tests.releases.house import House
from tests.workflows.tabular.machines import made, names, run, upload_sample

STACK = "slipway-workflows-local"


@pytest.fixture(scope="module")
def roles(tabular: House) -> dict[str, str]:
    """The roles of the workflows: IAM's name to the template's logical id."""
    pages = tabular.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
    summaries = [one for page in pages for one in page["StackResourceSummaries"]]
    return {
        one["PhysicalResourceId"]: one["LogicalResourceId"]
        for one in summaries
        if one["ResourceType"] == "AWS::IAM::Role" and one["LogicalResourceId"].startswith("Tabular")
    }


@pytest.mark.parametrize(
    ("role", "action", "said"),
    [
        ("TabularMachineRole", "sagemaker:CreateModel", "Save model failed: "),
        ("TabularMachineRole", "iam:PassRole", "Train Step failed: "),
        ("TabularJobsRole", "s3:PutObject", "Train Step failed: "),
    ],
)
def test_a_role_that_lacks_a_grant_is_told(
    tabular: House, roles: dict[str, str], role: str, action: str, said: str
) -> None:
    upload_sample(tabular)
    given, iam = names(), tabular.client("iam")
    [name] = [name for name, logical in roles.items() if logical == role]
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="denied", PolicyDocument=json.dumps(document))
    try:
        done = run(tabular, "tabular", given)
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="denied")
    assert done["cause"].startswith(said)
    assert action.partition(":")[2] in done["cause"] or "denied" in done["cause"].lower()
    assert made(tabular, given["JobName"]) == []
