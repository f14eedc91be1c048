from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from botocore.stub import Stubber
from slipway.errors import SlipwayError
from slipway.repositories.sources import connected_repositories, parse_remotes
from slipway.session import Session
from slipway.target import Options
from slipway.terminal.output import Output, PlainConsole

pytestmark = pytest.mark.usefixtures("local_key")

ARN = "arn:aws:codeconnections:us-east-1:111122223333:connection/0a1b2c3d"
CONNECTED = {
    "ConnectionArn": ARN,
    "TrainingConfigRepositoryId": "acme/config",
    "PipelineLambdasRepositoryId": "acme/models/pipeline",
    "InferenceLambdasRepositoryId": "acme/inference",
}


@pytest.fixture
def stubbed() -> Iterator[tuple[Session, Stubber]]:
    session = Session(Options(local=True), Output(console=PlainConsole(file=io.StringIO())))
    with Stubber(session.client("cloudformation")) as stubber:
        yield session, stubber


def expect(stubber: Stubber, parameters: dict[str, str] | None) -> None:
    if parameters is None:
        stubber.add_client_error("describe_stacks", "ValidationError", "Stack with id S does not exist")
        return
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    stack = {
        "StackName": "S",
        "CreationTime": datetime.now(UTC),
        "StackStatus": "CREATE_COMPLETE",
        "Parameters": given,
    }
    stubber.add_response("describe_stacks", {"Stacks": [stack]})


def test_repositories_behind_a_connection_are_those_of_the_pipeline(stubbed: tuple[Session, Stubber]) -> None:
    session, stubber = stubbed
    expect(stubber, CONNECTED)
    assert connected_repositories(session) == {
        "training_config": "acme/config",
        "pipeline_lambdas": "acme/models/pipeline",
        "inference_lambdas": "acme/inference",
    }


@pytest.mark.parametrize("pipeline", [None, dict.fromkeys(CONNECTED, "")])
@pytest.mark.parametrize("setup", [None, {"CreateRepositories": "true"}])
def test_else_they_are_those_of_codecommit(
    stubbed: tuple[Session, Stubber], pipeline: dict[str, str] | None, setup: dict[str, str] | None
) -> None:
    session, stubber = stubbed
    expect(stubber, pipeline)
    expect(stubber, setup)
    assert connected_repositories(session) == {}


def test_no_repositories_and_no_connection_are_no_installation(stubbed: tuple[Session, Stubber]) -> None:
    session, stubber = stubbed
    expect(stubber, None)
    expect(stubber, {"CreateRepositories": "false"})
    with pytest.raises(SlipwayError, match="CreateRepositories is false") as raised:
        connected_repositories(session)
    assert "--parameter ConnectionArn=... --parameter TrainingConfigRepositoryId=..." in raised.value.next_step


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/acme/config.git",
        "git@github.com:acme/config.git",
        "ssh://git@gitlab.com/acme/config",
        "../config",
    ],
)
def test_an_address_is_what_git_takes(address: str) -> None:
    assert parse_remotes([f"training_config={address}"]) == {"training_config": address}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("https://github.com/acme/config.git", "expected FOLDER=ADDRESS, of training_config, pipeline_lambdas"),
        ("scripts=../scripts", "found 'scripts=../scripts'"),
        ("training_config=", "found ''"),
        ("training_config=--upload-pack=x", "found '--upload-pack=x'"),
        ("training_config=https://me:secret@github.com/acme/config", "in https://github.com/acme/config"),
        ("training_config=https://secret@github.com/acme/config", "in https://github.com/acme/config"),
        ("https://secret@github.com/acme/config", "found 'https://github.com/acme/config'"),
    ],
)
def test_other_addresses_are_refused_without_telling_a_secret(text: str, message: str) -> None:
    with pytest.raises(SlipwayError) as raised:
        parse_remotes([text])
    assert message in raised.value.message
    assert "secret" not in f"{raised.value.message} {raised.value.next_step}"
