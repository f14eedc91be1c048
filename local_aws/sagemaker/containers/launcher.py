"""What starts containers, created when first needed and stopped once.

The warm parent (`parent.py`) runs the built-in algorithms, `isolated.py` the programs of users, `script_mode` their
scripts in framework images, `own_images` images of their own.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from local_aws.sagemaker.containers import registry

if TYPE_CHECKING:
    from pathlib import Path

    from local_aws.engine.find import Engine
    from local_aws.sagemaker.containers.isolated import Isolated
    from local_aws.sagemaker.containers.own_images.launch import EngineContainers
    from local_aws.sagemaker.containers.parent import WarmParent
    from local_aws.sagemaker.containers.script_mode.launch import Scripts

log = logging.getLogger(__name__)


class StoppingError(Exception):
    """Local AWS is shutting down, so no container starts."""


class Launcher:
    """Holds at most one warm parent."""

    def __init__(self) -> None:
        """Nothing is started or imported before it is needed."""
        self._lock = threading.Lock()
        self._parent: WarmParent | None = None
        self._isolated: Isolated | None = None
        self._scripts: Scripts | None = None
        self._own: EngineContainers | None = None
        self._stopped = False

    def isolated(self) -> Isolated:
        """The starter of users' own programs. Raises StoppingError."""
        with self._lock:
            if self._stopped:
                raise StoppingError
            if self._isolated is None:
                from local_aws.sagemaker.containers.isolated import Isolated  # noqa: PLC0415 - a start without it

                self._isolated = Isolated()
            return self._isolated

    def scripts(self, folder: Path) -> Scripts:
        """The starter of users' scripts, with its folder. Raises StoppingError."""
        isolated = self.isolated()
        with self._lock:
            if self._scripts is None:
                from local_aws.sagemaker.containers.script_mode.launch import Scripts  # noqa: PLC0415 - as above

                self._scripts = Scripts(isolated, folder)
                self._scripts.clear()
            return self._scripts

    def own_images(self, engine: Engine, port: int, owner: str) -> EngineContainers:
        """The starter of teams' own images, by an engine, for the local AWS at `port`. Raises StoppingError."""
        with self._lock:
            if self._stopped:
                raise StoppingError
            if self._own is None:
                from local_aws.sagemaker.containers.own_images.launch import EngineContainers  # noqa: PLC0415 - as above

                self._own = EngineContainers(engine, port, owner)
                self._own.clear()
            return self._own

    def parent(self) -> WarmParent:
        """The warm parent. Raises StoppingError."""
        with self._lock:
            if self._stopped:
                raise StoppingError
            if self._parent is None:
                from local_aws.sagemaker.containers.parent import WarmParent  # noqa: PLC0415 - a start without it

                self._parent = WarmParent()
            return self._parent

    def prewarm(self, image: str | None = None) -> None:
        """Begin to load the libraries of an image, or of the first known one; returns at once."""
        if image is None:
            entry = next(iter(registry.TABLE.values()))
            image = f"{entry.repository}:{entry.tags[0]}"
        try:
            self.parent().prepare(image)
        except StoppingError:
            pass
        except Exception:  # the next start of a container reports it
            log.exception("the libraries of %s could not be loaded in advance", image)

    def stop(self) -> None:
        """End the warm parent and with it every container."""
        with self._lock:
            self._stopped = True
            parent, self._parent = self._parent, None
            isolated, self._isolated = self._isolated, None
            own, self._own = self._own, None
        if own is not None:
            own.stop()
        if isolated is not None:
            isolated.stop()
        if parent is not None:
            parent.stop()
