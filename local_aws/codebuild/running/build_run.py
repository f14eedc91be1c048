"""One build from its sources to its artifacts, phase by phase.

https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from local_aws import base, packages
from local_aws.codebuild import buildspec
from local_aws.codebuild.faults import PhaseFailedError
from local_aws.codebuild.names import s3_place
from local_aws.codebuild.platform import Platform, ServiceRole
from local_aws.codebuild.records import Document
from local_aws.codebuild.running import build_state, environment, sources, toolchain
from local_aws.codebuild.running.artifacts import Upload
from local_aws.codebuild.running.build_log import BuildLog, LogNotWritableError
from local_aws.codebuild.running.build_state import FAILED, FAULT, STOPPED, SUCCEEDED, TIMED_OUT
from local_aws.codebuild.running.engine import before, engine_variables
from local_aws.codebuild.running.shell import InterruptedCommandError, Shell

log = logging.getLogger(__name__)

_QUEUE_POLL_S = 0.05
_ENDS_THE_BUILD = frozenset({"install", "pre_build"})
"""If one of these fails, the build ends; after other phases the next one runs, unless `on-failure` says otherwise."""
RESTARTS = "restarts"
"""Key of the number of times that a build was started again, in its effective project."""


class _EndedError(Exception):
    """The build ends now, with a status, a context code and a message."""


class _InterruptedError(Exception):
    """The server ends; the build runs again when the next one starts."""


class BuildRun:
    """Runs a build in its own thread."""

    def __init__(self, platform: Platform, build: Document, request: Document) -> None:
        """`request` is the project with the overrides of StartBuild applied."""
        self._platform, self._build, self._request = platform, build, request
        self._id, self._project = build["id"], build["projectName"]
        self._role = ServiceRole(platform, build["serviceRole"], build)
        self._root = platform.folder / "builds" / self._id.rpartition(":")[2]
        logs = build["logs"]
        self._log = BuildLog(
            lambda: self._role.client("logs"),
            platform.runtime.clock,
            logs.get("groupName", ""),
            logs.get("streamName", ""),
        )
        self._stop_asked = threading.Event()
        self._deadline = platform.runtime.clock.monotonic() + 60 * build["queuedTimeoutInMinutes"]
        self._spec: buildspec.Buildspec | None = None
        self._sources: sources.Sources | None = None
        self._shell: Shell | None = None
        self._refused_exports: set[str] = set()
        self._failed = False
        self._thread = threading.Thread(target=self._run, name=f"build-{self._id}"[:60], daemon=True)

    def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """End the build as STOPPED."""
        self._stop_asked.set()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            self._in_turn()
        except _EndedError as end:
            status, code, message = end.args
            self._log.end_line()
            self._log.say(f"Phase complete: {self._current()} State: {status}")
            self._log.say(f"Phase context status code: {code} Message: {message}")
            build_state.complete(self._platform, self._id, status, code, message)
        except _InterruptedError:
            log.info("build %s is interrupted", self._id)
        except Exception:
            if not self._platform.stopping.is_set():
                log.exception("build %s", self._id)
                message = "Local AWS failed with an internal error; see its log."
                build_state.complete(self._platform, self._id, FAULT, "INTERNAL_SERVICE_ERROR", message)
        finally:
            if self._shell is not None:
                self._shell.close()
            self._log.flush()
            self._role.end()
            sources.clean(self._root)

    def _current(self) -> str:
        build = self._platform.records.build(self._id)
        return str(build["currentPhase"]) if build else ""

    def _in_turn(self) -> None:
        turn = self._platform.turn(self._project)
        build_state.enter(self._platform, self._id, "QUEUED")
        while not turn.acquire(timeout=_QUEUE_POLL_S):
            self._raise_if_ending()
        try:
            build_state.leave(self._platform, self._id, SUCCEEDED)
            self._deadline = self._platform.runtime.clock.monotonic() + 60 * self._build["timeoutInMinutes"]
            self._phases()
        finally:
            turn.release()

    def _phases(self) -> None:
        if self._phase("PROVISIONING", self._provision) and self._phase("DOWNLOAD_SOURCE", self._download):
            self._commands_and_artifacts()
        self._phase("FINALIZING", self._finalize)
        self._log.end_line()
        self._log.flush()
        build_state.complete(self._platform, self._id, FAILED if self._failed else SUCCEEDED)

    def _commands_and_artifacts(self) -> None:
        assert self._spec is not None  # noqa: S101 - DOWNLOAD_SOURCE has succeeded
        for name in buildspec.PHASES:
            phase = self._spec.phases.get(name, buildspec.Phase())
            if self._phase(name.upper(), lambda phase=phase: self._commands(phase)):  # type: ignore[misc]
                continue
            if phase.on_failure == buildspec.ABORT:
                return
            if name in _ENDS_THE_BUILD and phase.on_failure != buildspec.CONTINUE:
                return
        self._phase("UPLOAD_ARTIFACTS", self._upload)

    def _phase(self, name: str, work: Callable[[], None]) -> bool:
        """Run a phase and record how it ended; False if it failed. Raises _EndedError."""
        self._raise_if_ending()
        build_state.enter(self._platform, self._id, name)
        if name != "PROVISIONING":  # the log is open from then on
            self._log.say(f"Entering phase {name}")
        try:
            work()
        except InterruptedCommandError:
            self._raise_if_ending()
            raise
        except base.RoleNotAssumableError as error:
            status, code, message = FAILED, "ACCESS_DENIED", str(error)
        except PhaseFailedError as error:
            status, code, message = FAILED, error.code, self._log.masked(str(error))
        else:
            status, code, message = SUCCEEDED, "", ""
        self._log.say(f"Phase complete: {name} State: {status}")
        self._log.say(f"Phase context status code: {code} Message: {message}")
        build_state.leave(self._platform, self._id, status, code, message)
        if status == FAILED and not self._failed:
            self._failed = True
            self._tell_shell("CODEBUILD_BUILD_SUCCEEDING", "0")
        return status == SUCCEEDED

    def _ending(self) -> tuple[str, str, str] | None:
        """Why the build has to end now: status, code and message."""
        if self._stop_asked.is_set():
            return STOPPED, "", "Build was stopped."
        if self._platform.runtime.clock.monotonic() >= self._deadline:
            return TIMED_OUT, "BUILD_TIMED_OUT", "Build has timed out."
        return None

    def _is_ending(self) -> bool:
        return self._platform.stopping.is_set() or self._ending() is not None

    def _raise_if_ending(self) -> None:
        if self._platform.stopping.is_set():
            raise _InterruptedError
        ending = self._ending()
        if ending is not None:
            raise _EndedError(*ending)

    def _provision(self) -> None:
        """Assume the role, open the log, create the folders and the Python environment."""
        credentials = self._role.assume()
        self._log.hide([credentials.access_key_id, credentials.secret_access_key, credentials.session_token])
        try:
            self._log.open(again=bool(self._request.get(RESTARTS)))
        except LogNotWritableError as error:
            raise PhaseFailedError(
                "ACCESS_DENIED",
                f"Service role {self._role.arn} does not allow AWS CodeBuild to create Amazon CloudWatch Logs log "
                f"streams for build {self._build['arn']}. Error message: {error}",
            ) from None
        if self._request.get(RESTARTS):
            self._log.say("Local AWS ended while this build ran. The build starts again.")
        for name in ("home", "tmp", "control"):
            (self._root / name).mkdir(parents=True)
        toolchain.python_environment(self._project_folder())

    def _project_folder(self) -> Path:
        folder: Path = self._platform.folder / "projects" / self._project
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _download(self) -> None:
        self._sources = sources.fetch(self._role, self._request, self._root)
        self._resolve_version()
        text, place = sources.read_buildspec(self._request, self._sources)
        self._log.say(f"YAML location is {place}")
        try:
            self._spec = buildspec.parse(text)
        except buildspec.BuildspecError as error:
            raise PhaseFailedError("YAML_FILE_ERROR", f"{place}: {error}") from None
        variables = environment.Variables(self._role, self._request, self._spec)
        values, hidden = variables.resolve()
        self._log.hide(hidden)
        self._refused_exports = variables.refused_exports()
        self._shell = self._open_shell(self._spec, self._sources, values)

    def _resolve_version(self) -> None:
        """The commit that was cloned, or the revision that CodePipeline passes on, if it has one.

        https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html
        """
        place = s3_place(self._request.get("sourceVersion", ""))
        revision = self._sources.commit if self._sources else None
        if place and self._request["artifacts"]["type"] == "CODEPIPELINE":
            revision = self._platform.revision_of(place.bucket, place.key)
        if revision:
            self._build["resolvedSourceVersion"] = revision
            build_state.set_members(self._platform, self._id, {"resolvedSourceVersion": revision})

    def _open_shell(self, spec: buildspec.Buildspec, folders: sources.Sources, values: Mapping[str, str]) -> Shell:
        python = toolchain.python_environment(self._project_folder())
        home = self._root / "home"
        engine: Mapping[str, str] = {}
        programs = ""
        if self._request["environment"].get("privilegedMode"):
            engine, programs = engine_variables(self._platform.runtime.settings, self._root)
        whole = {
            **packages.pip_settings(Path.home(), os.environ),
            "PIP_CACHE_DIR": str(self._platform.folder / "pip"),
            **environment.fixed_variables(self._platform, self._build, self._request),
            **environment.credential_variables(self._role.assume()),
            **folders.variables(),
            "HOME": str(home),
            "PATH": before(programs, toolchain.search_path(python)),
            "TMPDIR": str(self._root / "tmp"),
            "VIRTUAL_ENV": str(python),
            **engine,
            **values,
        }
        if spec.runtimes:
            self._log.say(
                "Skipping install of runtimes. Runtime version selection is not supported by this build image."
            )
        return Shell(spec.shell, self._root / "control", folders.primary, whole)

    def _commands(self, phase: buildspec.Phase) -> None:
        try:
            self._each(phase.commands)
        except PhaseFailedError:
            self._each_of_finally(phase.final)
            raise
        self._each(phase.final)

    def _each_of_finally(self, commands: tuple[str, ...]) -> None:
        """Run `finally` after a failed command: another failure is only logged, as the phase already has its reason."""
        try:
            self._each(commands)
        except PhaseFailedError as error:
            log.debug("build %s: %s", self._id, error)

    def _each(self, commands: tuple[str, ...]) -> None:
        assert self._shell is not None  # noqa: S101 - DOWNLOAD_SOURCE has succeeded
        for command in commands:
            self._log.say(f"Running command {command}")
            status = self._shell.run(command, self._log.output, self._is_ending)
            self._log.end_line()
            if status:
                self._log.say(f"Command did not exit successfully {command} exit status {status}")
                raise PhaseFailedError(
                    "COMMAND_EXECUTION_ERROR",
                    f"Error while executing command: {command}. Reason: exit status {status}",
                )

    def _tell_shell(self, name: str, value: str) -> None:
        if self._shell is not None:
            self._shell.run(f"export {name}={value}", lambda _: None, lambda: False)

    def _upload(self) -> None:
        assert self._shell is not None  # noqa: S101 - as above
        assert self._spec is not None  # noqa: S101
        assert self._sources is not None  # noqa: S101
        variables = self._shell.environment
        exported = environment.exported(self._spec.exported, variables, self._refused_exports)
        build_state.set_members(self._platform, self._id, {"exportedEnvironmentVariables": exported})
        found = Upload(self._role, self._request, self._build).run(
            self._spec, self._sources.primary, variables, self._log
        )
        build_state.set_members(self._platform, self._id, found)

    def _finalize(self) -> None:
        """End processes that the commands left running."""
        if self._shell is not None:
            self._shell.close()
