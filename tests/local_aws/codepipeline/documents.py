"""Pipelines of a few lines for tests."""

from __future__ import annotations

from typing import Any

from local_aws.settings import ACCOUNT, DEFAULT_REGION

ROLE = f"arn:aws:iam::{ACCOUNT}:role/pipeline-role"
KEY = f"arn:aws:kms:{DEFAULT_REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"

Document = dict[str, Any]


def kind(category: str, provider: str) -> dict[str, str]:
    return {"category": category, "owner": "AWS", "provider": provider, "version": "1"}


def codecommit(name: str = "Code", **values: Any) -> Document:
    configuration = {"RepositoryName": "repo", "BranchName": "main", "PollForSourceChanges": "false"}
    return {
        "name": name,
        "actionTypeId": kind("Source", "CodeCommit"),
        "configuration": {**configuration, **values.pop("configuration", {})},
        "outputArtifacts": [{"name": f"{name}Artifact"}],
        "namespace": f"{name}Variables",
        **values,
    }


def s3_source(name: str = "Data", **values: Any) -> Document:
    configuration = {"S3Bucket": "data", "S3ObjectKey": "manifest.json", "PollForSourceChanges": "false"}
    return {
        "name": name,
        "actionTypeId": kind("Source", "S3"),
        "configuration": {**configuration, **values.pop("configuration", {})},
        "outputArtifacts": [{"name": f"{name}Artifact"}],
        "namespace": f"{name}Variables",
        **values,
    }


def invoke(name: str, function: str = "function", user_parameters: str | None = None, **values: Any) -> Document:
    configuration = {"FunctionName": function}
    if user_parameters is not None:
        configuration["UserParameters"] = user_parameters
    return {"name": name, "actionTypeId": kind("Invoke", "Lambda"), "configuration": configuration, **values}


def approval(name: str = "Approve", **configuration: str) -> Document:
    return {"name": name, "actionTypeId": kind("Approval", "Manual"), "configuration": configuration}


def stage(name: str, *actions: Document, **values: Any) -> Document:
    return {"name": name, "actions": list(actions), **values}


def artifacts(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


def pipeline(*stages: Document, name: str = "release", **values: Any) -> Document:
    return {
        "name": name,
        "roleArn": ROLE,
        "artifactStore": {"type": "S3", "location": "artifacts", "encryptionKey": {"id": KEY, "type": "KMS"}},
        "stages": list(stages),
        "pipelineType": "V2",
        **values,
    }


def small(**values: Any) -> Document:
    """A source and one function."""
    return pipeline(stage("Source", codecommit()), stage("Work", invoke("Run")), **values)
