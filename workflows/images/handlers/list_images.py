"""Task of the machine `images`: makes the lists of a training job out of folders of images."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline_lambdas.runtime.boundary import read_environment
from workflows.images.dataset.steps import run_step
from workflows.images.place import Place
from workflows.images.request import parse
from workflows.runtime.log import say
from workflows.runtime.task_input import read_input

if TYPE_CHECKING:
    from pipeline_lambdas.runtime.runner import LambdaContext


@dataclass(frozen=True, slots=True)
class Environment:
    data_bucket: str
    model_bucket: str
    kms_key_arn: str
    instance_type: str


@dataclass(frozen=True, slots=True)
class TaskInput:
    """`step` is `all`; or `plan`, `shard` for the class folder of that number, and `join`.

    `input` is that of the execution.
    """

    step: str
    execution: str
    input: dict[str, Any]
    shard: int = 0


def handler(event: Any, context: LambdaContext) -> Any:
    environment = read_environment(Environment, os.environ)
    task = read_input(TaskInput, event)
    given = parse(task.input, environment.instance_type)
    place = Place(environment.data_bucket, environment.model_bucket, environment.kms_key_arn, task.execution)
    done = run_step(task.step, task.shard, given, place, context.get_remaining_time_in_millis)
    say(step=task.step, remaining_ms=context.get_remaining_time_in_millis())
    return done
