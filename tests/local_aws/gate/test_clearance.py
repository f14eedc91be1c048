"""What routes a request, and what IAM is asked about, is what was signed: nothing beside it names another operation."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.local_aws.gate.test_signatures import FORM, IDENTITY, code, credentials_of, in_chunks, signed
from tests.local_server import REGION, LocalServer, allow

LIST = "CodePipeline_20150709.ListPipelines"
CREATE_KEY = b"Action=CreateAccessKey&UserName=gated&Version=2010-05-08"


@pytest.fixture(scope="module")
def bucket(local_aws: LocalServer) -> str:
    local_aws.client("s3").create_bucket(Bucket="cleared")
    local_aws.client("s3").put_object(Bucket="cleared", Key="k", Body=b"kept")
    local_aws.client("iam").create_user(UserName="gated")
    return "cleared"


def keys_of_gated(server: LocalServer) -> list[Any]:
    found: list[Any] = server.client("iam").list_access_keys(UserName="gated")["AccessKeyMetadata"]
    return found


def presigned(server: LocalServer, version: str, operation: str, **parameters: Any) -> str:
    """Path and query of a link to S3."""
    s3 = boto3.client(
        "s3",
        endpoint_url=server.url,
        region_name=REGION,
        aws_access_key_id=server.root.access_key_id,
        aws_secret_access_key=server.root.secret_access_key,
        config=Config(signature_version=version, s3={"addressing_style": "path"}),
    )
    return str(s3.generate_presigned_url(operation, Params=parameters)).removeprefix(server.url)


def user(server: LocalServer, name: str, *statements: dict[str, Any]) -> Credentials:
    return Credentials(*server.user_with(name, *statements))


def test_bytes_after_the_chunks_of_a_link_call_nothing(local_aws: LocalServer, bucket: str) -> None:
    path = presigned(local_aws, "s3v4", "get_object", Bucket=bucket, Key="k")
    body = f"2\r\n{{}}\r\n0\r\nx-amz-target:{LIST}\r\n\r\n".encode()
    chunked = {"Content-Encoding": "aws-chunked"}
    for method in ("GET", "HEAD"):
        assert local_aws.send(method, path, body, chunked)[0] in (400, 403)
    for name in ("x-amz-target", "x-amz-trailer"):
        assert code(local_aws.send("GET", path, b"{}", {name: LIST})).startswith("AccessDenied")
    assert local_aws.send("GET", path, b"", {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"})[0] == 200


def test_a_link_or_its_body_cannot_name_an_action(local_aws: LocalServer, bucket: str) -> None:
    path = presigned(local_aws, "s3", "get_object", Bucket=bucket, Key="k")
    assert local_aws.send("GET", f"{path}&{CREATE_KEY.decode()}", b"", {})[1] == "kept"
    upload = local_aws.client("s3").create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]
    path = presigned(local_aws, "s3v4", "complete_multipart_upload", Bucket=bucket, Key="m", UploadId=upload)
    local_aws.send("POST", path, CREATE_KEY, FORM)
    assert keys_of_gated(local_aws) == []


def test_an_authorization_has_one_credential(local_aws: LocalServer) -> None:
    own = user(local_aws, "two-credentials", allow("s3:GetObject"))
    method, path, body, headers = signed(local_aws, "sts", body=IDENTITY, headers=FORM, credentials=own)
    assert "user/two-credentials" in local_aws.send(method, path, body, headers)[1]
    scope = headers["Authorization"].partition("Credential=")[2].partition("/")[2].partition(",")[0]
    root = f"Credential={local_aws.root.access_key_id}/{scope}, "
    headers["Authorization"] = headers["Authorization"].replace("Credential=", f"{root}Credential=")
    assert code(local_aws.send(method, path, body, headers)) == "IncompleteSignature"


@pytest.mark.parametrize(
    ("method", "query", "body"),
    [
        ("PUT", "?Action=GetObject", b"changed"),
        ("PUT", "", b"Action=GetObject&x=y"),
        ("DELETE", "?Action=GetObject", b""),
    ],
)
def test_iam_is_asked_about_what_runs(
    local_aws: LocalServer, bucket: str, method: str, query: str, body: bytes
) -> None:
    own = user(local_aws, f"reads-{method}-{len(body)}", allow("s3:GetObject"))
    request = signed(local_aws, "s3", method, f"/{bucket}/k{query}", body, FORM, credentials=own)
    assert code(local_aws.send(*request)) == "AccessDenied"
    assert local_aws.client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"kept"


def test_a_function_is_not_invoked_by_another_name(local_aws: LocalServer) -> None:
    own = user(local_aws, "reads-configurations", allow("lambda:GetFunctionConfiguration"))
    path = "/2015-03-31/functions/none/invocations?Action=GetFunctionConfiguration"
    assert local_aws.send(*signed(local_aws, "lambda", "POST", path, b"{}", {}, credentials=own))[0] == 403


@pytest.mark.usefixtures("bucket")
def test_parameters_have_one_place(local_aws: LocalServer) -> None:
    own = user(local_aws, "asks-for-itself", allow("iam:GetUser"))
    two_places = signed(local_aws, "iam", "POST", "/?Action=GetUser&UserName=gated", CREATE_KEY, FORM, credentials=own)
    twice = signed(local_aws, "iam", "POST", "/", b"Action=GetUser&" + CREATE_KEY, FORM, credentials=own)
    for request in (two_places, twice):
        assert code(local_aws.send(*request)) == "MalformedQueryString"
    assert keys_of_gated(local_aws) == []


def test_a_link_to_one_service_does_not_work_for_another(local_aws: LocalServer) -> None:
    request = AWSRequest("GET", f"{local_aws.url}/?{IDENTITY.decode()}")
    SigV4QueryAuth(credentials_of(local_aws), "sts", REGION, expires=60).add_auth(request)
    link = str(request.url).removeprefix(local_aws.url)
    assert local_aws.send("GET", link, b"", {})[0] == 200
    assert code(local_aws.send("GET", link, b"", {"X-Amz-Target": LIST})) == "InvalidSignatureException"


@pytest.mark.parametrize("service", ["sts", "s3", "local-aws", "logs"])
def test_a_request_goes_to_the_service_that_it_is_signed_for(local_aws: LocalServer, service: str) -> None:
    headers = {"X-Amz-Target": LIST, "Content-Type": "application/x-amz-json-1.1"}
    right = local_aws.send(*signed(local_aws, "codepipeline", body=b"{}", headers=headers))
    assert (right[0], "pipelines" in right[1]) == (200, True)
    status, said = local_aws.send(*signed(local_aws, service, body=b"{}", headers=headers))
    assert (status, "scoped to correct service" in said) == (400, True)


def test_own_paths_of_local_aws_need_a_signature_for_it(local_aws: LocalServer) -> None:
    assert local_aws.send(*signed(local_aws, "local-aws", "GET", "/_local_aws/calls"))[0] == 200
    assert local_aws.send(*signed(local_aws, "iam", "GET", "/_local_aws/calls"))[0] == 403


def test_nothing_follows_the_last_signed_chunk(local_aws: LocalServer, bucket: str) -> None:
    method, path, body, headers = in_chunks(local_aws, f"/{bucket}/added", [b"abc"], trailer=False)
    added = body.removesuffix(b"\r\n") + b"x-amz-meta-evil:1\r\ncontent-type:text/html\r\n\r\n"
    assert code(local_aws.send(method, path, added, headers)) == "SignatureDoesNotMatch"
    with pytest.raises(ClientError, match="NoSuchKey"):
        local_aws.client("s3").get_object(Bucket=bucket, Key="added")


def test_a_checksum_behind_the_chunks_is_held(local_aws: LocalServer, bucket: str) -> None:
    """Its signed trailer says AAAAAA==, which is the checksum of nothing."""
    wrong = in_chunks(local_aws, f"/{bucket}/checked", [b"abc"], trailer=True)
    assert code(local_aws.send(*wrong)) == "BadDigest"
    assert local_aws.send(*in_chunks(local_aws, f"/{bucket}/checked", [], trailer=True))[0] == 200


def test_an_invalid_time_or_signature_is_refused(local_aws: LocalServer, bucket: str) -> None:
    link = presigned(local_aws, "s3v4", "get_object", Bucket=bucket, Key="k")
    moment = link.partition("X-Amz-Date=")[2].partition("&")[0]
    for changed in (
        link.replace(moment, "99991231T235959Z"),
        link.replace("X-Amz-Expires=3600", f"X-Amz-Expires={'9' * 5000}"),
        f"{link.partition('&X-Amz-Signature=')[0]}&X-Amz-Signature=%C3%BC",
    ):
        assert local_aws.send("GET", changed, b"", {})[0] in (400, 403)
    old = presigned(local_aws, "s3", "get_object", Bucket=bucket, Key="k")
    expires = old.partition("Expires=")[2].partition("&")[0]
    assert local_aws.send("GET", old.replace(f"Expires={expires}", f"Expires={'9' * 5000}"), b"", {})[0] == 403
    method, path, body, headers = signed(local_aws, "sts", body=IDENTITY, headers=FORM)
    headers["X-Amz-Date"] = "99991231T235959Z"
    assert local_aws.send(method, path, body, headers)[0] in (400, 403)
