"""What local AWS keeps of each pipeline execution and each release: memory, and the time of the next one.

Growth is the slope of the server's own memory over the executions after a warm-up, by least squares, so that neither a
high nor a low last figure decides. Memory is looked at after a trim: what is free and not yet given back, up to a MiB,
depends on how long ago that was.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, at_most, untargeted
from benchmarks.processes import function_processes, memory_mib, own_mib, serving_processes, tree
from tests.local_aws.codepipeline.documents import artifacts, stage
from tests.local_aws.codepipeline.project import Project
from tests.local_server import LocalServer, wait_for
from tests.releases.house import FINAL, PREFIX, House

EXECUTIONS, SHORT_EXECUTIONS = 240, 30
RELEASES, SHORT_RELEASES = 60, 4
WARM_UP = 70
"""Executions after which libraries are loaded, functions are warm, and what is kept of the last ones is full."""
RELEASES_WARM_UP = 15
"""Releases after which what is kept of the last ones, and no more, is full."""
_EVERY, _EVERY_RELEASE = 10, 5
"""How many pass from one look at the memory to the next."""
_TRIMMED_S = 6.0
"""Within this time the server gives back what is free: `serving/allocator.py`."""
_LOOK_S = 0.25
_COMPARED = 10
_GROWTH_MIB_PER_1000 = 20.0
_LATE_TO_EARLY = 1.2
_SERVING_MIB = 60.0
_RELEASE_S = 300.0


def measure(folder: Path, *, short: bool, executions: int | None = None) -> list[Figure]:
    """Run small pipeline executions one after the other: two sources, and a function that reads and writes."""
    count = executions or (SHORT_EXECUTIONS if short else EXECUTIONS)
    server = LocalServer(folder / "growth")
    server.up()
    try:
        project = Project(server, "growth")
        take, make = artifacts("CodeArtifact", "DataArtifact"), artifacts("Made")
        project.create(stage("Work", project.run("Make", inputArtifacts=take, outputArtifacts=make)))
        client = server.client("codepipeline")
        seconds, memory = list[float](), dict[int, float]()
        for number in range(count):
            project.s3.put_object(Bucket=project.data, Key="manifest.json", Body=str(number).encode())
            started = time.perf_counter()
            run = client.start_pipeline_execution(name="growth")["pipelineExecutionId"]
            wait_for(partial(_ended, client, run), "the execution to end")
            client.get_pipeline_state(name="growth")
            client.list_action_executions(pipelineName="growth", filter={"pipelineExecutionId": run})
            client.list_pipeline_executions(pipelineName="growth", maxResults=20)
            seconds.append(time.perf_counter() - started)
            if is_looked_at(number, count, _EVERY):
                memory[number] = settled_mib(server.pid)
    finally:
        server.down()
    return told("execution", seconds, memory, min(WARM_UP, count // 3))


def measure_releases(house: House, *, short: bool, releases: int | None = None) -> list[Figure]:
    """Release the same commits and data again and again: every action from Source to DeployProd, each for real."""
    count = releases or (SHORT_RELEASES if short else RELEASES)
    seconds, memory = list[float](), dict[int, float]()
    for number in range(count):
        started = time.perf_counter()
        _release(house)
        seconds.append(time.perf_counter() - started)
        if is_looked_at(number, count, _EVERY_RELEASE):
            memory[number] = settled_mib(house.server.pid)
    serving = [own_mib(pid) for pid in serving_processes(house.server.pid)]
    if not serving:
        raise SystemExit("no process serves an endpoint")
    found = tree(house.server.pid)
    functions = [own_mib(pid) for pid in function_processes(house.server.pid)]
    return [
        *told("release", seconds, memory, min(RELEASES_WARM_UP, count // 3)),
        at_most("own memory of a serving process", max(serving), "MiB", _SERVING_MIB, f"{len(serving)} processes"),
        untargeted("own memory of a function", max(functions), "MiB", f"{len(functions)} processes"),
        untargeted("memory of all processes together", memory_mib(found), "MiB", f"{len(found)} processes"),
    ]


def is_looked_at(number: int, count: int, every: int) -> bool:
    """Whether the memory is looked at after an execution: a dozen times in a short run, or after so many each."""
    return number % max(1, min(every, count // 12)) == 0


def settled_mib(pid: int) -> float:
    """The least that a server has of its own until it has trimmed, while it is asked nothing."""
    end, least = time.monotonic() + _TRIMMED_S, own_mib(pid)
    while time.monotonic() < end:
        time.sleep(_LOOK_S)
        least = min(least, own_mib(pid))
    return least


def told(what: str, seconds: Sequence[float], memory: Mapping[int, float], warm_up: int) -> list[Figure]:
    """The figures of executions: how long each took, and what the server held in MiB after some, by their numbers."""
    after, times = {number: held for number, held in memory.items() if number >= warm_up}, seconds[warm_up:]
    compared = min(_COMPARED, len(times) // 2)
    early, late = statistics.median(times[:compared]), statistics.median(times[-compared:])
    first, last = min(after), max(after)
    detail = (
        f"± {slope_error(after) * 1000:.0f}; {after[first]:.0f} MiB after {first + 1}, "
        f"{after[last]:.0f} after {last + 1}"
    )
    return [
        at_most(f"growth over 1,000 {what}s", slope(after) * 1000, "MiB", _GROWTH_MIB_PER_1000, detail),
        at_most(
            f"the last {what}s against the first", late / early, "x", _LATE_TO_EARLY, f"{early:.2f} s, {late:.2f} s"
        ),
        untargeted(f"a{'n' if what[0] in 'aeiou' else ''} {what}", late, "s"),
    ]


def slope(held: Mapping[int, float]) -> float:
    """How much a value grows from one number to the next, by least squares."""
    return statistics.linear_regression([*held], [*held.values()]).slope


def slope_error(held: Mapping[int, float]) -> float:
    """The standard error of the slope, by what is left over."""
    line = statistics.linear_regression([*held], [*held.values()])
    left = [value - line.slope * number - line.intercept for number, value in held.items()]
    mean = statistics.mean(held)
    spread = sum((number - mean) ** 2 for number in held)
    return float((sum(each**2 for each in left) / max(len(held) - 2, 1) / spread) ** 0.5)


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
