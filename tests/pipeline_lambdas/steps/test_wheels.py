"""StartTraining finds the wheels that Build has fetched, and takes no others."""

from __future__ import annotations

import json

import pytest

from pipeline_lambdas.aws import s3
from pipeline_lambdas.release.dataset import parse_manifest
from pipeline_lambdas.release.wheels import list_document, list_key, lock_of
from pipeline_lambdas.runtime.failures import JobFailedError
from pipeline_lambdas.steps.training import training_request
from pipeline_lambdas.steps.wheels import fetched_wheels
from tests.events import KMS_KEY_ARN, MODEL_BUCKET
from tests.pipeline_lambdas.aws_doubles import manifest
from tests.pipeline_lambdas.scripts import script_config
from tests.pipeline_lambdas.steps.test_script_source import SITE
from tests.pipeline_lambdas.steps.test_source import RELEASE

pytestmark = pytest.mark.usefixtures("buckets")

CONFIG = script_config()
HASH = "a" * 64
LOCK = f"tiny==1.0 --hash=sha256:{HASH}\n".encode()
FOLDER = {"train.py": b"", "requirements.txt": LOCK}
WHEEL = "tiny-1.0-py3-none-any.whl"


def key() -> str:
    found = lock_of(CONFIG, LOCK)
    assert found is not None
    lock, platform = found
    return lock.key(platform)


def write(content: bytes) -> None:
    s3.write_object(MODEL_BUCKET, list_key(key()), content, "application/json", KMS_KEY_ARN)


def test_what_build_has_fetched_becomes_a_channel() -> None:
    write(list_document({WHEEL: HASH}))
    wheels = fetched_wheels(CONFIG, FOLDER, MODEL_BUCKET)
    assert wheels is not None
    assert (wheels.uri, wheels.sha256) == (f"s3://{MODEL_BUCKET}/wheels/{key()}/", {WHEEL: HASH})
    dataset = parse_manifest(json.dumps(manifest({"train/train.csv": b"yes,1\n"})).encode(), "wine-quality")
    request = training_request("job", RELEASE, CONFIG, dataset, SITE, "s3://b/source/", wheels)
    channels = {one["ChannelName"]: one["DataSource"]["S3DataSource"]["S3Uri"] for one in request["InputDataConfig"]}
    assert channels["wheels"] == wheels.uri


def test_without_a_lock_there_are_none() -> None:
    assert fetched_wheels(CONFIG, {"train.py": b""}, MODEL_BUCKET) is None
    own = {**FOLDER, "requirements.txt": b"--no-index\n--find-links wheels\ntiny==1.0\n"}
    assert fetched_wheels(CONFIG, own, MODEL_BUCKET) is None


def test_a_release_whose_build_has_fetched_none_fails() -> None:
    with pytest.raises(JobFailedError, match=r"found no list of the wheels that wine-quality/requirements\.txt names"):
        fetched_wheels(CONFIG, FOLDER, MODEL_BUCKET)


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        (list_document({WHEEL: "b" * 64}), f"found {WHEEL} with a hash that wine-quality/requirements.txt has not"),
        (list_document({WHEEL: HASH, "more-1.whl": HASH}), "found 2 wheels; expected the 1 that"),
        (list_document({}), "found 0 wheels"),
        (b"[]", "no list of wheels"),
    ],
)
def test_other_wheels_are_refused(listed: bytes, message: str) -> None:
    write(listed)
    with pytest.raises(JobFailedError, match=message):
        fetched_wheels(CONFIG, FOLDER, MODEL_BUCKET)
