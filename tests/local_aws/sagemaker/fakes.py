"""What SageMaker here calls, in memory: S3, Logs, CloudWatch, roles, events and the starter of containers."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from local_aws import base
from local_aws.aws import Clients
from local_aws.clock import Clock
from local_aws.runtime import Runtime
from local_aws.sagemaker.containers.contract import Door
from local_aws.sagemaker.service import SageMakerService
from local_aws.settings import ACCOUNT, Settings
from local_aws.state.store import Store
from local_aws.wire import Caller, Permission, Service
from tests.local_aws.manual_clock import ManualClock
from tests.local_aws.s3_double import FakeS3, client_error

REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/sagemaker-role"
UNTRUSTING_ROLE = f"arn:aws:iam::{ACCOUNT}:role/other-role"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
CALLER = Caller(ACCOUNT, REGION, f"arn:aws:iam::{ACCOUNT}:user/someone")


DASHED = {"TargetVariant": "Target-Variant", "TargetModel": "Target-Model", "InferenceId": "Inference-Id"}


@dataclass
class FakeLogs:
    """Streams by (group, stream); a group must be there before its streams."""

    groups: set[str] = field(default_factory=set)
    streams: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    denied: bool = False

    def create_log_group(self, logGroupName: str) -> None:  # noqa: N803 - AWS's name
        self.groups.add(logGroupName)

    def create_log_stream(self, logGroupName: str, logStreamName: str) -> None:  # noqa: N803
        if self.denied:
            raise client_error("CreateLogStream", "AccessDeniedException")
        if logGroupName not in self.groups:
            raise client_error("CreateLogStream", "ResourceNotFoundException")
        self.streams[logGroupName, logStreamName] = []

    def put_log_events(self, logGroupName: str, logStreamName: str, logEvents: list[dict[str, Any]]) -> None:  # noqa: N803
        self.streams[logGroupName, logStreamName] += [event["message"] for event in logEvents]
        self.batches.append(len(logEvents))


@dataclass
class FakeCloudWatch:
    """The data of all calls, with their namespace; alarms by name with their state, None for one that is denied."""

    data: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    calls: int = 0
    alarms: dict[str, str | None] = field(default_factory=dict)
    faults: list[Exception] = field(default_factory=list)
    """What reading the alarms raises first."""

    def describe_alarms(self, AlarmNames: list[str], AlarmTypes: list[str]) -> dict[str, Any]:  # noqa: N803
        assert set(AlarmTypes) == {"MetricAlarm", "CompositeAlarm"}
        if self.faults:
            raise self.faults.pop()
        found = {name: self.alarms[name] for name in AlarmNames if name in self.alarms}
        if None in found.values():
            raise client_error("DescribeAlarms", "AccessDenied", "User is not authorized")
        return {"MetricAlarms": [{"AlarmName": n, "StateValue": s, "StateReason": "5 > 1"} for n, s in found.items()]}

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803 - AWS's names
        self.calls += 1
        self.data += [(Namespace, datum) for datum in MetricData]


class FakeProcess:
    """A container whose end a test decides; `on_terminate` is what it does with SIGTERM."""

    def __init__(self, on_terminate: Callable[[FakeProcess], None] | None) -> None:
        self.pid = 1
        self.exit_code: int | None = None
        self.signals: list[int] = []
        self._on_terminate = on_terminate
        self._ended = threading.Event()

    def end(self, code: int) -> None:
        self.exit_code = code
        self._ended.set()

    def wait(self, timeout_s: float | None = None) -> int | None:
        self._ended.wait(timeout_s)
        return self.exit_code

    def terminate(self) -> None:
        self.signals.append(signal.SIGTERM)
        if self._on_terminate:
            self._on_terminate(self)

    def kill(self) -> None:
        self.signals.append(signal.SIGKILL)
        self.end(-signal.SIGKILL)


Train = Callable[[Path, int, FakeProcess], None]
"""Plays a training container: /opt/ml, its log's file descriptor, its process."""


Serve = Callable[[str, str, bytes, Mapping[str, str]], tuple[int, dict[str, str], bytes]]
"""Plays a serving container: method, path, body and headers of a request to the answer."""


class FakeServing(FakeProcess):
    """An HTTP server on the socket that was handed over."""

    def __init__(self, serve: Serve, listener: socket.socket) -> None:
        super().__init__(lambda process: process.end(-signal.SIGTERM))
        playing = serve

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                status, headers, answer = playing(self.command, self.path, body, dict(self.headers))
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET  # noqa: N815 - the name that http.server calls

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listener.dup()
        self._server.daemon_threads = True
        self._server.block_on_close = False
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def end(self, code: int) -> None:
        if self.exit_code is None:
            self._server.shutdown()
            self._server.server_close()
            super().end(code)


class FakeParent:
    """Starts FakeProcesses."""

    def __init__(
        self,
        train: Train | None = None,
        on_terminate: Callable[[FakeProcess], None] | None = None,
        serve: Callable[[Path], Serve | int] | None = None,
    ) -> None:
        """`serve` gets the model's folder and gives what plays the container, or the exit code of one that dies."""
        self.train, self.on_terminate, self.serve = train, on_terminate, serve
        self.started: list[FakeProcess] = []
        self.environments: list[dict[str, str]] = []

    def prepare(self, image: str) -> None:
        pass

    def start_training(self, _image: str, ml_root: Path, environment: Mapping[str, str], log_fd: int) -> FakeProcess:
        process = FakeProcess(self.on_terminate)
        self.started.append(process)
        self.environments.append(dict(environment))
        output = os.dup(log_fd)

        def play() -> None:
            try:
                assert self.train is not None
                self.train(ml_root, output, process)
            finally:
                os.close(output)

        threading.Thread(target=play, daemon=True).start()
        return process

    def start_serving(
        self, _image: str, folder: Path, environment: Mapping[str, str], door: Door, log_fd: int
    ) -> FakeProcess:
        assert self.serve is not None
        self.environments.append(dict(environment))
        os.write(log_fd, f"serving {folder.name}\n".encode())
        serve = self.serve(folder)
        process: FakeProcess
        if isinstance(serve, int):
            process = FakeProcess(None)
            process.end(serve)
        else:
            process = FakeServing(serve, door.listener)
        self.started.append(process)
        return process

    def stop(self) -> None:
        for process in self.started:
            process.kill()


@dataclass
class Aws:
    """Everything around SageMaker, and SageMaker."""

    s3: FakeS3
    logs: FakeLogs
    cloudwatch: FakeCloudWatch
    events: list[tuple[str, dict[str, Any]]]
    runtime: Runtime
    service: SageMakerService
    front: Service
    runtime_front: Service
    port: socket.socket
    """Stands for the server: what is resumed waits until it answers."""

    def invoke(self, **document: Any) -> dict[str, Any]:
        wire = {"ContentType": "Content-Type", "CustomAttributes": "X-Amzn-SageMaker-Custom-Attributes"}
        wire |= {name: f"X-Amzn-SageMaker-{dashed}" for name, dashed in DASHED.items()}
        named = {wire.get(key, key): value for key, value in document.items()}
        return dict(self.runtime_front.call("InvokeEndpoint", CALLER, named))

    def call(self, operation: str, **document: Any) -> dict[str, Any]:
        return dict(self.front.call(operation, CALLER, document))

    def use(self, parent: FakeParent) -> None:
        """Let a fake start the containers."""
        self.service._platform.launcher._parent = cast("Any", parent)


def allow_all(_caller: Caller, _permission: Permission) -> str | None:
    return None


def make_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock | None = None) -> Aws:
    s3, logs, cloudwatch = FakeS3(), FakeLogs(), FakeCloudWatch()
    events: list[tuple[str, dict[str, Any]]] = []

    def assume_role(role_arn: str, service: str, *_: Any) -> base.Credentials:
        if role_arn != ROLE or service != "sagemaker.amazonaws.com":
            raise base.RoleNotAssumableError(f"The role {role_arn} does not allow {service} to assume it.")
        return base.Credentials("ASIA1", "secret", "token", 0)

    def put_event(source: str, detail_type: str, detail: dict[str, Any], resources: list[str]) -> None:
        assert source == "aws.sagemaker"
        assert len(resources) == 1
        events.append((detail_type, detail))

    monkeypatch.setattr(base, "assume_role", assume_role)
    monkeypatch.setattr(base, "put_event", put_event)
    port = socket.create_server(("127.0.0.1", 0))
    settings = Settings(tmp_path, port.getsockname()[1])
    settings.make_folders()
    clients = {"s3": s3, "logs": logs, "cloudwatch": cloudwatch}

    class FakeClients:
        def get(self, service: str, _credentials: base.Credentials) -> Any:
            return clients[service]

    store = Store(tmp_path / "test.db")
    runtime = Runtime(settings, store, clock or ManualClock(), cast("Clients", FakeClients()))
    service = SageMakerService(runtime)
    operations = {**service.operations()}
    front = Service("sagemaker", operations, lambda *_: CALLER, allow_all)
    runtime_front = Service("sagemaker-runtime", service.runtime_operations(), lambda *_: CALLER, allow_all)
    return Aws(s3, logs, cloudwatch, events, runtime, service, front, runtime_front, port)
