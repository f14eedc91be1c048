"""MiniStack's state on disk while it runs, and back after a kill.

MiniStack writes its state at shutdown only. Here a service's state is written before a change of it is answered, and
that of all loaded services before CloudFormation tells that a stack has come to its end. All is also written while
requests come in, once a second or, where saving takes longer than 50 ms, after twenty times as long, for what changes
behind a request (stacks on their way, logs, metrics). A `kill -9` therefore loses at most what was logged and measured
since, and the latest steps of a stack that had not ended.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from local_aws import base
from local_aws.state import state_files

log = logging.getLogger(__name__)

_PERIOD_S = 1.0
_REST = 20.0
"""How much longer the pause is than the saving, so that a long history takes no more than a twentieth of the time."""
_READINGS = 20
_STACKS_SETTLE_S = 30.0
"""How long after a request about stacks, and after a step of one, they are written at each look."""
_SCOPE = re.compile(r"Credential=[^/]{1,128}/\d{8}/[^/]{1,64}/([a-z0-9-]+)/")
_SLOW_TO_LOAD = "cloudformation"
_WRITTEN_THROUGH = frozenset({
    "s3", "iam", "lambda", "kms", "events", "sns", "sqs", "ssm", "secretsmanager", "dynamodb", "logs", _SLOW_TO_LOAD
})  # fmt: skip
_KEYS = {"events": "eventbridge", "logs": "cloudwatch_logs"}
_READING = re.compile(r"^(Get|List|Describe|BatchGet|Head|Query|Scan|Filter|Validate)")


def service_of(headers: Mapping[str, str]) -> str:
    """The service that a request is signed for, empty if it is not signed."""
    match = _SCOPE.search(headers.get("authorization", ""))
    return match.group(1) if match else ""


def reads(method: str, path: str, operation: str) -> bool:
    """Whether a request changes nothing; `operation` is empty if it is not named."""
    return method in ("GET", "HEAD") or bool(_READING.match(operation)) or path.endswith("/invocations")


class Snapshots:
    """Saves and restores the services of MiniStack."""

    def __init__(self, folder: Path) -> None:
        """Keep the state in a folder; the slow service is not loaded at start, `load_cloudformation` brings it back."""
        app: Any = import_module("ministack.app")
        self._persistence: Any = import_module("ministack.core.persistence")
        self._folder = folder
        self._app = app
        self._keys = dict(app._state_map)  # noqa: SLF001
        self._saved: dict[str, int] = {}
        self._lock = threading.Lock()
        self._active = threading.Event()
        self._stopped = threading.Event()
        self._cloudformation_loaded = False
        self._ended: frozenset[tuple[str, str, int]] = frozenset()
        self._stacks_seen: frozenset[tuple[str, str, int]] = frozenset()
        self._stacks_change_until = 0.0
        self._restored = False
        self._failure: state_files.StateDamagedError | None = None
        self._loading = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)

    def require_restored(self) -> None:
        """Raise StateDamagedError, the reason, unless every state file was loaded."""
        if self._failure is not None:
            raise self._failure

    def start(self) -> None:
        """Begin the periodic saving."""
        self._thread.start()

    def stop(self) -> None:
        """Save everything a last time."""
        self._stopped.set()
        self._active.set()
        self._thread.join(timeout=10)
        self.save_all()
        state_files.copy_missing(self._folder)

    def load_cloudformation(self, patch: Callable[[], None]) -> None:
        """Load CloudFormation and its state at its first request: it takes a second and 40 MB to import."""
        with self._loading:
            if self._cloudformation_loaded:
                return
            patch()
            state = self._load(_SLOW_TO_LOAD)
            if state:
                self._app._get_module(_SLOW_TO_LOAD).load_persisted_state(state)  # noqa: SLF001
            self._ended = base.ended_stacks()
            self._cloudformation_loaded = True

    def note(self, service: str = "") -> None:
        """A request to a service came in: something may change."""
        if service == _SLOW_TO_LOAD:
            self._stacks_change_until = time.monotonic() + _STACKS_SETTLE_S
        self._active.set()

    def service_to_save(self, service: str, method: str, path: str, operation: str) -> str | None:
        """The state key to save before this request is answered, or None. `operation` is empty if it is not named."""
        if service == "monitoring":  # metrics come every second, and are not worth it
            return "cloudwatch" if "Alarm" in operation and not reads(method, path, operation) else None
        if service not in _WRITTEN_THROUGH or reads(method, path, operation) or operation == "PutLogEvents":
            return None
        return _KEYS.get(service, service)

    def save_ended_stacks(self) -> None:
        """Save everything if a stack has ended since: its resources are spread over all services. Raises OSError."""
        ended = base.ended_stacks()
        if not ended <= self._ended:
            self.save_all()
            self._ended = ended

    def save(self, key: str) -> None:
        """Write one service's state if it differs from what was written last."""
        with self._lock:
            module = self._loaded(key)
            if module is None:
                return
            content = self._content(key, module)
            if content is None:
                return
            digest = hash(content)
            if self._saved.get(key) != digest:
                state_files.write(self.path(key), content)
                self._saved[key] = digest

    def _encoded(self, key: str, state: Any) -> bytes:
        """The state as MiniStack writes it, with the number of its format."""
        wrapped = {"__ministack_format__": self._persistence._state_format_version(key), "payload": state}  # noqa: SLF001
        return json.dumps(wrapped, default=self._persistence._json_default).encode()  # noqa: SLF001

    def restore(self) -> None:
        """Load every file, in the place of MiniStack's own way, which begins anew with a service that it cannot load.

        The server swallows what is raised here, so it is kept for `require_restored`.
        """
        try:
            for key in self._keys:
                if key != _SLOW_TO_LOAD:
                    self._restore_one(key)
            self._load(_SLOW_TO_LOAD)
        except state_files.StateDamagedError as error:
            self._failure = error
            raise
        self._restored = True

    def _restore_one(self, key: str) -> None:
        state = self._load(key)
        if not state:
            return
        try:
            self._app._get_module(self._keys[key]).load_persisted_state(state)  # noqa: SLF001
        except Exception as error:
            log.exception("%s", self.path(key))
            raise state_files.unusable(self.path(key), f"MiniStack fails with {error!r}") from error

    def _load(self, key: str) -> Any:
        """Return the content of a file; None if it does not exist or is empty. Raises StateDamagedError."""
        path = self.path(key)
        if not path.exists():
            return None
        try:
            wrapped = json.loads(state_files.read(path), object_hook=self._persistence._json_object_hook)  # noqa: SLF001
            found, payload = int(wrapped["__ministack_format__"]), wrapped["payload"]
            holds = self._holds_anything(payload)
        except Exception as error:
            raise state_files.unusable(path, f"it is none of MiniStack's: {error!r}") from error
        known = self._persistence._state_format_version(key)  # noqa: SLF001
        if found > known:
            raise state_files.unusable(path, f"it has format {found}, and this MiniStack knows {known}")
        return payload if holds else None

    def path(self, key: str) -> Path:
        """The state file of a service."""
        return self._folder / f"{key}.json"

    def save_all(self) -> None:
        """Write every loaded service's state."""
        for key in self._keys:
            self.save(key)

    def save_changing(self) -> None:
        """Write what changes behind requests. Stacks, by far the largest state, do so only while they are changed."""
        if self._cloudformation_loaded:
            ended = base.ended_stacks()
            if ended != self._stacks_seen or base.stacks_under_way():
                self._stacks_change_until = time.monotonic() + _STACKS_SETTLE_S
            self._stacks_seen = ended
        for key in self._keys:
            if key != _SLOW_TO_LOAD or time.monotonic() < self._stacks_change_until:
                self.save(key)

    @staticmethod
    def _holds_anything(state: Mapping[str, Any]) -> bool:
        """False for a service that was only imported: its file would be loaded at each start for nothing."""
        return any(len(getattr(v, "_data", v)) if hasattr(v, "__len__") else v for v in state.values())

    def _loaded(self, key: str) -> Any:
        # Never is a file overwritten that was not loaded.
        if not self._restored or (key == _SLOW_TO_LOAD and not self._cloudformation_loaded):
            return None
        loaded: Any = self._app._loaded_modules.get(self._keys[key])  # noqa: SLF001
        if loaded is None:
            import sys  # noqa: PLC0415 - only here

            loaded = sys.modules.get(f"ministack.services.{self._keys[key]}")
        return loaded if hasattr(loaded, "get_state") else None

    def _content(self, key: str, module: Any) -> bytes | None:
        """A service's state as it is written; None if there is nothing to write."""
        for _ in range(_READINGS):
            try:
                state = module.get_state()
                # A file whose content has moved elsewhere is emptied, or it would be taken over at each start.
                if key not in self._saved and not self._holds_anything(state) and not self.path(key).exists():
                    return None
                return self._encoded(key, state)
            except RuntimeError:  # a dictionary changed while it was read
                continue
        log.warning("no stable state of %s could be read; it is saved with the next change", module.__name__)
        return None

    def _run(self) -> None:
        failing = False
        while not self._stopped.is_set():
            self._active.wait()
            self._active.clear()
            started = time.monotonic()
            try:
                self.save_changing()
            except OSError as error:
                self._active.set()  # tried again until there is space
                if not failing:
                    log.error("the state is not written, and will be as soon as it can: %s", error)  # noqa: TRY400
                failing = True
            else:
                failing = False
            self._stopped.wait(max(_PERIOD_S, _REST * (time.monotonic() - started)))
