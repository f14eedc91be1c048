"""The life cycle on a local AWS: models with data of their own, and executions."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.local_server import wait_for
from tests.workflows import installation
from tests.workflows.installation import DATA_BUCKET
from workflows.lifecycle.sample import MODEL, objects

TABLE = "slipway-local-lifecycle-models"
TRAINING, INFERENCE = "lifecycle-training", "lifecycle-inference"
SAMPLE = dict(objects())


@dataclass
class Ended(installation.Ended):
    """An execution that has ended, and what its states were given and gave."""

    def input_of(self, state: str) -> Any:
        """What a state was entered with, the last time."""
        return self._told("stateEnteredEventDetails", state)["input"]

    def output_of(self, state: str) -> Any:
        """What a state was left with, the last time."""
        return self._told("stateExitedEventDetails", state)["output"]

    def scheduled(self, action: str) -> list[dict[str, Any]]:
        """What was passed to an action, such as `createModel.sync`, each time."""
        details = [e["taskScheduledEventDetails"] for e in self.events if "taskScheduledEventDetails" in e]
        return [json.loads(one["parameters"]) for one in details if one["resource"] == action]

    def _told(self, details: str, state: str) -> dict[str, Any]:
        [*_, found] = [e[details] for e in self.events if e.get(details, {}).get("name") == state]
        return {name: json.loads(value) for name, value in found.items() if name in {"input", "output"}}


@dataclass
class Installation(installation.Installation):
    """A checkout, its local AWS, and the sample's data under the names of further models."""

    @property
    def states(self) -> Any:
        return self.client("stepfunctions")

    # --- Data

    def model(self, changes: Mapping[str, Any] | None = None) -> str:
        """The name of a new model with the sample's data; `changes` are those of its config."""
        name = f"model-{uuid.uuid4().hex[:8]}"
        for key, content in SAMPLE.items():
            self.put(name, key.removeprefix(f"workflows/lifecycle/{MODEL}/"), content)
        if changes:
            self.configure(name, changes)
        return name

    def configure(self, model: str, changes: Mapping[str, Any]) -> None:
        config = json.loads(SAMPLE[f"workflows/lifecycle/{MODEL}/config.json"])
        training = {**config["hyperparameters"], **changes.get("hyperparameters", {})}
        self.put(model, "config.json", json.dumps({**config, **changes, "hyperparameters": training}).encode())

    def put(self, model: str, path: str, content: bytes) -> None:
        self.client("s3").put_object(Bucket=DATA_BUCKET, Key=f"workflows/lifecycle/{model}/{path}", Body=content)

    def delete(self, model: str, path: str) -> None:
        self.client("s3").delete_object(Bucket=DATA_BUCKET, Key=f"workflows/lifecycle/{model}/{path}")

    def registered(self, model: str) -> list[dict[str, Any]]:
        """The items of a model, the oldest first."""
        found = self.client("dynamodb").query(
            TableName=TABLE,
            KeyConditionExpression="ModelName = :model",
            ExpressionAttributeValues={":model": {"S": model}},
            ConsistentRead=True,
        )
        items: list[dict[str, Any]] = found["Items"]
        return items

    # --- Executions

    def run(self, machine: str, model: str, day: str) -> Ended:
        return self.ended(self.start_machine(machine, {"ModelName": model, "DataDate": day}))

    def ended(self, arn: str) -> Ended:
        ended = super().ended(arn)
        return Ended(ended.described, ended.events)

    def submitted(self, arn: str, action: str) -> dict[str, Any]:
        """The answer to what a running execution asked an action for, once there is one."""

        def found() -> dict[str, Any] | None:
            details = [event.get("taskSubmittedEventDetails", {}) for event in self.events(arn)]
            answers = [json.loads(one["output"]) for one in details if one.get("resource") == action]
            return answers[-1] if answers else None

        answer: dict[str, Any] = wait_for(found, f"{arn} to ask for {action}")
        return answer

    def training_job(self, arn: str) -> str:
        """The job of a training that runs."""
        name = str(self.submitted(arn, "createTrainingJob.sync")["TrainingJobArn"].rpartition("/")[2])
        wait_for(lambda: self.job_status(name)[1] == "Training", f"{name} to train")
        return name

    def job_status(self, name: str) -> tuple[str, str]:
        """The status of a training job and its secondary one."""
        described = self.client("sagemaker").describe_training_job(TrainingJobName=name)
        return described["TrainingJobStatus"], described["SecondaryStatus"]
