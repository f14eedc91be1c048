"""Invokes the version of a function that the release has published, with the job of its action.

CodePipeline names a function without a version, and what runs under a name changes with every release:
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html
The code stands in the template, so no push changes it.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

import boto3
from botocore.exceptions import ClientError

PREFIX = os.environ["NAME_PREFIX"]
VERSION = re.compile(r"[1-9][0-9]*")
functions, jobs = boto3.client("lambda"), boto3.client("codepipeline")


def handler(event: Any, context: Any) -> None:  # noqa: ARG001 - as Lambda calls it
    """Hand the event to a version's queue; whoever answers, answers CodePipeline."""
    job = event["CodePipeline.job"]
    try:
        name, version = addressed(job["data"]["actionConfiguration"]["configuration"])
        payload = json.dumps(event).encode()
        functions.invoke(FunctionName=name, Qualifier=version, InvocationType="Event", Payload=payload)
    except (ClientError, ValueError) as error:
        message = f"No version of the function could be invoked: {error}"
        jobs.put_job_failure_result(jobId=job["id"], failureDetails={"type": "ConfigurationError", "message": message})


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
