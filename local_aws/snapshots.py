"""MiniStack's state on disk while it runs, and back after a kill.

MiniStack writes its state at shutdown only. Here a service's state is written before a change of it is answered,
and the state of all loaded services once a second while requests come in, for what changes behind a request
(stacks being created, logs, metrics). A `kill -9` therefore loses at most the last second of logs and metrics.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

log = logging.getLogger(__name__)

_PERIOD_S = 1.0
_SCOPE = re.compile(r"Credential=[^/]{1,128}/\d{8}/[^/]{1,64}/([a-z0-9-]+)/")
_WRITTEN_THROUGH = frozenset({"s3", "iam", "lambda", "kms", "events", "sns", "sqs", "ssm", "secretsmanager"})
_READING = re.compile(r"^(Get|List|Describe|BatchGet|Head|Query|Scan)")
_SLOW_TO_LOAD = "cloudformation"


class Snapshots:
    """Saves and restores the services of MiniStack."""

    def __init__(self) -> None:
        """Take the slow service out of MiniStack's own loading at start; `load_cloudformation` brings it back."""
        self._app: Any = import_module("ministack.app")
        self._persistence: Any = import_module("ministack.core.persistence")
        self._keys = dict(self._app._state_map)  # noqa: SLF001
        self._app._state_map.pop(_SLOW_TO_LOAD, None)  # noqa: SLF001
        self._saved: dict[str, int] = {}
        self._lock = threading.Lock()
        self._active = threading.Event()
        self._stopped = threading.Event()
        self._cloudformation_loaded = False
        self._loading = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)

    def start(self) -> None:
        """Begin the periodic saving."""
        self._thread.start()

    def stop(self) -> None:
        """Save everything a last time."""
        self._stopped.set()
        self._active.set()
        self._thread.join(timeout=10)
        self.save_all()
        self._app.PERSIST_STATE = False  # its own saving at shutdown would write a file for every imported service

    def load_cloudformation(self, register_types: Callable[[], None]) -> None:
        """Load CloudFormation and its state at its first request: it takes a second and 40 MB to import."""
        with self._loading:
            if self._cloudformation_loaded:
                return
            register_types()
            state = self._persistence.load_state(_SLOW_TO_LOAD)
            if state:
                self._app._get_module(_SLOW_TO_LOAD).load_persisted_state(state)  # noqa: SLF001
            self._cloudformation_loaded = True

    def note(self) -> None:
        """A request came in: something may change."""
        self._active.set()

    def service_to_save(self, method: str, path: str, headers: Mapping[str, str]) -> str | None:
        """The state key to save before this request is answered, or None."""
        match = _SCOPE.search(headers.get("authorization", ""))
        service = match.group(1) if match else ""
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        reads = method in ("GET", "HEAD") or bool(_READING.match(operation)) or path.endswith("/invocations")
        if service == "monitoring":  # metrics come every second, and are not worth it
            return "cloudwatch" if "Alarm" in operation and not reads else None
        if service not in _WRITTEN_THROUGH or reads:
            return None
        return {"events": "eventbridge"}.get(service, service)

    def save(self, key: str) -> None:
        """Write one service's state if it differs from what was written last."""
        with self._lock:
            module = self._loaded(key)
            if module is None:
                return
            state = self._read(module)
            if state is None or (key not in self._saved and not self._holds_anything(state)):
                return
            digest = hash(json.dumps(state, default=self._persistence._json_default, sort_keys=False))  # noqa: SLF001
            if self._saved.get(key) != digest:
                self._persistence.save_state(key, state)
                self._saved[key] = digest

    def save_all(self) -> None:
        """Write every loaded service's state."""
        for key in self._keys:
            self.save(key)

    @staticmethod
    def _holds_anything(state: Mapping[str, Any]) -> bool:
        """False for a service that was only imported: its file would be loaded at each start for nothing."""
        return any(len(getattr(v, "_data", v)) if hasattr(v, "__len__") else v for v in state.values())

    def _loaded(self, key: str) -> Any:
        if key == _SLOW_TO_LOAD and not self._cloudformation_loaded:
            return None
        loaded: Any = self._app._loaded_modules.get(self._keys[key])  # noqa: SLF001
        if loaded is None:
            import sys  # noqa: PLC0415 - only here

            loaded = sys.modules.get(f"ministack.services.{self._keys[key]}")
        return loaded if hasattr(loaded, "get_state") else None

    @staticmethod
    def _read(module: Any) -> Any:
        for _ in range(20):
            try:
                return module.get_state()
            except RuntimeError:  # a dictionary changed while it was copied
                continue
        log.warning("no stable state of %s could be read; it is saved with the next change", module.__name__)
        return None

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._active.wait()
            self._active.clear()
            self.save_all()
            self._stopped.wait(_PERIOD_S)
