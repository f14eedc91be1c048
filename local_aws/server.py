"""The process of local AWS: MiniStack, our services and git on one port of loopback."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from local_aws import base
from local_aws.aws import Clients
from local_aws.clock import SystemClock
from local_aws.codebuild.service import CodeBuildService
from local_aws.codecommit.helper import write_git_config
from local_aws.codecommit.host import GitHost
from local_aws.codecommit.service import CodeCommitService
from local_aws.codeconnections.service import CodeConnectionsService
from local_aws.codepipeline.service import CodePipelineService
from local_aws.gate import Gate
from local_aws.gate.gate import OWN_PREFIX
from local_aws.running import hold
from local_aws.runtime import Runtime
from local_aws.sagemaker.service import SageMakerService
from local_aws.settings import HOST, Settings
from local_aws.snapshots import Snapshots
from local_aws.store import Store
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
# Loopback stands for the TLS connection that a client has with AWS; otherwise each bucket policy that refuses plain
# HTTP (aws:SecureTransport) would refuse everything here.
_AS_OVER_TLS = (b"x-forwarded-proto", b"https")


class LocalAws:
    """All services of one local AWS, wired together."""

    def __init__(self, settings: Settings) -> None:
        """Build the services; nothing runs before `start`."""
        self.settings = settings
        store = Store(settings.state / "slipway.db")
        self.runtime = Runtime(settings, store, SystemClock(), Clients(settings))
        self.calls = base.CallRecorder(store, self.runtime.clock)
        self.codecommit = CodeCommitService(self.runtime)
        self.sagemaker = SageMakerService(self.runtime)
        self.codeconnections = CodeConnectionsService(self.runtime)
        self.codepipeline = CodePipelineService(self.runtime, self.codecommit, self.codeconnections)
        self.codebuild = CodeBuildService(self.runtime, self.codepipeline.revision_of)
        self._git: Asgi = GitHost(self.codecommit)
        self.gate = Gate(self._answer, self._answer_git, settings, self.runtime.clock)
        self.snapshots = Snapshots()
        self._templates = base.TemplateFindings(settings.state / "templates", settings.region)
        # In the order of resuming: what CodeCommit announces late starts pipelines, and those build, train and deploy.
        self._services = (self.sagemaker, self.codebuild, self.codepipeline, self.codecommit, self.codeconnections)
        self._register()

    def _register(self) -> None:
        def front(name: str, operations: Any) -> Service:
            return Service(name, operations, base.identify, base.enforce, self.settings.region)

        base.record_decisions(self.calls.note)
        base.register_service(self.codecommit.front(), "codecommit", "CodeCommit_20150413")
        codepipeline = front("codepipeline", self.codepipeline.operations())
        base.register_service(codepipeline, "codepipeline", "CodePipeline_20150709")
        codebuild = front("codebuild", self.codebuild.operations())
        base.register_service(codebuild, "codebuild", "CodeBuild_20161006")
        sagemaker = front("sagemaker", self.sagemaker.operations())
        base.register_service(sagemaker, "sagemaker-api", "SageMaker")
        runtime = front("sagemaker-runtime", self.sagemaker.runtime_operations())
        base.register_service(runtime, "sagemaker", None)
        for name, prefix in _CONNECTIONS:
            base.register_service(front(name, self.codeconnections.operations(name)), name, prefix)
        base.invoke_functions_as_documented()
        base.route_events_to_pipelines(self._start_pipeline)
        base.carry_version_ids()
        base.complete_request_context()
        base.evaluate_alarms_as_documented()
        base.run_functions_as_documented()
        base.invoke_asynchronously_as_documented(self.runtime.clients.get)
        base.refuse_unknown_runtimes()
        base.refuse_roles_that_lambda_cannot_assume()
        base.refuse_roles_that_eventbridge_cannot_assume()
        base.give_functions_secret_credentials()
        base.know_root(self.settings.root)
        base.close_unsigned_paths()
        base.leave_no_log_of_deleted_functions()
        base.know_managed_policies()
        base.encrypt_without_a_key_id()

    def _start_pipeline(self, pipeline_arn: str, payload: str, role_arn: str, rule_arn: str) -> None:
        """Start an execution, and load the libraries of training while its sources are fetched."""
        self.codepipeline.start_from_event(pipeline_arn, payload, role_arn, rule_arn)
        self.sagemaker.prewarm()

    def start(self) -> None:
        """Begin once the port answers: continue what was running when the last process ended."""
        self.snapshots.start()
        self.calls.start()
        for service in self._services:
            service.resume()
        self.codeconnections.watch(self.codepipeline.start_from_push)

    def _register_resource_types(self) -> None:
        base.check_tables(late=True)
        base.complete_resource_types()
        base.refuse_unknown_runtimes_of_stacks()
        base.tell_what_replaces()
        base.leave_out_what_conditions_exclude()
        base.refuse_missing_policies_in_stacks()
        base.refuse_missing_targets_in_stacks()
        base.check_templates(self._templates)
        base.register_resource_types(
            {name: resource for service in self._services for name, resource in service.resource_types().items()}
        )

    def stop(self) -> None:
        """End all threads and processes of the services."""
        self._templates.stop()
        for service in reversed(self._services):
            service.stop()

    def close(self) -> None:
        """Save all state, once no request is under way."""
        self.snapshots.stop()
        self.calls.stop()
        self.runtime.store.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request that the gate lets through."""
        await self.gate(scope, receive, send)

    async def _answer_git(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._git(scope, receive, send)
        self.snapshots.note()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is signed: what roles did, or MiniStack with our services in its tables."""
        if scope["type"] != "http":
            await base.asgi_app()(scope, receive, send)
        elif scope["path"].startswith(OWN_PREFIX):
            await self._answer_own(scope, send)
        else:
            await self._answer_aws(scope, receive, send)

    async def _answer_own(self, scope: Scope, send: Send) -> None:
        if scope["path"] != CALLS_PATH or scope["method"] != "GET":
            await _send_json(send, 404, {"message": "Nothing is here."})
        elif scope["state"]["caller"].access_key_id != self.settings.root.access_key_id:
            await _send_json(send, 403, {"message": "Only the root user may read what roles did."})
        else:
            await _send_json(send, 200, {"calls": await asyncio.to_thread(self.calls.calls)})

    async def _answer_aws(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if "/cloudformation/" in headers.get("authorization", ""):
            await asyncio.to_thread(self.snapshots.load_cloudformation, self._register_resource_types)
        key = self.snapshots.service_to_save(scope["method"], scope["path"], headers)

        async def save_then_send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and key:
                self.snapshots.save(key)
            await send(message)

        await base.asgi_app()({**scope, "headers": [*scope["headers"], _AS_OVER_TLS]}, receive, save_then_send)
        if scope["method"] not in ("GET", "HEAD"):
            self.snapshots.note()


async def _send_json(send: Send, status: int, document: Any) -> None:
    body = json.dumps(document).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def serve(settings: Settings) -> None:
    """Run local AWS in this process, started with `settings.start_environment`, until SIGTERM or SIGINT."""
    os.environ.update(settings.server_environment())
    settings.make_private()
    held = hold(settings.state, settings.port)
    settings.make_folders()
    write_git_config(settings)
    base.check_tables()
    with held:
        asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    from hypercorn.asyncio import serve as hypercorn_serve  # noqa: PLC0415 - reads the environment set above
    from hypercorn.config import Config  # noqa: PLC0415

    config = Config()
    config.bind = [f"{HOST}:{settings.port}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    config.graceful_timeout = 0.2
    stopping, closing = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    services = LocalAws(settings)
    server = asyncio.create_task(
        hypercorn_serve(services, config, shutdown_trigger=closing.wait)  # type: ignore[arg-type]
    )
    # What the services continue after a restart calls this very port, and what they end with still does.
    await _listening(settings)
    await asyncio.to_thread(services.start)
    await stopping.wait()
    await asyncio.to_thread(services.stop)
    closing.set()
    await server
    services.close()


async def _listening(settings: Settings) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(HOST, settings.port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return
