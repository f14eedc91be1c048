"""The program `serve` of a framework image: brings the code, installs its packages, loads the model, answers.

https://github.com/aws/sagemaker-containers, _server.py, and https://github.com/aws/sagemaker-inference-toolkit,
model_server.py. One process answers one request at a time, where the images have a worker for each processor. If the
script cannot be imported or the model not be loaded, the container ends with the traceback in its log.
"""

from __future__ import annotations

import importlib
import os
import site
import socket
import sys
import threading
import traceback
from pathlib import Path

from local_aws.sagemaker.containers.contract import Door
from local_aws.sagemaker.containers.registry import parse_image
from local_aws.sagemaker.containers.script_mode import confinement, frameworks, handlers, packages, source
from local_aws.sagemaker.containers.script_mode.codecs import JSON
from local_aws.sagemaker.containers.script_mode.failures import ClientError
from local_aws.sagemaker.containers.script_mode.frameworks import PROGRAM, PYTORCH_INFERENCE, XGBOOST
from local_aws.sagemaker.containers.script_mode.handlers import Handler
from local_aws.sagemaker.containers.script_mode.task import Task
from local_aws.sagemaker.containers.script_mode.toolkit_log import ToolkitLog
from local_aws.sagemaker.containers.toolkit.http_server import Answer, HttpServer, Request

_ROOT = Path(__file__).resolve().parents[4]
_ANY_BYTES = 1 << 40
_DEFAULT_PROGRAMS = {PYTORCH_INFERENCE.repository: "inference.py"}


class ScriptService:
    """Answers requests by a handler, one at a time: a script need not be safe for threads."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Answer:
        """Return the answer to any request."""
        if request.path == "/ping":
            return Answer(200, "", JSON)
        if (request.method, request.path) == ("POST", "/invocations"):
            with self._lock:
                return self._handler.invoke(request.body, request.headers)
        if (request.method, request.path) == ("GET", "/execution-parameters"):
            parameters = self._handler.execution_parameters()
            if parameters is not None:
                return parameters
        return Answer(404, f"{request.method} {request.path} is not part of the inference contract")


def load(task: Task, lines: ToolkitLog) -> Handler:
    """Bring and import the script, and load its model. Raises ClientError, and whatever the script raises."""
    framework = frameworks.of_image(task.image)
    program = os.environ.get(PROGRAM.upper(), _DEFAULT_PROGRAMS.get(framework.repository, ""))
    if not program:
        raise ClientError(f"no script: name it with the environment variable {PROGRAM.upper()} of the model")
    model_dir = f"{task.base}/model"
    inside = f"{model_dir}/code"
    default = inside if framework is PYTORCH_INFERENCE else str(task.code)
    source.fetch(os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", default), task)
    installer = packages.Installer(task, lines)
    installed = installer.install()
    differing = installer.versions_line(installed)
    if differing:
        lines.info(differing)
    confinement.confine(task, lines)
    _import_from([str(task.code), *([str(installed)] if installed else [])])
    module = importlib.import_module(program.removesuffix(".py"))
    handler = handlers.for_image(parse_image(task.image).repository, module, model_dir, os.environ)
    handler.load()
    return handler


def _import_from(folders: list[str]) -> None:
    """Let the script, and what it starts, import from these folders first, and not from local AWS."""
    unwanted = {_ROOT} - set(map(Path, site.getsitepackages()))
    sys.path[:] = [*folders, *(place for place in sys.path if Path(place).resolve() not in unwanted)]
    os.environ["PYTHONPATH"] = os.pathsep.join(folders)


def serve(task: Task) -> int:
    """Serve until SIGTERM; returns the exit code."""
    framework = frameworks.of_image(task.image)
    lines = ToolkitLog("sagemaker-containers" if framework is not PYTORCH_INFERENCE else "sagemaker-inference")
    if task.shared:
        lines.warning(
            f"This machine cannot give a container its own /opt/ml ({task.shared}). It is {task.base}; a script that "
            "opens /opt/ml itself does not find it"
        )
    try:
        handler = load(task, lines)
    except ClientError as error:
        lines.error(str(error))
        return 1
    except Exception:  # noqa: BLE001 - the container ends, and its log says why
        lines.error(traceback.format_exc())
        return 1
    if task.listener is None:
        lines.error("A serving container needs a listening socket")
        return 2
    limit = int(os.environ.get("SAGEMAKER_MAX_REQUEST_SIZE", handlers.MAX_REQUEST_BYTES))
    door = Door(socket.socket(fileno=task.listener), task.secret)
    HttpServer(door, ScriptService(handler).answer, limit if framework is XGBOOST else _ANY_BYTES).run()
    return 0


def main() -> None:
    """Serve."""
    code = serve(Task.take(os.environ))
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
