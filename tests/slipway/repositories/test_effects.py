"""What a push will release, said before it happens, and what `release` publishes in which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from slipway.repositories.effects import ModelPipeline, Push, pipelines_of
from slipway.verbs import release

MODELS = (ModelPipeline("cider-quality"), ModelPipeline("wine-quality"))
CONNECTED = tuple(ModelPipeline(one.model, connected=True) for one in MODELS)
NEW_BRANCH = (
    "the push will release no model; it creates the branch main, and through a connection a new branch starts nothing"
)
NOTHING = "the push will release no model; no source of a model has changed"


@pytest.mark.parametrize(
    ("source", "paths", "said"),
    [
        ("TrainingConfig", ["wine-quality.yml"], "the push will release wine-quality (wine-quality.yml)"),
        ("TrainingConfig", ["README.md"], NOTHING),
        (
            "TrainingConfig",
            ["wine-quality.yml", "cider-quality.yml"],
            "the push will release cider-quality (cider-quality.yml), wine-quality (wine-quality.yml)",
        ),
        (
            "PipelineLambdas",
            [f"pipeline_lambdas/{name}.py" for name in "abcd"],
            "the push will release cider-quality, wine-quality (pipeline_lambdas/a.py, pipeline_lambdas/b.py, "
            "pipeline_lambdas/c.py and 1 more)",
        ),
        ("InferenceLambdas", ["tests/inference_lambdas/judging/test_gates.py"], NOTHING),
        ("InferenceLambdas", None, "the push will release cider-quality, wine-quality (everything is new)"),
    ],
)
def test_a_push_says_which_models_it_will_release_and_why(source: str, paths: list[str] | None, said: str) -> None:
    changed = None if paths is None else tuple(paths)
    assert Push("folder", source, changed).sentence(MODELS) == f"folder: {said}"
    through = Push("folder", source, changed, connected=True).sentence(CONNECTED)
    assert through == f"folder: {said if paths else NEW_BRANCH}"


@pytest.mark.parametrize(
    ("push", "pipelines", "said"),
    [
        ({}, (), "there is no pipeline yet that a push could start"),
        (
            {"connected": True},
            MODELS,
            "the push will release no model; the pipelines have no connection to read it through",
        ),
        ({"connected": False}, CONNECTED, "the push will release no model; the pipelines have their own connection"),
        (
            {"branch": "try"},
            MODELS,
            "the push will release no model; it goes to the branch try, and releases come from main",
        ),
        (
            {"branch": "live"},
            (ModelPipeline("wine-quality", "live"), MODELS[0]),
            "the push will release wine-quality (",
        ),
        ({"connected": True}, (MODELS[0], CONNECTED[1]), "the push will release wine-quality (wine-quality.yml)"),
        ({"connected": None}, CONNECTED, "the push will release wine-quality (wine-quality.yml)"),
        ({"connected": None, "paths": None}, CONNECTED, NEW_BRANCH),
        ({"connected": None, "paths": None}, MODELS[1:], "the push will release wine-quality (everything is new)"),
    ],
)
def test_only_the_pipelines_that_it_reaches_count(
    push: dict[str, Any], pipelines: tuple[ModelPipeline, ...], said: str
) -> None:
    made = Push(**{"place": "it", "source": "TrainingConfig", "paths": ("wine-quality.yml",), **push})
    assert made.sentence(pipelines).startswith(f"it: {said}")


def test_the_pipelines_are_those_of_the_stacks() -> None:
    """Their branch and whether they have a connection; other installations, setup and other stacks are none."""
    stacks = [
        ("slipway-pipeline-acme-wine", {"SuffixID": "acme", "ModelName": "wine", "BranchName": "live"}),
        ("their-cider", {"SuffixID": "acme", "ModelName": "cider"}),
        ("slipway-pipeline-acme-beer", {"SuffixID": "acme", "ModelName": "beer", "ConnectionArn": "arn:aws:c"}),
        ("slipway-pipeline-other-wine", {"SuffixID": "other", "ModelName": "wine"}),
        ("slipway-setup-acme", {"SuffixID": "acme"}),
    ]
    described = {"Stacks": [_stack(name, parameters) for name, parameters in stacks]}
    client = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=lambda: [described]))
    session: Any = SimpleNamespace(names=SimpleNamespace(suffix="acme"), client=lambda _: client)
    assert pipelines_of(session) == (ModelPipeline("beer", connected=True), ModelPipeline("wine", "live"))


def _stack(name: str, parameters: dict[str, str]) -> dict[str, Any]:
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    return {"StackName": name, "Parameters": given}


@dataclass
class Change:
    source_action: str
    starts: bool
    log: list[str]
    pinned: str | None = None
    changed: bool = True
    models: list[str] = field(default_factory=list)

    def releases(self, model: str) -> bool:
        self.models.append(model)
        return self.starts

    def publish(self, _session: Any) -> str:
        self.log.append(self.source_action)
        return f"revision of {self.source_action}"


@pytest.mark.parametrize(
    ("changes", "order", "runs"),
    [
        ([("PipelineLambdas", False, None)], ["PipelineLambdas", "by hand"], None),
        ([("Dataset", True, None), ("TrainingConfig", False, None)], ["TrainingConfig", "Dataset", "wait"], None),
        (
            [("Dataset", True, "a" * 16), ("TrainingConfig", True, None)],
            ["TrainingConfig", "wait", "Dataset"],
            None,
        ),
        ([("Dataset", True, None), ("TrainingConfig", True, None)], ["as one"], ["Dataset", "TrainingConfig"]),
        (
            [("Dataset", True, "a" * 16), ("TrainingConfig", True, None), ("PipelineLambdas", True, None)],
            ["as one", "Dataset"],
            ["TrainingConfig", "PipelineLambdas"],
        ),
    ],
)
def test_what_is_published_makes_one_release(
    monkeypatch: pytest.MonkeyPatch, changes: list[tuple[str, bool, str | None]], order: list[str], runs: list[str]
) -> None:
    log: list[str] = []
    together: list[str] = []

    def as_one(_session: Any, changed: list[Change], _known: set[str]) -> str:
        log.append("as one")
        together.extend(change.source_action for change in changed)
        return "run"

    def noted(what: str) -> str:
        log.append(what)
        return "run"

    monkeypatch.setattr(release, "_known_runs", lambda _: set())
    monkeypatch.setattr(release, "_wait_for_run", lambda *_: noted("wait"))
    monkeypatch.setattr(release, "start_run", lambda _: noted("by hand"))
    monkeypatch.setattr(release, "_publish_as_one", as_one)
    session: Any = SimpleNamespace(
        names=SimpleNamespace(model="wine-quality"), output=SimpleNamespace(say=lambda *_: None)
    )
    made = [Change(source, starts, log, pinned) for source, starts, pinned in changes]
    assert release._publish(session, made) == "run"
    assert (log, together) == (order, runs or [])
