"""Target of EndReleaseRule: stops what a release that failed or was stopped has left running.

EventBridge invokes it, so there is no CodePipeline job to report to: an error is raised, and Lambda tries again.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.release.events import parse_end
from pipeline_lambdas.runtime.boundary import read_environment
from pipeline_lambdas.runtime.runner import LambdaContext
from pipeline_lambdas.steps.release_end import end_release


@dataclass(frozen=True, slots=True)
class Environment:
    model_name: str
    name_prefix: str
    tuning_prefix: str = ""
    metrics_environments: str = ""


def handler(event: Any, context: LambdaContext) -> None:
    environment = read_environment(Environment, os.environ)
    release = parse_end(event, environment.name_prefix).release
    measured = environment.metrics_environments.split(",") if environment.metrics_environments else []
    done = end_release(release, context.get_remaining_time_in_millis, environment.tuning_prefix, measured)
    record = {"execution_id": release.execution_id, "status": done.status, "stopped": done.stopped}
    sys.stdout.write(json.dumps(record) + "\n")
