"""Action Evidence, and target of the rules for a release's end and the answer to its approval: writes the record.

EventBridge reports no failure to anyone, so there an error is raised, and Lambda tries again.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.evidence.keeping import follow, write_evidence
from pipeline_lambdas.evidence.site import RecordSite
from pipeline_lambdas.release.events import parse_event
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.runtime.boundary import read_environment, read_parameters
from pipeline_lambdas.runtime.job import EVENT_KEY, Job
from pipeline_lambdas.runtime.outcome import Done
from pipeline_lambdas.runtime.runner import LambdaContext, run_job


@dataclass(frozen=True, slots=True)
class Environment:
    model_name: str
    name_prefix: str
    evidence_bucket: str
    artifact_bucket: str
    kms_key_arn: str
    aws_region: str
    data_bucket: str
    console_address: str = ""

    def site(self) -> RecordSite:
        store = (self.evidence_bucket, self.kms_key_arn, self.data_bucket, self.artifact_bucket)
        return RecordSite(self.model_name, self.aws_region, self.console_address, *store)


@dataclass(frozen=True, slots=True)
class Parameters:
    execution_id: str


def handler(event: Any, context: LambdaContext) -> None:
    if isinstance(event, dict) and EVENT_KEY in event:
        run_job(event, context, _write)
        return
    environment = read_environment(Environment, os.environ)
    told = parse_event(event, environment.name_prefix)
    sys.stdout.write(json.dumps({"event": type(told).__name__, **follow(told, environment.site())}) + "\n")


def _write(job: Job) -> Done:
    environment = read_environment(Environment, os.environ)
    release = Release(environment.name_prefix, read_parameters(Parameters, job.user_parameters).execution_id)
    return write_evidence(release, environment.site())
