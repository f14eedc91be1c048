"""What the tests of both Lambda packages put in AWS's place."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.stub import Stubber

from pipeline_lambdas.aws import clients
from pipeline_lambdas.config.parsing import TrainingConfig, parse_config
from pipeline_lambdas.release.dataset import SCHEMA, dataset_prefix, dataset_sha256
from tests.events import ARTIFACT_BUCKET, DATA_BUCKET, event

SAMPLE = Path(__file__).parents[1] / "events" / "wine-quality.yml"


def sample_config(*changes: tuple[str, str]) -> TrainingConfig:
    """Return the sample config with texts replaced."""
    return parse_config(sample_text(*changes), "wine-quality.yml")


BINARY = (
    ("problem: regression", "problem: binary"),
    ("reg:squarederror", "binary:logistic"),
    ("rmse: {max: 1.5}", "accuracy: {min: 0.1}"),
    ("rmse: {max: 0.75}", "auc: {min: 0.5}"),
    ("r2: {min: 0.3}", "logloss: {max: 9}"),
)
"""Changes of the sample config that make it a binary problem, with gates that a poor model passes."""


def sample_text(*changes: tuple[str, str]) -> str:
    text = SAMPLE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def plain_document(*changes: tuple[str, str]) -> dict[str, Any]:
    """Return the sample config with texts replaced, without champion, slices and drift, so that any metric fits."""
    document: dict[str, Any] = yaml.safe_load(sample_text(*changes))
    for name in ("champion", "slices", "drift"):
        document["tests"]["full"].pop(name, None)
    return document


@cache
def client_of(service: str) -> Any:
    """Return the tests' client of a service; making one takes longer than most tests."""
    return boto3.client(service, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret")


@contextmanager
def stubbed(monkeypatch: pytest.MonkeyPatch, service: str) -> Iterator[Stubber]:
    """Replace the process's client of one service by one that answers as scripted and checks each request."""
    client = client_of(service)
    real: Callable[[str], Any] = clients.client
    monkeypatch.setattr(clients, "client", lambda name: client if name == service else real(name))
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


@dataclass
class Context:
    """A Lambda context whose remaining times are given one by one; the last one stays."""

    remaining_ms: list[int] = field(default_factory=lambda: [900_000])
    aws_request_id: str = "99999999-9999-4999-8999-999999999999"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms.pop(0) if len(self.remaining_ms) > 1 else self.remaining_ms[0]


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def manifest(files: dict[str, bytes], columns: list[str] | None = None) -> dict[str, Any]:
    """Return a manifest of files by their path, with made-up hashes that are still those it is checked by."""
    hashes = {path: f"{index:064x}" for index, path in enumerate(sorted(files), start=1)}
    sha256 = dataset_sha256(hashes.items())
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "dataset": sha256,
        "prefix": dataset_prefix("wine-quality", sha256),
        "files": [
            {"channel": path.split("/")[0], "path": path, "bytes": len(content), "sha256": hashes[path]}
            for path, content in sorted(files.items())
        ],
    }
    if columns:
        document["columns"] = columns
    return document


def upload_dataset(files: dict[str, bytes], columns: list[str] | None = None) -> dict[str, Any]:
    """Store the files and return their manifest, which is put where the job's artifact lies."""
    document = manifest(files, columns)
    s3 = client_of("s3")
    for path, content in files.items():
        s3.put_object(Bucket=DATA_BUCKET, Key=document["prefix"] + path, Body=content)
    put_artifact("Dataset/e4f5g6h", json.dumps(document).encode())
    return document


def upload_config(text: str, folder: dict[str, bytes] | None = None) -> None:
    """Put a config where the job's artifact lies; `folder` holds the files of the model's folder beside it."""
    beside = {f"wine-quality/{name}": content for name, content in (folder or {}).items()}
    files = {"wine-quality.yml": text.encode(), "README.md": b"read me", **beside}
    put_artifact("TrainingCo/a1b2c3d", zipped(files))


def published(name: str) -> dict[str, Any]:
    """Return a recorded event of StartTraining with the hashes that Publish tells of the sources that lie there now."""
    document = event(name)
    configuration = document["CodePipeline.job"]["data"]["actionConfiguration"]["configuration"]
    asked = json.loads(configuration["UserParameters"])
    for parameter, key in (("config_artifact", "TrainingCo/a1b2c3d"), ("dataset_artifact", "Dataset/e4f5g6h")):
        s3, place = client_of("s3"), f"slipway-local-wine-q/{key}"
        if "Contents" in s3.list_objects_v2(Bucket=ARTIFACT_BUCKET, Prefix=place):
            content = s3.get_object(Bucket=ARTIFACT_BUCKET, Key=place)["Body"].read()
            asked[parameter] = hashlib.sha256(content).hexdigest()
    configuration["UserParameters"] = json.dumps(asked)
    return document


def put_artifact(key: str, content: bytes) -> None:
    client_of("s3").put_object(Bucket=ARTIFACT_BUCKET, Key=f"slipway-local-wine-q/{key}", Body=content)
