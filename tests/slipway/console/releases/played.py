"""A pipeline with a long history, and its evidence, in place of CodePipeline and S3; counts what it is asked for."""

from __future__ import annotations

import io
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from botocore.exceptions import ClientError
from slipway.console.releases.subject import Subject
from slipway.releases.overview import session_for
from slipway.session import Session

from tests.pipeline_lambdas.report import documents
from tests.slipway.console.drawing import NOW, session_with

_numbers = count()


def run_id(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"release {number}"))


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Played")


@dataclass
class Played:
    """Releases by their number, the oldest 0; a token is the number below which a page starts."""

    number: int
    started: datetime = NOW - timedelta(days=90)
    asked: Counter[str] = field(default_factory=Counter)
    retried: dict[int, datetime] = field(default_factory=dict)
    rmse: dict[int, float] = field(default_factory=dict)
    tokens: str = "first"
    model: str = field(default_factory=lambda: f"played-{next(_numbers)}")
    """Of each its own, as the console keeps what it has read for as long as its process lives."""

    @property
    def pipeline(self) -> str:
        return f"slipway-local-{self.model}"

    @property
    def about(self) -> Subject:
        return Subject(session_for(self.session(), self.model), self.pipeline, self.model)

    def session(self) -> Session:
        return session_with(codepipeline=self, s3=self, codecommit=self)

    def summary(self, number: int) -> dict[str, Any]:
        start = self.started + timedelta(minutes=number)
        return {
            "pipelineExecutionId": run_id(number),
            "status": "Succeeded",
            "startTime": start,
            "lastUpdateTime": self.retried.get(number, start + timedelta(seconds=30)),
            "trigger": {"triggerType": "StartPipelineExecution", "triggerDetail": ""},
            "sourceRevisions": [],
        }

    def list_pipeline_executions(self, **request: Any) -> dict[str, Any]:
        assert request["pipelineName"] == self.pipeline
        most, token = request.get("maxResults", 100), request.get("nextToken", "")
        self.asked["list"] += 1
        known, _, below = token.partition(":")
        if token and known != self.tokens:
            raise refused("InvalidNextTokenException")
        top = int(below) if below else self.number
        shown = [self.summary(number) for number in range(top - 1, max(top - 1 - most, -1), -1)]
        more = {"nextToken": f"{self.tokens}:{top - most}"} if top > most else {}
        return {"pipelineExecutionSummaries": shown, **more}

    def get_pipeline_state(self, **_: Any) -> dict[str, Any]:
        return {"pipelineName": self.pipeline, "pipelineVersion": 1, "created": self.started, "stageStates": []}

    def get_pipeline_execution(self, **asked: Any) -> dict[str, Any]:
        self.asked["execution"] += 1
        return {"pipelineExecution": {"pipelineExecutionId": asked["pipelineExecutionId"], "status": "Succeeded"}}

    def get_pipeline(self, **_: Any) -> dict[str, Any]:
        self.asked["declaration"] += 1
        source = {"name": "Code", "actionTypeId": {"provider": "CodeCommit"}, "outputArtifacts": [{"name": "Code"}]}
        return {"pipeline": {"name": self.pipeline, "stages": [{"name": "Source", "actions": [source]}]}}

    def get_paginator(self, operation: str) -> Played:
        assert operation == "list_action_executions"
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        yield {"actionExecutionDetails": []}

    def get_object(self, **asked: Any) -> dict[str, Any]:
        self.asked["object"] += 1
        number = next(number for number in range(self.number) if run_id(number) in asked["Key"])
        value = self.rmse.get(number, 0.5 + number / 10_000)
        test = documents.evaluation(metrics={"rmse": value, "r2": 0.5})
        record = documents.record(
            execution_id=run_id(number), status="Succeeded", sequence=1, evaluations={"test": test},
            started="2026-08-25T12:00:00Z", ended="2026-08-25T12:00:30Z",
        )  # fmt: skip
        return {"Body": io.BytesIO(json.dumps(record).encode())}

    def batch_get_commits(self, **_: Any) -> dict[str, Any]:
        return {"commits": []}
