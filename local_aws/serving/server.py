"""The process of local AWS: MiniStack, our services and git on one port of loopback."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local_aws import base, operation
from local_aws.aws import Clients
from local_aws.clock import SystemClock
from local_aws.codebuild.service import CodeBuildService
from local_aws.codecommit.git_http.helper import write_git_config
from local_aws.codecommit.git_http.host import GitHost
from local_aws.codecommit.service import CodeCommitService
from local_aws.codeconnections.service import CodeConnectionsService
from local_aws.codepipeline.service import CodePipelineService
from local_aws.ecr.service import EcrService
from local_aws.gate import Gate
from local_aws.gate.gate import OWN_PREFIX, Fronts
from local_aws.runtime import Runtime
from local_aws.sagemaker.service import SageMakerService
from local_aws.serving import answers, malformed
from local_aws.serving.allocator import freeze_startup_objects, release_memory, trim_periodically
from local_aws.serving.console import Console
from local_aws.serving.lock import Holder, StateLock
from local_aws.serving.process import ProcessError
from local_aws.serving.server_log import LogBound, LoopErrors
from local_aws.settings import HOST, Settings
from local_aws.state import database_copy, snapshots, space, state_files
from local_aws.state.changes import Changes
from local_aws.state.store import Store
from local_aws.stepfunctions.assembly import StepFunctions
from local_aws.wire import Service

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

# The service under its two names, with the prefixes of their operations.
_CONNECTIONS = (
    ("codeconnections", "com.amazonaws.codeconnections.CodeConnections_20231201"),
    ("codestar-connections", "com.amazonaws.codestar.connections.CodeStar_connections_20191201"),
)
CALLS_PATH = f"{OWN_PREFIX}calls"
_HANDLES = 4096
# Threads for requests at once, made as they are needed: one that waits, as GetActivityTask does for a minute, must not
# hold up those that it waits for.
_REQUESTS = 256
# Loopback counts as the TLS connection that a client has with AWS; otherwise every bucket policy that refuses plain
# HTTP (aws:SecureTransport) would refuse all requests here.
_AS_OVER_TLS = (b"x-forwarded-proto", b"https")


class LocalAws:
    """All services of one local AWS, wired together."""

    def __init__(self, settings: Settings) -> None:
        """Build the services; nothing runs before `start`."""
        self.settings = settings
        self.changes = Changes()
        store = Store(settings.database, self.changes.tell)
        self.runtime = Runtime(settings, store, SystemClock(), Clients(settings))
        self.calls = base.CallRecorder(store, self.runtime.clock)
        self._telemetry = Store(settings.telemetry, self.changes.tell)
        self._records, self._sessions = Store(settings.records), Store(None)
        self.codecommit = CodeCommitService(self.runtime)
        self.ecr = EcrService(self.runtime)
        self.sagemaker = SageMakerService(self.runtime, self.ecr.images)
        self.codeconnections = CodeConnectionsService(self.runtime)
        self.codepipeline = CodePipelineService(self.runtime, self.codecommit, self.codeconnections)
        self.codebuild = CodeBuildService(self.runtime, self.codepipeline.revision_of)
        self.stepfunctions = StepFunctions(self.runtime)
        self._git: Asgi = GitHost(self.codecommit)
        fronts = Fronts(self._answer, self._answer_git, self.ecr.registry, Console(settings, self.changes))
        self.gate = Gate(fronts, settings, self.runtime.clock)
        self._copies = database_copy.Keeper(settings.database)
        self.snapshots = snapshots.Snapshots(settings.state / "ministack")
        self._templates = base.TemplateFindings(settings.state / "templates", settings.region)
        # In the order of resuming: late events of CodeCommit start pipelines, and these build, train and deploy.
        self._services = (
            self.ecr,
            self.sagemaker,
            self.codebuild,
            self.stepfunctions,
            self.codepipeline,
            self.codecommit,
            self.codeconnections,
        )
        self._functions = base.FunctionProcesses()
        self._asynchronous = base.AsynchronousInvocations(store, self.runtime.clients.get)
        self.parts = base.Parts(
            settings=settings,
            store=store,
            telemetry=self._telemetry,
            records=self._records,
            sessions=self._sessions,
            fronts=tuple(self._fronts()),
            resource_types=self._resource_types,
            note=self.calls.note,
            restore=self.snapshots.restore,
            start_pipeline=self._start_pipeline,
            start_machine=self.stepfunctions.start_from_event,
            processes=self._functions,
            invocations=self._asynchronous,
            templates=self._templates,
        )
        base.apply_patches(self.parts)

    def _fronts(self) -> Iterator[base.Front]:
        def front(name: str, operations: Any) -> Service:
            return Service(name, operations, base.identify, base.enforce, self.settings.region)

        codepipeline = front("codepipeline", self.codepipeline.operations())
        codebuild = front("codebuild", self.codebuild.operations())
        sagemaker = front("sagemaker", self.sagemaker.operations())
        runtime = front("sagemaker-runtime", self.sagemaker.runtime_operations())
        yield base.Front(self.codecommit.front(), "codecommit", "CodeCommit_20150413")
        yield base.Front(codepipeline, "codepipeline", "CodePipeline_20150709")
        yield base.Front(codebuild, "codebuild", "CodeBuild_20161006")
        ecr = front("ecr", self.ecr.operations())
        yield base.Front(ecr, "ecr", "AmazonEC2ContainerRegistry_V20150921")
        yield base.Front(sagemaker, "sagemaker-api", "SageMaker")
        yield base.Front(runtime, "sagemaker", None)
        yield base.Front(front("stepfunctions", self.stepfunctions.operations()), "states", "AWSStepFunctions")
        for name, prefix in _CONNECTIONS:
            yield base.Front(front(name, self.codeconnections.operations(name)), name, prefix)

    def _resource_types(self) -> Mapping[str, base.ResourceType]:
        return {name: resource for service in self._services for name, resource in service.resource_types().items()}

    def _start_pipeline(self, pipeline_arn: str, payload: str, role_arn: str, rule_arn: str) -> None:
        """Start an execution, and load the libraries of training while its sources are fetched."""
        self.codepipeline.start_from_event(pipeline_arn, payload, role_arn, rule_arn)
        self.sagemaker.prewarm()

    def start(self) -> None:
        """Start the services once the port answers: continue what was running when the last process ended."""
        self.snapshots.start()
        self._copies.start()
        self.calls.start()
        for service in self._services:
            service.resume()
        self._asynchronous.resume()
        self.codeconnections.watch(self.codepipeline.start_from_push)

    def _patch_cloudformation(self) -> None:
        base.check_tables(late=True)
        base.apply_patches(self.parts, late=True)
        freeze_startup_objects()

    def stop(self) -> None:
        """End all threads and processes of the services."""
        self._templates.stop()
        for service in reversed(self._services):
            service.stop()
        self._functions.stop()

    def close(self) -> None:
        """Save all state once no request is in progress."""
        self.snapshots.stop()
        self.calls.stop()
        self._copies.stop()
        self.runtime.store.close()
        self._telemetry.close()
        self._records.close()
        self._sessions.close()
        database_copy.keep(self.settings.database)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request that has passed the gate."""
        await self.gate(scope, receive, send)

    async def _answer_git(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._git(scope, receive, send)
        self.snapshots.note()
        self.changes.tell()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a signed request: the list of roles' calls, or MiniStack with our services in its tables."""
        if scope["type"] != "http":
            await base.asgi_app()(scope, receive, send)
        elif scope["path"].startswith(OWN_PREFIX):
            await self._answer_own(scope, send)
        else:
            await self._answer_aws(scope, receive, send)

    async def _answer_own(self, scope: Scope, send: Send) -> None:
        if scope["path"] != CALLS_PATH or scope["method"] != "GET":
            await answers.send_json(send, 404, {"message": "Nothing is here."})
        elif scope["state"]["caller"].access_key_id != self.settings.root.access_key_id:
            await answers.send_json(send, 403, {"message": "Only the root user may read the calls of roles."})
        else:
            await answers.send_calls(send, self.calls.calls())

    async def _answer_aws(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if "/cloudformation/" in headers.get("authorization", ""):
            await asyncio.to_thread(self.snapshots.load_cloudformation, self._patch_cloudformation)
        service = snapshots.service_of(headers)
        asked, receive = await operation.named(scope, headers, receive)
        key = self.snapshots.service_to_save(service, scope["method"], scope["path"], asked)
        written = self.snapshots.path(key) if key else None
        refused = space.refusal(self.settings.state, service, scope["method"], asked, written)
        if refused:
            await _send_error(send, refused, service, headers)
            return
        unsaved = ""

        async def save_then_send(message: MutableMapping[str, Any]) -> None:
            nonlocal unsaved
            if message["type"] == "http.response.start":
                try:
                    if key:
                        self.snapshots.save(key)
                    if service == "cloudformation":
                        await asyncio.to_thread(self.snapshots.save_ended_stacks)
                except OSError as error:
                    unsaved = space.unwritable(self.settings.state, error.strerror or str(error))
                    await _send_error(send, unsaved, service, headers)
            if not unsaved:
                await send(message)

        told = {**scope, "headers": [*scope["headers"], _AS_OVER_TLS]}
        await malformed.answer(base.asgi_app(), told, receive, save_then_send, headers.get("x-amz-target", ""))
        self._note(scope, service, asked)

    def _note(self, scope: Scope, service: str, asked: str) -> None:
        """Note an answered request: what it may have changed is saved, and shown."""
        if scope["method"] not in ("GET", "HEAD"):
            self.snapshots.note(service)
        if not snapshots.reads(scope["method"], scope["path"], asked):
            self.changes.tell()


async def _send_error(send: Send, message: str, service: str, headers: Mapping[str, str]) -> None:
    content_type, body = space.answer(message, service, headers)
    await answers.send_body(send, body, content_type, space.STATUS)


def serve(settings: Settings, lock: StateLock, listener: socket.socket) -> None:
    """Run local AWS in this process, started with `settings.start_environment`, until SIGTERM or SIGINT.

    `lock` is that of the state folder, and `listener` already listens at the port.
    """
    release_memory()
    os.environ.update(settings.server_environment())
    settings.make_folders()
    write_git_config(settings)
    try:
        notes = [*state_files.repair(settings.state / "ministack"), *database_copy.repair(settings.database)]
        notes += database_copy.set_aside(settings.telemetry)
        state_files.copy_missing(settings.state / "ministack")
    except state_files.StateDamagedError as error:
        raise ProcessError(str(error)) from None
    base.check_tables()
    _allow_handles()
    asyncio.run(_serve(settings, lock, listener, tuple(notes)))


def _allow_handles() -> None:
    """Raise the limit of open files to the system's maximum: macOS gives a process 256 by default."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _HANDLES if hard == resource.RLIM_INFINITY else min(_HANDLES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(settings: Settings, lock: StateLock, listener: socket.socket, notes: tuple[str, ...]) -> None:
    from hypercorn.asyncio import serve as hypercorn_serve  # noqa: PLC0415 - reads the environment set above
    from hypercorn.config import Config  # noqa: PLC0415

    from local_aws.serving.connections import close_with_the_client  # noqa: PLC0415

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = 75
    config.errorlog = logging.getLogger("hypercorn.error")  # its own handler would write each line twice
    config.graceful_timeout = 0.2
    stopping, closing = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(LoopErrors())
    loop.set_default_executor(ThreadPoolExecutor(_REQUESTS, thread_name_prefix="request"))
    log_bound = LogBound(settings.log_file)
    log_bound.start()
    close_with_the_client()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    services = LocalAws(settings)
    server = asyncio.create_task(
        hypercorn_serve(services, config, shutdown_trigger=closing.wait)  # type: ignore[arg-type]
    )
    # The services call this port, both when they continue after a restart and when they stop.
    await _answering(settings)
    try:
        services.snapshots.require_restored()
    except state_files.StateDamagedError as error:
        closing.set()
        await server
        raise ProcessError(str(error)) from None
    await asyncio.to_thread(services.start)
    lock.announce(Holder(os.getpid(), settings.port, settings.region, ready=True, notes=notes))
    freeze_startup_objects()
    trim_periodically()
    await stopping.wait()
    await asyncio.to_thread(services.stop)
    closing.set()
    await server
    services.close()
    log_bound.stop()


async def _answering(settings: Settings) -> None:
    """Return once a request is answered, even with a refusal: the socket accepts connections earlier."""
    reader, writer = await asyncio.open_connection(HOST, settings.port)
    writer.write(f"HEAD / HTTP/1.1\r\nHost: {HOST}:{settings.port}\r\nConnection: close\r\n\r\n".encode())
    await reader.read(1)
    writer.close()
