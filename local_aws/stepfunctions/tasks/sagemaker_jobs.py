"""Jobs of SageMaker with `.sync`.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
"""

from __future__ import annotations

from typing import Any

from local_aws.stepfunctions.tasks.contract import Done, Submitted, TaskCall, TaskFailed
from local_aws.stepfunctions.tasks.jobs import Job, State

MANAGED = {"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"}
EXECUTION_TAG = "AWS_STEP_FUNCTIONS_EXECUTION_ARN"
_SUCCEEDED, _ENDED = "Completed", ("Completed", "Failed", "Stopped")


class SageMakerJob(Job):
    """A training, processing, transform, tuning or labeling job."""

    def shown(self, arguments: Any) -> Any:
        """The arguments as TaskScheduled tells them: with the tag that AWS adds (observed on AWS)."""
        return {**arguments, "Tags": [*(arguments.get("Tags") or []), MANAGED]}

    def start(self, call: TaskCall) -> Done | Submitted:
        """Create the job with the tags that AWS adds; the role needs sagemaker:AddTags for them."""
        request = self.requester.prepare(call, call.arguments)
        request["Tags"] = [*request.get("Tags", []), MANAGED, {"Key": EXECUTION_TAG, "Value": call.execution_arn}]
        name = request[self._member("Name")]
        made = self._made(call, name) if call.again else None
        if made is None:
            made = self.requester.output(self.requester.send(call, request))
        return Submitted(made, {"name": name})

    def look(self, call: TaskCall, job: Any) -> State:
        """Describe the job, with its tags as an object once it has ended."""
        raw, described = self.requester.describe(call, f"Describe{self._kind}", self._named(job["name"]))
        status = raw[self._member("Status")]
        if status not in _ENDED:
            return State(None)
        tags = self._tags(call, raw[self._member("Arn")])
        return State(status == _SUCCEEDED, described | {"Tags": tags})

    def end(self, call: TaskCall, job: Any) -> None:
        """Stop the job."""
        self.requester.invoke(call, f"Stop{self._kind}", self._named(job["name"]))

    def _made(self, call: TaskCall, name: str) -> Any:
        """The answer for the job of this name, if this execution made it."""
        try:
            raw = self.requester.invoke(call, f"Describe{self._kind}", self._named(name))
            tags = self._tags(call, raw[self._member("Arn")])
        except TaskFailed:
            return None
        return self.requester.output(raw) if tags.get(EXECUTION_TAG) == call.execution_arn else None

    def _tags(self, call: TaskCall, arn: str) -> dict[str, str]:
        found = self.requester.invoke(call, "ListTags", {"ResourceArn": arn}, "run")
        return {tag["Key"]: tag["Value"] for tag in found["Tags"]}

    @property
    def _kind(self) -> str:
        """`TrainingJob` of CreateTrainingJob."""
        return self.requester.target.operation.removeprefix("Create")

    def _member(self, end: str) -> str:
        return f"{self._kind}{end}"

    def _named(self, name: str) -> dict[str, str]:
        return {self._member("Name"): name}
