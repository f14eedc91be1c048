"""The build operations.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html and its siblings.
"""

from __future__ import annotations

import json
import shutil
import threading
from typing import TYPE_CHECKING, Any

from local_aws import base, ids
from local_aws.codebuild import events, paging, requests
from local_aws.codebuild.faults import invalid, not_found
from local_aws.codebuild.names import build_arn
from local_aws.codebuild.platform import Platform, ServiceRole
from local_aws.codebuild.records import Document
from local_aws.codebuild.running import build_state
from local_aws.codebuild.running.build_run import RESTARTS, BuildRun
from local_aws.wire import Caller

if TYPE_CHECKING:
    from local_aws.codebuild.projects import Projects

_TOKEN_S = 300.0
_MAX_RESTARTS = 5
_COPIED = ("environment", "source", "secondarySources", "secondarySourceVersions", "cache", "serviceRole",
           "timeoutInMinutes", "queuedTimeoutInMinutes", "encryptionKey", "sourceVersion")  # fmt: skip


class Builds:
    """All builds; each running one has a BuildRun."""

    def __init__(self, platform: Platform, projects: Projects) -> None:
        self._platform, self._projects = platform, projects
        self._runs: dict[str, BuildRun] = {}
        self._lock = threading.Lock()

    def start(self, caller: Caller, request: Document) -> Document:
        """StartBuild. The same idempotency token within five minutes returns the same build."""
        project = self._projects.find(request["projectName"])
        effective = requests.effective(project, request)
        now, token = self._platform.now(), request.get("idempotencyToken")
        with self._lock, self._platform.records.store.transaction():
            known = self._platform.records.token(token, now - _TOKEN_S) if token else None
            if known:
                if known[0] != json.loads(json.dumps(request)):
                    raise invalid("The idempotencyToken was used for a StartBuild with other parameters.")
                return {"build": self._found(known[1])}
            build = self._new(caller, effective, now)
            self._require_role(build)
            self._platform.records.put_build(build, effective)
            if token:
                self._platform.records.put_token(token, now, request, build["id"])
        events.publish(build)
        self._run(build, effective)
        return {"build": build}

    def _require_role(self, build: Document) -> None:
        try:
            ServiceRole(self._platform, build["serviceRole"], build).assume()
        except base.RoleNotAssumableError as error:
            role = build["serviceRole"]
            raise invalid(
                f"CodeBuild is not authorized to perform: sts:AssumeRole on service role {role}. {error}"
            ) from None

    def stop(self, _caller: Caller, request: Document) -> Document:
        """StopBuild: a running build ends shortly after; one that has ended is returned as it is."""
        build = self._found(request["id"])
        with self._lock:
            run = self._runs.get(build["id"])
        if run:
            run.stop()
        return {"build": self._found(build["id"])}

    def batch_get(self, _caller: Caller, request: Document) -> Document:
        """BatchGetBuilds."""
        found, missing = [], []
        for build_id in request["ids"]:
            build = self._platform.records.build(_id_of(build_id))
            if build is None:
                missing.append(build_id)
            else:
                found.append(build)
        return {"builds": found, "buildsNotFound": missing}

    def list(self, _caller: Caller, request: Document) -> Document:
        """ListBuilds."""
        return _page(self._platform.records.builds(), request)

    def list_for_project(self, _caller: Caller, request: Document) -> Document:
        """ListBuildsForProject: the newest build first."""
        project = self._projects.find(request["projectName"])
        return _page(self._platform.records.builds(project["name"]), request)

    def resume(self) -> None:
        """Run builds that a kill or a stop interrupted again, from the first phase.

        A build's processes ended with the server, and its folders are as they were left. It keeps its id and its log,
        and its timeout starts again. One that is interrupted repeatedly may be the cause, and fails.
        """
        shutil.rmtree(self._platform.folder / "builds", ignore_errors=True)
        for build, effective in self._platform.records.unfinished():
            effective[RESTARTS] = effective.get(RESTARTS, 0) + 1
            if effective[RESTARTS] > _MAX_RESTARTS:
                code, message = "INTERNAL_SERVICE_ERROR", f"Local AWS ended {effective[RESTARTS]} times while it ran."
                build_state.complete(self._platform, build["id"], build_state.FAILED, code, message)
                continue
            build |= {"phases": build["phases"][:1], "currentPhase": "SUBMITTED", "exportedEnvironmentVariables": []}
            self._platform.records.restart_build(build, effective)
            self._run(build, effective)

    def stop_all(self, timeout_s: float) -> None:
        """Wait until no build runs; `stopping` of the platform must be set."""
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:
            run.join(timeout_s)

    def _run(self, build: Document, effective: Document) -> None:
        run = BuildRun(self._platform, build, effective)
        with self._lock:
            self._runs = {name: kept for name, kept in self._runs.items() if kept.is_alive()}
            self._runs[build["id"]] = run
            run.start()

    def _new(self, caller: Caller, effective: Document, now: float) -> Document:
        name, uuid = effective["name"], ids.new_uuid()
        build_id = f"{name}:{uuid}"
        submitted = {"phaseType": "SUBMITTED", "phaseStatus": build_state.SUCCEEDED, "startTime": now, "endTime": now}
        build: Document = {
            "id": build_id,
            "arn": build_arn(self._platform.region, build_id),
            "projectName": name,
            "buildNumber": self._platform.records.next_number(name),
            "buildStatus": build_state.IN_PROGRESS,
            "buildComplete": False,
            "currentPhase": "SUBMITTED",
            "startTime": now,
            "initiator": _initiator(caller, effective),
            "phases": [{**submitted, "durationInSeconds": 0, "contexts": []}],
            "logs": _logs(effective, uuid),
            "exportedEnvironmentVariables": [],
        }
        return build | {member: effective[member] for member in _COPIED if member in effective}

    def _found(self, build_id: str) -> Document:
        build = self._platform.records.build(_id_of(build_id))
        if build is None:
            raise not_found("build", build_id)
        return build


def _id_of(id_or_arn: str) -> str:
    return id_or_arn.rpartition("build/")[2]


def _initiator(caller: Caller, effective: Document) -> str:
    """Return who started the build; a pipeline's session has the pipeline's name."""
    who = caller.arn.rpartition(":")[2]
    if effective["artifacts"]["type"] == "CODEPIPELINE" and who.startswith("assumed-role/"):
        return f"codepipeline/{who.rpartition('/')[2]}"
    return who.partition("/")[2] or who


def _logs(effective: Document, uuid: str) -> Document:
    """The log's group and stream. The project's `streamName` is the first part of the stream's name."""
    config: dict[str, Any] = effective.get("logsConfig", {}).get("cloudWatchLogs", {"status": "ENABLED"})
    if config["status"] == "DISABLED":
        return {"cloudWatchLogs": config}
    group = config.get("groupName") or f"/aws/codebuild/{effective['name']}"
    stream = f"{config['streamName']}/{uuid}" if config.get("streamName") else uuid
    return {"groupName": group, "streamName": stream, "cloudWatchLogs": config}


def _page(found: list[str], request: Document) -> Document:
    if request.get("sortOrder") == "ASCENDING":
        found.reverse()
    return paging.page("ids", found, request.get("nextToken"))
