"""The workflows as `slipway workflow deploy` installs them, on a local AWS of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.local_server import ACCOUNT, REGION, wait_for
from tests.releases.house import House

DATA_BUCKET = f"slipway-local-data-{ACCOUNT}-{REGION}"
MODEL_BUCKET = f"slipway-local-models-{ACCOUNT}-{REGION}"
FUNCTION = "slipway-local-workflow-prepare-reviews"
QUEUE = f"{FUNCTION}-failed"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:slipway-local-text"
PREFIX = f"s3://{DATA_BUCKET}/workflows/text/"


@dataclass
class Ended:
    """An execution that has ended, with its history."""

    described: dict[str, Any]
    events: list[dict[str, Any]]

    @property
    def status(self) -> str:
        return str(self.described["status"])

    @property
    def output(self) -> dict[str, Any]:
        assert self.status == "SUCCEEDED", self.failure
        output: dict[str, Any] = json.loads(self.described["output"])
        return output

    @property
    def folder(self) -> str:
        """Where its jobs write, if it was not redriven."""
        return f"s3://{MODEL_BUCKET}/workflows/text/{self.described['name']}"

    @property
    def failure(self) -> tuple[str, str]:
        """Error and cause."""
        return str(self.described.get("error")), str(self.described.get("cause"))

    @property
    def states(self) -> list[str]:
        """The states that were entered, in their order."""
        return [e["stateEnteredEventDetails"]["name"] for e in self.events if "stateEnteredEventDetails" in e]


@dataclass
class Installation:
    """A checkout and its local AWS."""

    house: House

    def client(self, service: str) -> Any:
        return self.house.client(service)

    # --- Objects

    def put(self, path: str, content: bytes) -> None:
        """An object below workflows/text/."""
        self.client("s3").put_object(Bucket=DATA_BUCKET, Key=f"workflows/text/{path}", Body=content)

    def read(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body: bytes = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def until_there(self, path: str) -> bytes:
        """The content of an object below workflows/text/, once it is there."""
        key = f"workflows/text/{path}"
        s3 = self.client("s3")
        listed = wait_for(
            lambda: s3.list_objects_v2(Bucket=DATA_BUCKET, Prefix=key).get("Contents"), f"{key} to be written", 30
        )
        assert [one["Key"] for one in listed] == [key]
        return self.read(f"s3://{DATA_BUCKET}/{key}")

    # --- Executions

    def start(self, given: Any) -> str:
        states = self.client("stepfunctions")
        return str(states.start_execution(stateMachineArn=MACHINE, input=json.dumps(given))["executionArn"])

    def run(self, dataset: str) -> Ended:
        return self.ended(self.start({"bucket": DATA_BUCKET, "prefix": PREFIX, "dataset": dataset}))

    def ended(self, arn: str) -> Ended:
        states = self.client("stepfunctions")

        def found() -> dict[str, Any] | None:
            described: dict[str, Any] = states.describe_execution(executionArn=arn)
            return described if described["status"] != "RUNNING" else None

        described = wait_for(found, f"{arn} to end", 120)
        pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
        return Ended(described, [event for page in pages for event in page["events"]])

    def until_entered(self, arn: str, state: str) -> None:
        states = self.client("stepfunctions")

        def entered() -> bool:
            events = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
            return any(e.get("stateEnteredEventDetails", {}).get("name") == state for e in events)

        wait_for(entered, f"{arn} to enter {state}", 60)

    def left(self) -> dict[str, list[str]]:
        """What costs money or stands in the way: endpoints, configs, and jobs that run."""
        sagemaker = self.client("sagemaker")
        running = {
            kind: [one[name] for one in getattr(sagemaker, operation)(StatusEquals="InProgress")[key]]
            for kind, name, operation, key in (
                ("processing", "ProcessingJobName", "list_processing_jobs", "ProcessingJobSummaries"),
                ("training", "TrainingJobName", "list_training_jobs", "TrainingJobSummaries"),
                ("transform", "TransformJobName", "list_transform_jobs", "TransformJobSummaries"),
            )
        }
        endpoints = [one["EndpointName"] for one in sagemaker.list_endpoints()["Endpoints"]]
        configs = [one["EndpointConfigName"] for one in sagemaker.list_endpoint_configs()["EndpointConfigs"]]
        return {kind: names for kind, names in {**running, "endpoints": endpoints, "configs": configs}.items() if names}

    def models(self) -> list[str]:
        return [one["ModelName"] for one in self.client("sagemaker").list_models()["Models"]]

    # --- Roles

    @contextmanager
    def denied(self, logical_id: str, *actions: str) -> Iterator[None]:
        """Meanwhile a role of the stack may not do this."""
        iam = self.client("iam")
        role = self.client("cloudformation").describe_stack_resource(
            StackName="slipway-workflows-local", LogicalResourceId=logical_id
        )["StackResourceDetail"]["PhysicalResourceId"]
        statement = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=role, PolicyName="denied", PolicyDocument=document)
        try:
            yield
        finally:
            iam.delete_role_policy(RoleName=role, PolicyName="denied")
