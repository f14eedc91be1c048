"""The model registry: groups, versions, approvals, tags, events, and models made of versions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from local_aws.wire import AwsError
from tests.local_aws.manual_clock import ManualClock
from tests.local_aws.s3_double import etag
from tests.local_aws.sagemaker.fakes import CALLER, IMAGE, ROLE, Aws
from tests.local_aws.sagemaker.hosted import REGION_ARN, config, deployed, refused, variant

GROUP_ARN = f"{REGION_ARN}:model-package-group/wine"
VERSION_ARN = f"{REGION_ARN}:model-package/wine"
CONTAINER = {"Image": IMAGE, "ModelDataUrl": "s3://models/one.tar.gz"}
SPECIFICATION: dict[str, Any] = {
    "Containers": [CONTAINER],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}
TYPES = {
    "SupportedTransformInstanceTypes": ["ml.m5.large"],
    "SupportedRealtimeInferenceInstanceTypes": ["ml.t2.medium"],
}
IDENTITY = {"IamIdentity": {"Arn": CALLER.arn}}
EVENT = "SageMaker Model Package State Change"


@pytest.fixture
def registry(hosted: Aws) -> Aws:
    """The group Wine, and model artifacts."""
    hosted.call("CreateModelPackageGroup", ModelPackageGroupName="Wine", ModelPackageGroupDescription="reds")
    return hosted


def register(aws: Aws, **more: Any) -> str:
    request = {"ModelPackageGroupName": "Wine", "InferenceSpecification": SPECIFICATION, **more}
    return str(aws.call("CreateModelPackage", **request)["ModelPackageArn"])


def unversioned(aws: Aws, **more: Any) -> str:
    request = {"ModelPackageName": "Loose", "InferenceSpecification": {**SPECIFICATION, **TYPES}, **more}
    return str(aws.call("CreateModelPackage", **request)["ModelPackageArn"])


def described(aws: Aws, name: str = "Wine/1") -> dict[str, Any]:
    return aws.call("DescribeModelPackage", ModelPackageName=name)


def versions(aws: Aws, **filters: Any) -> list[int]:
    found = aws.call("ListModelPackages", ModelPackageGroupName="Wine", **filters)["ModelPackageSummaryList"]
    return [summary["ModelPackageVersion"] for summary in found]


def conflict(aws: Aws, operation: str, **request: Any) -> str:
    with pytest.raises(AwsError) as error:
        aws.call(operation, **request)
    assert error.value.code == "ConflictException"
    return error.value.message


def package_events(aws: Aws) -> list[dict[str, Any]]:
    return [detail for kind, detail in aws.events if kind == EVENT]


def later(aws: Aws) -> None:
    cast("ManualClock", aws.runtime.clock).advance(60)


def test_groups(registry: Aws) -> None:
    found = registry.call("DescribeModelPackageGroup", ModelPackageGroupName="wine")
    assert found == {
        "ModelPackageGroupName": "Wine",
        "ModelPackageGroupArn": GROUP_ARN,
        "ModelPackageGroupDescription": "reds",
        "CreationTime": registry.runtime.clock.now(),
        "ModelPackageGroupStatus": "Completed",
        "CreatedBy": IDENTITY,
    }
    assert registry.call("DescribeModelPackageGroup", ModelPackageGroupName=GROUP_ARN) == found
    assert refused(registry, "CreateModelPackageGroup", ModelPackageGroupName="WINE") == (
        f"Model Package Group already exists: {GROUP_ARN}"
    )
    registry.call("CreateModelPackageGroup", ModelPackageGroupName="Beer")

    def names(**filters: Any) -> list[str]:
        answer = registry.call("ListModelPackageGroups", SortBy="Name", **filters)
        return [summary["ModelPackageGroupName"] for summary in answer["ModelPackageGroupSummaryList"]]

    assert names() == ["Beer", "Wine"]
    assert names(NameContains="win") == ["Wine"]
    assert names(CrossAccountFilterOption="CrossAccount") == []
    registry.call("DeleteModelPackageGroup", ModelPackageGroupName=GROUP_ARN)
    for operation in ("DescribeModelPackageGroup", "DeleteModelPackageGroup"):
        message = refused(registry, operation, ModelPackageGroupName="Wine")
        assert message == f"ModelPackageGroup {GROUP_ARN} does not exist."


def test_an_arn_of_another_kind_is_no_group(registry: Aws) -> None:
    model_arn = f"{REGION_ARN}:model/one"
    message = refused(registry, "DescribeModelPackageGroup", ModelPackageGroupName=model_arn)
    assert message == f"ModelPackageGroup {model_arn} does not exist."
    assert refused(registry, "DescribeModelPackage", ModelPackageName=GROUP_ARN) == (
        f"ModelPackage {GROUP_ARN} does not exist."
    )


def test_versions_count_from_one_and_never_again(registry: Aws) -> None:
    assert [register(registry), register(registry, ModelPackageGroupName=GROUP_ARN)] == [
        f"{VERSION_ARN}/1",
        f"{VERSION_ARN}/2",
    ]
    registry.call("DeleteModelPackage", ModelPackageName=f"{VERSION_ARN}/2")
    assert register(registry) == f"{VERSION_ARN}/3"
    assert versions(registry) == [1, 3]
    assert refused(registry, "DescribeModelPackage", ModelPackageName="Wine/2") == (
        f"ModelPackage {VERSION_ARN}/2 does not exist."
    )
    assert conflict(registry, "DeleteModelPackageGroup", ModelPackageGroupName="Wine") == (
        f"Model Package Group {GROUP_ARN} has 2 model package versions: delete them first."
    )
    for number in (1, 3):
        registry.call("DeleteModelPackage", ModelPackageName=f"wine/{number}")
    registry.call("DeleteModelPackageGroup", ModelPackageGroupName="Wine")


def test_a_version_returns_what_it_was_given(registry: Aws) -> None:
    source = {"ContentType": "application/json", "S3Uri": "s3://models/evaluation.json"}
    given = {
        "ModelPackageDescription": "release 7",
        "CustomerMetadataProperties": {"execution": "7"},
        "MetadataProperties": {"CommitId": "abc", "GeneratedBy": "arn:aws:codepipeline:us-east-1:1:p"},
        "ModelMetrics": {"ModelQuality": {"Statistics": source}},
        "DriftCheckBaselines": {"ModelDataQuality": {"Statistics": source}},
        "Domain": "MACHINE_LEARNING",
        "Task": "REGRESSION",
        "SourceUri": "s3://models/code",
        "ModelLifeCycle": {"Stage": "Test", "StageStatus": "Passed"},
    }
    arn = register(registry, **given)
    container = {**CONTAINER, "ModelDataETag": etag(registry.s3.objects["models", "one.tar.gz"]).strip('"')}
    expected: dict[str, Any] = {
        **given,
        "ModelPackageGroupName": "Wine",
        "ModelPackageVersion": 1,
        "ModelPackageArn": arn,
        "CreationTime": registry.runtime.clock.now(),
        "InferenceSpecification": {**SPECIFICATION, "Containers": [container]},
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CertifyForMarketplace": False,
        "ModelApprovalStatus": "PendingManualApproval",
        "CreatedBy": IDENTITY,
    }
    for name in ("Wine/1", "wine/1", arn):
        assert described(registry, name) == expected
    [event] = package_events(registry)
    assert event == {**expected, "CreationTime": int(expected["CreationTime"].timestamp() * 1000), "Tags": {}}


def test_metadata_only_leaves_out_the_content_of_the_card(registry: Aws) -> None:
    register(registry, ModelCard={"ModelCardContent": "{}", "ModelCardStatus": "Draft"})
    found = registry.call("DescribeModelPackage", ModelPackageName="Wine/1", IncludedData="MetadataOnly")
    assert found["ModelCard"] == {"ModelCardStatus": "Draft"}
    assert described(registry)["ModelCard"]["ModelCardContent"] == "{}"


def test_a_client_token_makes_one_version(registry: Aws) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: register(registry, ClientToken="execution-7"), range(8)))
    assert made == [f"{VERSION_ARN}/1"] * 8
    assert len(package_events(registry)) == 1
    del registry.s3.objects["models", "one.tar.gz"]
    assert register(registry, ClientToken="execution-7") == f"{VERSION_ARN}/1"
    message = conflict(
        registry,
        "CreateModelPackage",
        ModelPackageGroupName="Wine",
        InferenceSpecification=SPECIFICATION,
        ClientToken="execution-7",
        Task="OTHER",
    )
    assert message == f"The ClientToken execution-7 was used by another request, which made {VERSION_ARN}/1."


def test_parallel_versions_have_different_numbers(registry: Aws) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: register(registry), range(12)))
    assert versions(registry, MaxResults=100) == list(range(1, 13))


def test_approval(registry: Aws) -> None:
    arn = register(registry)
    later(registry)
    registry.call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="good")
    found = described(registry)
    assert (found["ModelApprovalStatus"], found["ApprovalDescription"]) == ("Approved", "good")
    assert (found["LastModifiedTime"], found["LastModifiedBy"]) == (registry.runtime.clock.now(), IDENTITY)
    assert found["CreationTime"] < found["LastModifiedTime"]
    event = package_events(registry)[-1]
    assert event["UpdatedModelPackageFields"] == ["ModelApprovalStatus", "ApprovalDescription"]
    assert (event["ModelApprovalStatus"], event["ModelPackageGroupName"]) == ("Approved", "Wine")
    later(registry)
    registry.call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert described(registry) == found, "an update without a change changes no time"
    assert len(package_events(registry)) == 2
    registry.call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    assert package_events(registry)[-1]["UpdatedModelPackageFields"] == ["ModelApprovalStatus"]


def test_metadata_are_merged(registry: Aws) -> None:
    arn = register(registry, CustomerMetadataProperties={"a": "1", "b": "2"})

    def update(**more: Any) -> dict[str, str] | None:
        registry.call("UpdateModelPackage", ModelPackageArn=arn, **more)
        return described(registry).get("CustomerMetadataProperties")

    assert update(CustomerMetadataProperties={"b": "3", "c": "4"}) == {"a": "1", "b": "3", "c": "4"}
    assert update(CustomerMetadataPropertiesToRemove=["a", "absent"]) == {"b": "3", "c": "4"}
    assert package_events(registry)[-1]["UpdatedModelPackageFields"] == ["CustomerMetadataProperties"]
    many = {f"key{number}": "x" for number in range(49)}
    message = refused(registry, "UpdateModelPackage", ModelPackageArn=arn, CustomerMetadataProperties=many)
    assert message == "The model package would have 51 customer metadata properties; it can have 50."
    assert update(CustomerMetadataPropertiesToRemove=["b", "c"]) is None


def test_other_updates(registry: Aws) -> None:
    arn = register(registry)
    other = {**SPECIFICATION, "Containers": [{**CONTAINER, "ModelDataUrl": "s3://models/two.tar.gz"}]}
    stage = {"Stage": "Production", "StageStatus": "Serving"}
    registry.call(
        "UpdateModelPackage",
        ModelPackageArn=arn,
        InferenceSpecification=other,
        SourceUri="s3://models/code",
        ModelLifeCycle=stage,
        AdditionalInferenceSpecificationsToAdd=[{"Name": "small", **SPECIFICATION}],
    )
    found = described(registry)
    assert found["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == "s3://models/two.tar.gz"
    assert (found["SourceUri"], found["ModelLifeCycle"]) == ("s3://models/code", stage)
    assert [specification["Name"] for specification in found["AdditionalInferenceSpecifications"]] == ["small"]
    assert sorted(package_events(registry)[-1]["UpdatedModelPackageFields"]) == [
        "AdditionalInferenceSpecifications",
        "InferenceSpecification",
        "ModelLifeCycle",
        "sourceUri",
    ]
    again = [{"Name": "small", **SPECIFICATION}]
    text = refused(registry, "UpdateModelPackage", ModelPackageArn=arn, AdditionalInferenceSpecificationsToAdd=again)
    assert text == "The additional inference specification small occurs 2 times."
    absent = {"Containers": [{**CONTAINER, "ModelDataUrl": "s3://models/absent.tar.gz"}]}
    text = refused(registry, "UpdateModelPackage", ModelPackageArn=arn, InferenceSpecification=absent)
    assert text == "Could not find model data at s3://models/absent.tar.gz."


def test_a_client_token_makes_one_update(registry: Aws) -> None:
    arn = register(registry)
    approval = {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved", "ClientToken": "t"}
    registry.call("UpdateModelPackage", **approval)
    registry.call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    assert registry.call("UpdateModelPackage", **approval) == {"ModelPackageArn": arn}
    assert described(registry)["ModelApprovalStatus"] == "Rejected"
    message = conflict(registry, "UpdateModelPackage", **{**approval, "ModelApprovalStatus": "Rejected"})
    assert message == f"The ClientToken t was used by another update of {arn}."


def test_unversioned_packages(registry: Aws) -> None:
    arn = unversioned(registry, Tags=[{"Key": "team", "Value": "wine"}])
    assert arn == f"{REGION_ARN}:model-package/loose"
    found = described(registry, "loose")
    assert found["ModelPackageName"] == "Loose"
    assert not {"ModelPackageGroupName", "ModelPackageVersion", "ModelApprovalStatus"} & found.keys()
    assert registry.call("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "wine"}]
    assert package_events(registry)[-1]["Tags"] == {"team": "wine"}
    text = refused(registry, "UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert text == f"ModelPackage {arn} is unversioned: only versions can be updated."
    again = {"ModelPackageName": "LOOSE", "InferenceSpecification": {**SPECIFICATION, **TYPES}}
    assert refused(registry, "CreateModelPackage", **again) == f"Model Package already exists: {arn}"
    registry.call("DeleteModelPackage", ModelPackageName="Loose")
    assert unversioned(registry, ClientToken="x") == unversioned(registry, ClientToken="x")


def test_lists(registry: Aws) -> None:
    unversioned(registry)
    for _ in range(11):
        register(registry)
    for number in (2, 10):
        arn = f"{VERSION_ARN}/{number}"
        registry.call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved")
    later(registry)
    register(registry)

    def names(**filters: Any) -> list[str]:
        found = registry.call("ListModelPackages", MaxResults=100, **filters)["ModelPackageSummaryList"]
        return [s.get("ModelPackageName") or f"{s['ModelPackageGroupName']}/{s['ModelPackageVersion']}" for s in found]

    assert names() == ["Loose"]
    assert names(ModelPackageType="Both")[:3] == ["Loose", "Wine/1", "Wine/2"]
    assert len(names(ModelPackageType="Versioned")) == 12
    assert names(ModelPackageGroupName="Wine", ModelApprovalStatus="Approved") == ["Wine/2", "Wine/10"]
    assert names(ModelPackageGroupName=GROUP_ARN, CreationTimeAfter=registry.runtime.clock.now().timestamp()) == [
        "Wine/12"
    ]
    assert names(NameContains="oos", ModelPackageType="Both") == ["Loose"]
    newest = registry.call(
        "ListModelPackages", ModelPackageGroupName="Wine", SortBy="CreationTime", SortOrder="Descending", MaxResults=2
    )
    assert [s["ModelPackageVersion"] for s in newest["ModelPackageSummaryList"]] == [12, 11]
    seen: list[int] = []
    more: dict[str, str] = {}
    while True:
        page = registry.call("ListModelPackages", ModelPackageGroupName="Wine", MaxResults=5, **more)
        seen += [s["ModelPackageVersion"] for s in page["ModelPackageSummaryList"]]
        if "NextToken" not in page:
            break
        more = {"NextToken": page["NextToken"]}
    assert seen == list(range(1, 13))
    assert refused(registry, "ListModelPackages", ModelPackageGroupName="absent") == (
        f"ModelPackageGroup {REGION_ARN}:model-package-group/absent does not exist."
    )


def test_a_batch_is_described(registry: Aws) -> None:
    arn = register(registry)
    absent = f"{VERSION_ARN}/9"
    found = registry.call("BatchDescribeModelPackage", ModelPackageArnList=[arn, absent])
    assert found["ModelPackageSummaries"][arn]["ModelPackageVersion"] == 1
    assert found["ModelPackageSummaries"][arn]["ModelApprovalStatus"] == "PendingManualApproval"
    assert found["BatchDescribeModelPackageErrorMap"] == {
        absent: {"ErrorCode": "ValidationException", "ErrorResponse": f"ModelPackage {absent} does not exist."}
    }


def test_tags_are_of_the_group(registry: Aws) -> None:
    arn = register(registry)
    tags = [{"Key": "team", "Value": "wine"}]
    registry.call("AddTags", ResourceArn=GROUP_ARN, Tags=tags)
    assert registry.call("ListTags", ResourceArn=arn)["Tags"] == tags
    own = f"{arn} is a model package version, which has the tags of its group. Tag the group instead: {GROUP_ARN}."
    assert refused(registry, "AddTags", ResourceArn=arn, Tags=tags) == own
    assert refused(registry, "DeleteTags", ResourceArn=arn, TagKeys=["team"]) == own
    registry.call("DeleteTags", ResourceArn=f"{REGION_ARN}:model-package-group/Wine", TagKeys=["team"])
    assert registry.call("ListTags", ResourceArn=arn)["Tags"] == []


SECOND = {"Image": IMAGE, "ModelDataUrl": "s3://models/two.tar.gz", "Environment": {"A": "b"}}
REFUSALS: list[tuple[dict[str, Any], str]] = [
    (
        {"ModelPackageName": "x", "ModelPackageGroupName": "Wine"},
        "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which one to use.",
    ),
    ({}, "Missing ARN."),
    ({"ModelPackageGroupName": "absent"}, "model-package-group/absent does not exist."),
    ({"ModelPackageGroupName": "Wine", "Tags": [{"Key": "a", "Value": "b"}]}, "1 validation errors detected:Tags"),
    ({"ModelPackageName": "x"}, "Inference specification must be specified"),
    (
        {"ModelPackageName": "x", "InferenceSpecification": {**TYPES, "Containers": [SECOND]}},
        "1 validation errors detected:Environment variable map cannot be specified when using non-versioned "
        "ModelPackages",
    ),
    (
        {"ModelPackageName": "x", "ModelApprovalStatus": "Approved", "InferenceSpecification": SPECIFICATION},
        "3 validation errors detected:Model approval status cannot be specified",
    ),
    ({"ModelPackageGroupName": "Wine", "CertifyForMarketplace": True}, "does not emulate certification"),
    (
        {"ModelPackageGroupName": "Wine", "InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://b/k"}]}},
        "A container of a model package needs an Image.",
    ),
    (
        {
            "ModelPackageGroupName": "Wine",
            "InferenceSpecification": {
                "Containers": [{**CONTAINER, "Environment": {f"A{number}": "x" for number in range(17)}}]
            },
        },
        "The environment of a container has 17 entries; a model package can have 16.",
    ),
    (
        {
            "ModelPackageGroupName": "Wine",
            "InferenceSpecification": {"Containers": [{**CONTAINER, "ModelDataUrl": "s3://models/absent.tar.gz"}]},
        },
        "Could not find model data at s3://models/absent.tar.gz.",
    ),
]


@pytest.mark.parametrize(("request_", "message"), REFUSALS, ids=[message[:30] for _, message in REFUSALS])
def test_packages_that_are_refused(registry: Aws, request_: dict[str, Any], message: str) -> None:
    assert message in refused(registry, "CreateModelPackage", **request_)
    assert versions(registry) == []


def test_a_model_of_an_approved_version_is_served(registry: Aws) -> None:
    container = {**CONTAINER, "Environment": {"A": "package", "B": "package"}}
    arn = register(registry, InferenceSpecification={"Containers": [container]})
    model = {
        "ModelName": "packaged",
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {"ModelPackageName": arn, "Environment": {"B": "model"}},
    }
    assert refused(registry, "CreateModel", **model) == (
        f"ModelPackage {arn} has the approval status PendingManualApproval; only Approved versions can be deployed. "
        "Approve it with UpdateModelPackage."
    )
    registry.call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved")
    registry.call("CreateModel", **model)
    assert registry.call("DescribeModel", ModelName="packaged")["PrimaryContainer"] == model["PrimaryContainer"]
    registry.call("DeleteModelPackage", ModelPackageName=arn)
    config(registry, "packaged", variant("packaged"))
    deployed(registry, "packaged")
    assert registry.invoke(EndpointName="Wine", Body=b"x")["Body"] == b"one:x"
    parent = cast("Any", registry.service._platform.launcher._parent)
    assert {**parent.environments[-1]}.items() >= {"A": "package", "B": "model"}.items()


def test_models_of_packages_that_are_refused(registry: Aws) -> None:
    arn = register(registry, ModelApprovalStatus="Approved")
    several = register(
        registry, ModelApprovalStatus="Approved", InferenceSpecification={"Containers": [CONTAINER, SECOND]}
    )
    empty = str(
        registry.call("CreateModelPackage", ModelPackageGroupName="Wine", ModelApprovalStatus="Approved")[
            "ModelPackageArn"
        ]
    )

    def of(**container: str) -> str:
        request = {"ModelName": "m", "ExecutionRoleArn": ROLE, "PrimaryContainer": container}
        return refused(registry, "CreateModel", **request)

    assert of(ModelPackageName=arn, Image=IMAGE) == "A container with ModelPackageName cannot also have Image."
    assert of(ModelPackageName=f"{VERSION_ARN}/9") == f"ModelPackage {VERSION_ARN}/9 does not exist."
    assert "a model package with several Containers" in of(ModelPackageName=several)
    assert of(ModelPackageName=empty) == f"ModelPackage {empty} has no inference specification."
    assert of(ModelPackageName=arn, InferenceSpecificationName="small") == (
        f"ModelPackage {arn} has no inference specification small."
    )


def test_a_model_of_an_additional_specification(registry: Aws) -> None:
    other = {"Name": "small", "Containers": [{**CONTAINER, "ModelDataUrl": "s3://models/two.tar.gz"}]}
    arn = register(registry, ModelApprovalStatus="Approved", AdditionalInferenceSpecifications=[other])
    container = {"ModelPackageName": arn, "InferenceSpecificationName": "small"}
    registry.call("CreateModel", ModelName="small", ExecutionRoleArn=ROLE, Containers=[container])
    config(registry, "small", variant("small"))
    deployed(registry, "small")
    assert registry.invoke(EndpointName="Wine", Body=b"x")["Body"] == b"two:x"
