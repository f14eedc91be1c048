"""MiniStack's state is written without a copy of it, and without a change of it."""

from __future__ import annotations

import io
import json
import time
import zipfile
from types import SimpleNamespace
from typing import Any

from local_aws.base import memory
from tests.local_server import LocalServer, allow


def test_a_function_runs_after_its_state_was_written(own_local_aws: LocalServer) -> None:
    """What is written of a function refers to its package; the function in memory must keep the package itself."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return event\n")
    role = own_local_aws.create_role("kept", "lambda.amazonaws.com", allow("logs:*"))
    client = own_local_aws.client("lambda")

    def answer() -> Any:
        return json.load(client.invoke(FunctionName="kept", Payload=b'{"a": 1}')["Payload"])

    code = {"ZipFile": package.getvalue()}
    client.create_function(FunctionName="kept", Runtime="python3.13", Role=role, Handler="app.handler", Code=code)
    for memory_size in (256, 512):  # each makes a new worker from the package in memory
        client.update_function_configuration(FunctionName="kept", MemorySize=memory_size)
        assert answer() == {"a": 1}
        time.sleep(1.2)  # a saving in the background
    own_local_aws.kill()
    own_local_aws.up()
    assert answer() == {"a": 1}


def test_a_state_is_copied_again_once_it_is_written() -> None:
    import copy  # noqa: PLC0415 - as the module of MiniStack has it

    state = {"a": [1]}
    module = SimpleNamespace(copy=copy)
    with memory.without_copies(module):
        assert module.copy.deepcopy(state) is state
    copied = module.copy.deepcopy(state)
    assert copied == state
    assert copied is not state
