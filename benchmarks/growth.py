"""What local AWS keeps of each pipeline execution: memory, and the time of the next one."""

from __future__ import annotations

import statistics
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, at_most, untargeted
from benchmarks.processes import memory_mib
from tests.local_aws.codepipeline.documents import artifacts, stage
from tests.local_aws.codepipeline.project import Project
from tests.local_server import LocalServer, wait_for

EXECUTIONS, SHORT_EXECUTIONS = 120, 30
WARM_UP = 10
"""Executions after which libraries are loaded and functions are warm."""
_COMPARED = 10
_GROWTH_MIB_PER_1000 = 20.0


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
            memory.append(memory_mib([server.pid]))
    finally:
        server.down()
    early = statistics.median(seconds[WARM_UP : WARM_UP + _COMPARED])
    late = statistics.median(seconds[-_COMPARED:])
    grown = memory[-1] - memory[WARM_UP + _COMPARED - 1]
    per_1000 = grown / (count - WARM_UP - _COMPARED) * 1000
    detail = f"{memory[WARM_UP + _COMPARED - 1]:.0f} MiB after {WARM_UP + _COMPARED}, {memory[-1]:.0f} after {count}"
    return [
        at_most("growth over 1,000 executions", per_1000, "MiB", _GROWTH_MIB_PER_1000, detail),
        at_most("the last executions against the first", late / early, "x", 1.2, f"{early:.2f} s, {late:.2f} s"),
        untargeted("an execution", late, "s"),
    ]


def _ended(client: Any, run: str) -> bool:
    found = client.get_pipeline_execution(pipelineName="growth", pipelineExecutionId=run)
    return bool(found["pipelineExecution"]["status"] == "Succeeded")
