"""Task of the machine `images`: judges a model by what it predicted for the test images."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline_lambdas.runtime.boundary import read_environment
from workflows.images.checking import Check, check_model
from workflows.images.place import Place
from workflows.runtime.log import say
from workflows.runtime.task_input import read_input

if TYPE_CHECKING:
    from pipeline_lambdas.runtime.runner import LambdaContext


@dataclass(frozen=True, slots=True)
class Environment:
    model_bucket: str
    kms_key_arn: str


@dataclass(frozen=True, slots=True)
class TaskInput:
    """`test_uri` is the folder of the test images; the gates are those of the input."""

    execution: str
    test_uri: str
    min_accuracy: float
    min_class_accuracy: float


def handler(event: Any, _context: LambdaContext) -> Any:
    environment = read_environment(Environment, os.environ)
    task = read_input(TaskInput, event)
    bucket, _, folder = task.test_uri.removeprefix("s3://").partition("/")
    place = Place(bucket, environment.model_bucket, environment.kms_key_arn, task.execution)
    judged = check_model(Check(task.min_accuracy, task.min_class_accuracy, folder), place)
    say(passed=judged["passed"], images=judged["metrics"]["images"], accuracy=judged["metrics"]["accuracy"])
    return judged
