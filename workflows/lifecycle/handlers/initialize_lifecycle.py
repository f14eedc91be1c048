"""Initialize: checks the request of an execution and that its data exists, and names what the states work with."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline_lambdas.runtime.boundary import read_environment
from workflows.lifecycle.initialization import Site, initialize
from workflows.runtime.log import say

if TYPE_CHECKING:
    from pipeline_lambdas.runtime.runner import LambdaContext


@dataclass(frozen=True, slots=True)
class Environment:
    name_prefix: str
    data_bucket: str
    model_bucket: str


def handler(event: Any, _context: LambdaContext) -> dict[str, Any]:
    environment = read_environment(Environment, os.environ)
    begun = initialize(event, Site(environment.name_prefix, environment.data_bucket, environment.model_bucket))
    say(machine=event["Machine"], run_date=begun["RunDate"])
    return begun
