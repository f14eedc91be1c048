"""What local AWS keeps of each pipeline execution and each release: memory, and the time of the next one.

Growth is the slope of the server's own memory over the executions after a warm-up, by least squares, so that neither a
high nor a low last figure decides.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, at_most, untargeted
from benchmarks.processes import function_processes, memory_mib, own_mib, serving_processes, tree
from tests.local_aws.codepipeline.documents import artifacts, stage
from tests.local_aws.codepipeline.project import Project
from tests.local_server import LocalServer, wait_for
from tests.releases.house import FINAL, PREFIX, House

EXECUTIONS, SHORT_EXECUTIONS = 120, 30
RELEASES, SHORT_RELEASES = 60, 4
WARM_UP = 10
"""Executions after which libraries are loaded and functions are warm."""
RELEASES_WARM_UP = 15
"""Releases after which what is kept of the last ones, and no more, is full."""
_COMPARED = 10
_GROWTH_MIB_PER_1000 = 20.0
_LATE_TO_EARLY = 1.2
_SERVING_MIB = 60.0
_RELEASE_S = 300.0


def measure(folder: Path, *, short: bool, executions: int | None = None) -> list[Figure]:
    """Run small pipeline executions one after the other: two sources, and a function that reads and writes."""
    count = max(executions or (SHORT_EXECUTIONS if short else EXECUTIONS), WARM_UP + 2 * _COMPARED)
    server = LocalServer(folder / "growth")
    server.up()
    try:
        project = Project(server, "growth")
        take, make = artifacts("CodeArtifact", "DataArtifact"), artifacts("Made")
        project.create(stage("Work", project.run("Make", inputArtifacts=take, outputArtifacts=make)))
        client = server.client("codepipeline")
        seconds, memory = [], []
        for number in range(count):
            project.s3.put_object(Bucket=project.data, Key="manifest.json", Body=str(number).encode())
            started = time.perf_counter()
            run = client.start_pipeline_execution(name="growth")["pipelineExecutionId"]
            wait_for(partial(_ended, client, run), "the execution to end")
            client.get_pipeline_state(name="growth")
            client.list_action_executions(pipelineName="growth", filter={"pipelineExecutionId": run})
            client.list_pipeline_executions(pipelineName="growth", maxResults=20)
            seconds.append(time.perf_counter() - started)
            memory.append(own_mib(server.pid))
    finally:
        server.down()
    return told("execution", seconds, memory, WARM_UP)


def measure_releases(house: House, *, short: bool, releases: int | None = None) -> list[Figure]:
    """Release the same commits and data again and again: every action from Source to DeployProd, each for real."""
    count = releases or (SHORT_RELEASES if short else RELEASES)
    seconds, memory = [], []
    for _ in range(count):
        started = time.perf_counter()
        _release(house)
        seconds.append(time.perf_counter() - started)
        memory.append(own_mib(house.server.pid))
    serving = [own_mib(pid) for pid in serving_processes(house.server.pid)]
    if not serving:
        raise SystemExit("no process serves an endpoint")
    found = tree(house.server.pid)
    functions = [own_mib(pid) for pid in function_processes(house.server.pid)]
    return [
        *told("release", seconds, memory, min(RELEASES_WARM_UP, count // 2)),
        at_most("own memory of a serving process", max(serving), "MiB", _SERVING_MIB, f"{len(serving)} processes"),
        untargeted("own memory of a function", max(functions), "MiB", f"{len(functions)} processes"),
        untargeted("memory of all processes together", memory_mib(found), "MiB", f"{len(found)} processes"),
    ]


def told(what: str, seconds: Sequence[float], memory: Sequence[float], warm_up: int) -> list[Figure]:
    """The figures of executions by their order: how long each took, and what the server held after it in MiB."""
    after, times = memory[warm_up:], seconds[warm_up:]
    compared = min(_COMPARED, len(times) // 2)
    early, late = statistics.median(times[:compared]), statistics.median(times[-compared:])
    error = slope_error(after) * 1000
    detail = f"± {error:.0f}; {after[0]:.0f} MiB after {warm_up + 1}, {after[-1]:.0f} after {len(memory)}"
    return [
        at_most(f"growth over 1,000 {what}s", slope(after) * 1000, "MiB", _GROWTH_MIB_PER_1000, detail),
        at_most(
            f"the last {what}s against the first", late / early, "x", _LATE_TO_EARLY, f"{early:.2f} s, {late:.2f} s"
        ),
        untargeted(f"a{'n' if what[0] in 'aeiou' else ''} {what}", late, "s"),
    ]


def slope(values: Sequence[float]) -> float:
    """How much a value grows from one to the next, by least squares."""
    return statistics.linear_regression(range(len(values)), values).slope


def slope_error(values: Sequence[float]) -> float:
    """The standard error of the slope, by what is left over: memory goes up and down between two trims."""
    numbers = range(len(values))
    line = statistics.linear_regression(numbers, values)
    left = [value - line.slope * number - line.intercept for number, value in zip(numbers, values, strict=True)]
    spread = sum((number - statistics.mean(numbers)) ** 2 for number in numbers)
    return float((sum(each**2 for each in left) / max(len(values) - 2, 1) / spread) ** 0.5)


def _release(house: House) -> None:
    client = house.client("codepipeline")
    run = client.start_pipeline_execution(name=PREFIX)["pipelineExecutionId"]
    deadline = time.monotonic() + _RELEASE_S
    while True:
        found = client.get_pipeline_execution(pipelineName=PREFIX, pipelineExecutionId=run)["pipelineExecution"]
        if found["status"] in FINAL:
            break
        if time.monotonic() > deadline:
            raise SystemExit(f"release {run} does not end")
        house.approve()
        time.sleep(0.2)
    if found["status"] != "Succeeded":
        raise SystemExit(f"release {run} ended as {found['status']}: {house.failure(run)}")


def _ended(client: Any, run: str) -> bool:
    found = client.get_pipeline_execution(pipelineName="growth", pipelineExecutionId=run)
    return bool(found["pipelineExecution"]["status"] == "Succeeded")
