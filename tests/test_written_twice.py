"""Facts that are written twice because no import may cross the wall between their homes: both homes agree."""

from __future__ import annotations

import pytest
from botocore.session import Session

from inference_lambdas.predicting.batching import SERVERLESS_LIMIT_BYTES
from local_aws.sagemaker.containers.linear_learner import hyperparameters
from local_aws.sagemaker.containers.linear_learner import serve as linear_learner_server
from local_aws.sagemaker.containers.xgboost import hyperparameters as xgboost_hyperparameters
from local_aws.sagemaker.containers.xgboost import metric_names
from local_aws.sagemaker.containers.xgboost import serve as xgboost_server
from local_aws.sagemaker.hosting.invoke import MAX_SERVERLESS_BODY_BYTES
from pipeline_lambdas.algorithms import linear_learner, xgboost
from pipeline_lambdas.aws import codepipeline
from pipeline_lambdas.config import schema
from pipeline_lambdas.release.names import ENVIRONMENTS
from pipeline_lambdas.steps import registration


def test_configs_accept_the_metrics_of_the_xgboost_container() -> None:
    assert set(xgboost._METRICS) == set(metric_names.ALL)


def test_configs_accept_the_objectives_of_the_xgboost_container() -> None:
    accepted = (
        *xgboost.REGRESSION_OBJECTIVES,
        *xgboost.BINARY_OBJECTIVES,
        *xgboost.MULTICLASS_OBJECTIVES,
        *xgboost._OTHER_OBJECTIVES,
    )
    # The container's own list holds the name of a hyperparameter, by mistake.
    assert {*accepted, "aft_loss_distribution"} == set(xgboost_hyperparameters._OBJECTIVES)


def test_configs_accept_the_losses_of_the_linear_learner_container() -> None:
    losses = {predictor: ("auto", *names) for predictor, names in hyperparameters.LOSSES.items()}
    assert losses == linear_learner._LOSSES


def test_requests_fit_what_the_servers_accept() -> None:
    assert xgboost.XGBOOST.request_limit_bytes == xgboost_server._MAX_CONTENT_LENGTH
    assert linear_learner.LINEAR_LEARNER.request_limit_bytes == linear_learner_server._MAX_CONTENT_LENGTH
    assert MAX_SERVERLESS_BODY_BYTES == SERVERLESS_LIMIT_BYTES


def test_a_config_names_the_environments_of_a_release() -> None:
    assert tuple(schema.ENVIRONMENTS) == ENVIRONMENTS


@pytest.mark.parametrize(
    ("service", "shape", "member", "limit"),
    [
        ("codepipeline", "ExecutionDetails", "summary", codepipeline.SUMMARY_LIMIT),
        ("codepipeline", "ExecutionDetails", "externalExecutionId", codepipeline.EXTERNAL_ID_LIMIT),
        ("codepipeline", "FailureDetails", "externalExecutionId", codepipeline.EXTERNAL_ID_LIMIT),
        ("codepipeline", "FailureDetails", "message", codepipeline.MESSAGE_LIMIT),
        ("sagemaker", "UpdateModelPackageInput", "ApprovalDescription", registration._DESCRIPTION_LIMIT),
    ],
)
def test_limits_are_those_of_the_api(service: str, shape: str, member: str, limit: int) -> None:
    model = Session().get_service_model(service)
    assert model.shape_for(shape).members[member].metadata["max"] == limit
