"""The workflows as `slipway workflow deploy` installs them, on a local AWS of their own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.local_server import ACCOUNT, REGION, wait_for
from tests.releases.house import House
from workflows.images.sample import PREFIX, objects

DATA_BUCKET = f"slipway-local-data-{ACCOUNT}-{REGION}"
MODEL_BUCKET = f"slipway-local-models-{ACCOUNT}-{REGION}"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:slipway-local-images"
SAMPLE = dict(objects())


@dataclass
class Ended:
    """An execution that has ended, and the states that it entered."""

    described: dict[str, Any]
    states: list[str]

    @property
    def status(self) -> str:
        return str(self.described["status"])

    @property
    def output(self) -> dict[str, Any]:
        assert self.status == "SUCCEEDED", self.reason
        output: dict[str, Any] = json.loads(self.described["output"])
        return output

    @property
    def reason(self) -> tuple[str, str]:
        return str(self.described.get("error")), str(self.described.get("cause"))


@dataclass
class Installation:
    """A checkout, its local AWS, and the images of the sample under further prefixes."""

    house: House

    def client(self, service: str) -> Any:
        return self.house.client(service)

    def put(self, files: Mapping[str, bytes]) -> None:
        s3 = self.client("s3")
        for key, content in files.items():
            s3.put_object(Bucket=DATA_BUCKET, Key=key, Body=content)

    def images(self, **more: bytes | None) -> str:
        """Upload a few of the sample's images below a new prefix; `more` adds files, or leaves out folders."""
        prefix = f"workflows/images/{uuid.uuid4().hex[:8]}"
        left_out = [name for name, content in more.items() if content is None]
        few = {key.removeprefix(f"{PREFIX}/"): content for key, content in SAMPLE.items() if key[-6:-4] in ("00", "03")}
        kept = {name: content for name, content in few.items() if not name.startswith(tuple(left_out))}
        added = {name: content for name, content in more.items() if content is not None}
        self.put({f"{prefix}/{name}": content for name, content in {**kept, **added}.items()})
        return prefix

    def start(self, **given: Any) -> str:
        asked = {"prefix": PREFIX, "image_shape": "3,32,32", "num_layers": 20, **given}
        started = self.client("stepfunctions").start_execution(stateMachineArn=MACHINE, input=json.dumps(asked))
        return str(started["executionArn"])

    def run(self, **given: Any) -> Ended:
        return self.ended(self.start(**given))

    def ended(self, arn: str) -> Ended:
        states = self.client("stepfunctions")

        def found() -> dict[str, Any] | None:
            described: dict[str, Any] = states.describe_execution(executionArn=arn)
            return described if described["status"] != "RUNNING" else None

        described = wait_for(found, f"{arn} to end", 120)
        events = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        entered = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
        return Ended(described, entered)

    def models(self) -> set[str]:
        listed = self.client("sagemaker").list_models(NameContains="slipway-local-images", MaxResults=100)["Models"]
        return {model["ModelName"] for model in listed}

    @contextmanager
    def denied(self, logical_id: str, statement: Mapping[str, Any]) -> Iterator[None]:
        """Meanwhile a role of the stack may not do this."""
        iam = self.client("iam")
        role = self.client("cloudformation").describe_stack_resource(
            StackName="slipway-workflows-local", LogicalResourceId=logical_id
        )["StackResourceDetail"]["PhysicalResourceId"]
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=role, PolicyName="denied", PolicyDocument=document)
        try:
            yield
        finally:
            iam.delete_role_policy(RoleName=role, PolicyName="denied")
