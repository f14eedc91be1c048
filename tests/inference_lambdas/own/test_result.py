"""What the job has written is checked, as a data scientist's functions ran beside the program that wrote it."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from inference_lambdas.aws.s3 import Bucket
from inference_lambdas.own.result import SCHEMA, Found, parse, read
from pipeline_lambdas.config.model import OwnMetrics
from pipeline_lambdas.runtime.failures import JobFailedError

METRICS = OwnMetrics({"cost": "lower"}, "metrics.py", "ml.m5.large", 900)


def written(**changes: Any) -> bytes:
    cost = {"value": 1.5, "failure": "", "slices": [], "compared": None, "replicates": [1, None, 2.5], **changes}
    return json.dumps({"schema": SCHEMA, "metrics": {"cost": cost}}).encode()


def test_what_the_program_writes_is_read() -> None:
    assert parse(written(), METRICS, []) == {"cost": Found(1.5, "", [], None, [1.0, None, 2.5])}


@pytest.mark.parametrize("value", [10**400, -(10**400), float("nan"), True, "1", None])
def test_a_value_that_is_no_finite_number_is_refused(value: Any) -> None:
    with pytest.raises(Exception, match="no finite number where one belongs"):
        parse(written(value=value), METRICS, [])


def test_a_failure_can_be_shown_and_stored() -> None:
    found = parse(written(failure="a\ud800 \x1b[31mred\x07\nline é"), METRICS, [])["cost"]
    assert found.failure == "a\\ud800 \\x1b[31mred\\x07\\nline é"


def test_a_job_that_wrote_nothing_is_told() -> None:
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    answers = Stubber(s3)
    answers.add_client_error("get_object", "NoSuchKey", "The specified key does not exist.", 404)
    with answers, pytest.raises(JobFailedError) as caught:
        read(Bucket("models", s3), "metrics/job/metrics.json", METRICS, [])
    assert str(caught.value).startswith("s3://models/metrics/job/metrics.json: found no object, though its job has")
    assert "mend metrics.py" in str(caught.value)
    assert "Upload the dataset" not in str(caught.value)
