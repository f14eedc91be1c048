"""Target of the rules for pushes and datasets: starts a release of the model if they concern it.

EventBridge invokes it, so there is no CodePipeline job to report to: an error is raised, and Lambda tries again.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.release.affected import INFERENCE_LAMBDAS, PIPELINE_LAMBDAS, TRAINING_CONFIG
from pipeline_lambdas.runtime.boundary import read_environment
from pipeline_lambdas.runtime.runner import LambdaContext
from pipeline_lambdas.steps.release_start import StartSite, parse_event, start_release


@dataclass(frozen=True, slots=True)
class Environment:
    model_name: str
    name_prefix: str
    branch_name: str
    data_bucket: str
    start_role_arn: str
    training_config_repository: str = ""
    pipeline_lambdas_repository: str = ""
    inference_lambdas_repository: str = ""

    def site(self) -> StartSite:
        repositories = {
            TRAINING_CONFIG: self.training_config_repository,
            PIPELINE_LAMBDAS: self.pipeline_lambdas_repository,
            INFERENCE_LAMBDAS: self.inference_lambdas_repository,
        }
        return StartSite(
            self.model_name,
            self.name_prefix,
            self.branch_name,
            self.data_bucket,
            self.start_role_arn,
            {source: name for source, name in repositories.items() if name},
        )


def handler(event: Any, context: LambdaContext) -> None:
    site = read_environment(Environment, os.environ).site()
    done = start_release(parse_event(event, site), site, time.sleep)
    sys.stdout.write(json.dumps({"request_id": context.aws_request_id, **done}) + "\n")
