from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from local_aws import shapes
from local_aws.wire import load_model


@pytest.fixture(scope="module")
def training() -> Any:
    return load_model("sagemaker", frozenset({"CreateTrainingJob", "ListTrainingJobs"}))


def request(**changes: Any) -> dict[str, Any]:
    valid = {
        "TrainingJobName": "a-job",
        "AlgorithmSpecification": {"TrainingImage": "image:1", "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::111122223333:role/training",
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    return {**valid, **changes}


def test_a_valid_request_keeps_its_values_and_drops_unknown_members(training: Any) -> None:
    shape = training.operation_model("CreateTrainingJob").input_shape
    parsed = shapes.parse(shape, request(NoSuchMember=1, HyperParameters={"eta": "0.1"}))
    assert parsed["HyperParameters"] == {"eta": "0.1"}
    assert parsed["ResourceConfig"]["InstanceCount"] == 1
    assert "NoSuchMember" not in parsed


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"TrainingJobName": "under_score"},
            "1 validation error detected: Value 'under_score' at 'trainingJobName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        ),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 0}},
            "1 validation error detected: Value '0' at 'stoppingCondition.maxRuntimeInSeconds' failed to satisfy "
            "constraint: Member must have value greater than or equal to 1",
        ),
        (
            {"AlgorithmSpecification": {"TrainingImage": "image:1", "TrainingInputMode": "Stream"}},
            "1 validation error detected: Value 'Stream' at 'algorithmSpecification.trainingInputMode' failed to "
            "satisfy constraint: Member must satisfy enum value set: [Pipe, File, FastFile]",
        ),
        (
            {"OutputDataConfig": {}},
            "1 validation error detected: Value null at 'outputDataConfig.s3OutputPath' failed to satisfy "
            "constraint: Member must not be null",
        ),
        (
            {"InputDataConfig": [{"ChannelName": "a/b", "DataSource": {}}]},
            "1 validation error detected: Value 'a/b' at 'inputDataConfig.1.member.channelName' failed to satisfy "
            r"constraint: Member must satisfy regular expression pattern: [A-Za-z0-9\.\-_]+",
        ),
    ],
)
def test_a_violated_constraint_is_worded_as_aws_words_it(training: Any, changes: dict[str, Any], message: str) -> None:
    shape = training.operation_model("CreateTrainingJob").input_shape
    with pytest.raises(shapes.ShapeError) as raised:
        shapes.parse(shape, request(**changes))
    assert str(raised.value) == message


def test_a_sensitive_value_is_not_shown() -> None:
    shape = load_model("stepfunctions", frozenset({"StartExecution"})).operation_model("StartExecution").input_shape
    request = {"stateMachineArn": "arn", "input": "s" * 262_145}
    with pytest.raises(shapes.ShapeError) as error:
        shapes.parse(shape, request)
    assert str(error.value) == (
        "1 validation error detected: Value at 'input' failed to satisfy constraint: "
        "Member must have length less than or equal to 262144"
    )


def test_two_problems_are_counted_and_joined(training: Any) -> None:
    shape = training.operation_model("CreateTrainingJob").input_shape
    with pytest.raises(shapes.ShapeError, match=r"^2 validation errors detected: .*; Value") as raised:
        shapes.parse(shape, request(TrainingJobName="under_score", RoleArn="no-arn-but-of-twenty-characters"))
    assert "at 'roleArn'" in str(raised.value)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (request(TrainingJobName={}), "trainingJobName: expected a string, found dict"),
        (request(InputDataConfig="x"), "inputDataConfig: expected a list, found str"),
        (
            request(StoppingCondition={"MaxRuntimeInSeconds": "many"}),
            "stoppingCondition.maxRuntimeInSeconds: expected an integer, found str",
        ),
        ([], "the document: expected an object, found list"),
    ],
)
def test_a_wrong_json_type_is_a_serialization_error(training: Any, document: Any, message: str) -> None:
    shape = training.operation_model("CreateTrainingJob").input_shape
    with pytest.raises(shapes.SerializationError) as raised:
        shapes.parse(shape, document)
    assert str(raised.value) == message


def test_timestamps_go_over_the_wire_as_epoch_seconds(training: Any) -> None:
    operation = training.operation_model("ListTrainingJobs")
    moment = datetime(2030, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    assert shapes.parse(operation.input_shape, {"CreationTimeAfter": moment.timestamp()}) == {
        "CreationTimeAfter": moment
    }
    written = shapes.serialize(
        operation.output_shape,
        {"TrainingJobSummaries": [{"TrainingJobName": "a", "CreationTime": moment, "TrainingEndTime": None}]},
    )
    assert written == {"TrainingJobSummaries": [{"TrainingJobName": "a", "CreationTime": moment.timestamp()}]}


def test_a_member_that_the_model_lacks_is_refused_in_answers(training: Any) -> None:
    shape = training.operation_model("ListTrainingJobs").output_shape
    with pytest.raises(KeyError, match="Typo not in shape ListTrainingJobsResponse"):
        shapes.serialize(shape, {"Typo": 1})


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("MaxResults", float("inf")),
        ("MaxResults", float("nan")),
        ("MaxResults", 10**400),
        ("MaxResults", 1 << 31),
        ("MaxResults", 1.5),
        ("CreationTimeAfter", 10**400),
        ("CreationTimeAfter", 1e300),
        ("CreationTimeAfter", float("nan")),
        ("CreationTimeAfter", "0001-01-01T00:00:00+14:00"),
        ("NameContains", "\ud800"),
    ],
)
def test_a_value_beyond_its_type_is_refused(training: Any, member: str, value: Any) -> None:
    shape = training.operation_model("ListTrainingJobs").input_shape
    with pytest.raises(shapes.SerializationError):
        shapes.parse(shape, {member: value})


def test_half_a_character_is_refused_in_names_of_a_map_too(training: Any) -> None:
    shape = training.operation_model("CreateTrainingJob").input_shape
    with pytest.raises(shapes.SerializationError, match="half of a surrogate pair"):
        shapes.parse(shape, request(HyperParameters={"\udfff": "1"}))
    deep: Any = {}
    for _ in range(5000):
        deep = {"SubExpressions": [deep]}
    search = load_model("sagemaker", frozenset({"Search"})).operation_model("Search").input_shape
    with pytest.raises(shapes.SerializationError, match="nested too deeply"):
        shapes.parse(search, {"Resource": "Model", "SearchExpression": deep})


def test_a_blob_beyond_ascii_is_refused() -> None:
    shape = load_model("codecommit", frozenset({"PutFile"})).operation_model("PutFile").input_shape
    with pytest.raises(shapes.SerializationError, match="not base64"):
        shapes.parse(shape, {"repositoryName": "a", "branchName": "b", "fileContent": "\u00e9", "filePath": "c"})
