"""A long history: read by the page, and forgotten after 12 months."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local_aws.codepipeline.state.state import State
from local_aws.state.store import Store

COUNT = 300


def filled(path: Path) -> tuple[Store, State]:
    store = Store(path / "slipway.db")
    state = State(store, "us-east-1")
    with state.transaction():
        state.insert("pipelines", name="long", version=1, mode="QUEUED", type="V2", created=0.0, updated=0.0, tags={})
        for number in range(COUNT):
            execution(state, number, "InProgress" if number == 0 else "Succeeded")
    return store, state


def execution(state: State, number: int, status: str) -> None:
    state.insert(
        "executions", id=f"e{number}", pipeline="long", version=1, mode="QUEUED", type="STANDARD", status=status,
        trigger_type="", trigger_detail="", variables={}, overrides=[], started=float(number), updated=float(number),
        attempt=1, stop="", stage=0, inside=0, arrival=number,
    )  # fmt: skip
    for stage in ("Source", "Work"):
        if stage == "Source" or number % 2:
            state.insert(
                "stages",
                execution=f"e{number}",
                pipeline="long",
                stage=stage,
                status="Succeeded",
                started=0.0,
                retries=0,
            )
        state.insert(
            "actions", id=f"{stage}-{number}", execution=f"e{number}", pipeline="long", version=1, stage=stage,
            action=stage, current=1, status=status, phase="waiting", started=0.0, updated=0.0, resolved={},
            variables={},
        )  # fmt: skip


def plan_of(store: Store, sql: str, *parameters: Any) -> str:
    return json.dumps([tuple(row) for row in store.rows(f"EXPLAIN QUERY PLAN {sql}", *parameters)])


def test_a_page_is_all_that_is_read(tmp_path: Path) -> None:
    store, state = filled(tmp_path)
    assert [e.id for e in state.executions("long", None, 10**9, 3)] == ["e299", "e298", "e297"]
    below = state.executions("long", None, 10**9, 3)[-1].number
    assert [e.id for e in state.executions("long", None, below, 2)] == ["e296", "e295"]
    assert [e.id for e in state.executions("long", "Work", 10**9, 2)] == ["e299", "e297"]
    assert [a.id for a in state.actions("long", 10**9, 3)] == ["Work-299", "Source-299", "Work-298"]
    assert [a.id for a in state.actions_of("e7")] == ["Work-7", "Source-7"]
    seen: list[str] = []
    store._connection.set_trace_callback(seen.append)
    state.executions("long", "Work", 10**9, 2)
    state.actions("long", 10**9, 2)
    state.actions_of("e7")
    state.next_arrival("long")
    state.execution_of_token("long", "token")
    store._connection.set_trace_callback(None)
    for sql in seen:
        plan = plan_of(store, sql)
        assert "SCAN codepipeline" not in plan, plan
        assert sql.count("LIMIT") == 0 or "TEMP B-TREE" not in plan, plan
    store.close()


def test_executions_older_than_a_year_are_deleted_unless_they_run(tmp_path: Path) -> None:
    store, state = filled(tmp_path)
    assert state.forget_executions(100.0) == 99
    assert [e.id for e in state.executions("long", None, 10**9, COUNT)][-2:] == ["e100", "e0"]
    assert state.actions_of("e50") == []
    assert state.stage("e50", "Source") is None
    store.close()
