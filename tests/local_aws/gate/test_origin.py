"""What a web page could send, and the paths that need no signature."""

from __future__ import annotations

import http.client
import stat
from typing import Any

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local_aws.gate import regions
from local_aws.gate.refusal import RefusedError
from local_aws.gate.scheme import Claim
from tests.local_server import REGION, LocalServer, allow

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"
PAGE = "http://evil.example"


def own(server: LocalServer) -> str:
    return f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": PAGE},
        {"Origin": "null"},
        {"Origin": "http://localhost:8000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    ],
)
def test_a_page_of_another_origin_is_refused_whatever_it_signs(local_aws: LocalServer, headers: dict[str, str]) -> None:
    status, text = local_aws.ask("POST", "/", IDENTITY, signed_for="sts", headers={**FORM, **headers})
    assert (status, text) == (403, "This server does not answer pages of another origin.\n")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil:{port}"]
)
def test_another_name_of_this_machine_is_refused(local_aws: LocalServer, host: str) -> None:
    named = host.format(port=local_aws.port)
    status, text = local_aws.ask("POST", "/", IDENTITY, signed_for="sts", headers={**FORM, "Host": named})
    assert status == 403
    assert text.startswith("This server answers to 127.0.0.1:")


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
def test_the_names_of_this_server_are_answered(local_aws: LocalServer, host: str) -> None:
    named = host.format(port=local_aws.port)
    headers = {**FORM, "Host": named, "Origin": f"http://{named}", "Sec-Fetch-Site": "same-origin"}
    assert local_aws.ask("POST", "/", IDENTITY, signed_for="sts", headers=headers)[0] == 200


@pytest.mark.parametrize("origin", [PAGE, ""])
def test_no_preflight_is_answered(local_aws: LocalServer, origin: str) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-amz-target"}
    headers = {**asked, **({"Origin": origin} if origin else {})}
    assert local_aws.send("OPTIONS", "/", b"", headers)[0] == (403 if origin else 405)


def test_no_answer_lets_a_page_read_it(local_aws: LocalServer) -> None:
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket="cors")
    rules = [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]
    s3.put_bucket_cors(Bucket="cors", CORSConfiguration={"CORSRules": rules})
    found: Any = local_aws.client("kms").list_keys()
    listed: Any = s3.list_objects_v2(Bucket="cors")
    for answer in (found, listed):
        names = answer["ResponseMetadata"]["HTTPHeaders"]
        assert not [name for name in names if name.startswith("access-control")]


def test_a_presigned_link_may_be_followed_from_anywhere_and_not_read(local_aws: LocalServer) -> None:
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket="linked")
    s3.put_object(Bucket="linked", Key="page", Body=b"seen")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "linked", "Key": "page"})
    path = url.removeprefix(local_aws.url)
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert local_aws.send("GET", path, b"", followed) == (200, "seen")
    for headers in ({**followed, "Sec-Fetch-Dest": "iframe"}, {**followed, "Sec-Fetch-Mode": "no-cors"}):
        assert local_aws.send("GET", path, b"", headers)[0] == 403
    assert local_aws.send("GET", "/linked/page?X-Amz-Signature=0", b"", followed)[0] == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/health"),
        ("GET", "/_localstack/health"),
        ("GET", "/_ministack/lambda-code/f"),
        ("POST", "/_ministack/rds/iam-auth"),
        ("POST", "/_ministack/eks-auth/x"),
        ("GET", "/_aws/execute-api/a/b"),
        ("GET", "/_aws/lambda-url/a/"),
        ("GET", "/_aws/sqs/messages"),
        ("GET", "/_alb/a/"),
        ("GET", "/_local_aws"),
    ],
)
@pytest.mark.parametrize("signed_for", ["", "s3"])
def test_ministacks_own_paths_are_closed_to_everybody(
    local_aws: LocalServer, method: str, path: str, signed_for: str
) -> None:
    assert local_aws.ask(method, path, signed_for=signed_for) == (404, "Nothing is here.\n")


@pytest.mark.parametrize(
    ("method", "path", "host"),
    [
        ("GET", "/health", ""),
        ("GET", "/oauth2/authorize", ""),
        ("POST", "/oauth2/token", ""),
        ("GET", "/restapis/a/b/_user_request_/c", ""),
        ("GET", "/b/c", "a.execute-api.localhost"),
        ("GET", "/b", "a.lambda-url.us-east-1.localhost"),
        ("GET", "/latest/meta-data/iam/security-credentials/", ""),
        ("GET", "/_local_aws/calls", ""),
    ],
)
def test_no_path_is_answered_without_a_signature(local_aws: LocalServer, method: str, path: str, host: str) -> None:
    headers = {"Host": f"{host}:{local_aws.port}"} if host else {}
    status, text = local_aws.send(method, path, b"", headers)
    assert status in (400, 403)
    assert "Missing" in text or "Access Denied" in text


def test_a_signature_does_not_open_what_ministack_serves_beside_aws(local_aws: LocalServer) -> None:
    status, text = local_aws.ask("GET", "/health", signed_for="s3")
    assert (status, "<Code>NoSuchBucket</Code>" in text) == (404, True)


@pytest.mark.parametrize("name", ["cfn-response", "cfn-signal"])
def test_cloudformation_is_answered_by_who_has_its_token(local_aws: LocalServer, name: str) -> None:
    path = f"/_ministack/{name}/6d9a3fb0-9b3a-4c1e-8f0e-0b4a3d3f5f11"
    assert local_aws.send("PUT", path, b"{}", {}) == (403, "Nothing waits for this response.\n")
    assert local_aws.send("GET", path, b"", {})[0] in (400, 403)


def test_websockets_are_refused(local_aws: LocalServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", local_aws.port, timeout=30)
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    connection.request(
        "GET", "/_aws/execute-api/a/b", headers={**upgrade, "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    )
    assert connection.getresponse().status == 403
    connection.close()


def test_only_root_reads_what_roles_did(local_aws: LocalServer) -> None:
    key, secret = local_aws.user_with("curious", allow("*"))
    assert local_aws.ask("GET", "/_local_aws/calls", signed_for="local-aws")[0] == 200
    request = AWSRequest("GET", f"{local_aws.url}/_local_aws/calls")
    SigV4Auth(Credentials(key, secret), "local-aws", REGION).add_auth(request)
    assert local_aws.send("GET", "/_local_aws/calls", b"", dict(request.headers.items()))[0] == 403


def elsewhere(server: LocalServer, service: str, region: str = "eu-west-1") -> Any:
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name=region,
        aws_access_key_id=server.root.access_key_id,
        aws_secret_access_key=server.root.secret_access_key,
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("sqs", "list_queues"),
        ("lambda", "list_functions"),
        ("events", "list_rules"),
        ("cloudformation", "list_stacks"),
        ("logs", "describe_log_groups"),
        ("cloudwatch", "list_metrics"),
        ("sts", "get_caller_identity"),
        ("codecommit", "list_repositories"),
        ("sagemaker", "list_models"),
    ],
)
def test_a_request_for_another_region_is_refused(local_aws: LocalServer, service: str, operation: str) -> None:
    with pytest.raises(ClientError, match="runs us-east-1 only, and the request is for eu-west-1") as raised:
        getattr(elsewhere(local_aws, service), operation)()
    assert raised.value.response["Error"]["Code"] == "RegionNotEmulated"


def test_s3_names_the_region_that_it_expects(local_aws: LocalServer) -> None:
    status, text = _signed_in_region(local_aws, "eu-west-1")
    assert (status, "<Code>AuthorizationHeaderMalformed</Code>" in text, "<Region>us-east-1</Region>" in text) == (
        400,
        True,
        True,
    )


def _signed_in_region(server: LocalServer, region: str) -> tuple[int, str]:
    request = AWSRequest("GET", f"{server.url}/")
    credentials = Credentials(server.root.access_key_id, server.root.secret_access_key)
    S3SigV4Auth(credentials, "s3", region).add_auth(request)
    return server.send("GET", "/", b"", dict(request.headers.items()))


def test_a_global_service_is_signed_for_us_east_1_in_every_region() -> None:
    def claim(service: str) -> Claim:
        return Claim("k", "", "20260101", "us-east-1", service, ("host",), "s", "20260101T000000Z")

    for service in ("iam", "sts", "route53", "cloudfront", "organizations"):
        regions.require_own(claim(service), "eu-west-1")
    for service in ("s3", "sqs", "lambda", "codepipeline"):
        with pytest.raises(RefusedError):
            regions.require_own(claim(service), "eu-west-1")


@pytest.mark.parametrize(
    ("service", "operation"),
    [("redshift", "describe_clusters"), ("workspaces", "describe_workspaces"), ("glacier", "list_vaults")],
)
def test_a_service_that_nobody_emulates_is_named(local_aws: LocalServer, service: str, operation: str) -> None:
    with pytest.raises(ClientError, match=f"does not emulate the service {service}") as raised:
        getattr(elsewhere(local_aws, service, REGION), operation)()
    assert raised.value.response["Error"]["Code"] == "NotImplementedByLocalAws"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_a_bucket_before_localhost_is_s3s_virtual_hosted_style(local_aws: LocalServer) -> None:
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket="hosted")
    s3.put_object(Bucket="hosted", Key="k", Body=b"v")
    headers = {"Host": f"hosted.localhost:{local_aws.port}"}
    assert local_aws.ask("GET", "/k", signed_for="s3", headers=headers) == (200, "v")


def test_the_state_is_its_owners_alone(own_local_aws: LocalServer) -> None:
    server = own_local_aws
    key = server.root
    server.down()
    server.state.chmod(0o755)
    (server.state / "credentials").chmod(0o644)
    server.up()
    assert stat.S_IMODE(server.state.stat().st_mode) == 0o700
    assert stat.S_IMODE((server.state / "credentials").stat().st_mode) == 0o600
    assert server.root == key
    assert repr(server.root) == f"RootKey({key.access_key_id})"
