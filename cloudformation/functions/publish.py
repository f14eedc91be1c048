"""Publishes what Build has packaged: a version of each function, which the release then invokes.

The code stands in the template, so no push changes what changes functions. A version is made of code and configuration,
and none is made of those of the last one: https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
Any build may put its artifact in the place of another's, also while that one's release waits for its approval. So what
was held against its hash once is kept under it, where no build writes, and what is approved is read from there.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import time
import traceback
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import boto3
from botocore.config import Config

PREFIX, FUNCTIONS = os.environ["NAME_PREFIX"], os.environ["FUNCTIONS"].split(",")
BUCKET, KEY_ARN, CHECKS_KEY = os.environ["PACKAGE_BUCKET"], os.environ["KMS_KEY_ARN"], os.environ.get("CHECKS_KEY")
READ_AGAIN = {"TrainingConfig", "Dataset"}
"""The sources that StartTraining reads."""
KEPT_VERSIONS = 10
KEPT_FOR_EVER = {"get-status"}
"""A rollback runs DeployProd with the variables of the earlier release, however old. What acts is published again; what
waits there is the version that Publish made at the time:
https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-rollback.html"""
LONGEST_WAIT = timedelta(days=61)
"""An approval waits for 60 days at most: https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html"""
CALLS_AT_ONCE = 8
RATE = Config(retries={"mode": "adaptive", "max_attempts": 10})
"""Lambda takes 15 such calls a second of an account: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
functions, s3, jobs = boto3.client("lambda", config=RATE), boto3.client("s3"), boto3.client("codepipeline")


class Published(NamedTuple):
    """The version of a function that the release invokes; `changed` if the function ran other code before."""

    version: str
    sha256: str
    changed: bool


def handler(event: Any, context: Any) -> None:  # noqa: ARG001 - as Lambda calls it
    """Publish the packages of the job's artifact, and answer CodePipeline."""
    job = event["CodePipeline.job"]
    try:
        told = publish(job["data"])
    except Exception as error:  # noqa: BLE001 - without a result the action would hang for 20 minutes
        traceback.print_exc()
        said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        failure = {"type": "JobFailed", "message": said[:5000]}
        jobs.put_job_failure_result(jobId=job["id"], failureDetails=failure)
    else:
        details = {"summary": f"Functions with new code: {told['Updated']}"}
        jobs.put_job_success_result(jobId=job["id"], outputVariables=told, executionDetails=details)


def publish(data: Mapping[str, Any]) -> dict[str, str]:
    """Publish all functions, or those named by the parameter `first` that no release has published yet.

    Returns the output variables: for train-model `TrainModel`, its version, and `TrainModelSha256`, its CodeSha256.
    """
    given = json.loads(data["actionConfiguration"]["configuration"]["UserParameters"], object_pairs_hook=once)
    names, sha256, sources = FUNCTIONS, given["packages"], sources_of(data)
    if "first" in given:
        names = [name for name in names if name in given["first"].split(",") and not versions(name)]
    code, owners = packages(data, sha256) if names else ({}, {})
    names = [name for name in names if name in owners]
    with ThreadPoolExecutor(CALLS_AT_ONCE) as calls:
        tasks = {name: calls.submit(bring, name, owners[name], code) for name in names}
    done = {name: task.result() for name, task in tasks.items()}
    checks = given.get("checks", "none")
    if CHECKS_KEY and checks != "none":
        keep(CHECKS_KEY, checks.encode())
    updated = ",".join(name for name, published in done.items() if published.changed)
    told = {"Packages": sha256, "Updated": updated or "none", **sources}
    for name in FUNCTIONS:
        variable, published = name.title().replace("-", ""), done.get(name, Published("none", "none", changed=False))
        told |= {variable: published.version, f"{variable}Sha256": published.sha256}
    return told


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys differ: what Build exports could say in the place of Check what was green."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError(f"UserParameters name a key twice: {', '.join(key for key, _ in pairs)}.")
    return dict(pairs)


def packages(data: Mapping[str, Any], sha256: str) -> tuple[dict[str, bytes], dict[str, str]]:
    """The packages that the release has built, by their names, and each function's package."""
    key = f"builds/{sha256}.zip"
    if not data["inputArtifacts"]:
        return verified(kept(key), sha256)
    body = bytes(handed_over(data, data["inputArtifacts"][0])["Body"].read())
    found = verified(body, sha256)
    if CHECKS_KEY:
        keep_once(key, body)
    return found


def sources_of(data: Mapping[str, Any]) -> dict[str, str]:
    """The SHA-256 of config and dataset; ValueError if a source that the action is given was written more than once.

    A job's credentials may reach the artifacts of other releases, and CodePipeline documents neither that they do not
    nor that a build reads one version. The source action writes each once, under a key of its own.
    """
    told = {}
    for artifact in data["inputArtifacts"][1:]:
        place = artifact["location"]["s3Location"]
        bucket, key = place["bucketName"], place["objectKey"]
        answer = handed_over(data, artifact)
        listed = s3.list_object_versions(Bucket=bucket, Prefix=key)
        there = [*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())]
        versions = [one["VersionId"] for one in there if one["Key"] == key]
        if versions != [answer["VersionId"]]:
            raise ValueError(
                f"s3://{bucket}/{key}: found {len(versions)} versions of {artifact['name']}; expected the one of its "
                "source action. The access log of the bucket tells who wrote it again. Start a new release."
            )
        if artifact["name"] in READ_AGAIN:
            told[f"{artifact['name']}Artifact"] = hashlib.sha256(answer["Body"].read()).hexdigest()
    return told


def handed_over(data: Mapping[str, Any], artifact: Mapping[str, Any]) -> Any:
    """An artifact, got as the pipeline: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_JobData.html."""
    place, keys = artifact["location"]["s3Location"], data["artifactCredentials"]
    reader = boto3.client(
        "s3",
        aws_access_key_id=keys["accessKeyId"],
        aws_secret_access_key=keys["secretAccessKey"],
        aws_session_token=keys["sessionToken"],
    )
    return reader.get_object(Bucket=place["bucketName"], Key=place["objectKey"])


def kept(key: str) -> bytes:
    """What Publish has verified before."""
    try:
        return bytes(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    except s3.exceptions.ClientError as error:
        raise ValueError(
            f"{BUCKET}/{key}: what this release has built is not kept. Start a new release. {error}"
        ) from None


def verified(body: bytes, sha256: str) -> tuple[dict[str, bytes], dict[str, str]]:
    """The packages of a build's artifact and whose they are; ValueError if it is not the one of this hash."""
    with zipfile.ZipFile(io.BytesIO(body)) as artifact:
        listed = artifact.read("packages.json")
        if hashlib.sha256(listed).hexdigest() != sha256:
            raise ValueError("the artifact is not the one that this release has built. Start a new release.")
        build = json.loads(listed)
        code = {name: artifact.read(f"{name}.zip") for name in build["packages"]}
    other = [name for name, zipped in code.items() if code_sha256(zipped) != build["packages"][name]]
    if other:
        raise ValueError(f"{', '.join(other)}: not what this release has built. Start a new release.")
    return code, build["functions"]


def bring(name: str, package: str, code: Mapping[str, bytes]) -> Published:
    """Make a version of the function with this code, unless the last one is it."""
    function, zipped = f"{PREFIX}-{name}", code[package]
    sha256, changed = code_sha256(zipped), False
    try:
        version = functions.publish_version(FunctionName=function, CodeSha256=sha256)["Version"]
    except functions.exceptions.ClientError:
        # The function runs other code, or an update of it is under way.
        changed = settled(FunctionName=function)["CodeSha256"] != sha256
        if changed:
            keep(f"{package}/{hashlib.sha256(zipped).hexdigest()}.zip", zipped)
            functions.update_function_code(FunctionName=function, ZipFile=zipped)
            settled(FunctionName=function)
        version = functions.publish_version(FunctionName=function, CodeSha256=sha256)["Version"]
    try:
        functions.get_function_event_invoke_config(FunctionName=function, Qualifier=version)
    except functions.exceptions.ResourceNotFoundException:
        settled(FunctionName=function, Qualifier=version)
        treat_as_latest(function, version)
        if name not in KEPT_FOR_EVER:
            forget_old_versions(name)
    return Published(version, sha256, changed)


def settled(**which: str) -> Mapping[str, Any]:
    """The configuration of a function or a version once no update is under way.

    https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
    """
    while True:
        found: Mapping[str, Any] = functions.get_function_configuration(**which)
        if "Failed" in (found.get("State"), found.get("LastUpdateStatus")):
            reason = found.get("LastUpdateStatusReason") or found.get("StateReason")
            raise RuntimeError(f"{which['FunctionName']}: its last update failed: {reason}")
        if found.get("State") != "Pending" and found.get("LastUpdateStatus") != "InProgress":
            return found
        time.sleep(0.2)


def treat_as_latest(function: str, version: str) -> None:
    """Let a version's lost events be repeated and answered for as the template says it of the function.

    https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
    """
    latest = functions.get_function_event_invoke_config(FunctionName=function, Qualifier="$LATEST")
    names = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
    same = {name: latest[name] for name in names if name in latest}
    functions.put_function_event_invoke_config(FunctionName=function, Qualifier=version, **same)


def versions(name: str) -> list[Mapping[str, Any]]:
    """Return the configurations of a function's versions, the oldest first."""
    pages = functions.get_paginator("list_versions_by_function").paginate(FunctionName=f"{PREFIX}-{name}")
    found = [version for page in pages for version in page["Versions"] if version["Version"] != "$LATEST"]
    return sorted(found, key=lambda version: int(version["Version"]))


def forget_old_versions(name: str) -> None:
    """Delete versions that have had a successor for longer than a release may wait, but for the newest ones.

    A release takes the newest version. One that cannot be deleted keeps no release.
    """
    found = versions(name)
    for version, successor in list(pairwise(found))[:-KEPT_VERSIONS]:
        since = datetime.strptime(successor["LastModified"], "%Y-%m-%dT%H:%M:%S.%f%z")
        if datetime.now(UTC) - since > LONGEST_WAIT:
            try:
                functions.delete_function(FunctionName=f"{PREFIX}-{name}", Qualifier=version["Version"])
            except functions.exceptions.ClientError:
                traceback.print_exc()


def keep(key: str, body: bytes, **condition: str) -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=body, ServerSideEncryption="aws:kms", SSEKMSKeyId=KEY_ARN, **condition)


def keep_once(key: str, body: bytes) -> None:
    """Keep what another release may have kept already; one that is about to lets this one try again.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    for pause_s in (1, 2, 4, 0):
        try:
            keep(key, body, IfNoneMatch="*")
        except s3.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ConditionalRequestConflict" and pause_s:
                time.sleep(pause_s)
                continue
            if code != "PreconditionFailed":
                raise
        return


def code_sha256(zipped: bytes) -> str:
    """As Lambda shows it: https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html."""
    return base64.b64encode(hashlib.sha256(zipped).digest()).decode()
