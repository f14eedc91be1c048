"""What a push will release, said before it happens, and what `release` publishes in which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from scripts import release
from scripts.effects import effect, sentence

MODELS = ("cider-quality", "wine-quality")
NOTHING = "the push will release no model; nothing that one is made of has changed"


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
        ("InferenceLambdas", ["tests/inference_lambdas/test_gates.py"], NOTHING),
        ("InferenceLambdas", None, "the push will release cider-quality, wine-quality (everything is new)"),
    ],
)
def test_a_push_says_which_models_it_will_release_and_why(source: str, paths: list[str] | None, said: str) -> None:
    assert sentence("folder", effect(source, paths, MODELS), MODELS) == f"folder: {said}"


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
