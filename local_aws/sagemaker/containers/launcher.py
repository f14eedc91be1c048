"""The one warm parent of all containers (`containers/parent.py`): made when first needed, stopped for good."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from local_aws.sagemaker.containers import registry

if TYPE_CHECKING:
    from local_aws.sagemaker.containers.parent import WarmParent

log = logging.getLogger(__name__)


class StoppingError(Exception):
    """Local AWS goes down, so no container is started any more."""


class Launcher:
    """Holds at most one warm parent."""

    def __init__(self) -> None:
        """Nothing is started or imported before it is asked for."""
        self._lock = threading.Lock()
        self._parent: WarmParent | None = None
        self._stopped = False

    def parent(self) -> WarmParent:
        """What starts containers. Raises StoppingError."""
        with self._lock:
            if self._stopped:
                raise StoppingError
            if self._parent is None:
                from local_aws.sagemaker.containers.parent import WarmParent  # noqa: PLC0415 - a start without it

                self._parent = WarmParent()
            return self._parent

    def prewarm(self, image: str | None = None) -> None:
        """Let the libraries of an image (of the first that is known, if none is named) be loaded; returns at once."""
        if image is None:
            entry = next(iter(registry.TABLE.values()))
            image = f"{entry.repository}:{entry.tags[0]}"
        try:
            self.parent().prepare(image)
        except StoppingError:
            pass
        except Exception:  # whoever starts a container next is told
            log.exception("the libraries of %s are not loaded ahead", image)

    def stop(self) -> None:
        """End the warm parent and with it every container."""
        with self._lock:
            self._stopped = True
            parent, self._parent = self._parent, None
        if parent is not None:
            parent.stop()
