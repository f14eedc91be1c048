"""Who may send a request: what botocore signs passes, and nothing that differs from it."""

from __future__ import annotations

import hashlib
import io
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.local_server import REGION, LocalServer, allow

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"
KMS = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.ListKeys"}
Signed = tuple[str, str, bytes, dict[str, str]]


@pytest.fixture(scope="module")
def bucket(local_aws: LocalServer) -> str:
    local_aws.client("s3").create_bucket(Bucket="gated")
    local_aws.client("s3").put_object(Bucket="gated", Key="a b+ü~", Body=b"kept")
    return "gated"


def credentials_of(server: LocalServer) -> Credentials:
    return Credentials(server.root.access_key_id, server.root.secret_access_key)


def signed(
    server: LocalServer,
    service: str,
    method: str = "POST",
    path: str = "/",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    *,
    at: datetime | None = None,
    credentials: Credentials | None = None,
    region: str = REGION,
) -> Signed:
    """A request as botocore signs it, at a moment of choice."""
    request = AWSRequest(method, f"{server.url}{path}", headers=headers or {}, data=body)
    kind = S3SigV4Auth if service == "s3" else SigV4Auth
    signer: Any = kind(credentials or credentials_of(server), service, region)
    signer._modify_request_before_signing = _dated(signer._modify_request_before_signing, at)
    signer.add_auth(request)
    return method, path, body, dict(request.headers.items())


def _dated(original: Callable[[Any], None], at: datetime | None) -> Callable[[Any], None]:
    def modify(request: Any) -> None:
        if at is not None:
            request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
        original(request)

    return modify


def code(answer: tuple[int, str]) -> str:
    """The error's code, in whichever protocol it is said."""
    text = answer[1]
    return str(json.loads(text)["__type"]) if text.startswith("{") else text.split("<Code>")[1].split("</Code>")[0]


CASES = [
    ("sts", IDENTITY, FORM, ("MissingAuthenticationToken", "InvalidClientTokenId", "SignatureDoesNotMatch")),
    (
        "kms",
        b"{}",
        KMS,
        ("MissingAuthenticationTokenException", "UnrecognizedClientException", "InvalidSignatureException"),
    ),
    (
        "codepipeline",
        b"{}",
        {**KMS, "X-Amz-Target": "CodePipeline_20150709.ListPipelines"},
        ("MissingAuthenticationTokenException", "UnrecognizedClientException", "InvalidSignatureException"),
    ),
]


@pytest.mark.parametrize(("service", "body", "headers", "codes"), CASES, ids=[case[0] for case in CASES])
def test_only_the_signature_of_a_known_key_is_accepted(
    local_aws: LocalServer, service: str, body: bytes, headers: dict[str, str], codes: tuple[str, str, str]
) -> None:
    missing, unknown, mismatch = codes
    good = signed(local_aws, service, body=body, headers=headers)
    assert local_aws.send(*good)[0] == 200
    assert code(local_aws.send("POST", "/", body, headers)) == missing
    for key in ("test", "111122223333", "AKIAIOSFODNN7EXAMPLE"):
        other = signed(local_aws, service, body=body, headers=headers, credentials=Credentials(key, "test"))
        assert code(local_aws.send(*other)) == unknown
    wrong = Credentials(local_aws.root.access_key_id, "test")
    assert code(local_aws.send(*signed(local_aws, service, body=body, headers=headers, credentials=wrong))) == mismatch
    method, path, _, sent = good
    assert code(local_aws.send(method, path, body + b" ", sent)) == mismatch
    assert code(local_aws.send(method, path + "?more=1", body, sent)) == mismatch
    elsewhere = {**sent, "Host": f"localhost:{local_aws.port}"}
    assert code(local_aws.send(method, path, body, elsewhere)) == mismatch
    tampered = {
        **sent,
        "Authorization": sent["Authorization"][:-1] + ("0" if sent["Authorization"][-1] != "0" else "1"),
    }
    assert code(local_aws.send(method, path, body, tampered)) == mismatch


@pytest.mark.parametrize(("minutes", "accepted"), [(-6, False), (-4, True), (4, True), (6, False)])
def test_a_date_is_good_for_five_minutes(local_aws: LocalServer, minutes: int, accepted: bool) -> None:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    status, text = local_aws.send(*signed(local_aws, "sts", body=IDENTITY, headers=FORM, at=at))
    assert (status == 200) is accepted
    assert accepted or ("Signature expired" in text or "Signature not yet current" in text)


@pytest.mark.parametrize(("minutes", "status"), [(-16, 403), (-14, 200), (14, 200), (16, 403)])
def test_a_date_is_good_for_fifteen_minutes_at_s3(
    local_aws: LocalServer, bucket: str, minutes: int, status: int
) -> None:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    answer = local_aws.send(*signed(local_aws, "s3", "GET", f"/{bucket}", at=at))
    assert answer[0] == status
    assert status == 200 or code(answer) == "RequestTimeTooSkewed"


def test_the_date_of_the_scope_is_the_date_of_the_request(local_aws: LocalServer) -> None:
    method, path, body, headers = signed(local_aws, "sts", body=IDENTITY, headers=FORM)
    today = headers["X-Amz-Date"][:8]
    moved = {**headers, "Authorization": headers["Authorization"].replace(f"/{today}/", "/20200101/")}
    assert code(local_aws.send(method, path, body, moved)) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("part", ["Credential", "SignedHeaders", "Signature"])
def test_a_part_that_is_missing_is_named(local_aws: LocalServer, part: str) -> None:
    method, path, body, headers = signed(local_aws, "sts", body=IDENTITY, headers=FORM)
    kept = [one for one in headers["Authorization"].partition(" ")[2].split(", ") if not one.startswith(f"{part}=")]
    answer = local_aws.send(method, path, body, {**headers, "Authorization": f"AWS4-HMAC-SHA256 {', '.join(kept)}"})
    assert (answer[0], code(answer)) == (400, "IncompleteSignature")
    assert f"'{part}'" in answer[1]


def test_a_session_needs_its_own_token(local_aws: LocalServer) -> None:
    local_aws.create_role("gated-session", "lambda.amazonaws.com", allow("kms:ListKeys"))
    local_aws.client("iam").update_assume_role_policy(
        RoleName="gated-session",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
            }
        ),
    )
    arn = "arn:aws:iam::111122223333:role/gated-session"
    made = local_aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="gated")["Credentials"]
    key, secret, token = made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]
    for given, status in ((token, 200), (None, 400), (token[:-1], 400)):
        request = signed(local_aws, "kms", body=b"{}", headers=KMS, credentials=Credentials(key, secret, given))
        assert local_aws.send(*request)[0] == status


def test_root_has_no_token(local_aws: LocalServer) -> None:
    root = local_aws.root
    with_token = Credentials(root.access_key_id, root.secret_access_key, "any")
    answer = local_aws.send(*signed(local_aws, "sts", body=IDENTITY, headers=FORM, credentials=with_token))
    assert code(answer) == "InvalidClientTokenId"


def test_the_body_that_s3_stores_is_the_one_that_was_signed(local_aws: LocalServer, bucket: str) -> None:
    method, path, body, headers = signed(local_aws, "s3", "PUT", f"/{bucket}/a", b"good")
    assert code(local_aws.send(method, path, b"evil", headers)) == "XAmzContentSHA256Mismatch"
    with pytest.raises(ClientError, match="NoSuchKey"):
        local_aws.client("s3").get_object(Bucket=bucket, Key="a")
    assert local_aws.send(method, path, body, headers)[0] == 200
    evil = {name: value for name, value in headers.items() if name.lower() != "x-amz-content-sha256"}
    assert code(local_aws.send(method, path, body, evil)) == "InvalidRequest"
    added = {**headers, "x-amz-acl": "public-read"}
    answer = local_aws.send(method, path, body, added)
    assert (code(answer), "<HeadersNotSigned>x-amz-acl</HeadersNotSigned>" in answer[1]) == ("AccessDenied", True)


def test_an_unsigned_payload_is_s3s_alone(local_aws: LocalServer, bucket: str) -> None:
    for service, path, body, status in (("s3", f"/{bucket}/u", b"x", 200), ("sts", "/", IDENTITY, 403)):
        request = AWSRequest("PUT" if service == "s3" else "POST", f"{local_aws.url}{path}", data=body, headers=FORM)
        request.context["payload_signing_enabled"] = False
        request.headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
        signer: Any = (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials_of(local_aws), service, REGION)
        signer.payload = lambda _request: "UNSIGNED-PAYLOAD"
        signer.add_auth(request)
        sent = dict(request.headers.items())
        assert local_aws.send(request.method, path, body, sent)[0] == status


def in_chunks(server: LocalServer, path: str, parts: list[bytes], *, trailer: bool) -> Signed:
    """An upload in signed chunks, as the SDKs for Java and others make it over plain HTTP."""
    kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
    headers = {"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": str(sum(map(len, parts)))}
    checksum = "x-amz-checksum-crc32:" + "AAAAAA=="
    if trailer:
        headers["X-Amz-Trailer"] = "x-amz-checksum-crc32"
    request = AWSRequest("PUT", f"{server.url}{path}", headers=headers)
    signer: Any = S3SigV4Auth(credentials_of(server), "s3", REGION)
    signer.payload = lambda _request: kind
    signer.add_auth(request)
    previous = request.headers["Authorization"].rpartition("Signature=")[2]
    moment = request.headers["X-Amz-Date"]
    scope = f"{moment[:8]}/{REGION}/s3/aws4_request"
    dated: Any = SimpleNamespace(context={"timestamp": moment})
    empty = hashlib.sha256(b"").hexdigest()
    body = b""
    for part in [*parts, b""]:
        digest = hashlib.sha256(part).hexdigest()
        lines = ("AWS4-HMAC-SHA256-PAYLOAD", moment, scope, previous, empty, digest)
        previous = signer.signature("\n".join(lines), dated)
        body += f"{len(part):x};chunk-signature={previous}\r\n".encode() + part + (b"\r\n" if part else b"")
    if trailer:
        digest = hashlib.sha256(f"{checksum}\n".encode()).hexdigest()
        made = signer.signature(f"AWS4-HMAC-SHA256-TRAILER\n{moment}\n{scope}\n{previous}\n{digest}", dated)
        body += f"{checksum}\r\nx-amz-trailer-signature:{made}\r\n".encode()
    return "PUT", path, body + b"\r\n", dict(request.headers.items())


def test_signed_chunks_are_held_to_their_signatures(local_aws: LocalServer, bucket: str) -> None:
    parts = [b"a" * 70_000, b"b" * 9]
    method, path, body, headers = in_chunks(local_aws, f"/{bucket}/chunks", parts, trailer=False)
    assert code(local_aws.send(method, path, body.replace(b"bbb", b"bxb"), headers)) == "SignatureDoesNotMatch"
    cut = body[: body.index(b"\r\n9;") + 2]
    assert code(local_aws.send(method, path, cut, headers)) == "SignatureDoesNotMatch"
    assert local_aws.send(method, path, body, headers)[0] == 200
    assert local_aws.client("s3").get_object(Bucket=bucket, Key="chunks")["Body"].read() == b"".join(parts)


def test_a_signed_trailer_is_held_to_its_signature(local_aws: LocalServer, bucket: str) -> None:
    method, path, body, headers = in_chunks(local_aws, f"/{bucket}/trailer", [], trailer=True)
    changed = body.replace(b"AAAAAA==", b"AAAAAQ==")
    assert code(local_aws.send(method, path, changed, headers)) == "SignatureDoesNotMatch"
    unsigned = body[: body.index(b"x-amz-trailer-signature")] + b"\r\n"
    assert code(local_aws.send(method, path, unsigned, headers)) == "SignatureDoesNotMatch"
    assert local_aws.send(method, path, body, headers)[0] == 200


def fetch(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - http, loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize("version", ["s3v4", "s3"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_presigned_url_is_good_for_what_it_names(
    local_aws: LocalServer, bucket: str, version: str, host: str
) -> None:
    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{local_aws.port}",
        region_name=REGION,
        aws_access_key_id=local_aws.root.access_key_id,
        aws_secret_access_key=local_aws.root.secret_access_key,
        config=Config(signature_version=version, s3={"addressing_style": "path"}),
    )
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b+ü~"}, ExpiresIn=60)
    assert fetch(url) == (200, "kept")
    for changed in (url.replace("gated/", "other/"), url + "&versionId=1", url.replace("gated/a", "gated/b")):
        assert fetch(changed)[0] == 403
    gone = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b+ü~"}, ExpiresIn=-1)
    assert fetch(gone)[0] in (400, 403)


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_presigned_url_may_name_the_bucket_in_its_host(local_aws: LocalServer, version: str) -> None:
    local_aws.client("s3").create_bucket(Bucket="1gated")
    local_aws.client("s3").put_object(Bucket="1gated", Key="k", Body=b"kept")
    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://localhost:{local_aws.port}",
        region_name=REGION,
        aws_access_key_id=local_aws.root.access_key_id,
        aws_secret_access_key=local_aws.root.secret_access_key,
        config=Config(signature_version=version, s3={"addressing_style": "virtual"}),
    )
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "1gated", "Key": "k"})
    host = f"1gated.localhost:{local_aws.port}"
    path = url.removeprefix(f"http://{host}")
    assert path.startswith("/k?")
    assert local_aws.send("GET", path, b"", {"Host": host}) == (200, "kept")
    assert local_aws.send("GET", path, b"", {"Host": f"gated.localhost:{local_aws.port}"})[0] == 403


def presigned(server: LocalServer, bucket: str, expires_s: int, at: datetime) -> str:
    request = AWSRequest("GET", f"{server.url}/{bucket}/a%20b%2B%C3%BC~")
    signer: Any = S3SigV4QueryAuth(credentials_of(server), "s3", REGION, expires=expires_s)
    signer._modify_request_before_signing = _dated(signer._modify_request_before_signing, at)
    signer.add_auth(request)
    return str(request.url)


def test_a_presigned_url_ends_when_it_says(local_aws: LocalServer, bucket: str) -> None:
    now = datetime.now(UTC)
    assert fetch(presigned(local_aws, bucket, 7200, now - timedelta(hours=1)))[0] == 200
    late = fetch(presigned(local_aws, bucket, 600, now - timedelta(hours=1)))
    assert (late[0], code(late), "Request has expired" in late[1]) == (403, "AccessDenied", True)
    early = fetch(presigned(local_aws, bucket, 600, now + timedelta(hours=1)))
    assert (early[0], code(early), "Request is not yet valid" in early[1]) == (403, "AccessDenied", True)
    long = fetch(presigned(local_aws, bucket, 700_000, now))
    assert (long[0], code(long)) == (400, "AuthorizationQueryParametersError")


def test_another_service_is_presigned_too(local_aws: LocalServer) -> None:
    request = AWSRequest("GET", f"{local_aws.url}/?{IDENTITY.decode()}")
    SigV4QueryAuth(credentials_of(local_aws), "sts", REGION, expires=60).add_auth(request)
    assert "arn:aws:iam::111122223333:root" in fetch(request.url)[1]
    assert fetch(request.url.replace("GetCallerIdentity", "GetSessionToken"))[0] == 403


def test_one_request_carries_one_signature(local_aws: LocalServer, bucket: str) -> None:
    both = presigned(local_aws, bucket, 60, datetime.now(UTC)).removeprefix(local_aws.url)
    _, _, _, headers = signed(local_aws, "s3", "GET", both)
    assert code(local_aws.send("GET", both, b"", headers)) == "InvalidArgument"


@pytest.mark.parametrize("authorization", ["AWS AKIA:c2ln", "AWS4-ECDSA-P256-SHA256 Credential=a/b/c/d", "Bearer t"])
def test_other_ways_to_sign_are_refused(local_aws: LocalServer, bucket: str, authorization: str) -> None:
    answer = local_aws.send("GET", f"/{bucket}", b"", {"Authorization": authorization})
    assert (answer[0], code(answer)) == (400, "InvalidRequest")


TELL = b"import os\ndef handler(event, context):\n    return dict(os.environ)\n"


def test_a_function_holds_the_credentials_of_its_role_alone(local_aws: LocalServer) -> None:
    code_of_it = io.BytesIO()
    with zipfile.ZipFile(code_of_it, "w") as archive:
        archive.writestr("index.py", TELL)
    role = local_aws.create_role("gated-teller", "lambda.amazonaws.com", allow("kms:ListKeys"))
    functions = local_aws.client("lambda")
    functions.create_function(
        FunctionName="gated-teller",
        Runtime="python3.12",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": code_of_it.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="gated-teller")
    told = json.load(functions.invoke(FunctionName="gated-teller")["Payload"])
    assert local_aws.root.secret_access_key not in told.values()
    assert local_aws.root.access_key_id not in told.values()
    key = (told["AWS_ACCESS_KEY_ID"], told["AWS_SECRET_ACCESS_KEY"], told["AWS_SESSION_TOKEN"])
    caller = local_aws.client("sts", *key).get_caller_identity()["Arn"]
    assert caller == "arn:aws:sts::111122223333:assumed-role/gated-teller/gated-teller"
    arn = f"arn:aws:lambda:{REGION}:111122223333:function:gated-teller"
    digest = hashlib.sha256(f"{arn}:{role}".encode()).hexdigest()
    assert not told["AWS_ACCESS_KEY_ID"].endswith(digest[:16].upper())
