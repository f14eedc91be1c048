"""Everything that releases leave behind: through the APIs as a person would get it, and the files below."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.releases.house import PREFIX, House
from tests.secrets.leaks import Produced

# MiniStack makes the first at start for a service that Slipway does not use; the second is where root's key belongs.
_EXPECTED = ("cognito-rsa-key.pem", "credentials")


def produced(house: House) -> Iterator[Produced]:
    """What the running local AWS of a house answers."""
    yield from _objects(house)
    yield from _logs(house)
    for name, answer in [*_stacks(house), *_pipeline(house), *_functions(house), *_sagemaker(house)]:
        yield Produced(name, json.dumps(answer, default=str).encode())


def files(folder: Path) -> Iterator[Produced]:
    """The state of local AWS as it is on disk, its database and its log among it.

    Libraries that a build has installed hold examples of keys.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in _EXPECTED and "site-packages" not in path.parts:
            yield Produced(str(path.relative_to(folder)), path.read_bytes())


def _pages(client: Any, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    yield from client.get_paginator(operation).paginate(**arguments)


def _objects(house: House) -> Iterator[Produced]:
    s3 = house.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        for page in _pages(s3, "list_object_versions", Bucket=bucket["Name"]):
            for version in page.get("Versions", []):
                key, version_id = version["Key"], version["VersionId"]
                answer = s3.get_object(Bucket=bucket["Name"], Key=key, VersionId=version_id)
                headers = answer["ResponseMetadata"]["HTTPHeaders"]
                yield Produced(f"s3://{bucket['Name']}/{key}", answer["Body"].read())
                yield Produced(f"headers of s3://{bucket['Name']}/{key}", json.dumps(headers).encode())


def _logs(house: House) -> Iterator[Produced]:
    logs = house.client("logs")
    for page in _pages(logs, "describe_log_groups"):
        for group in page["logGroups"]:
            name = group["logGroupName"]
            events = [e for p in _pages(logs, "filter_log_events", logGroupName=name) for e in p["events"]]
            yield Produced(f"log group {name}", "\n".join(event["message"] for event in events).encode())


def _stacks(house: House) -> Iterator[tuple[str, Any]]:
    cloudformation = house.client("cloudformation")
    for stack in cloudformation.describe_stacks()["Stacks"]:
        name = stack["StackName"]
        yield f"stack {name}", stack
        yield f"template of {name}", cloudformation.get_template(StackName=name)["TemplateBody"]
        yield f"events of {name}", list(_pages(cloudformation, "describe_stack_events", StackName=name))


def _pipeline(house: House) -> Iterator[tuple[str, Any]]:
    codepipeline = house.client("codepipeline")
    yield "pipeline", codepipeline.get_pipeline(name=PREFIX)
    yield "state of the pipeline", codepipeline.get_pipeline_state(name=PREFIX)
    yield "executions", list(_pages(codepipeline, "list_pipeline_executions", pipelineName=PREFIX))
    yield "actions", list(_pages(codepipeline, "list_action_executions", pipelineName=PREFIX))


def _functions(house: House) -> Iterator[tuple[str, Any]]:
    functions = house.client("lambda")
    for page in _pages(functions, "list_functions"):
        for function in page["Functions"]:
            yield f"function {function['FunctionName']}", functions.get_function(FunctionName=function["FunctionName"])


def _sagemaker(house: House) -> Iterator[tuple[str, Any]]:
    sagemaker = house.client("sagemaker")
    for job in sagemaker.list_training_jobs()["TrainingJobSummaries"]:
        yield "training job", sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"])
    for model in sagemaker.list_models()["Models"]:
        yield "model", sagemaker.describe_model(ModelName=model["ModelName"])
    for config in sagemaker.list_endpoint_configs()["EndpointConfigs"]:
        yield "endpoint config", sagemaker.describe_endpoint_config(EndpointConfigName=config["EndpointConfigName"])
    for endpoint in sagemaker.list_endpoints()["Endpoints"]:
        yield "endpoint", sagemaker.describe_endpoint(EndpointName=endpoint["EndpointName"])
    for package in sagemaker.list_model_packages(ModelPackageGroupName=PREFIX)["ModelPackageSummaryList"]:
        yield "model package", sagemaker.describe_model_package(ModelPackageName=package["ModelPackageArn"])
