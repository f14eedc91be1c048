"""An endpoint that computes a known function of the features, and what is asked of an evaluation in tests."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from inference_lambdas.handlers.evaluate_model import handler
from inference_lambdas.predicting import plan
from inference_lambdas.predicting.timing import time_requests
from pipeline_lambdas.config.parsing import ConfigError, config_sha256, parse_config
from pipeline_lambdas.runtime.outcome import Continue, Done, Failed
from tests.events import ARTIFACT_BUCKET, EVIDENCE_BUCKET, EXECUTION_ID, KMS_KEY_ARN, PREFIX
from tests.events import event as recorded
from tests.pipeline_lambdas.aws_doubles import Context, client_of, plain_document

REPORT_KEY = f"releases/wine-quality/{EXECUTION_ID}/test-evaluation.json"
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
CHAMPION_CONFIG = f"{PREFIX}-champ-8f3c2a1d-4b5e"
LOOSE = (("rmse: {max: 0.75}", "rmse: {max: 9}"), ("r2: {min: 0.3}", "r2: {min: -9}"))


def plain_config(*changes: tuple[str, str], **sections: Any) -> str:
    """Return the sample config with texts replaced, its full test with these sections and no others."""
    document = plain_document(*changes)
    document["tests"]["full"] |= sections
    text: str = yaml.safe_dump(document)
    return text


def csv(rows: int, seed: int = 1) -> bytes:
    generator = random.Random(seed)  # noqa: S311
    lines = []
    for _ in range(rows):
        features = [generator.uniform(0, 1) for _ in range(3)]
        label = round(sum(features) * 3 + generator.uniform(-0.5, 0.5))
        lines.append(",".join([str(label), *(f"{value:.4f}" for value in features)]))
    return ("\n".join(lines) + "\n").encode()


FILES = {"train/t.csv": csv(900, 4), "validation/v.csv": csv(300, 2), "test/a.csv": csv(700), "test/b.csv": csv(55, 3)}


@dataclass
class Endpoint:
    """Answers like a model that adds up the features; remembers what it was sent."""

    bodies: list[bytes] = field(default_factory=list)
    content_types: set[str] = field(default_factory=set)
    accepts: set[str] = field(default_factory=set)
    answer: Callable[[list[list[float]]], bytes] = lambda rows: b"".join(b"%f\n" % (sum(row) * 3) for row in rows)
    champion: Callable[[list[list[float]]], bytes] = lambda rows: b"".join(b"%f\n" % (sum(row) * 2.9) for row in rows)
    champion_bodies: list[bytes] = field(default_factory=list)
    champion_status: str | None = "InService"
    champion_serving: str = CHAMPION_CONFIG
    created: dict[str, datetime] = field(default_factory=dict)
    """Endpoint config to when it was made, for those that were made at another time than the events say."""
    champion_since: datetime = datetime(2026, 1, 3, tzinfo=UTC)
    serving: str = f"{PREFIX}-%s-8f3c2a1d-4b5e"
    status: str = "InService"
    since: datetime = datetime(2026, 1, 2, tzinfo=UTC)

    def invoke(self, endpoint: str, body: bytes, content_type: str, accept: str) -> bytes:
        assert endpoint.startswith(PREFIX)
        self.content_types.add(content_type)
        self.accepts.add(accept)
        rows = [[float(value or "nan") for value in line.split(b",")] for line in body.split(b"\n")]
        if endpoint == f"{PREFIX}-champion":
            self.champion_bodies.append(body)
            return self.champion(rows)
        self.bodies.append(body)
        return self.answer(rows)

    def describe(self, name: str) -> dict[str, Any] | None:
        environment = name.rpartition("-")[2]
        if environment == "champion":
            described = {"EndpointStatus": self.champion_status, "EndpointConfigName": self.champion_serving}
            return {**described, "LastModifiedTime": self.champion_since} if self.champion_status else None
        serving = self.serving % environment if "%s" in self.serving else self.serving
        described = {"EndpointName": name, "EndpointStatus": self.status, "EndpointConfigName": serving}
        return {**described, "LastModifiedTime": self.since}

    def describe_config(self, name: str) -> dict[str, Any]:
        return {"CreationTime": self.created.get(name, CREATED)}


@dataclass
class Results:
    """What the wrapper reported, in order."""

    outcomes: list[Done | Continue | Failed] = field(default_factory=list)

    def put(self, _: str, outcome: Done | Continue | Failed) -> None:
        self.outcomes.append(outcome)

    @property
    def last(self) -> Done | Continue | Failed:
        return self.outcomes[-1]

    def message(self) -> str:
        assert isinstance(self.last, Failed), self.last
        return self.last.message


def event(name: str, *, token: str | None = None) -> dict[str, Any]:
    """Return a recorded event of a release that was trained with the config and the dataset that lie there now."""
    document = recorded(name, token=token)
    configuration = document["CodePipeline.job"]["data"]["actionConfiguration"]["configuration"]
    asked = json.loads(configuration["UserParameters"])
    configuration["UserParameters"] = json.dumps({**asked, **trained_with()})
    return document


def trained_with() -> dict[str, str]:
    """The hashes that the action StartTraining would tell; none of what is no config."""
    with zipfile.ZipFile(io.BytesIO(artifact("TrainingCo/a1b2c3d"))) as archive:
        text = archive.read("wine-quality.yml")
    try:
        config = config_sha256(parse_config(text, "wine-quality.yml"))
    except ConfigError:
        config = ""
    return {"config_sha256": config, "dataset_sha256": json.loads(artifact("Dataset/e4f5g6h"))["dataset"]}


def artifact(key: str) -> bytes:
    answer = client_of("s3").get_object(Bucket=ARTIFACT_BUCKET, Key=f"slipway-local-wine-q/{key}")
    content: bytes = answer["Body"].read()
    return content


def report(key: str = REPORT_KEY, version_id: str = "") -> dict[str, Any]:
    which = {"VersionId": version_id} if version_id else {}
    answer = client_of("s3").get_object(Bucket=EVIDENCE_BUCKET, Key=key, **which)
    assert answer["SSEKMSKeyId"] == KMS_KEY_ARN
    document: dict[str, Any] = json.loads(answer["Body"].read())
    return document


def small_batches(monkeypatch: pytest.MonkeyPatch, target_bytes: int = 1000) -> None:
    """Let a file of this size be more than one request; the timed requests are sent all in one invocation."""
    monkeypatch.setattr(
        "inference_lambdas.predicting.evaluation.time_requests",
        lambda sender, progress, _near: time_requests(sender, progress, lambda: False),
    )
    real = plan.Evaluation
    monkeypatch.setattr(
        "inference_lambdas.handlers.evaluate_model.Evaluation",
        lambda **values: real(**values, target_bytes=target_bytes),
    )


def continued(results: Results, name: str = "evaluate_full") -> int:
    """Invoke until the end as CodePipeline does, with no time left after each batch; return the invocations."""
    token: str | None = None
    for invocation in range(1, 200):
        # First the margin is taken from 100 seconds, then nothing is left.
        handler(event(name, token=token), Context([100_000, 0]))
        if not isinstance(results.last, Continue):
            return invocation
        token = results.last.token
        assert len(token) <= 2048
        assert 0 <= results.last.percent < 100
    raise AssertionError("the evaluation does not get further")
