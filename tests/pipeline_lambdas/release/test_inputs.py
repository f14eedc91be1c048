"""Which dataset a release takes, and how long it waits for one that its config pins."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline_lambdas.config.model import config_sha256
from pipeline_lambdas.release.dataset import Dataset, manifest_key
from pipeline_lambdas.release.inputs import WAIT, await_dataset, manifest_version, read_trained_config, released_dataset
from pipeline_lambdas.runtime.failures import ConfigurationError, JobFailedError
from pipeline_lambdas.runtime.job import Job, parse_job
from pipeline_lambdas.runtime.outcome import Continue
from pipeline_lambdas.steps.training import check_data
from tests.events import DATA_BUCKET, event
from tests.pipeline_lambdas.aws_doubles import (
    client_of,
    manifest,
    sample_config,
    sample_text,
    upload_config,
    upload_dataset,
)

FILES = {"train/train.csv": b"5,1\n6,2\n", "validation/validation.csv": b"5,1\n", "test/test.csv": b"5,1\n"}
PINNED = {**FILES, "train/more.csv": b"5,1\n"}
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ID = str(manifest(PINNED)["dataset"][:16])
CONFIG = sample_config()
PINNING = replace(CONFIG, dataset=ID)

pytestmark = pytest.mark.usefixtures("buckets")


def job(token: str | None = None) -> Job:
    return parse_job(event("train_model", token=token))


def put_pinned(*, with_manifest: bool) -> None:
    document, s3 = manifest(PINNED), client_of("s3")
    for path, content in PINNED.items():
        s3.put_object(Bucket=DATA_BUCKET, Key=document["prefix"] + path, Body=content)
    if with_manifest:
        s3.put_object(
            Bucket=DATA_BUCKET, Key=manifest_key("wine-quality", ID), Body=json.dumps(document, indent=1).encode()
        )


def test_without_a_pin_it_is_the_dataset_of_the_source_stage() -> None:
    found = upload_dataset(FILES)
    put_pinned(with_manifest=True)
    assert released_dataset(job(), CONFIG, DATA_BUCKET, found["dataset"]).sha256 == found["dataset"]
    assert manifest_version(CONFIG, "v1") == {"DatasetVersion": "v1"}


def test_a_pinned_dataset_is_taken_whatever_the_source_stage_found() -> None:
    upload_dataset(FILES)
    put_pinned(with_manifest=True)
    dataset = released_dataset(job(), PINNING, DATA_BUCKET, manifest(PINNED)["dataset"])
    assert dataset.id == ID
    assert manifest_version(PINNING, "v1") == {"DatasetVersion": "pinned"}
    # The manifest beside the files is none of them.
    check_data(PINNING, dataset, DATA_BUCKET)


def test_a_pinned_dataset_is_waited_for_until_the_time_that_the_first_look_sets() -> None:
    upload_dataset(FILES)
    first = await_dataset(job(), PINNING, DATA_BUCKET, NOW)
    assert isinstance(first, Continue)
    assert first.summary == (
        f"Waits until 13:00:00 UTC for dataset {ID}, which the config pins; `slipway data upload` uploads it"
    )
    later = await_dataset(job(first.token), PINNING, DATA_BUCKET, NOW + WAIT / 2)
    assert isinstance(later, Continue)
    assert (later.token, first.percent, later.percent) == (first.token, 0, 50)
    put_pinned(with_manifest=True)
    found = await_dataset(job(later.token), PINNING, DATA_BUCKET, NOW + WAIT + timedelta(minutes=1))
    assert isinstance(found, Dataset)


@pytest.mark.parametrize("broken_off", [False, True])
def test_once_the_time_is_over_it_says_how_to_upload(broken_off: bool) -> None:
    upload_dataset(FILES)
    if broken_off:
        put_pinned(with_manifest=False)
    first = await_dataset(job(), PINNING, DATA_BUCKET, NOW)
    assert isinstance(first, Continue)
    with pytest.raises(ConfigurationError) as error:
        await_dataset(job(first.token), PINNING, DATA_BUCKET, NOW + WAIT)
    said = str(error.value)
    assert said.startswith(f"Waited 1 h. s3://{DATA_BUCKET}/wine-quality/datasets/{ID}/: found ")
    assert "`slipway data upload`" in said
    assert ("no manifest beside them" in said) is broken_off


def test_a_manifest_of_another_dataset_is_refused() -> None:
    client_of("s3").put_object(
        Bucket=DATA_BUCKET, Key=manifest_key("wine-quality", ID), Body=json.dumps(manifest(FILES)).encode()
    )
    with pytest.raises(ConfigurationError, match="found the manifest of dataset"):
        released_dataset(job(), PINNING, DATA_BUCKET, manifest(PINNED)["dataset"])


def test_what_was_changed_since_the_training_is_refused() -> None:
    """A function's credentials may write artifacts, and a function may be another release's."""
    found, trained = upload_dataset(FILES)["dataset"], "e" * 64
    with pytest.raises(JobFailedError) as caught:
        released_dataset(job(), CONFIG, DATA_BUCKET, trained)
    assert f"found the SHA-256 {found}; expected {trained}, with which the release was trained" in str(caught.value)
    upload_config(sample_text())
    assert read_trained_config(job(), "wine-quality", config_sha256(CONFIG)) == CONFIG
    with pytest.raises(
        JobFailedError, match=r"^wine-quality.yml: found the SHA-256 [0-9a-f]{64}; expected e{64}, with"
    ):
        read_trained_config(job(), "wine-quality", trained)


def test_a_token_of_another_action_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="continuation token"):
        await_dataset(job("[]"), PINNING, DATA_BUCKET, NOW)
