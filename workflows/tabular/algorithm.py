"""XGBoost as the workflows of this system train it, and where their data and models lie.

`${...}` are filled by CloudFormation, and by `slipway workflow create`:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html
"""

from __future__ import annotations

from workflows.compose import CONTEXT, Algorithm, Expression, Field

PREFIX = "slipway-${SuffixID}-tabular-"
"""Begins the name of everything that the workflows make: their role may make nothing else."""
NAME = Field(
    str,
    "[a-zA-Z0-9]([a-zA-Z0-9-]{0,19}[a-zA-Z0-9])?",
    "1 to 21 letters, digits and hyphens, with no hyphen at the beginning or the end",
)
"""What an input may name. PREFIX with a SuffixID of 12 characters, 21, and 12 digits of the execution after a hyphen
fill the 63 characters of SageMaker's names:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""
FOLDER = "workflows/tabular"
"""Of data and models in their buckets."""
DATA = f"s3://${{DataBucket}}/{FOLDER}"
MODELS = f"s3://${{ModelBucket}}/{FOLDER}/"
CONTENT = "text/libsvm"
METRIC = "validation:rmse"
CHANNELS = {"train": f"{DATA}/train/", "validation": f"{DATA}/validation/"}
TEST = f"{DATA}/test/"

# https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html
HYPERPARAMETERS = {
    "objective": "reg:squarederror",
    "num_round": "50",
    "max_depth": "5",
    "eta": "0.2",
    "gamma": "4",
    "min_child_weight": "6",
    "subsample": "0.7",
    "seed": "1",
}


def mark(redrives: str) -> Expression:
    """Return what `workflows.runtime.names.mark` computes: 12 digits of this execution and of a number of redrives."""
    return Expression(f"$substring($hash({CONTEXT}.Execution.Id & ':' & {redrives}, 'SHA-256'), 0, 12)")


JOB_MARK = mark(f"$string({CONTEXT}.Execution.RedriveCount)")
"""Of jobs, which a redrive does again: one that was aborted keeps its name."""
MARK = mark("'0'")
"""Of what stays the same in a redrive. `workflow-sweep` finds an endpoint by it, if the execution is stopped."""

XGBOOST = Algorithm(
    image="${Image}",
    role="${JobsRoleArn}",
    output=MODELS,
    key="${KeyArn}",
    instance_type="${InstanceType}",
    tags={"slipway:suffix": "${SuffixID}", "slipway:execution": CONTEXT["Execution"]["Id"]},
    own_names=True,
)
