from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local_aws import base
from local_aws.base import AccessKey
from local_aws.codecommit.git_http import credentials
from local_aws.codecommit.git_http.credentials import BadCredentialsError, NoCredentialsError
from local_aws.codecommit.git_http.signing import SignedPart, signature

KEY, SECRET, TOKEN = "AKIAEXAMPLE", "wJalrXUtnFEMI/bPxRfiCYEXAMPLEKEY", "to/ken+x=="
USER = "arn:aws:iam::111122223333:user/maria"
NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
PATH, HOST = "/v1/repos/config", "127.0.0.1:4566"


@pytest.fixture(autouse=True)
def known_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(access_key_id: str, token: str) -> AccessKey | None:
        known = {KEY: "", "ASIAEXAMPLE": TOKEN}
        return AccessKey(access_key_id, SECRET, USER) if known.get(access_key_id) == token else None

    monkeypatch.setattr(base, "find_access_key", find)


def helper_password(
    host: str = HOST, path: str = PATH, at: datetime = NOW, secret: str = SECRET, region: str = "us-east-1"
) -> str:
    """The password as a client makes it, signed by botocore and not by the code under test."""
    time = at.strftime("%Y%m%dT%H%M%S")
    request = AWSRequest(method="GIT", url=f"https://{host}{path}")
    request.context["timestamp"] = time
    signer = SigV4Auth(Credentials(KEY, secret), "codecommit", region)
    to_sign = signer.string_to_sign(request, f"GIT\n{path}\n\nhost:{host}\n\nhost\n")
    return f"{time}Z{signer.signature(to_sign, request)}"


def arn(user: str, password: str) -> str:
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    headers = {"authorization": f"Basic {encoded}", "host": HOST}
    return credentials.caller(headers, PATH, "us-east-1", NOW).arn


@pytest.mark.parametrize("host", [HOST, "127.0.0.1"])
def test_a_signature_is_good_with_and_without_the_port(host: str) -> None:
    assert arn(KEY, helper_password(host)) == USER


def test_our_signature_is_botocores() -> None:
    time, _, made = helper_password().partition("Z")
    assert signature(SECRET, time, SignedPart(PATH, HOST, "us-east-1")) == made


def test_a_session_token_follows_a_percent_sign() -> None:
    assert arn(f"ASIAEXAMPLE%{TOKEN}", helper_password()) == USER


@pytest.mark.parametrize(
    ("user", "password", "words"),
    [
        ("AKIAUNKNOWN", helper_password(), "access key is not valid"),
        ("ASIAEXAMPLE", helper_password(), "access key is not valid"),
        ("ASIAEXAMPLE%other", helper_password(), "access key is not valid"),
        (KEY, SECRET, "not the signature"),
        (KEY, "", "not the signature"),
        (KEY, "20301399T000000Z" + "0" * 64, "no valid time"),
        (KEY, helper_password(at=NOW - timedelta(minutes=16)), "expired"),
        (KEY, helper_password(at=NOW + timedelta(minutes=16)), "expired"),
        (KEY, helper_password(path="/v1/repos/other"), "does not match"),
        (KEY, helper_password(host="example.com"), "does not match"),
        (KEY, helper_password(secret="other"), "does not match"),
        (KEY, helper_password(region="eu-west-1"), "does not match"),
        ("", "x", "access key is not valid"),
    ],
)
def test_bad_credentials_are_refused(user: str, password: str, words: str) -> None:
    with pytest.raises(BadCredentialsError, match=words):
        arn(user, password)


@pytest.mark.parametrize("authorization", ["", "Bearer abc", "Basic Og=="])
def test_no_credentials_are_asked_for(authorization: str) -> None:
    with pytest.raises(NoCredentialsError):
        credentials.caller({"authorization": authorization}, PATH, "us-east-1", NOW)


@pytest.mark.parametrize("authorization", ["Basic ???", "Basic YWJj"])
def test_a_broken_header_is_refused(authorization: str) -> None:
    with pytest.raises(BadCredentialsError):
        credentials.caller({"authorization": authorization}, PATH, "us-east-1", NOW)


def test_a_key_is_never_printed() -> None:
    assert SECRET not in repr(AccessKey(KEY, SECRET, USER))
