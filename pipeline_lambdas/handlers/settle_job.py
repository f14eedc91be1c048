"""On-failure destination of the pipeline's functions: reports the failure of a function that no longer can.

Without a result, the action would run for 20 minutes:
https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.runtime.boundary import read_environment
from pipeline_lambdas.runtime.runner import LambdaContext
from pipeline_lambdas.steps.settlement import parse_record, settle


@dataclass(frozen=True, slots=True)
class Environment:
    model_name: str
    name_prefix: str


def handler(event: Any, context: LambdaContext) -> None:  # noqa: ARG001 - as Lambda calls it
    environment = read_environment(Environment, os.environ)
    done = settle(parse_record(event, environment.name_prefix))
    sys.stdout.write(json.dumps(done) + "\n")
