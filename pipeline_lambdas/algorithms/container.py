"""An image of a team's own, which trains and serves by SageMaker's contract for containers.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms.html. It is none of AWS's images, so it has neither
repository nor versions here: `container` of a config names its Dockerfile or its address.
"""

from __future__ import annotations

from pipeline_lambdas.algorithms.algorithm import Algorithm, Image, ScriptMode
from pipeline_lambdas.algorithms.answers import CSV, PredictionForm

CONTAINER = Algorithm(
    name="container",
    title="Container of your own",
    reference="https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms.html",
    image=Image(repository="", versions=(), registries=""),
    content_types=(CSV,),
    response_types=(CSV,),
    hyperparameters={},
    target=None,
    dependencies=lambda _, validation: [],  # noqa: ARG005 - a program has rules of its own
    classes=lambda _: 2,
    form=lambda _: PredictionForm(),
    log=None,
    missing_values=True,
    # SageMaker's limit of a request: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
    request_limit_bytes=6 * 1024 * 1024,
    distributed=True,
    script=ScriptMode(),
)
