"""Step Functions of local AWS: how fast the interpreter is, beside that of MiniStack in the same run.

Both run in this process, ours with its store. What is timed is an execution from its start to its end.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, at_most, paired_ratio
from benchmarks.processes import own_mib
from local_aws.state.store import Store
from local_aws.stepfunctions.contracts.records import ExecutionRecord
from tests.local_aws.stepfunctions.execution.fakes import FakeFiles, FakeTasks, House

_REPEATS, _SHORT_REPEATS = 5, 2
_ITEMS, _SHORT_ITEMS = 100_000, 2_000
_GROWTH_MIB = 32.0
_TEXT = "x" * 90
_MINISTACK_ARN = "arn:aws:states:us-east-1:000000000000:stateMachine:m"

_PASS = {"Type": "Pass"}
_LOOP = {
    "QueryLanguage": "JSONata",
    "StartAt": "Count",
    "States": {
        "Count": {
            "Type": "Pass",
            "Output": {"n": "{% $states.input.n + 1 %}"},
            "Next": "Enough",
        },
        "Enough": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.n >= 500 %}", "Next": "Done"}],
            "Default": "Count",
        },
        "Done": {"Type": "Succeed"},
    },
}
_MAP = {
    "StartAt": "Map",
    "States": {
        "Map": {
            "Type": "Map",
            "End": True,
            "ItemProcessor": {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}},
        }
    },
}
_FIELD = {
    "QueryLanguage": "JSONata",
    "StartAt": "Sum",
    "States": {
        "Sum": {"Type": "Pass", "Output": "{% $sum($states.input.rows.value) %}", "End": True},
    },
}
_DISTRIBUTED = {
    "StartAt": "Map",
    "States": {
        "Map": {
            "Type": "Map",
            "End": True,
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSON"},
                "Parameters": {"Bucket": "b", "Key": "k"},
            },
            "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                "StartAt": "Item",
                "States": {"Item": {"Type": "Pass", "Result": 1, "End": True}},
            },
        }
    },
}


def measure(folder: Path, *, short: bool) -> list[Figure]:
    """Run the definitions that the interpreter has to be quick with."""
    repeats = _SHORT_REPEATS if short else _REPEATS
    store = Store(folder / "workflows.db")
    house = House(store, watched=False)
    names = iter(range(1_000_000))

    def ours(definition: Mapping[str, Any], given: Any) -> float:
        new = house.new(definition, given, f"e{next(names)}")
        started = time.perf_counter()
        done = house.ended(house.engine.start(new))
        seconds = time.perf_counter() - started
        if done.status != "SUCCEEDED":
            raise RuntimeError(f"an execution has {done.status}: {done.cause}")
        return seconds

    figures = []
    for name, definition, given, bound in (
        ("1,000 Pass states", _passes(1_000), {"x": 1}, 0.1),
        ("a JSONata loop of 1,000 transitions", _LOOP, {"n": 0}, 0.15),
        ("an inline Map of 1,000 items", _MAP, list(range(1_000)), 0.7),
        ("a JSONata field on 200 KB", _FIELD, {"rows": [{"value": n, "text": _TEXT} for n in range(1_700)]}, 0.25),
    ):
        ratio, own, base = paired_ratio(
            lambda d=definition, g=given: ours(d, g),  # type: ignore[misc]
            lambda d=definition, g=given: _ministack(d, g),  # type: ignore[misc]
            repeats,
        )
        figures.append(at_most(name, own, "s", bound, f"{ratio:.2f} x MiniStack's {base:.3f} s"))
    figures.append(_at_once(house))
    house.engine.close()
    store.close()
    figures.append(_distributed(folder, _SHORT_ITEMS if short else _ITEMS))
    return figures


def _passes(count: int) -> dict[str, Any]:
    names = [f"S{number}" for number in range(count)]
    states = {name: {**_PASS, "Next": following} for name, following in pairwise(names)}
    return {"StartAt": names[0], "States": {**states, names[-1]: {**_PASS, "End": True}}}


def _ministack(definition: Mapping[str, Any], given: Any) -> float:
    """Run a definition by MiniStack's interpreter, in this thread."""
    from ministack.services import stepfunctions  # noqa: PLC0415 - the baseline alone

    name = f"e{time.perf_counter_ns()}"
    arn = f"arn:aws:states:us-east-1:000000000000:execution:m:{name}"
    text = json.dumps(definition)
    stepfunctions._state_machines[_MINISTACK_ARN] = {  # noqa: SLF001 - it has no other way in
        "stateMachineArn": _MINISTACK_ARN,
        "name": "m",
        "definition": text,
        "roleArn": "arn:aws:iam::000000000000:role/r",
        "type": "STANDARD",
    }
    stepfunctions._executions[arn] = {  # noqa: SLF001
        "executionArn": arn,
        "stateMachineArn": _MINISTACK_ARN,
        "name": name,
        "status": "RUNNING",
        "startDate": "2026-01-01T00:00:00.000Z",
        "stopDate": None,
        "input": json.dumps(given),
        "output": None,
        "testCase": "",
        "mockAttempts": {},
        "events": [],
    }
    started = time.perf_counter()
    stepfunctions._run_execution(arn)  # noqa: SLF001
    seconds = time.perf_counter() - started
    done = stepfunctions._executions.pop(arn)  # noqa: SLF001
    if done["status"] != "SUCCEEDED":
        raise RuntimeError(f"MiniStack's execution has {done['status']}: {done.get('cause')}")
    return seconds


def _at_once(house: House) -> Figure:
    """Start a hundred executions that wait, and count the threads that they have."""
    before = threading.active_count()
    definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}}
    started = [house.start(definition, name=f"wait{number}") for number in range(100)]
    time.sleep(0.5)
    threads = threading.active_count() - before
    for record in started:
        house.ended(record)
    return at_most("100 executions that wait: threads", threads, "threads", 64)


class _Streamed(FakeFiles):
    """Keeps no results."""

    def add(self, record: ExecutionRecord) -> None:
        pass


def _distributed(folder: Path, items: int) -> Figure:
    """Run a distributed Map whose items are never all in memory; returns what its memory grows by."""
    store = Store(folder / "distributed.db")
    files = _Streamed()
    files.items = range(items)  # type: ignore[assignment] # read one at a time
    house = House(store, FakeTasks(), files, watched=False)
    started, before = time.perf_counter(), own_mib(os.getpid())
    record = house.start(_DISTRIBUTED)
    peak = before
    while (found := house.engine.describe(record.arn)) is not None and found.status == "RUNNING":
        peak = max(peak, own_mib(os.getpid()))
        time.sleep(0.05)
    seconds = time.perf_counter() - started
    house.engine.close()
    store.close()
    if found is None or found.status != "SUCCEEDED":
        raise RuntimeError(f"the distributed Map has ended otherwise: {found and found.cause}")
    detail = f"{items:,} items in {seconds:.1f} s, {items / seconds:,.0f} a second"
    return at_most("a distributed Map: growth of memory", peak - before, "MiB", _GROWTH_MIB, detail)
