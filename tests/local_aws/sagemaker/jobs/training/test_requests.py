"""What CreateTrainingJob refuses and fills in; names, lists and tags of jobs."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.wire import AwsError
from tests.local_aws.sagemaker.fakes import IMAGE, UNTRUSTING_ROLE, Aws, FakeParent
from tests.local_aws.sagemaker.training import channel, ended, ends_with, idle, job, succeed


def _algorithm(**more: Any) -> dict[str, Any]:
    return {"TrainingImage": IMAGE, "TrainingInputMode": "File", **more}


def _resources(**more: Any) -> dict[str, Any]:
    return {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10, **more}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"RoleArn": UNTRUSTING_ROLE}, f"Could not assume role {UNTRUSTING_ROLE}. Please ensure that the role exists"),
    (
        {"AlgorithmSpecification": _algorithm(MetricDefinitions=[{"Name": "a", "Regex": "b"}])},
        "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request without",
    ),
    ({"AlgorithmSpecification": _algorithm(TrainingImage="my/image:1")}, "known repositories: sagemaker-xgboost"),
    ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "must name a TrainingImage"),
    ({"AlgorithmSpecification": _algorithm(TrainingInputMode="Pipe")}, "does not emulate Pipe mode (channel train)"),
    ({"AlgorithmSpecification": _algorithm(ContainerEntrypoint=["x"])}, "ContainerEntrypoint"),
    ({"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1}}, "must have VolumeSizeInGB"),
    (
        {"ResourceConfig": _resources(InstanceType="ml.g5.xlarge", VolumeKmsKeyId="key")},
        "KMS key is not supported for NVMe instance storage: ml.g5.xlarge encrypts its storage by itself; leave "
        "VolumeKmsKeyId out.",
    ),
    ({"ResourceConfig": _resources(KeepAlivePeriodInSeconds=60)}, "does not emulate warm pools"),
    ({"StoppingCondition": {"MaxRuntimeInSeconds": 2419201}}, "the longest is 2419200 (28 days)"),
    ({"StoppingCondition": {"MaxWaitTimeInSeconds": 90000}}, "only for EnableManagedSpotTraining"),
    (
        {
            "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 30},
            "EnableManagedSpotTraining": True,
        },
        "must be equal to or greater than",
    ),
    ({"InputDataConfig": [channel("a", "s3://b/c"), channel("a", "s3://b/d")]}, "a is used more than once"),
    ({"InputDataConfig": [channel("a", "s3://b/c", "AugmentedManifestFile")]}, "S3DataType AugmentedManifestFile"),
    ({"InputDataConfig": [{"ChannelName": "a", "DataSource": {}}]}, "data sources other than S3DataSource"),
    ({"Environment": {"A": "b\0c"}}, "environment variable A has a NUL"),
    ({"DebugRuleConfigurations": [{"RuleConfigurationName": "r", "RuleEvaluatorImage": "i"}]}, "debugger rules"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_requests_that_are_refused(data: Aws, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(AwsError) as refused:
        data.call("CreateTrainingJob", **job(**changes))
    assert refused.value.code == "ValidationException"
    assert message in refused.value.message
    assert data.call("ListTrainingJobs")["TrainingJobSummaries"] == []


def test_defaults_are_filled_in(data: Aws) -> None:
    data.use(FakeParent(succeed))
    request = job()
    del request["StoppingCondition"]
    data.call("CreateTrainingJob", **request)
    found = ended(data)
    assert found["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}
    assert found["EnableNetworkIsolation"] is False
    assert found["OutputDataConfig"] == {"S3OutputPath": "s3://data/out/", "CompressionType": "GZIP", "KmsKeyId": ""}


def test_tags(data: Aws) -> None:
    data.use(FakeParent(succeed))
    arn = data.call("CreateTrainingJob", **job(Tags=[{"Key": "a", "Value": "1"}]))["TrainingJobArn"]
    ended(data)
    added = data.call("AddTags", ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
    assert added["Tags"] == [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}]
    data.call("DeleteTags", ResourceArn=arn.replace("wine-1", "Wine-1"), TagKeys=["a", "never"])
    assert data.call("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "3"}]
    many = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    with pytest.raises(AwsError, match="would have 51 tags"):
        data.call("AddTags", ResourceArn=arn, Tags=many)
    with pytest.raises(AwsError, match="Could not find resource"):
        data.call("ListTags", ResourceArn=arn + "x")


def test_the_name_is_free_after_deletion_only(data: Aws) -> None:
    parent = FakeParent(idle, ends_with(0))
    data.use(parent)
    data.call("CreateTrainingJob", **job())
    with pytest.raises(AwsError) as taken:
        data.call("CreateTrainingJob", **job(TrainingJobName="wine-1"))
    assert taken.value.code == "ResourceInUse"
    assert taken.value.message == (
        "Training job names must be unique within an AWS account and region, and a training job with this name "
        "already exists (arn:aws:sagemaker:us-east-1:111122223333:training-job/wine-1)"
    )
    with pytest.raises(AwsError) as busy:
        data.call("DeleteTrainingJob", TrainingJobName="Wine-1")
    assert busy.value.code == "ResourceInUse"
    data.call("StopTrainingJob", TrainingJobName="Wine-1")
    ended(data)
    data.call("DeleteTrainingJob", TrainingJobName="Wine-1")
    for operation in ("DescribeTrainingJob", "StopTrainingJob", "DeleteTrainingJob"):
        with pytest.raises(AwsError) as gone:
            data.call(operation, TrainingJobName="Wine-1")
        assert (gone.value.code, gone.value.message) == ("ValidationException", "Requested resource not found.")
    data.use(FakeParent(succeed))
    data.call("CreateTrainingJob", **job())
    assert ended(data)["TrainingJobStatus"] == "Completed"


def test_jobs_are_listed(data: Aws) -> None:
    data.use(FakeParent(succeed))
    for number in (1, 2, 3):
        data.call("CreateTrainingJob", **job(TrainingJobName=f"Wine-{number}"))
        ended(data, f"Wine-{number}")
    first = data.call("ListTrainingJobs", MaxResults=2, SortBy="Name", SortOrder="Descending")
    assert [entry["TrainingJobName"] for entry in first["TrainingJobSummaries"]] == ["Wine-3", "Wine-2"]
    rest = data.call(
        "ListTrainingJobs", MaxResults=2, SortBy="Name", SortOrder="Descending", NextToken=first["NextToken"]
    )
    [entry] = rest["TrainingJobSummaries"]
    assert (entry["TrainingJobName"], entry["TrainingJobStatus"]) == ("Wine-1", "Completed")
    assert "TrainingEndTime" in entry
