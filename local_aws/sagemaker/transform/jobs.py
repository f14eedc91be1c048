"""The transform job operations.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html and its siblings. There is no
DeleteTransformJob.
"""

from __future__ import annotations

from local_aws.sagemaker import faults, names
from local_aws.sagemaker.hosting.model_data import ModelData
from local_aws.sagemaker.hosting.models import container_of, data_uri
from local_aws.sagemaker.jobs import lifecycle, operations
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record
from local_aws.sagemaker.transform import requests
from local_aws.sagemaker.transform.run import TransformRun
from local_aws.wire import Caller, Document


class TransformJobs(operations.Jobs):
    """All transform jobs."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform, lifecycle.TRANSFORM)
        self._models = ModelData(platform.folder / "transform-models")

    def _accept(self, caller: Caller, request: Document) -> Document:
        requests.check(request)
        if self._platform.records.find(names.MODEL, request["ModelName"]) is None:
            raise faults.not_found(names.MODEL, names.arn(caller, names.MODEL, request["ModelName"]))
        return requests.with_defaults(request)

    def _first_state(self, _request: Document) -> Document:
        """The model as it is now: deleting it later does not end the job."""
        model = self._platform.records.find(names.MODEL, _request["ModelName"])
        if model is None:
            raise faults.invalid(f"Could not find model {_request['ModelName']}.")
        container = container_of(model)
        kept = {"image": container["Image"], "uri": data_uri(container), "role": model.request["ExecutionRoleArn"]}
        offline = bool(model.request.get("EnableNetworkIsolation"))
        return {"model": {**kept, "environment": container.get("Environment", {}), "offline": offline}}

    def _check_role(self, _request: Document, _arn: str) -> None:
        """The job runs as its model's role, which CreateModel checked."""

    def _new_run(self, record: Record) -> TransformRun:
        return TransformRun(self._platform, record, self._models)
