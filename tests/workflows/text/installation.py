"""The text workflow on a local AWS: uploads, executions, and what they leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.local_server import wait_for
from tests.workflows import installation
from tests.workflows.installation import DATA_BUCKET, MODEL_BUCKET, Ended, machine_arn

FUNCTION = "slipway-local-workflow-prepare-reviews"
QUEUE = f"{FUNCTION}-failed"
MACHINE = machine_arn("text")
PREFIX = f"s3://{DATA_BUCKET}/workflows/text/"


def folder_of(ended: Ended) -> str:
    """Where the jobs of an execution write, if it was not redriven."""
    return f"s3://{MODEL_BUCKET}/workflows/text/{ended.described['name']}"


@dataclass
class Installation(installation.Installation):
    """A checkout and its local AWS."""

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
        return self.start_machine("text", given)

    def run(self, dataset: str) -> Ended:
        return self.ended(self.start({"bucket": DATA_BUCKET, "prefix": PREFIX, "dataset": dataset}))

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
