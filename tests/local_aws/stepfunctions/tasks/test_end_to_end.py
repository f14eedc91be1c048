"""Integrations over the wire: the services of a running local AWS, and IAM."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from local_aws.aws import Clients
from local_aws.base import Credentials
from local_aws.settings import Settings
from local_aws.stepfunctions.contracts.errors import StatesError
from local_aws.stepfunctions.contracts.records import ExecutionRecord, MachineSnapshot
from local_aws.stepfunctions.definition.model import ItemReader
from local_aws.stepfunctions.tasks.contract import Done, Submitted, TaskFailed
from local_aws.stepfunctions.tasks.integrations import Integrations
from local_aws.stepfunctions.tasks.items.reader import DatasetReader
from local_aws.stepfunctions.tasks.items.writer import ResultFiles
from local_aws.stepfunctions.tasks.tools import Tools
from tests.local_aws.functions.deployed import deploy
from tests.local_aws.sagemaker.house import House
from tests.local_aws.stepfunctions.tasks.fakes import EXECUTION, MACHINE, call
from tests.local_server import ACCOUNT, REGION, LocalServer, allow, wait_for


@dataclass
class Wire:
    """Integrations whose roles are real. A role trusts the account as well, as only the server itself is AWS."""

    server: LocalServer
    tools: Tools = field(init=False)
    integrations: Integrations = field(init=False)

    def __post_init__(self) -> None:
        clients = Clients(Settings(self.server.state, self.server.port))
        self.tools = Tools(clients, REGION, self._assume, lambda _: True, lambda *_: None, lambda _: None)
        self.integrations = Integrations(self.tools)

    def role(self, *statements: dict[str, Any]) -> str:
        name = f"flow-{uuid.uuid4().hex[:8]}"
        arn = self.server.create_role(name, "states.amazonaws.com", *statements or ({**allow("*"), "Effect": "Deny"},))
        principal = {"Service": "states.amazonaws.com", "AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        self.server.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=document)
        return arn

    def _assume(
        self, role_arn: str, service: str, session_name: str, source_arn: str, policy: Mapping[str, Any] | None = None
    ) -> Credentials:
        assert (service, source_arn, policy) == ("states.amazonaws.com", MACHINE, None)
        answer = self.server.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session_name)
        found = answer["Credentials"]
        return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], 9e9)

    def start(self, arn: str, arguments: Any, *statements: dict[str, Any]) -> Done | Submitted:
        role = self.role(*statements)
        integration = self.integrations.integration(self.integrations.resource(arn))
        return integration.start(call(arn, arguments, role_arn=role, key=uuid.uuid4().hex))

    def output(self, arn: str, arguments: Any, *statements: dict[str, Any]) -> Any:
        done = self.start(arn, arguments, *statements)
        assert isinstance(done, Done)
        return done.output

    def failure(self, arn: str, arguments: Any, *statements: dict[str, Any]) -> TaskFailed:
        with pytest.raises(TaskFailed) as failed:
            self.start(arn, arguments, *statements)
        return failed.value


@pytest.fixture(scope="module")
def wire(local_aws: LocalServer) -> Wire:
    return Wire(local_aws)


@pytest.fixture(scope="module")
def function(local_aws: LocalServer) -> str:
    code = """
class BadRow(Exception):
    pass

def handler(event, context):
    if event.get("bad"):
        raise BadRow("row " + str(event["bad"]))
    return {"sum": sum(event["rows"])}
"""
    return deploy(local_aws, "flow-sum", code).arn


@pytest.fixture(scope="module")
def data(local_aws: LocalServer) -> str:
    """A bucket."""
    local_aws.client("s3").create_bucket(Bucket="flow-data")
    return "flow-data"


def test_functions(wire: Wire, function: str) -> None:
    may = allow("lambda:InvokeFunction", resource=function)
    assert wire.output(function, {"rows": [1, 2]}, may) == {"sum": 3}
    output = wire.output("arn:aws:states:::lambda:invoke", {"FunctionName": function, "Payload": {"rows": [4]}}, may)
    assert (output["Payload"], output["StatusCode"], output["ExecutedVersion"]) == ({"sum": 4}, 200, "$LATEST")
    assert output["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert output["SdkResponseMetadata"]["RequestId"]


@pytest.mark.parametrize("plain", [True, False])
def test_an_exception_of_a_function(wire: Wire, function: str, *, plain: bool) -> None:
    arguments = {"bad": 7} if plain else {"FunctionName": "flow-sum", "Payload": {"bad": 7}}
    may = allow("lambda:InvokeFunction", resource=function)
    failed = wire.failure(function if plain else "arn:aws:states:::lambda:invoke", arguments, may)
    assert (failed.error, failed.phase) == ("BadRow", "run")
    cause = json.loads(failed.cause)
    assert (cause["errorType"], cause["errorMessage"]) == ("BadRow", "row 7")
    assert cause["stackTrace"]


def test_a_function_that_may_not_be_invoked(wire: Wire, function: str) -> None:
    failed = wire.failure("arn:aws:states:::lambda:invoke", {"FunctionName": function}, allow("s3:GetObject"))
    assert failed.error == "Lambda.AWSLambdaException"
    assert "is not authorized to perform: lambda:InvokeFunction" in failed.cause
    assert "(Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException; Request ID: " in failed.cause


def test_a_function_that_does_not_exist(wire: Wire) -> None:
    arguments = {"FunctionName": "no-such"}
    failed = wire.failure("arn:aws:states:::lambda:invoke", arguments, allow("lambda:InvokeFunction"))
    assert failed.error == "Lambda.ResourceNotFoundException"
    assert f"Function not found: arn:aws:lambda:{REGION}:{ACCOUNT}:function:no-such" in failed.cause


def test_objects(wire: Wire, data: str) -> None:
    may = allow("s3:*", resource=f"arn:aws:s3:::{data}/*")
    place = {"Bucket": data, "Key": "result.json"}
    assert "ETag" in wire.output("arn:aws:states:::aws-sdk:s3:putObject", {**place, "Body": {"a": [1]}}, may)
    output = wire.output("arn:aws:states:::aws-sdk:s3:getObject", place, may)
    assert (output["Body"], output["ContentLength"]) == ('{"a":[1]}', 9)
    assert output["LastModified"].endswith("Z")
    assert "SdkHttpMetadata" not in output


@pytest.mark.parametrize(
    ("place", "error", "cause"),
    [
        ({"Bucket": "flow-none", "Key": "k"}, "S3.NoSuchBucketException", "The specified bucket does not exist"),
        ({"Bucket": "flow-data", "Key": "none"}, "S3.NoSuchKeyException", "The specified key does not exist"),
    ],
)
def test_objects_that_are_not_there(wire: Wire, data: str, place: Any, error: str, cause: str) -> None:
    assert data == "flow-data"
    failed = wire.failure("arn:aws:states:::aws-sdk:s3:getObject", place, allow("s3:*"))
    assert failed.error == error
    assert failed.cause.startswith(cause)
    assert "(Service: S3, Status Code: 404, Request ID: " in failed.cause


@pytest.mark.parametrize(
    ("action", "place", "error"),
    [
        ("headObject", {"Bucket": "flow-data", "Key": "none"}, "S3.NoSuchKeyException"),
        ("headBucket", {"Bucket": "flow-none"}, "S3.NoSuchBucketException"),
    ],
)
def test_what_is_not_there_is_told_without_a_body(wire: Wire, data: str, action: str, place: Any, error: str) -> None:
    assert data == "flow-data"
    failed = wire.failure(f"arn:aws:states:::aws-sdk:s3:{action}", place, allow("s3:*"))
    assert failed.error == error
    assert failed.cause.startswith("null (Service: S3, Status Code: 404, Request ID: ")


def test_an_object_that_may_not_be_read(wire: Wire, data: str) -> None:
    failed = wire.failure("arn:aws:states:::aws-sdk:s3:getObject", {"Bucket": data, "Key": "k"}, allow("sqs:*"))
    assert failed.error == "S3.S3Exception"
    assert "Status Code: 403" in failed.cause


def test_items_of_a_table(wire: Wire) -> None:
    dynamodb = wire.server.client("dynamodb")
    dynamodb.create_table(
        TableName="flow",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    may, key = allow("dynamodb:*"), {"id": {"S": "1"}}
    item = {**key, "n": {"N": "5"}, "ok": {"BOOL": True}}
    wire.output("arn:aws:states:::dynamodb:putItem", {"TableName": "flow", "Item": item}, may)
    found = wire.output("arn:aws:states:::dynamodb:getItem", {"TableName": "flow", "Key": key}, may)
    assert found["Item"] == item
    sdk = wire.output("arn:aws:states:::aws-sdk:dynamodb:getItem", {"TableName": "flow", "Key": key}, may)
    assert sdk == {"Item": {**key, "n": {"N": "5"}, "ok": {"Bool": True}}}
    condition = {"TableName": "flow", "Item": item, "ConditionExpression": "attribute_not_exists(id)"}
    failed = wire.failure("arn:aws:states:::dynamodb:putItem", condition, may)
    assert failed.error == "DynamoDB.ConditionalCheckFailedException"
    assert "(Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException;" in failed.cause
    denied = wire.failure("arn:aws:states:::dynamodb:getItem", {"TableName": "flow", "Key": key})
    assert denied.error == "DynamoDB.AmazonDynamoDBException"
    absent = wire.failure("arn:aws:states:::aws-sdk:dynamodb:getItem", {"TableName": "none", "Key": key}, may)
    assert absent.error == "DynamoDb.ResourceNotFoundException"


def test_messages(wire: Wire) -> None:
    sqs, sns = wire.server.client("sqs"), wire.server.client("sns")
    url = sqs.create_queue(QueueName="flow")["QueueUrl"]
    topic = sns.create_topic(Name="flow")["TopicArn"]
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:flow"
    open_ = {**allow("sqs:SendMessage", resource=queue), "Principal": {"Service": "sns.amazonaws.com"}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [open_]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    sent = wire.start(
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        {"QueueUrl": url, "MessageBody": {"token": "t"}},
        allow("sqs:SendMessage", resource=queue),
    )
    assert isinstance(sent, Submitted)
    assert len(sent.output["MD5OfMessageBody"]) == 32
    published = wire.output(
        "arn:aws:states:::sns:publish", {"TopicArn": topic, "Message": {"n": 1}}, allow("sns:Publish", resource=topic)
    )
    assert published["MessageId"]
    bodies: set[str] = set()

    def received() -> bool:
        bodies.update(message["Body"] for message in sqs.receive_message(QueueUrl=url).get("Messages", []))
        return len(bodies) == 2

    wait_for(received, "both messages", 20)
    assert bodies == {'{"token":"t"}', '{"n":1}'}
    denied = wire.failure("arn:aws:states:::sns:publish", {"TopicArn": topic, "Message": "m"})
    assert denied.error == "SNS.AuthorizationErrorException"
    assert "sns:Publish" in denied.cause
    lost = wire.failure(
        "arn:aws:states:::sqs:sendMessage", {"QueueUrl": f"{url}-none", "MessageBody": "m"}, allow("sqs:*")
    )
    assert lost.error == "SQS.QueueDoesNotExistException"


def test_credentials_of_a_state(wire: Wire, data: str) -> None:
    """The state's role trusts the machine's, which must be allowed to assume it."""
    state_role = wire.role(allow("s3:ListBucket", resource=f"arn:aws:s3:::{data}"))
    machine = wire.role(allow("sts:AssumeRole", resource=state_role))
    arn = "arn:aws:states:::aws-sdk:s3:listObjectsV2"
    integration = wire.integrations.integration(wire.integrations.resource(arn))
    request = {"Bucket": data, "Prefix": "nothing/"}
    done = integration.start(call(arn, request, role_arn=state_role, machine_role_arn=machine))
    assert isinstance(done, Done)
    assert done.output["KeyCount"] == 0
    with pytest.raises(TaskFailed) as failed:
        integration.start(call(arn, request, role_arn=state_role, machine_role_arn=wire.role(allow("s3:*"))))
    assert failed.value.error == "States.Permissions"
    assert "sts:AssumeRole" in failed.value.cause


def test_events(wire: Wire) -> None:
    entry = {"Source": "app", "DetailType": "done", "Detail": {"ok": True}}
    output = wire.output("arn:aws:states:::events:putEvents", {"Entries": [entry]}, allow("events:PutEvents"))
    assert output["FailedEntryCount"] == 0


def test_a_training_job(wire: Wire) -> None:
    house = House(wire.server, "flow-training")
    arn = "arn:aws:states:::sagemaker:createTrainingJob.sync"
    jobs = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/*"
    passing = {
        **allow("iam:PassRole", resource=house.role),
        "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    }
    may = (
        allow(
            "sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob", resource=jobs
        ),
        allow("sagemaker:ListTags", "sagemaker:AddTags"),
        passing,
    )
    role = wire.role(*may)
    attempt = call(arn, house.request("flow-job"), role_arn=role)
    integration = wire.integrations.integration(wire.integrations.resource(arn))
    started = integration.start(attempt)
    assert isinstance(started, Submitted)
    again = integration.start(call(arn, house.request("flow-job"), role_arn=role, again=True))
    assert isinstance(again, Submitted)
    assert again.output["TrainingJobArn"] == started.output["TrainingJobArn"]
    with pytest.raises(TaskFailed) as failed:
        integration.start(attempt)
    assert failed.value.error == "SageMaker.ResourceInUseException"
    assert failed.value.phase == "submit"
    done = wait_for(lambda: integration.poll(attempt, started.job), "the end of the job")
    assert done.output["TrainingJobStatus"] == "Completed"
    assert done.output["Tags"]["AWS_STEP_FUNCTIONS_EXECUTION_ARN"] == EXECUTION
    assert isinstance(done.output["CreationTime"], int)
    assert done.output["ModelArtifacts"]["S3ModelArtifacts"].startswith("s3://flow-training/out/")
    integration.stop(attempt, started.job)
    model = {
        "ModelName": "flow-model",
        "ExecutionRoleArn": house.role,
        "PrimaryContainer": {
            "Image": house.request("x")["AlgorithmSpecification"]["TrainingImage"],
            "ModelDataUrl": done.output["ModelArtifacts"]["S3ModelArtifacts"],
        },
    }
    made = wire.output("arn:aws:states:::sagemaker:createModel", model, allow("sagemaker:CreateModel"), passing)
    assert made["ModelArn"].endswith(":model/flow-model")
    transform_a_batch(wire, house)
    without_tags = wire.failure(arn, house.request("flow-job-2"), may[0], passing)
    assert without_tags.error == "SageMaker.AmazonSageMakerException"
    assert "sagemaker:AddTags" in without_tags.cause


def ended(wire: Wire, kind: str, request: dict[str, Any], *may: dict[str, Any]) -> Any:
    """The output of `create<kind>.sync`, by a role with the permissions that AWS documents for it."""
    jobs = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:*"
    actions = [f"sagemaker:{verb}{kind}" for verb in ("Create", "Describe", "Stop")]
    role = wire.role(allow(*actions, resource=jobs), allow("sagemaker:ListTags", "sagemaker:AddTags"), *may)
    arn = f"arn:aws:states:::sagemaker:create{kind}.sync"
    attempt = call(arn, request, role_arn=role)
    integration = wire.integrations.integration(wire.integrations.resource(arn))
    started = integration.start(attempt)
    assert isinstance(started, Submitted)
    return wait_for(lambda: integration.poll(attempt, started.job), f"the end of the {kind}").output


def transform_a_batch(wire: Wire, house: House) -> None:
    house.s3.put_object(Bucket=house.name, Key="batch/rows.csv", Body=b"0.1,0.2,0.3\n")
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{house.name}/batch/"}
    request = {
        "TransformJobName": "flow-transform",
        "ModelName": "flow-model",
        "TransformInput": {"DataSource": {"S3DataSource": source}, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": f"s3://{house.name}/predicted", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    output = ended(wire, "TransformJob", request)
    assert output["TransformJobStatus"] == "Completed"
    assert output["Tags"]["AWS_STEP_FUNCTIONS_EXECUTION_ARN"] == EXECUTION
    stored = house.s3.get_object(Bucket=house.name, Key="predicted/rows.csv.out")["Body"].read()
    assert 0 < float(stored) < 3


@pytest.mark.skipif(sys.platform != "linux", reason="processing jobs need mount namespaces")
def test_a_processing_job(wire: Wire) -> None:
    house = House(wire.server, "flow-processing")
    script = "open('/opt/ml/processing/out/made', 'w').write('made'); open('/opt/ml/output/message', 'w').write('done')"
    target = {"S3Uri": f"s3://{house.name}/made", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    request = {
        "ProcessingJobName": "flow-processing",
        "RoleArn": house.role,
        "AppSpecification": {
            "ImageUri": f"683313688378.dkr.ecr.{REGION}.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
            "ContainerEntrypoint": ["python3", "-c", script],
        },
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "made", "S3Output": target}]},
        "ProcessingResources": {"ClusterConfig": cluster},
    }
    passing = {
        **allow("iam:PassRole", resource=house.role),
        "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    }
    output = ended(wire, "ProcessingJob", request, passing)
    assert (output["ProcessingJobStatus"], output["ExitMessage"]) == ("Completed", "done")
    assert output["Tags"]["AWS_STEP_FUNCTIONS_EXECUTION_ARN"] == EXECUTION
    assert house.s3.get_object(Bucket=house.name, Key="made/made")["Body"].read() == b"made"
    failing = request | {"ProcessingJobName": "flow-fails"}
    failing["AppSpecification"] = {**request["AppSpecification"], "ContainerEntrypoint": ["python3", "-c", "exit(4)"]}  # type: ignore[dict-item]
    with pytest.raises(TaskFailed) as failed:
        ended(wire, "ProcessingJob", failing, passing)
    assert failed.value.error == "States.TaskFailed"
    assert "exit code: 4" in failed.value.cause


def test_an_operation_that_local_aws_lacks(wire: Wire) -> None:
    failed = wire.failure("arn:aws:states:::aws-sdk:sagemaker:listApps", {}, allow("sagemaker:*"))
    assert failed.error.startswith("SageMaker.")
    assert "ListApps" in failed.cause


def test_datasets_and_results(wire: Wire, data: str) -> None:
    s3 = wire.server.client("s3")
    rows = "id,name\n" + "".join(f"{number},{'n' * 100}\n" for number in range(50_000))
    s3.put_object(Bucket=data, Key="in/rows.csv", Body=rows)
    s3.put_object(Bucket=data, Key="in/empty.jsonl", Body=b"")
    role = wire.role(allow("s3:GetObject", "s3:PutObject", resource=f"arn:aws:s3:::{data}/*"), allow("s3:ListBucket"))
    reader = DatasetReader(wire.tools)

    def read(end: str, arguments: dict[str, str], **config: Any) -> Any:
        declared = ItemReader(f"arn:aws:states:::s3:{end}", arguments, config)
        return reader.read(declared, arguments, config, role, MACHINE)

    place = {"Bucket": data, "Key": "in/rows.csv"}
    count, last = 0, None
    for item in read("getObject", place, InputType="CSV", CSVHeaderLocation="FIRST_ROW"):
        count, last = count + 1, item.value
    assert count == 50_000
    assert last == {"id": "49999", "name": "n" * 100}
    assert list(read("getObject", {"Bucket": data, "Key": "in/empty.jsonl"}, InputType="JSONL")) == []
    listed = [item.value for item in read("listObjectsV2", {"Bucket": data, "Prefix": "in/"})]
    assert [entry["Key"] for entry in listed] == ["in/empty.jsonl", "in/rows.csv"]
    assert listed[1]["Size"] == len(rows)
    with pytest.raises(
        StatesError, match=r"States.ItemReaderFailed: The specified key does not exist\. \(Service: S3,"
    ):
        list(read("getObject", {"Bucket": data, "Key": "none"}, InputType="JSON"))

    machine = MachineSnapshot(MACHINE, "Flow", "STANDARD", "{}", role, label="Each")
    map_run = f"arn:aws:states:{REGION}:{ACCOUNT}:mapRun:Flow/Each:run-1"
    config = {"Transformation": "COMPACT"}
    writer = ResultFiles(wire.tools, {"Bucket": data, "Prefix": "out"}, config, map_run, role, MACHINE)
    output = json.dumps("a" * 100_000)
    for number in range(100):
        arn = f"{EXECUTION}-{number}"
        writer.add(ExecutionRecord(arn, machine, str(number), "SUCCEEDED", "{}", 1.0, 2.0, output))
    details = writer.finish()["ResultWriterDetails"]
    manifest = json.loads(s3.get_object(**details)["Body"].read())
    [entry] = manifest["ResultFiles"]["SUCCEEDED"]
    results = s3.get_object(Bucket=data, Key=entry["Key"])["Body"].read()
    assert len(results) == entry["Size"] > 8 * 1024 * 1024
    assert json.loads(results) == ["a" * 100_000] * 100


def test_a_tuning_job(wire: Wire) -> None:
    house = House(wire.server, "flow-tuning")
    arn = "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync"
    tuning, passing = "HyperParameterTuningJob", allow("iam:PassRole", resource=house.role)
    actions = [f"sagemaker:{verb}{tuning}" for verb in ("Create", "Describe", "Stop")]
    role = wire.role(
        allow(*actions, resource=f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hyper-parameter-tuning-job/*"),
        allow("sagemaker:ListTags", "sagemaker:AddTags"),
        passing,
    )
    definition = house.request("x")
    static = definition.pop("HyperParameters")
    del definition["TrainingJobName"]
    request = {
        f"{tuning}Name": "flow-tuning",
        f"{tuning}Config": {
            "Strategy": "Random",
            f"{tuning}Objective": {"Type": "Minimize", "MetricName": "validation:rmse"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0.1", "MaxValue": "0.9"}]},
        },
        "TrainingJobDefinition": {**definition, "StaticHyperParameters": static},
    }
    attempt = call(arn, request, role_arn=role)
    integration = wire.integrations.integration(wire.integrations.resource(arn))
    started = integration.start(attempt)
    assert isinstance(started, Submitted)
    done = wait_for(lambda: integration.poll(attempt, started.job), "the end of the job")
    assert done.output[f"{tuning}Status"] == "Completed"
    assert done.output["Tags"]["AWS_STEP_FUNCTIONS_EXECUTION_ARN"] == EXECUTION
    assert done.output["TrainingJobStatusCounters"]["Completed"] == 2
    assert 0.1 <= float(done.output["BestTrainingJob"]["TunedHyperParameters"]["eta"]) <= 0.9
    integration.stop(attempt, started.job)
