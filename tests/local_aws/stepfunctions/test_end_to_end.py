"""Step Functions as part of local AWS: real executions, IAM, events, logs and stacks, by way of boto3."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.local_server import ACCOUNT, REGION, LocalServer, allow, wait_for

PASS = {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "Result": {"said": "hello"}, "End": True}}}
STATES = "states.amazonaws.com"
DELIVER = allow(
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)


def machine(aws: LocalServer, name: str, definition: Any = PASS, **more: Any) -> str:
    role = aws.create_role(f"{name}-role", STATES, DELIVER)
    request = {"name": name, "definition": json.dumps(definition), "roleArn": role, **more}
    return str(aws.client("stepfunctions").create_state_machine(**request)["stateMachineArn"])


def ended(aws: LocalServer, execution: str) -> dict[str, Any]:
    client = aws.client("stepfunctions")

    def shown() -> dict[str, Any] | None:
        found: dict[str, Any] = client.describe_execution(executionArn=execution)
        return None if found["status"] == "RUNNING" else found

    done: dict[str, Any] = wait_for(shown, f"{execution} to end", 20)
    return done


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_an_execution_runs_and_is_logged_and_counted(local_aws: LocalServer) -> None:
    states, logs, metrics = (local_aws.client(name) for name in ("stepfunctions", "logs", "cloudwatch"))
    logs.create_log_group(logGroupName="sfn-logged")
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:sfn-logged:*"
    destinations = [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]
    configuration = {"level": "ALL", "includeExecutionData": True, "destinations": destinations}
    arn = machine(local_aws, "sfn-logged", loggingConfiguration=configuration)
    execution = states.start_execution(stateMachineArn=arn, input='{"a": 1}')["executionArn"]
    done = ended(local_aws, execution)
    assert (done["status"], json.loads(done["output"])) == ("SUCCEEDED", {"said": "hello"})
    events = states.get_execution_history(executionArn=execution)["events"]
    types = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    assert [event["type"] for event in events] == types

    def logged() -> list[dict[str, Any]] | None:
        found = logs.filter_log_events(logGroupName="sfn-logged")["events"]
        lines = [json.loads(event["message"]) for event in found]
        return lines if len(lines) == len(types) else None

    lines = wait_for(logged, "the log", 10)
    assert [(line["id"], line["type"], line["execution_arn"]) for line in lines] == [
        (str(number), kind, execution) for number, kind in enumerate(types, 1)
    ]

    def counted() -> bool:
        found = metrics.list_metrics(Namespace="AWS/States", Dimensions=[{"Name": "StateMachineArn", "Value": arn}])[
            "Metrics"
        ]
        return {"ExecutionsStarted", "ExecutionsSucceeded", "ExecutionTime"} <= {one["MetricName"] for one in found}

    wait_for(counted, "the metrics", 10)


def test_an_express_machine_runs_synchronously(local_aws: LocalServer) -> None:
    """AWS's SDKs put `sync-` before the host, which no local address has: they are told not to."""
    arn = machine(local_aws, "sfn-express", type="EXPRESS")
    session = boto3.Session(
        aws_access_key_id=local_aws.root.access_key_id,
        aws_secret_access_key=local_aws.root.secret_access_key,
        region_name=REGION,
    )
    config = Config(inject_host_prefix=False)
    client = session.client("stepfunctions", endpoint_url=local_aws.url, config=config)
    answer = client.start_sync_execution(stateMachineArn=arn, input="{}")
    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", {"said": "hello"})
    tested = client.test_state(
        definition=json.dumps(PASS["States"]["Only"]),  # type: ignore[index]
        roleArn=local_aws.create_role("sfn-tested-role", STATES, DELIVER),
    )
    assert (tested["status"], json.loads(tested["output"])) == ("SUCCEEDED", {"said": "hello"})


def test_only_who_may_starts_and_passes_a_role(local_aws: LocalServer) -> None:
    arn = machine(local_aws, "sfn-guarded")
    key = local_aws.user_with("sfn-starter", allow("states:StartExecution", resource=arn))
    states = local_aws.client("stepfunctions", *key)
    states.start_execution(stateMachineArn=arn)
    with pytest.raises(ClientError) as error:
        states.describe_state_machine(stateMachineArn=arn)
    assert code_of(error) == "AccessDeniedException"
    key = local_aws.user_with("sfn-maker", allow("states:CreateStateMachine"))
    role = f"arn:aws:iam::{ACCOUNT}:role/sfn-guarded-role"
    with pytest.raises(ClientError) as error:
        local_aws.client("stepfunctions", *key).create_state_machine(
            name="sfn-other", definition=json.dumps(PASS), roleArn=role
        )
    assert code_of(error) == "AccessDeniedException"
    assert "iam:PassRole" in str(error.value)


@pytest.mark.parametrize("label", ["Each", None])
def test_a_map_run_needs_a_right_and_has_an_arn_whatever_its_state_is_called(
    local_aws: LocalServer, label: str | None
) -> None:
    states = local_aws.client("stepfunctions")
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Only",
        "States": {"Only": {"Type": "Pass", "End": True}},
    }
    row = {"Type": "Map", "ItemProcessor": processor, "End": True, **({"Label": label} if label else {})}
    definition = {"StartAt": "Rows: a/b", "States": {"Rows: a/b": row}}
    arn = machine(local_aws, f"sfn-map-{label}", definition)
    failed = ended(local_aws, states.start_execution(stateMachineArn=arn, input="[1, 2]")["executionArn"])
    assert failed["error"] == "States.Permissions"
    assert f"is not authorized to perform: states:StartExecution on resource: {arn} " in failed["cause"]
    local_aws.put_role_policy(f"sfn-map-{label}-role", allow("states:StartExecution", resource=arn))
    execution = states.start_execution(stateMachineArn=arn, input="[1, 2]")["executionArn"]
    assert json.loads(ended(local_aws, execution)["output"]) == [1, 2]
    [listed] = states.list_map_runs(executionArn=execution)["mapRuns"]
    run = states.describe_map_run(mapRunArn=listed["mapRunArn"])
    assert (run["status"], run["itemCounts"]["succeeded"]) == ("SUCCEEDED", 2)
    children = states.list_executions(mapRunArn=listed["mapRunArn"])["executions"]
    shown = states.describe_state_machine_for_execution(executionArn=children[0]["executionArn"])
    assert len(children) == 2
    assert shown["label"] == (label or shown["label"])
    assert shown["stateMachineArn"] == listed["stateMachineArn"] == f"{arn}/{shown['label']}"


def test_a_rule_starts_an_execution_as_its_role_may(local_aws: LocalServer) -> None:
    """The event of one machine's end starts another, once the rule's role may do that."""
    states, events = local_aws.client("stepfunctions"), local_aws.client("events")
    first, second = machine(local_aws, "sfn-first"), machine(local_aws, "sfn-second")
    pattern = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [first], "status": ["SUCCEEDED"]},
    }
    role = local_aws.create_role("sfn-rule-role", "events.amazonaws.com", DELIVER)
    events.put_rule(Name="sfn-rule", EventPattern=json.dumps(pattern))
    target = {"Id": "machine", "Arn": second, "RoleArn": role, "InputPath": "$.detail.output"}
    events.put_targets(Rule="sfn-rule", Targets=[target])
    ended(local_aws, states.start_execution(stateMachineArn=first)["executionArn"])
    local_aws.put_role_policy("sfn-rule-role", allow("states:StartExecution", resource=second))
    ended(local_aws, states.start_execution(stateMachineArn=first)["executionArn"])

    def started() -> Any:
        return states.list_executions(stateMachineArn=second)["executions"]

    (execution,) = wait_for(started, "the rule to start an execution", 10)
    assert ended(local_aws, execution["executionArn"])["status"] == "SUCCEEDED"


def test_stack(local_aws: LocalServer) -> None:
    cloudformation, states = local_aws.client("cloudformation"), local_aws.client("stepfunctions")
    role = local_aws.create_role("sfn-stack-role", STATES, DELIVER)

    def template(said: str) -> str:
        definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${Said}", "End": True}}}
        resources = {
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "Definition": definition,
                    "DefinitionSubstitutions": {"Said": said},
                    "RoleArn": role,
                    "Tags": [{"Key": "team", "Value": "models"}],
                },
            },
            "Label": {"Type": "AWS::StepFunctions::Activity", "Properties": {"Name": "sfn-stack-label"}},
            "Version": {
                "Type": "AWS::StepFunctions::StateMachineVersion",
                "Properties": {
                    "StateMachineArn": {"Ref": "Machine"},
                    "StateMachineRevisionId": {"Fn::GetAtt": ["Machine", "StateMachineRevisionId"]},
                },
            },
            "Live": {
                "Type": "AWS::StepFunctions::StateMachineAlias",
                "Properties": {
                    "Name": "live",
                    "RoutingConfiguration": [{"StateMachineVersionArn": {"Ref": "Version"}, "Weight": 100}],
                },
            },
        }
        outputs = {name: {"Value": {"Ref": name}} for name in resources}
        return json.dumps({"Resources": resources, "Outputs": outputs})

    def outputs(wanted: str) -> dict[str, str]:
        def reached() -> Any:
            found = cloudformation.describe_stacks(StackName="sfn-stack")["Stacks"][0]
            told = cloudformation.describe_stack_events(StackName="sfn-stack")["StackEvents"]
            reasons = [one.get("ResourceStatusReason") for one in told]
            assert not set(found["StackStatus"].split("_")) & {"ROLLBACK", "FAILED"}, reasons
            return found if found["StackStatus"] == wanted else None

        return {o["OutputKey"]: o["OutputValue"] for o in wait_for(reached, wanted)["Outputs"]}

    cloudformation.create_stack(StackName="sfn-stack", TemplateBody=template("one"))
    made = outputs("CREATE_COMPLETE")
    assert made["Version"] == f"{made['Machine']}:1"
    done = ended(local_aws, states.start_execution(stateMachineArn=made["Live"])["executionArn"])
    assert (json.loads(done["output"]), done["stateMachineVersionArn"]) == ("one", made["Version"])
    cloudformation.update_stack(StackName="sfn-stack", TemplateBody=template("two"))
    changed = outputs("UPDATE_COMPLETE")
    assert {key: changed[key] for key in ("Machine", "Label", "Live")} == {
        key: made[key] for key in ("Machine", "Label", "Live")
    }
    done = ended(local_aws, states.start_execution(stateMachineArn=changed["Live"])["executionArn"])
    assert (json.loads(done["output"]), done["stateMachineVersionArn"]) == ("two", f"{made['Machine']}:2")
    listed = states.list_state_machine_versions(stateMachineArn=made["Machine"])["stateMachineVersions"]
    assert [one["stateMachineVersionArn"] for one in listed] == [f"{made['Machine']}:2"]
    cloudformation.delete_stack(StackName="sfn-stack")

    def gone() -> bool:
        machines = states.list_state_machines()["stateMachines"]
        return made["Machine"] not in {one["stateMachineArn"] for one in machines}

    wait_for(gone, "the stack to go")
