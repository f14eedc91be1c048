"""Target of SweepRule: deletes the endpoints that an unsuccessful execution has left; on a schedule, those of all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline_lambdas.runtime.boundary import read_environment
from workflows.runtime.log import say
from workflows.sweeping.executions import is_schedule, parse_ended, sweep, sweep_all

if TYPE_CHECKING:
    from pipeline_lambdas.runtime.runner import LambdaContext


@dataclass(frozen=True, slots=True)
class Environment:
    name_prefix: str


def handler(event: Any, context: LambdaContext) -> None:
    environment = read_environment(Environment, os.environ)
    if is_schedule(event):
        deleted = sweep_all(environment.name_prefix, context.get_remaining_time_in_millis)
        say(execution=None, deleted=deleted)
        return
    ended = parse_ended(event)
    deleted = sweep(ended, environment.name_prefix, context.get_remaining_time_in_millis)
    say(execution=ended.arn, deleted=deleted)
