"""Facts that are written twice because no import may cross the wall between their homes: both homes agree."""

from __future__ import annotations

import re

import pytest
from botocore.session import Session
from slipway.names import FUNCTIONS as KNOWN_FUNCTIONS
from slipway_build.packages import FUNCTIONS

from inference_lambdas.predicting.batching import SERVERLESS_LIMIT_BYTES
from local_aws.sagemaker import instance_types as local_types
from local_aws.sagemaker.containers.linear_learner import hyperparameters
from local_aws.sagemaker.containers.linear_learner import metric_names as linear_learner_metrics
from local_aws.sagemaker.containers.toolkit import model_service
from local_aws.sagemaker.containers.xgboost import hyperparameters as xgboost_hyperparameters
from local_aws.sagemaker.containers.xgboost import metric_names
from local_aws.sagemaker.containers.xgboost import serve as xgboost_server
from local_aws.sagemaker.containers.xgboost import tunable as xgboost_tunable
from local_aws.sagemaker.hosting.invoke import MAX_SERVERLESS_BODY_BYTES
from pipeline_lambdas.algorithms import linear_learner, xgboost, xgboost_tuning
from pipeline_lambdas.aws import codepipeline, instance_types
from pipeline_lambdas.config import features, schema
from pipeline_lambdas.release.names import ENVIRONMENTS
from pipeline_lambdas.release.retries import START_NEW
from pipeline_lambdas.steps import registration
from pipeline_lambdas.tabular import specification
from tests.local_server import ROOT


def test_configs_accept_the_metrics_of_the_xgboost_container() -> None:
    assert set(xgboost._METRICS) == set(metric_names.ALL)
    assert (xgboost_tuning.MAXIMIZED, xgboost_tuning.MINIMIZED) == (metric_names.MAXIMIZE, metric_names.MINIMIZE)


def test_searches_aim_at_metrics_that_the_containers_log() -> None:
    logged = {name for name, _ in linear_learner_metrics.METRIC_DEFINITIONS}
    for predictor in ("regressor", "binary_classifier", "multiclass_classifier"):
        assert set(linear_learner.tuning_metrics({"predictor_type": predictor})) <= logged
    assert set(xgboost_tuning.metrics({"objective": "binary:logistic"})) == {
        name for name, _ in metric_names.METRIC_DEFINITIONS if name.startswith("validation:")
    }


def test_searches_have_the_hyperparameters_that_the_xgboost_container_calls_tunable() -> None:
    assert set(xgboost_tuning.TUNABLE.types) == set(xgboost_tunable.TUNABLE)


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
    assert linear_learner.LINEAR_LEARNER.request_limit_bytes == model_service.MAX_CONTENT_LENGTH
    assert MAX_SERVERLESS_BODY_BYTES == SERVERLESS_LIMIT_BYTES


@pytest.mark.parametrize(
    "shape",
    ["ProcessingInstanceType", "ProductionVariantInstanceType", "TrainingInstanceType", "TransformInstanceType"],
)
def test_both_sides_know_which_instances_have_storage_of_their_own(shape: str) -> None:
    types = Session().get_service_model("sagemaker").shape_for(shape).metadata["enum"]
    local = {name for name in types if local_types.has_local_storage(name)}
    assert local == {name for name in types if instance_types.has_local_storage(name)}
    assert 0 < len(local) < len(types)


def test_a_config_describes_a_table_as_training_reads_it() -> None:
    """The program for tables runs in SageMaker's image, and imports nothing but itself."""
    assert features.SCHEMA == specification.SCHEMA
    assert sorted(specification.OPTIONS) == sorted(schema.FEATURE["type"].allowed.split(", "))
    options = {option: kind for kind, options in specification.OPTIONS.items() for option in options}
    assert options == schema.OPTIONS_OF


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


@pytest.mark.parametrize("file", ["cloudformation/functions/publish.py", "pipeline_lambdas/aws/s3.py"])
def test_what_no_retry_can_mend_ends_in_the_words_that_the_command_line_knows(file: str) -> None:
    """The one stands in the template alone, the other is below the module that has the words."""
    text = (ROOT / file).read_text(encoding="utf-8")
    assert START_NEW in text
    assert not re.search(r"start another|start a new release", text)


def test_the_command_line_knows_every_function() -> None:
    """Those that publish and dispatch are written in the template, and are not packaged."""
    of_template = {"publish", "publish-approved", "dispatch", "dispatch-approved"}
    assert set(KNOWN_FUNCTIONS) == {*FUNCTIONS, *of_template}
