"""Search over training jobs, endpoints and the registry."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.wire import AwsError, Permission
from tests.local_aws.sagemaker.fakes import CALLER, Aws, FakeParent
from tests.local_aws.sagemaker.hosted import deployed, refused
from tests.local_aws.sagemaker.registry.test_model_packages import register
from tests.local_aws.sagemaker.training import ended, job, succeed

_SOURCE = "InputDataConfig.DataSource.S3DataSource"


@pytest.fixture
def found_jobs(data: Aws) -> Aws:
    """Three jobs: eta 0.1, 0.5 and 1.7; the second has a tag."""
    data.use(FakeParent(succeed))
    for number, eta in enumerate(("0.1", "0.5", "1.7"), 1):
        request = job(TrainingJobName=f"Wine-{number}")
        request["HyperParameters"] = {**request["HyperParameters"], "eta": eta}
        tags = [{"Key": "team", "Value": "Wine"}] if number == 2 else []
        data.call("CreateTrainingJob", **{**request, "Tags": tags})
        ended(data, f"Wine-{number}")
    return data


def search(aws: Aws, resource: str = "TrainingJob", **request: Any) -> list[str]:
    """The names of what is found, by name unless the request says otherwise."""
    order = {"SortBy": f"{resource}Name", "SortOrder": "Ascending"} if resource != "ModelPackage" else {}
    results = aws.call("Search", Resource=resource, **{**order, **request})["Results"]
    return [next(iter(one[resource].values())) for one in results]


def having(*filters: tuple[str, ...], operator: str = "And") -> dict[str, Any]:
    members = ("Name", "Operator", "Value")
    return {"Filters": [dict(zip(members, one, strict=False)) for one in filters], "Operator": operator}


@pytest.mark.parametrize(
    ("expression", "numbers"),
    [
        (having(("TrainingJobName", "Equals", "Wine-2")), "2"),
        (having(("TrainingJobName", "NotEquals", "Wine-2")), "13"),
        (having(("TrainingJobName", "Contains", "ine-3")), "3"),
        (having(("TrainingJobName", "In", "Wine-1, Wine-3")), "13"),
        (having(("HyperParameters.eta", "LessThan", "0.5")), "1"),
        (having(("HyperParameters.eta", "LessThanOrEqualTo", "0.5")), "12"),
        (having(("HyperParameters.eta", "GreaterThanOrEqualTo", "1")), "3"),
        (having(("HyperParameters.eta", "LessThanOrEqualTo", "1")), "123"),
        (having(("Metrics.train:rmse", "GreaterThan", "1.4")), "123"),
        (having(("Metrics.train:rmse", "GreaterThan", "1.6")), ""),
        (having(("Tags.team", "Equals", "Wine")), "2"),
        (having(("Tags.team",)), "2"),
        (having(("Tags.team", "NotExists")), "13"),
        (having(("FailureReason", "Exists")), ""),
        (having(("CreationTime", "GreaterThan", "2001-01-01T00:00:00Z")), "123"),
        (having(("EnableNetworkIsolation", "Equals", "false")), "123"),
        (having(("TrainingJobName", "Equals", "Wine-1"), ("Tags.team", "Exists"), operator="Or"), "12"),
        (having(("TrainingJobName", "Equals", "Wine-1"), ("Tags.team", "Exists")), ""),
        (
            {
                "SubExpressions": [
                    having(("TrainingJobName", "Equals", "Wine-1")),
                    having(("TrainingJobName", "Equals", "Wine-3")),
                ],
                "Operator": "Or",
            },
            "13",
        ),
        (
            {
                "NestedFilters": [
                    {
                        "NestedPropertyName": "InputDataConfig",
                        "Filters": [
                            {"Name": "InputDataConfig.ChannelName", "Value": "train"},
                            {"Name": f"{_SOURCE}.S3Uri", "Operator": "Contains", "Value": "data"},
                        ],
                    }
                ]
            },
            "123",
        ),
        (
            {
                "NestedFilters": [
                    {
                        "NestedPropertyName": "SecondaryStatusTransitions",
                        "Filters": [{"Name": "SecondaryStatusTransitions.Status", "Value": "Failed"}],
                    }
                ]
            },
            "",
        ),
    ],
)  # fmt: skip
def test_what_an_expression_finds(found_jobs: Aws, expression: dict[str, Any], numbers: str) -> None:
    assert search(found_jobs, SearchExpression=expression) == [f"Wine-{number}" for number in numbers]


def test_the_newest_come_first_and_pages_follow_each_other(found_jobs: Aws) -> None:
    first = found_jobs.call("Search", Resource="TrainingJob", MaxResults=2)
    assert first["TotalHits"] == {"Value": 3, "Relation": "EqualTo"}
    second = found_jobs.call("Search", Resource="TrainingJob", MaxResults=2, NextToken=first["NextToken"])
    names = [one["TrainingJob"]["TrainingJobName"] for one in (*first["Results"], *second["Results"])]
    assert names == ["Wine-3", "Wine-2", "Wine-1"]
    assert "NextToken" not in second
    assert search(found_jobs, SortBy="HyperParameters.eta", SortOrder="Descending") == ["Wine-3", "Wine-2", "Wine-1"]
    with pytest.raises(AwsError, match="pagination token"):
        found_jobs.call("Search", Resource="TrainingJob", SortBy="CreationTime", NextToken=first["NextToken"])


def test_the_registry_and_endpoints(hosted: Aws) -> None:
    hosted.call("CreateModelPackageGroup", ModelPackageGroupName="Wine")
    hosted.call("CreateModelPackageGroup", ModelPackageGroupName="Other")
    register(hosted)
    register(hosted, ModelApprovalStatus="Approved")
    named = having(("ModelPackageGroupName", "Equals", "Wine"))
    assert search(hosted, "ModelPackageGroup", SearchExpression=named) == ["Wine"]
    approved = having(("ModelPackageGroupName", "Equals", "Wine"), ("ModelApprovalStatus", "Equals", "Approved"))
    [found] = hosted.call("Search", Resource="ModelPackage", SearchExpression=approved)["Results"]
    assert found["ModelPackage"]["ModelPackageVersion"] == 2
    below = having(("ModelPackageVersion", "LessThan", "2"))
    assert len(hosted.call("Search", Resource="ModelPackage", SearchExpression=below)["Results"]) == 1
    deployed(hosted, "one")
    assert search(hosted, "Endpoint", SearchExpression=having(("EndpointStatus", "Equals", "InService")))
    assert search(hosted, "Endpoint", CrossAccountFilterOption="CrossAccount") == []


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"SearchExpression": {}}, "at least one of Filters"),
        ({"SearchExpression": having(("Nothing", "Exists"))}, "Nothing is not a property of TrainingJob"),
        ({"SearchExpression": having(("TrainingJobName.x", "Exists"))}, "not a property"),
        ({"SortBy": "Nothing"}, "not a property"),
        ({"SearchExpression": having(("TrainingJobName", "Equals"))}, "needs a Value"),
        ({"SearchExpression": having(("TrainingJobName", "GreaterThan", "a"))}, "not supported for text"),
        ({"SearchExpression": having(("CreationTime", "GreaterThan", "then"))}, "then is not of type timestamp"),
        ({"SearchExpression": having(("TrainingTimeInSeconds", "Contains", "1"))}, "not supported for number"),
        (
            {"SearchExpression": having(("TrainingJobName", "Contains", "a"), ("RoleArn", "Contains", "b"))},
            "'CONTAINS' operator usage limit of 1 exceeded",
        ),
        ({"SearchExpression": {"SubExpressions": [{}]}}, "at least one of Filters"),
        ({"Resource": "Pipeline"}, "does not emulate Search for Pipeline"),
    ],
)
def test_what_is_refused(aws: Aws, request_: dict[str, Any], words: str) -> None:
    assert words in refused(aws, "Search", **{"Resource": "TrainingJob", **request_})


def test_searching_is_a_permission_of_its_own(aws: Aws) -> None:
    operation = aws.service.operations()["Search"]
    assert list(operation.permissions(CALLER, {"Resource": "TrainingJob"})) == [Permission("sagemaker:Search")]
