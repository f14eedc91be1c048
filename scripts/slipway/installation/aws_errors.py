"""Explains botocore's errors: a sentence and a next step."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

from slipway.errors import NextStep, SlipwayError

_NEXT_STEPS: dict[str, NextStep] = {
    "ApprovalAlreadyCompletedException": lambda command: (
        f"Somebody else answered first; see the result: {command('show')}"
    ),
    "InvalidApprovalTokenException": lambda command: (
        f"The approval has changed since; look at it again: {command('show')}"
    ),
    "AccessDenied": "Ask an administrator of the account for this permission.",
    "AccessDeniedException": "Ask an administrator of the account for this permission.",
    "ExpiredToken": "Sign in again, for example: aws sso login",
    "ExpiredTokenException": "Sign in again, for example: aws sso login",
    "InvalidClientTokenId": "Sign in again; `aws sts get-caller-identity` shows whether it worked.",
    "NoSuchBucket": lambda command: f"Create what is missing: {command('deploy')}",
    "PipelineNotFoundException": lambda command: f"Create the pipeline: {command('deploy')}",
    "RepositoryDoesNotExistException": lambda command: f"Create what is missing: {command('deploy')}",
}


def code_of(error: ClientError) -> str:
    """AWS's code of the error, `NoSuchKey` for example."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", "")) or str(error)


def explain(error: Exception) -> SlipwayError | None:
    """Explain an error of a call to AWS; None for any other error, which is a bug in Slipway."""
    if isinstance(error, EndpointConnectionError):
        url = str(error.kwargs.get("endpoint_url", ""))
        if "127.0.0.1" in url:
            return SlipwayError("Local AWS does not answer.", lambda command: f"Start it: {command('up')}")
        return SlipwayError(f"Nothing answers at {url}.", "Check the network and the Region.")
    if isinstance(error, NoCredentialsError):
        return SlipwayError("No credentials for AWS were found.", "Sign in, or work on this machine only: --local")
    if isinstance(error, ClientError):
        code = code_of(error)
        message = f"{error.operation_name}: {code}: {message_of(error)}"
        return SlipwayError(message, _NEXT_STEPS.get(code, ""))
    if isinstance(error, BotoCoreError):
        return SlipwayError(f"The call to AWS failed: {error}")
    return None
