"""scikit-learn, a framework whose image runs a program: https://docs.aws.amazon.com/sagemaker/latest/dg/sklearn.html."""

from __future__ import annotations

from pipeline_lambdas.algorithms.algorithm import Algorithm, Image, Platform, ScriptMode
from pipeline_lambdas.algorithms.answers import CSV, JSON, PredictionForm

SCIKIT_LEARN = Algorithm(
    name="scikit-learn",
    title="scikit-learn",
    reference="https://docs.aws.amazon.com/sagemaker/latest/dg/sklearn.html",
    # https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
    image=Image(
        repository="sagemaker-scikit-learn", versions=("1.2-1", "1.4-2"), registries="sklearn", suffix="-cpu-py3"
    ),
    content_types=(CSV,),
    response_types=(CSV, JSON),
    hyperparameters={},
    target=None,
    dependencies=lambda _, validation: [],  # noqa: ARG005 - a program has rules of its own
    classes=lambda _: 2,
    form=lambda _: PredictionForm(),
    log=None,
    missing_values=True,
    # max_request_size of Multi Model Server, which serves in the image, is 6,553,500:
    # https://github.com/awslabs/multi-model-server/blob/master/docs/configuration.md
    request_limit_bytes=6 * 1024 * 1024,
    distributed=False,
    # https://github.com/aws/sagemaker-scikit-learn-container, docker/*/base/Dockerfile.cpu
    script=ScriptMode(platforms={"1.2-1": Platform((3, 9), (2, 31)), "1.4-2": Platform((3, 10), (2, 31))}),
)
