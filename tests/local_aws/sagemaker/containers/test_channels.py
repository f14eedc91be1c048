from __future__ import annotations

import pytest

from local_aws.sagemaker.containers.toolkit.exceptions import ToolkitError
from local_aws.sagemaker.containers.xgboost.channels import CSV, LIBSVM, format_of, validate

FILE = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated"}
CSV_FILE = {"ContentType": "text/csv", **FILE}

UNSUPPORTED = "Channel configuration for 'train' channel is not supported: "


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"validation": CSV_FILE}, "Missing required channel: train"),
        ({"train": CSV_FILE, "test": CSV_FILE}, "Extraneous channel found: test"),
        (
            {"train": {**CSV_FILE, "ContentType": "application/json"}},
            UNSUPPORTED + "{'ContentType': 'application/json', 'TrainingInputMode': 'File', "
            "'S3DistributionType': 'FullyReplicated'}",
        ),
        (
            {"train": {**CSV_FILE, "ContentType": "text/csv;label_size=1"}},
            UNSUPPORTED + "{'ContentType': 'text/csv;label_size=1', 'TrainingInputMode': 'File', "
            "'S3DistributionType': 'FullyReplicated'}",
        ),
        (
            {"train": {**FILE, "TrainingInputMode": "Pipe"}},
            UNSUPPORTED + "{'ContentType': 'text/libsvm', 'TrainingInputMode': 'Pipe', "
            "'S3DistributionType': 'FullyReplicated'}",
        ),
        (
            {"train": {**CSV_FILE, "TrainingInputMode": "Pipe"}},
            "Pipe mode for CSV is no longer supported. Please use Fast File mode (default) instead. "
            "Set input_mode='File' in your SageMaker Estimator or TrainingInput.",
        ),
        (
            {"train": {**CSV_FILE, "ContentType": "application/x-parquet"}},
            "Channel 'train' has ContentType 'application/x-parquet': local AWS reads csv and libsvm. "
            "Convert the data to CSV, or train on AWS.",
        ),
    ],
)
def test_a_channel_is_refused_with_the_text_of_the_container(config: dict[str, dict[str, str]], message: str) -> None:
    with pytest.raises(ToolkitError) as caught:
        validate(config)
    assert str(caught.value) == message


def test_the_format_is_that_of_train_and_libsvm_without_one() -> None:
    assert validate({"train": CSV_FILE, "validation": {**FILE, "ContentType": "csv"}}) == CSV
    assert validate({"train": FILE}) == LIBSVM


def test_content_types_of_requests_may_have_parameters() -> None:
    assert format_of("text/csv; charset=utf-8") == CSV
    assert format_of(None) == LIBSVM
    with pytest.raises(ToolkitError, match="Optional parameter label_size must be equal to 1"):
        format_of("text/csv;label_size=2")
