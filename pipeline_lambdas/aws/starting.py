"""Starts an execution of a pipeline.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StartPipelineExecution.html
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

from pipeline_lambdas.aws import clients
from pipeline_lambdas.aws.errors import call

Revision = dict[str, str]


def commit(source: str, commit_id: str) -> Revision:
    """Return the override that makes a source action read a commit."""
    return {"actionName": source, "revisionType": "COMMIT_ID", "revisionValue": commit_id}


def version(source: str, version_id: str) -> Revision:
    """Return the override that makes a source action read a version of its object."""
    return {"actionName": source, "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": version_id}


def start(pipeline: str, role_arn: str, session: str, revision: Revision, token: str) -> str:
    """Start an execution with one source pinned, and return its id; a repeated token returns the id of the first call.

    `session` names the role's session, 2 to 64 characters; the execution's trigger shows it.
    """
    answer = call(clients.client("sts").assume_role, RoleArn=role_arn, RoleSessionName=session)
    keys = answer["Credentials"]
    client = clients.codepipeline_with(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    started = call(client.start_pipeline_execution, name=pipeline, sourceRevisions=[revision], clientRequestToken=token)
    return str(started["pipelineExecutionId"])
