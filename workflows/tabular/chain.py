"""The abalone chain: train, save the model, transform the test rows, make an endpoint config and an endpoint."""

from __future__ import annotations

from workflows.compose import (
    RESULT,
    Chain,
    ExecutionInput,
    Expression,
    Pass,
    Workflow,
    caught,
    fail,
    in_service,
    join,
    undo,
    variable,
)
from workflows.tabular.algorithm import (
    CHANNELS,
    CONTENT,
    HYPERPARAMETERS,
    JOB_MARK,
    MARK,
    METRIC,
    MODELS,
    NAME,
    PREFIX,
    TEST,
    XGBOOST,
)

execution_input = ExecutionInput({"JobName": NAME, "ModelName": NAME, "EndpointName": NAME})

# What the input names is followed by digits of the execution, so the same input can be used again.
job = join(PREFIX, execution_input["JobName"], "-", JOB_MARK)
model = join(PREFIX, execution_input["ModelName"], "-", MARK)
endpoint = join(PREFIX, execution_input["EndpointName"], "-", MARK)
output = join(MODELS, job, "/transform/")

# What undoes the steps, the last one first; each failure enters where there is something to undo.
failed = fail("Workflow Failed", "WorkflowError")
delete_model = undo("Delete Model", "deleteModel", {"ModelName": model}, failed)
delete_config = undo("Delete Endpoint Config", "deleteEndpointConfig", {"EndpointConfigName": model}, delete_model)
delete_endpoint = undo("Delete Endpoint", "deleteEndpoint", {"EndpointName": endpoint}, delete_config)
clean_up = Chain([delete_endpoint, delete_config, delete_model, failed])

train = XGBOOST.training(
    "Train Step",
    job,
    HYPERPARAMETERS,
    CHANNELS,
    CONTENT,
    catch=[caught("Train Step", failed)],
    assign={
        "modelData": RESULT["ModelArtifacts"]["S3ModelArtifacts"],
        "metrics": Expression(f"$merge({RESULT}.FinalMetricDataList.{{ MetricName: Value }})"),
    },
)
save = XGBOOST.model("Save model", model, variable("modelData"), catch=[caught("Save model", failed)])
transform = XGBOOST.transform(
    "Transform Input Dataset",
    job,
    model,
    TEST,
    output,
    CONTENT,
    catch=[caught("Transform Input Dataset", clean_up.since(delete_model))],
)
config = XGBOOST.endpoint_config(
    "Create Endpoint Config",
    model,
    model,
    catch=[caught("Create Endpoint Config", clean_up.since(delete_model))],
)
create = XGBOOST.endpoint(
    "Create Endpoint",
    endpoint,
    model,
    catch=[caught("Create Endpoint", clean_up.since(delete_config))],
)
ready = in_service(endpoint, clean_up, [caught("Describe Endpoint", clean_up)])
summary = Pass(
    "Summarize",
    output={
        "TrainingJobName": job,
        "ModelName": model,
        "EndpointName": endpoint,
        "Predictions": output,
        "Metric": METRIC,
        "Value": Expression(f"$lookup({variable('metrics')}, '{METRIC}')"),
    },
)

workflow = Workflow(
    name="tabular",
    steps=Chain([train, save, transform, config, create, *ready, summary]),
    input=execution_input,
    comment="Abalone: train, save the model, transform the test rows, deploy",
)
