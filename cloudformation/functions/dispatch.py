"""Invokes the version of a function that the release has published, with the job of its action.

CodePipeline names a function without a version, and what runs under a name changes with every release:
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html
The code stands in the template, so no push changes it.
"""

from __future__ import annotations

import json
import os
import re
import time
from typing import Any

import boto3
from botocore.exceptions import ClientError

PREFIX = os.environ["NAME_PREFIX"]
VERSION = re.compile(r"[1-9][0-9]*")
WAKING = {"ResourceConflictException", "ResourceNotReadyException", "CodeArtifactUserPendingException"}
"""Lambda makes what was idle for weeks inactive; an invocation then fails, and a later one finds it active again:
https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html, https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""
WAKES_WITHIN_S, PAUSE_S = 40, 2
functions, jobs = boto3.client("lambda"), boto3.client("codepipeline")


def handler(event: Any, context: Any) -> None:  # noqa: ARG001 - as Lambda calls it
    """Hand the event to a version's queue; whoever answers, answers CodePipeline."""
    job = event["CodePipeline.job"]
    try:
        name, version = addressed(job["data"]["actionConfiguration"]["configuration"])
        invoke(FunctionName=name, Qualifier=version, InvocationType="Event", Payload=json.dumps(event).encode())
    except (ClientError, ValueError) as error:
        message = f"No version of the function could be invoked: {error}"
        jobs.put_job_failure_result(jobId=job["id"], failureDetails={"type": "ConfigurationError", "message": message})


def invoke(**call: Any) -> None:
    """Invoke a version, one that has to wake up first within some seconds; a call that failed has queued nothing."""
    until = time.monotonic() + WAKES_WITHIN_S
    while True:
        try:
            functions.invoke(**call)
        except ClientError as error:
            if error.response["Error"]["Code"] not in WAKING or time.monotonic() > until:
                raise
            time.sleep(PAUSE_S)
        else:
            return


def addressed(configuration: dict[str, str]) -> tuple[str, str]:
    """Name and version of the function; the configuration becomes what CodePipeline would give the function itself."""
    given = json.loads(configuration["UserParameters"], object_pairs_hook=once)
    function, version = given.pop("function"), str(given.pop("version"))
    if not VERSION.fullmatch(version):
        raise ValueError(f"{function} is not built yet: the sources of this release do not have it.")
    configuration["FunctionName"] = f"{PREFIX}-{function}"
    configuration["UserParameters"] = json.dumps(given)
    return configuration["FunctionName"], version


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys differ: a variable's value with quotes in it could name the function again."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError(f"UserParameters name a key twice: {', '.join(key for key, _ in pairs)}.")
    return dict(pairs)
