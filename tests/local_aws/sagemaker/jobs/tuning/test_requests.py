"""What CreateHyperParameterTuningJob refuses, and the forms that it takes."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.wire import AwsError
from tests.local_aws.sagemaker.fakes import IMAGE, UNTRUSTING_ROLE, Aws, FakeParent
from tests.local_aws.sagemaker.jobs.tuning.tuning import (
    DEPTH,
    ETA,
    OBJECTIVE,
    config,
    definition,
    ended,
    listed,
    measures,
    tuning,
)

CREATE = "CreateHyperParameterTuningJob"
COLOURS = {"CategoricalParameterRanges": [{"Name": "tree_method", "Values": ["exact", "hist", "approx"]}]}
RESOURCES = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}


def eta(**changes: Any) -> dict[str, Any]:
    return {"ParameterRanges": {"ContinuousParameterRanges": [{**ETA, **changes}]}}


def depth(**changes: Any) -> dict[str, Any]:
    return {"ParameterRanges": {"IntegerParameterRanges": [{**DEPTH, **changes}]}}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"jobs": 20, **depth()},
            "The total number of hyperparameter combinations for the provided ranges [10.0] must be equal or greater "
            "than the value of MaxNumberOfJobs, [20]. Provide additional ranges.",
        ),
        (
            {"HyperParameterTuningJobObjective": {**OBJECTIVE, "MetricName": "validation:none"}},
            "A metric is required for this hyperparameter tuning job objective.",
        ),
        ({"HyperParameterTuningJobObjective": None}, "needs an objective"),
        ({"ParameterRanges": {}}, "searches 1 to 30 hyperparameters; found 0"),
        (eta(MinValue="small"), "must be numbers"),
        (depth(MinValue="1.5"), "of an integer range whole ones"),
        (eta(MinValue="0.9"), "MinValue 0.9 must be less than MaxValue 0.9"),
        (eta(MaxValue="inf"), "must be less than"),
        (eta(MinValue="0", ScalingType="Logarithmic"), "Logarithmic scaling is only for values greater than 0"),
        (eta(MaxValue="1", ScalingType="ReverseLogarithmic"), "ReverseLogarithmic scaling is only for continuous"),
        (depth(ScalingType="ReverseLogarithmic"), "ReverseLogarithmic scaling is only for continuous"),
        (eta(Name="num_round"), "num_round must be given once"),
        ({"jobs": None}, "The strategy Random needs MaxNumberOfTrainingJobs"),
        ({"jobs": 751, "strategy": "Bayesian"}, "runs 750 training jobs at most"),
        ({"parallel": 101}, "runs 100 training jobs at a time at most"),
        ({"strategy": "Grid"}, "Grid searches categorical hyperparameters only"),
        ({"strategy": "Grid", "ParameterRanges": COLOURS}, "let it be 3"),
        ({"jobs": 1, "ParameterRanges": COLOURS}, "hyperparameters that cannot be tuned: tree_method. For the image"),
        ({"StrategyConfig": {"HyperbandStrategyConfig": {"MaxResource": 9}}}, "only for the strategy Hyperband"),
        ({"strategy": "Hyperband"}, "needs MaxResource"),
        (
            {"strategy": "Hyperband", "StrategyConfig": {"HyperbandStrategyConfig": {"MaxResource": 1}}},
            "MinResource (1) must be less than MaxResource (1)",
        ),
        ({"strategy": "Hyperband", "TrainingJobEarlyStoppingType": "Auto"}, "EarlyStoppingType must be Off"),
        (
            {"TuningJobCompletionCriteria": {"ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}}},
            "does not emulate the detection of convergence",
        ),
        ({"Autotune": {"Mode": "Enabled"}}, "does not emulate Autotune"),
        (
            {
                "TrainingJobDefinition": definition(
                    AlgorithmSpecification={"TrainingImage": "x/y:1", "TrainingInputMode": "File"}
                )
            },
            "image 'x/y:1' is not run locally",
        ),
        ({"TrainingJobDefinition": definition(RoleArn=UNTRUSTING_ROLE)}, "Could not assume role"),
        ({"TrainingJobDefinition": None}, "Specify either TrainingJobDefinition or TrainingJobDefinitions"),
    ],
)
def test_what_is_refused(aws: Aws, changes: dict[str, Any], text: str) -> None:
    request = tuning(**changes)
    with pytest.raises(AwsError) as refused:
        aws.call(CREATE, **request)
    assert refused.value.code == "ValidationException"
    assert text in refused.value.message
    assert aws.call("ListHyperParameterTuningJobs")["HyperParameterTuningJobSummaries"] == []


def test_a_name_is_taken_once(data: Aws) -> None:
    data.use(FakeParent(measures()))
    data.call(CREATE, **tuning(jobs=1))
    with pytest.raises(AwsError) as taken:
        data.call(CREATE, **tuning("TUNE", jobs=1))
    assert taken.value.code == "ResourceInUse"
    assert taken.value.message == (
        "A hyperparameter tuning job with the name, tune, already exists. Choose a different name."
    )
    assert ended(data)["HyperParameterTuningJobStatus"] == "Completed"


def listed_definition(**changes: Any) -> dict[str, Any]:
    return definition(
        DefinitionName="only", TuningObjective=OBJECTIVE, HyperParameterRanges=config()["ParameterRanges"], **changes
    )


def of_list(*definitions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    limits = {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1}
    return {
        "HyperParameterTuningJobName": "Tune",
        "HyperParameterTuningJobConfig": {"Strategy": "Random", "ResourceLimits": limits, **changes},
        "TrainingJobDefinitions": list(definitions),
    }


def test_a_list_of_one_definition(data: Aws) -> None:
    data.use(FakeParent(measures()))
    data.call(CREATE, **of_list(listed_definition()))
    found = ended(data)
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    assert found["TrainingJobDefinitions"][0]["DefinitionName"] == "only"
    [one] = listed(data)
    assert one["TrainingJobDefinitionName"] == "only"
    assert one["FinalHyperParameterTuningJobObjectiveMetric"]["Type"] == "Minimize"


@pytest.mark.parametrize(
    ("request_of", "text"),
    [
        (of_list(listed_definition(), listed_definition()), "does not emulate several training job definitions"),
        (of_list({**listed_definition(), "DefinitionName": None}), "needs a DefinitionName"),
        (
            of_list(listed_definition(), HyperParameterTuningJobObjective=OBJECTIVE),
            "HyperParameterTuningJobObjective belongs into each definition",
        ),
    ],
)
def test_lists_that_are_refused(aws: Aws, request_of: dict[str, Any], text: str) -> None:
    with pytest.raises(AwsError, match=text):
        aws.call(CREATE, **request_of)


@pytest.mark.parametrize(
    "flexible", [RESOURCES, {"InstanceConfigs": [RESOURCES, {**RESOURCES, "InstanceType": "ml.c5.xlarge"}]}]
)
def test_flexible_instances(data: Aws, flexible: dict[str, Any]) -> None:
    data.use(FakeParent(measures()))
    made = definition(HyperParameterTuningResourceConfig={**flexible, "AllocationStrategy": "Prioritized"})
    del made["ResourceConfig"]
    data.call(CREATE, **tuning(jobs=1, TrainingJobDefinition=made))
    ended(data)
    job = data.call("DescribeTrainingJob", TrainingJobName=listed(data)[0]["TrainingJobName"])
    assert job["ResourceConfig"] == RESOURCES


def test_hyperband_takes_the_largest_resource_from_the_static_hyperparameters(data: Aws) -> None:
    data.use(FakeParent(measures()))
    static = {"num_round": "3", "epochs": "9"}
    data.call(
        CREATE, **tuning(strategy="Hyperband", jobs=1, TrainingJobDefinition=definition(StaticHyperParameters=static))
    )
    assert ended(data)["HyperParameterTuningJobStatus"] == "Completed"


PARENTS = {"ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "Tune"}]}


@pytest.mark.parametrize(
    ("changes", "kind", "text"),
    [
        (
            {"HyperParameterTuningJobObjective": {**OBJECTIVE, "Type": "Maximize"}},
            "TransferLearning",
            "The objective must",
        ),
        (eta(), "TransferLearning", "The hyperparameters, static and tunable, must be those of"),
        (
            {
                "TrainingJobDefinition": definition(
                    AlgorithmSpecification={
                        "TrainingImage": IMAGE.replace("3.2-0", "1.7-1"),
                        "TrainingInputMode": "File",
                    }
                )
            },
            "IdenticalDataAndAlgorithm",
            "needs the image and the input data of the parent",
        ),
        (
            {"ParameterRanges": {"ContinuousParameterRanges": [ETA, DEPTH]}},
            "TransferLearning",
            "The type of the hyperparameter max_depth differs",
        ),
        ({"strategy": "Hyperband"}, "TransferLearning", "needs MaxResource"),
    ],
)
def test_parents_that_do_not_fit(data: Aws, changes: dict[str, Any], kind: str, text: str) -> None:
    data.use(FakeParent(measures()))
    data.call(CREATE, **tuning(jobs=1))
    ended(data)
    with pytest.raises(AwsError, match=text):
        data.call(CREATE, **tuning("next", WarmStartConfig={**PARENTS, "WarmStartType": kind}, **changes))


def test_a_parent_that_is_not_there(data: Aws) -> None:
    with pytest.raises(AwsError, match="can't find a tuning job called tune") as lost:
        data.call(CREATE, **tuning("next", WarmStartConfig={**PARENTS, "WarmStartType": "TransferLearning"}))
    assert lost.value.code == "ResourceNotFound"
