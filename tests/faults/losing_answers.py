"""A local AWS whose SageMaker does what it is asked, and loses the first answer to each request.

The client gets a 500, as from a service that fails after the effect, and does not know what has become of its request.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from local_aws.sagemaker.service import SageMakerService
from local_aws.serving import process
from local_aws.settings import Settings
from local_aws.wire import AwsError, Operation

CHANGING = ("Create", "Update", "Delete", "Stop")
OF_STACKS = frozenset({"CreateModelPackageGroup", "DeleteModelPackageGroup"})
"""CloudFormation's, whose handler repeats nothing here."""
SERVER_ERROR = 500


def losing(name: str, operation: Operation, seen: set[str], log: Path) -> Operation:
    """The operation, whose first answer to a request is lost; the log gets a line with its name."""

    def behave(caller: Any, document: Any) -> Any:
        answer = operation.behaviour(caller, document)
        request = f"{name} {json.dumps(document, default=str, sort_keys=True)}"
        if request in seen:
            return answer
        seen.add(request)
        with log.open("a", encoding="utf-8") as lines:
            lines.write(f"{name}\n")
        raise AwsError("InternalFailure", "The answer is lost.", SERVER_ERROR)

    return replace(operation, behaviour=behave)


def main(state: str, port: str, log: str) -> None:
    """Serve in the foreground."""
    seen: set[str] = set()
    reliable = SageMakerService.operations

    def operations(service: SageMakerService) -> dict[str, Operation]:
        return {
            name: losing(name, operation, seen, Path(log))
            if name.startswith(CHANGING) and name not in OF_STACKS
            else operation
            for name, operation in reliable(service).items()
        }

    settings = Settings(Path(state), int(port))
    settings.make_private()
    lock = process.lock_state(settings)
    listener = process.listen(settings)
    from local_aws.serving.server import serve  # noqa: PLC0415 - loads everything

    with mock.patch.object(SageMakerService, "operations", operations):
        serve(settings, lock, listener)


if __name__ == "__main__":
    main(*sys.argv[1:])
