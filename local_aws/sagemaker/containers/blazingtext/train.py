"""The training job of BlazingText, on one host.

https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext.html. Log lines are those of jobs on AWS, known from
recordings. Not emulated, and refused with a message: several hosts. Pipe mode and augmented manifests are refused
before a job starts. What is trained otherwise than on AWS stands in docs/local-aws.md.
"""

from __future__ import annotations

from local_aws.sagemaker.containers.blazingtext import hyperparameters
from local_aws.sagemaker.containers.blazingtext.hyperparameters import SUPERVISED
from local_aws.sagemaker.containers.blazingtext.supervised import classifier
from local_aws.sagemaker.containers.blazingtext.word2vec import job
from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.containers.toolkit import algorithm_log
from local_aws.sagemaker.containers.toolkit.customer_errors import NotEmulatedError, exit_code


def train(ml: Ml) -> int:
    """Train by /opt/ml/input and leave the model in /opt/ml/model; return the exit code.

    A failure is logged, written to /opt/ml/output/failure, and returned as 2 if it is the customer's, else as 1.
    """
    return exit_code(ml, _train)


def _train(ml: Ml) -> None:
    settings = hyperparameters.validate(ml.hyperparameters())
    for name in settings.ignored:
        algorithm_log.warning(f"Hyperparameter {name} is ignored: mode {settings.mode} does not have it")
    hosts = ml.resource_config().get("hosts", [])
    if len(hosts) > 1:
        raise NotEmulatedError(f"InstanceCount is {len(hosts)}: training locally runs on one host, set it to 1")
    algorithm_log.info(f"Running single machine CPU BlazingText training using {settings.mode} mode.")
    (classifier if settings.mode == SUPERVISED else job).train(ml, settings)
