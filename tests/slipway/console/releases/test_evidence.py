"""The evidence beside the decision, and the pages over all models and before a rollback."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from slipway.console.releases import decisions
from slipway.console.releases.evidence import Evidence, head, load_evidence, sections
from slipway.console.releases.going_back import going_back
from slipway.console.releases.models import models
from slipway.console.releases.release import release, report
from slipway.console.releases.subject import see
from slipway.console.room import Page
from slipway.console.shell import drawn
from slipway.errors import SlipwayError
from slipway.session import Session

from tests.pipeline_lambdas.report import documents
from tests.slipway.console.drawing import NOW, asked, links_of, session_with, text_of
from tests.slipway.console.releases.played import Played, refused, run_id

MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def played() -> Played:
    return Played(40)


def parts_of(found: Evidence, played: Played) -> str:
    return text_of(Page("", [head(found), *(one.html for one in sections(played.about, found, run_id(0)))]))


def test_gates_are_shown_with_their_bounds_and_values(played: Played) -> None:
    failed = documents.gate("bound", "rmse", 0.8, "failed", max=0.7, reason="rmse 0.8 is over 0.7")
    passed = documents.gate("bound", "r2", 0.5, min=0.3)
    test = documents.evaluation(gates=[failed, passed], verdict="failed")
    told = parts_of(Evidence(documents.record(status="Failed"), {"test": test}), played)
    assert "rmse 0.8" in told
    assert "at most 0.7" in told
    assert "✓ passed Bounds of metrics: r2 0.5000 (at least 0.3)" in told
    for section in ("Comparison with the champion", "Slices", "Worst-predicted rows", "Cost", "Lineage"):
        assert section in told


def test_a_record_is_read_once_and_its_report_stands_alone(played: Played) -> None:
    seen = see(played.about, run_id(3))
    first = load_evidence(played.about, seen)
    reads = played.asked["object"]
    assert first is not None
    assert load_evidence(played.about, seen) == first
    assert played.asked["object"] == reads
    page = release(asked(played.session(), NOW, model=played.model, run=run_id(3)))
    assert f"/_console/models/{played.model}/releases/{run_id(3)}/report" in links_of(page)
    assert "style=" not in drawn(page)


def test_the_report_runs_in_a_sandbox(played: Played) -> None:
    found = report(asked(played.session(), NOW, model=played.model, run=run_id(3)))
    assert found is not None
    assert found.media_type == "text/html"
    assert "sandbox" in found.policy.split("; ")
    assert "script-src" not in found.policy


def test_what_a_push_wrote_into_a_record_is_text(played: Played) -> None:
    test = documents.evaluation()
    test["worst"]["rows"][0]["values"][0] = MARKUP
    record = documents.record(approval={"status": "Rejected", "by": MARKUP, "reason": MARKUP, "at": None})
    found = Evidence(record, {"test": test})
    markup = "".join([head(found), *(one.html for one in sections(played.about, found, ""))])
    assert MARKUP not in markup
    assert "&lt;script&gt;" in markup


class Prod:
    """SageMaker with one Prod endpoint that serves the model of a release."""

    def __init__(self, played: Played, serves: int) -> None:
        self.played, self.serves, self.described = played, serves, 0

    def get_paginator(self, _: str) -> Prod:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        name = f"{self.played.pipeline}-prod"
        arn = f"arn:aws:sagemaker:us-east-1:111122223333:endpoint/{name}"
        return [
            {"Endpoints": [{"EndpointName": name, "EndpointArn": arn, "LastModifiedTime": NOW - timedelta(days=2)}]}
        ]

    def describe_endpoint(self, **_: Any) -> dict[str, Any]:
        self.described += 1
        return {
            "EndpointConfigName": "config",
            "EndpointStatus": "InService",
            "LastModifiedTime": NOW - timedelta(days=2),
        }

    def describe_endpoint_config(self, **_: Any) -> dict[str, Any]:
        model = f"{self.played.pipeline}-{run_id(self.serves)[:13]}-prod"
        return {"ProductionVariants": [{"ModelName": model}]}


class Pipeline(Played):
    """The releases that came to Prod, as CodePipeline lists and rolls them back."""

    rolled_back: str = ""

    def get_paginator(self, operation: str) -> Any:
        return self if operation == "list_action_executions" else Listing(self)

    def rollback_stage(self, **request: Any) -> dict[str, Any]:
        self.rolled_back = request["targetPipelineExecutionId"]
        return {"pipelineExecutionId": run_id(99)}


class Listing:
    """The history in pages of a hundred."""

    def __init__(self, played: Played) -> None:
        self.played = played

    def paginate(self, **request: Any) -> Any:
        assert request["filter"] == {"succeededInStage": {"stageName": "DeployProd"}}
        token: dict[str, str] = {}
        while True:
            page = self.played.list_pipeline_executions(pipelineName=request["pipelineName"], **token)
            yield page
            if "nextToken" not in page:
                return
            token = {"nextToken": page["nextToken"]}


def of_prod(pipeline: Played, serves: int) -> tuple[Session, Prod]:
    prod = Prod(pipeline, serves)
    return session_with(codepipeline=pipeline, s3=pipeline, codecommit=pipeline, sagemaker=prod), prod


def test_a_rollback_tells_what_it_will_do_and_does_that() -> None:
    pipeline = Pipeline(2000)
    session, _ = of_prod(pipeline, 1999)
    page = going_back(asked(session, NOW, model=pipeline.model))
    told, markup = text_of(page), drawn(page)
    assert f"Serves now {pipeline.pipeline}-{run_id(1999)[:13]}-prod" in told
    assert f"Will serve the model of Release {run_id(1998)[:13]}" in told
    assert "rmse" in told
    # No more of the history is listed than it takes.
    assert pipeline.asked["list"] == 2
    form = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', markup))
    done = decisions.rollback(asked(session, NOW, model=pipeline.model), form)
    assert pipeline.rolled_back == run_id(1998)
    assert done.address.endswith(run_id(99))


def test_nothing_is_rolled_back_once_prod_serves_another_model() -> None:
    pipeline = Pipeline(10)
    session, prod = of_prod(pipeline, 9)
    shown = drawn(going_back(asked(session, NOW, query={"to": run_id(5)}, model=pipeline.model)))
    form = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown))
    assert form["target"] == run_id(5)
    prod.serves = 7
    with pytest.raises(SlipwayError, match="Nothing was rolled back"):
        decisions.rollback(asked(session, NOW, model=pipeline.model), form)
    assert not pipeline.rolled_back


def test_where_there_is_no_way_back_the_page_says_so() -> None:
    pipeline = Pipeline(1)
    session, _ = of_prod(pipeline, 0)
    page = going_back(asked(session, NOW, model=pipeline.model))
    assert "found no release before the one that Prod serves" in text_of(page)
    assert "<form" not in drawn(page)


class Account:
    """Stacks and folders of one model."""

    def __init__(self, model: str, of_objects: Played) -> None:
        self.model, self.of_objects = model, of_objects

    def get_paginator(self, operation: str) -> Account:
        self.operation = operation
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        if self.operation == "list_objects_v2":
            return [{}]
        parameters = {"SuffixID": "local", "ModelName": self.model}
        told = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        return [{"Stacks": [{"StackName": f"slipway-pipeline-local-{self.model}", "Parameters": told}]}]

    def get_object(self, **request: Any) -> Any:
        return self.of_objects.get_object(**request)


class OneModel(Played):
    """As `Played`, and no pipeline of another name."""

    def list_pipeline_executions(self, **request: Any) -> dict[str, Any]:
        if request["pipelineName"] != self.pipeline:
            raise refused("PipelineNotFoundException")
        return super().list_pipeline_executions(**request)


def test_the_overview_reads_no_record_twice() -> None:
    played = OneModel(2000)
    account = Account(played.model, played)
    prod = Prod(played, 5)
    session = session_with(codepipeline=played, s3=account, codecommit=played, cloudformation=account, sagemaker=prod)
    told = text_of(models(asked(session, NOW)))
    assert f"{played.model} {run_id(1999)[:13]}" in told
    assert "config 2 d 0 h" in told or "config 48 h 00 min" in told
    assert "wine-quality none yet" in told
    reads, lists = played.asked["object"], played.asked["list"]
    page = models(asked(session, NOW))
    assert (played.asked["object"], played.asked["list"]) == (reads, lists + 1)
    assert prod.described == 1
    assert drawn(page).count('class="sparkline"') == 1
