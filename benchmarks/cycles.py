"""What local AWS keeps of what a release asks of it, in a second each, so that a thousand of them can be run.

A cycle pushes a commit, uploads a version of one object, runs a pipeline of both with functions and an approval,
registers and describes a model as a release does, removes the oldest, and writes logs and metrics. One cycle in ten
also builds, trains and updates an endpoint for real, which takes seconds.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.growth import is_looked_at, settled_mib, told
from tests.local_aws.codebuild.workshop import Workshop
from tests.local_aws.codepipeline.documents import approval, artifacts, stage
from tests.local_aws.codepipeline.project import Project
from tests.local_aws.sagemaker.house import IMAGE, ONE_ROW, House
from tests.local_server import LocalServer

CYCLES, SHORT_CYCLES = 120, 12
WARM_UP = 40
"""Cycles after which libraries are loaded, and what is kept of the last ones, and no more, is full."""
_WHOLE = 10
_KEPT = 5
_BUILDSPEC = "version: 0.2\nphases: {build: {commands: [echo built]}}"
_ENDPOINT = "cycles"


def measure(folder: Path, *, short: bool, cycles: int | None = None) -> list[Figure]:
    """Run cycles one after the other; the time is that of a pipeline's execution and what is read of it."""
    count = cycles or (SHORT_CYCLES if short else CYCLES)
    server = LocalServer(folder / "cycles")
    server.up()
    try:
        cycle = Cycle(server)
        seconds, memory = list[float](), dict[int, float]()
        for number in range(count):
            seconds.append(cycle.run(number))
            if is_looked_at(number, count, _WHOLE):
                memory[number] = settled_mib(server.pid)
    finally:
        server.down()
    return told("cycle", seconds, memory, min(WARM_UP, count // 3))


class Cycle:
    """A pipeline, a project, a model and an endpoint that are used again and again."""

    def __init__(self, server: LocalServer) -> None:
        """Make them, and train the first model."""
        self._project, self._house = Project(server, "cycles"), House(server, "cycles-models")
        self._workshop = Workshop(server, "cycles-build")
        self._clients = {name: server.client(name) for name in ("cloudwatch", "events", "logs", "sns", "sqs")}
        take, make = artifacts("CodeArtifact", "DataArtifact"), artifacts("Made")
        work = stage("Work", self._project.run("Make", inputArtifacts=take, outputArtifacts=make))
        use = stage("Use", self._project.run("Use", inputArtifacts=make))
        self._end(self._project.create(work, stage("Approve", approval()), use))
        self._group = {"logGroupName": "/cycles", "logStreamName": "stream"}
        self._clients["logs"].create_log_group(logGroupName="/cycles")
        self._clients["logs"].create_log_stream(**self._group)
        self._topic = self._clients["sns"].create_topic(Name="cycles")["TopicArn"]
        self._listen()
        self._house.sagemaker.create_model_package_group(ModelPackageGroupName="cycles")
        self._model = self._house.trained("cycles-first")["ModelArtifacts"]["S3ModelArtifacts"]
        self._house.model("cycles-first", self._model)
        self._house.sagemaker.create_endpoint(EndpointName=_ENDPOINT, EndpointConfigName="cycles-first")
        self._house.settled(_ENDPOINT)
        self._workshop.project(_BUILDSPEC)

    def run(self, number: int) -> float:
        """One cycle; returns the seconds of its execution."""
        self._project.put_file("hello.txt", f"hello {number}".encode())
        self._project.s3.put_object(Bucket=self._project.data, Key="manifest.json", Body=str(number).encode())
        started = time.perf_counter()
        self._execute()
        seconds = time.perf_counter() - started
        name = f"cycle-{number}"
        if number % _WHOLE == 0:
            self._workshop.finished(self._workshop.start())
            self._model = self._house.trained(name)["ModelArtifacts"]["S3ModelArtifacts"]
        self._register(name)
        if number % _WHOLE == 0:
            self._house.sagemaker.update_endpoint(EndpointName=_ENDPOINT, EndpointConfigName=name)
            self._house.settled(_ENDPOINT)
        self._forget(number - _KEPT)
        self._report(number)
        return seconds

    def _listen(self) -> None:
        """Let a rule send each change of the pipeline's state to a queue."""
        queue = self._clients["sqs"].create_queue(QueueName="cycles")["QueueUrl"]
        arn = self._clients["sqs"].get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        pattern = '{"source": ["aws.codepipeline"]}'
        self._clients["events"].put_rule(Name="cycles", EventPattern=pattern)
        target = {"Id": "queue", "Arn": arn["Attributes"]["QueueArn"]}
        self._clients["events"].put_targets(Rule="cycles", Targets=[target])
        self._queue = queue

    def _execute(self) -> None:
        project = self._project
        run = project.start()
        self._end(run)
        project.codepipeline.get_pipeline_state(name=project.name)
        project.attempts(run)
        project.codepipeline.list_pipeline_executions(pipelineName=project.name, maxResults=20)

    def _end(self, run: str) -> None:
        self._project.answer("Approve", "Approve", "Approved")
        self._project.until(run, "Succeeded")

    def _register(self, name: str) -> None:
        sagemaker = self._house.sagemaker
        self._house.model(name, self._model)
        specification = {"Containers": [{"Image": IMAGE, "ModelDataUrl": self._model}]}
        package = sagemaker.create_model_package(
            ModelPackageGroupName="cycles",
            InferenceSpecification=specification,
            ModelApprovalStatus="PendingManualApproval",
        )["ModelPackageArn"]
        sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
        sagemaker.describe_model_package(ModelPackageName=package)
        sagemaker.list_model_packages(ModelPackageGroupName="cycles", MaxResults=10)
        sagemaker.describe_endpoint(EndpointName=_ENDPOINT)
        self._house.invoke(_ENDPOINT, ONE_ROW)

    def _forget(self, number: int) -> None:
        """Remove what an older cycle made, as a release does, unless the endpoint has it."""
        if number >= 0 and number % _WHOLE:
            self._house.sagemaker.delete_endpoint_config(EndpointConfigName=f"cycle-{number}")
            self._house.sagemaker.delete_model(ModelName=f"cycle-{number}")

    def _report(self, number: int) -> None:
        now = time.time()
        datum: dict[str, Any] = {"MetricName": "rmse", "Value": float(number), "Timestamp": now}
        self._clients["cloudwatch"].put_metric_data(Namespace="Cycles", MetricData=[datum])
        events = [{"timestamp": int(now * 1000), "message": f"line {line} of {number}"} for line in range(20)]
        self._clients["logs"].put_log_events(**self._group, logEvents=events)
        self._clients["sns"].publish(TopicArn=self._topic, Message=str(number))
        self._clients["sqs"].purge_queue(QueueUrl=self._queue)
