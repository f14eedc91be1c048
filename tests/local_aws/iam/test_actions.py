"""Every operation asks IAM for its own action, and what is no operation is refused to all but root."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.local_server import ACCOUNT, REGION, LocalServer, allow

FUNCTION = "asks-for-its-action"
FORM = "application/x-www-form-urlencoded"


def send(
    server: LocalServer,
    key: tuple[str, str],
    service: str,
    target: str,
    body: bytes = b"",
    *,
    method: str = "POST",
    **headers: str,
) -> tuple[int, str]:
    """A request as no SDK would make it, signed with a user's key."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest(method, f"{server.url}{target}", headers=named, data=body)
    SigV4Auth(Credentials(*key), service, REGION).add_auth(request)
    return server.send(method, target, body, dict(request.headers.items()))


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        package.writestr("app.py", "def handler(event, context):\n    return 'ran'\n")
    return packed.getvalue()


@pytest.fixture(scope="module")
def function(local_aws: LocalServer) -> Any:
    role = local_aws.create_role(f"{FUNCTION}-role", "lambda.amazonaws.com", allow("logs:*"))
    aws = local_aws.client("lambda")
    aws.create_function(
        FunctionName=FUNCTION, Runtime="python3.12", Role=role, Handler="app.handler", Code={"ZipFile": archive()}
    )
    layer = aws.publish_layer_version(LayerName=FUNCTION, Content={"ZipFile": archive()})
    queue = local_aws.client("sqs").create_queue(QueueName=FUNCTION)["QueueUrl"]
    arn = local_aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    mapping = aws.create_event_source_mapping(
        EventSourceArn=arn["Attributes"]["QueueArn"], FunctionName=FUNCTION, Enabled=False
    )
    yield {"layer": layer["Version"], "mapping": mapping["UUID"]}
    aws.delete_event_source_mapping(UUID=mapping["UUID"])
    aws.delete_function(FunctionName=FUNCTION)


CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "InvokeFunction": lambda aws, _made: aws.invoke_with_response_stream(FunctionName=FUNCTION),
    "UpdateEventSourceMapping": lambda aws, made: aws.update_event_source_mapping(UUID=made["mapping"], BatchSize=2),
    "DeleteEventSourceMapping": lambda aws, made: aws.delete_event_source_mapping(UUID=made["mapping"]),
    "DeleteLayerVersion": lambda aws, made: aws.delete_layer_version(LayerName=FUNCTION, VersionNumber=made["layer"]),
    "PutFunctionEventInvokeConfig": lambda aws, _made: aws.put_function_event_invoke_config(
        FunctionName=FUNCTION, MaximumRetryAttempts=0
    ),
    "DeleteFunctionConcurrency": lambda aws, _made: aws.delete_function_concurrency(FunctionName=FUNCTION),
}


@pytest.mark.parametrize("action", CALLS)
def test_each_operation_of_lambda_asks_for_its_own_action(local_aws: LocalServer, function: Any, action: str) -> None:
    name = f"without-{action}"
    refused = local_aws.client("lambda", *local_aws.user_with(name, allow("s3:GetObject")))
    with pytest.raises(ClientError) as error:
        CALLS[action](refused, function)
    assert error.value.response["Error"]["Code"].startswith("AccessDenied")
    assert f"is not authorized to perform: lambda:{action}" in error.value.response["Error"]["Message"]
    others = {"Effect": "Allow", "NotAction": f"lambda:{action}", "Resource": "*"}
    with pytest.raises(ClientError, match=f"lambda:{action}"):
        CALLS[action](local_aws.client("lambda", *local_aws.user_with(f"{name}-alone", others)), function)


_HERE = f"{REGION}:{ACCOUNT}"
REFUSALS: dict[str, tuple[int, str, Callable[[Any], Any]]] = {
    "lambda": (
        403,
        f"lambda:InvokeFunction on resource: arn:aws:lambda:{_HERE}:function:none",
        lambda aws: aws.invoke(FunctionName="none"),
    ),
    "s3": (
        403,
        "s3:GetObject on resource: arn:aws:s3:::asks-for-an-action/key",
        lambda aws: aws.get_object(Bucket="asks-for-an-action", Key="key"),
    ),
    "dynamodb": (
        400,
        f"dynamodb:GetItem on resource: arn:aws:dynamodb:{_HERE}:table/none",
        lambda aws: aws.get_item(TableName="none", Key={"id": {"S": "1"}}),
    ),
    "sqs": (
        403,
        f"sqs:SendMessage on resource: arn:aws:sqs:{_HERE}:none",
        lambda aws: aws.send_message(QueueUrl=f"http://127.0.0.1/{ACCOUNT}/none", MessageBody="one"),
    ),
    "kms": (400, "kms:ListKeys", lambda aws: aws.list_keys()),
}


@pytest.mark.parametrize("service", REFUSALS)
def test_a_refusal_names_resource_and_request(local_aws: LocalServer, service: str) -> None:
    status, asked, call = REFUSALS[service]
    local_aws.client("s3").create_bucket(Bucket="asks-for-an-action")
    key = local_aws.user_with(f"refused-by-{service}", allow("iam:ListUsers"))
    with pytest.raises(ClientError) as error:
        call(local_aws.client(service, *key))
    metadata = error.value.response["ResponseMetadata"]
    assert f"is not authorized to perform: {asked} because no" in error.value.response["Error"]["Message"]
    assert metadata["HTTPStatusCode"] == status
    assert len(metadata["RequestId"]) == 36
    assert bool(metadata.get("HostId")) == (service == "s3")


@pytest.mark.usefixtures("function")
def test_permission_to_invoke_includes_streaming(local_aws: LocalServer) -> None:
    key = local_aws.user_with("may-stream", allow("lambda:InvokeFunction"))
    stream = local_aws.client("lambda", *key).invoke_with_response_stream(FunctionName=FUNCTION)["EventStream"]
    assert b"ran" in b"".join(part["PayloadChunk"]["Payload"] for part in stream if "PayloadChunk" in part)


def test_only_root_may_send_a_request_without_a_known_operation(local_aws: LocalServer) -> None:
    key = local_aws.user_with("may-do-all", allow("*"))
    status, text = send(local_aws, key, "lambda", "/2015-03-31/no-such-thing", method="PATCH")
    assert status == 403
    assert "is not authorized to perform: lambda:PATCH /2015-03-31/no-such-thing" in text


def test_a_user_without_permissions_may_get_the_caller_identity(local_aws: LocalServer) -> None:
    key = local_aws.user_with("nobody", {"Effect": "Deny", "Action": "*", "Resource": "*"})
    assert local_aws.client("sts", *key).get_caller_identity()["Arn"].endswith(":user/nobody")


POLICY = json.dumps({"Version": "2012-10-17", "Statement": [allow("*")]})


@pytest.mark.parametrize(
    ("target", "headers", "body"),
    [
        ("/?Action=GetUser", {"Content_Type": FORM}, {"Action": "PutUserPolicy"}),
        ("/?Action=GetUser", {"Content_Type": "text/plain"}, {"Action": "PutUserPolicy"}),
        ("/", {"Content_Type": FORM, "X_Amz_Target": "IAMService.GetUser"}, {"Action": "PutUserPolicy"}),
        ("/?Action=GetUser", {"Content_Type": "application/x-amz-json-1.1", "X_Amz_Target": "I.PutUserPolicy"}, None),
        ("/", {"Content_Type": "application/json", "X_Amz_Target": "I.GetUser"}, {"Action": "PutUserPolicy"}),
        ("/service/x/operation/GetUser", {"Content_Type": FORM}, {"Action": "PutUserPolicy"}),
        ("/?UserName=climber", {"Content_Type": FORM}, {"Action": "PutUserPolicy", "UserName": "victim"}),
    ],
)
def test_the_operation_that_is_asked_about_is_the_one_carried_out(
    local_aws: LocalServer, target: str, headers: dict[str, str], body: dict[str, str] | None
) -> None:
    iam, key = local_aws.client("iam"), climber(local_aws)
    members = {"UserName": "climber", "PolicyName": "more", "PolicyDocument": POLICY}
    text = json.dumps(members) if body is None else urlencode(members | body)
    status, answer = send(local_aws, key, "iam", target, text.encode(), **headers)
    # A request that names an operation or a member in two places is malformed, whatever it asks for.
    assert status in (400, 403), answer
    assert "AccessDenied" in answer or "MalformedQueryString" in answer, answer
    assert iam.list_user_policies(UserName="climber")["PolicyNames"] == ["policy"]
    assert iam.list_user_policies(UserName="victim")["PolicyNames"] == []


def climber(server: LocalServer) -> tuple[str, str]:
    """A new key of a user who may look at users, and change what has his own name but for his policies."""
    iam = server.client("iam")
    for name in ("climber", "victim"):
        if name not in {user["UserName"] for user in iam.list_users()["Users"]}:
            iam.create_user(UserName=name)
    own = {"Effect": "Allow", "Action": ["iam:GetUser"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [own]})
    iam.put_user_policy(UserName="climber", PolicyName="policy", PolicyDocument=document)
    made = iam.create_access_key(UserName="climber")["AccessKey"]
    return made["AccessKeyId"], made["SecretAccessKey"]


def test_a_name_in_a_place_that_the_protocol_ignores_is_ignored(local_aws: LocalServer) -> None:
    key = local_aws.user_with("reads-keys", allow("kms:ListKeys", "s3:GetObject"))
    body, kind = b'{"Description": "mine"}', "application/x-amz-json-1.1"
    target = "TrentService.CreateKey"
    status, text = send(local_aws, key, "kms", "/?Action=ListKeys", body, Content_Type=kind, X_Amz_Target=target)
    assert (status, "kms:CreateKey" in text) == (400, True), text
    local_aws.client("s3").create_bucket(Bucket="names-in-the-query")
    s3 = local_aws.client("s3", *key)
    s3.meta.events.register(
        "before-call.s3.PutObject", lambda params, **_more: params["headers"].update({"X-Amz-Target": "x.GetObject"})
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket="names-in-the-query", Key="k", Body=b"x")


def test_every_protocol_of_a_service_asks_iam(local_aws: LocalServer) -> None:
    """boto3 speaks CBOR with CloudWatch, JSON with SQS, Query with SNS and STS."""
    calls: dict[str, Callable[[Callable[[str], Any]], Any]] = {
        "cloudwatch:PutMetricData": lambda aws: aws("cloudwatch").put_metric_data(
            Namespace="asked", MetricData=[{"MetricName": "m", "Value": 1}]
        ),
        "sqs:CreateQueue": lambda aws: aws("sqs").create_queue(QueueName="asked"),
        "sns:CreateTopic": lambda aws: aws("sns").create_topic(Name="asked"),
        "events:PutRule": lambda aws: aws("events").put_rule(Name="asked", ScheduleExpression="rate(1 day)"),
    }
    nobody = local_aws.user_with("asked-nobody", allow("s3:GetObject"))
    somebody = local_aws.user_with("asked-somebody", allow(*calls))
    for action, call in calls.items():
        call(lambda service: local_aws.client(service, *somebody))
        with pytest.raises(ClientError, match=action):
            call(lambda service: local_aws.client(service, *nobody))


def test_deleting_a_version_needs_its_own_permission(local_aws: LocalServer) -> None:
    s3, bucket = local_aws.client("s3"), "deletes-versions"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    stored = [s3.put_object(Bucket=bucket, Key=key, Body=b"1")["VersionId"] for key in ("a", "b")]
    mine = local_aws.client("s3", *local_aws.user_with("deletes-objects", allow("s3:DeleteObject")))
    versions = [{"Key": key, "VersionId": version} for key, version in zip(("a", "b"), stored, strict=True)]
    for objects in ([versions[0]], versions, [{"Key": "a"}, versions[1]]):
        with pytest.raises(ClientError, match="AccessDenied"):
            mine.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    with pytest.raises(ClientError, match="AccessDenied"):
        mine.delete_object(Bucket=bucket, Key="a", VersionId=stored[0])
    assert "Errors" not in mine.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})


def _denied(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return f"{raised.value.response['Error']['Code']}: {raised.value.response['Error']['Message']}"


def test_iam_decides_about_our_services(local_aws: LocalServer) -> None:
    own = f"arn:aws:codecommit:us-east-1:{ACCOUNT}:permitted"
    key, secret = local_aws.user_with("one-repository", allow("codecommit:*", resource=own))
    codecommit = local_aws.client("codecommit", key, secret)
    codecommit.create_repository(repositoryName="permitted")
    assert _denied(codecommit.create_repository, repositoryName="other") == (
        f"AccessDeniedException: User: arn:aws:iam::{ACCOUNT}:user/one-repository is not authorized to perform: "
        f"codecommit:CreateRepository on resource: arn:aws:codecommit:us-east-1:{ACCOUNT}:other because no "
        "identity-based policy allows the codecommit:CreateRepository action"
    )
    assert "SignatureException" in _denied(
        local_aws.client("codecommit", key, "wrong").get_repository, repositoryName="permitted"
    )


def test_iam_is_asked_about_each_parameter_of_a_request(local_aws: LocalServer) -> None:
    names = ["/asked/one", "/asked/two", "/asked/three"]
    for name in names:
        local_aws.client("ssm").put_parameter(Name=name, Value=name, Type="String")
    granted = [f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{name}" for name in names[:2]]
    key, secret = local_aws.user_with("reads-two", allow("ssm:GetParameters", resource=granted))
    ssm = local_aws.client("ssm", key, secret)
    assert [one["Value"] for one in ssm.get_parameters(Names=names[:2])["Parameters"]] == names[:2]
    for refused in (names, names[2:]):
        with pytest.raises(ClientError, match="not authorized to perform: ssm:GetParameters") as raised:
            ssm.get_parameters(Names=refused)
        assert raised.value.response["Error"]["Code"] == "AccessDeniedException"
