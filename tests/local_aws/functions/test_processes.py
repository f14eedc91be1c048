"""The processes of functions: forked from one that has boto3, and as if each had been started by itself."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.local_aws.functions.deployed import deploy
from tests.local_server import LocalServer, wait_for

TELLS = """
import os, re, sys
there = "boto3" in sys.modules
import boto3
def handler(event, context):
    text = open("/proc/self/smaps_rollup").read()
    own_kib = sum(int(kib) for kib in re.findall("Private_(?:Clean|Dirty): +([0-9]+)", text))
    return {"there": there, "own_kib": own_kib, "variables": dict(os.environ), "parent": os.getppid(),
            "folder": os.getcwd(), "main": sys.modules["__main__"].__file__}
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="functions are forked on Linux only")


@linux
def test_what_functions_import_is_in_memory_once(local_aws: LocalServer) -> None:
    shared, _ = deploy(local_aws, "shares", TELLS).call()
    # A setting that Python reads while it starts.
    settings = {"Variables": {"PYTHONNOUSERSITE": "1"}}
    alone, _ = deploy(local_aws, "alone", TELLS, Environment=settings).call()
    assert (shared["there"], alone["there"]) == (True, False)
    assert alone["own_kib"] - shared["own_kib"] > 8_000


@linux
def test_what_the_import_of_a_function_has_freed_is_given_back(local_aws: LocalServer) -> None:
    clients = "\nclients = [boto3.client(name) for name in ('codepipeline', 'sagemaker', 's3')]\n"
    function = deploy(local_aws, "gives-back", TELLS.replace("import boto3\n", f"import boto3\n{clients}"))
    first, second = (function.call()[0]["own_kib"] for _ in range(2))
    assert first - second > 1_000


@linux
def test_a_function_has_its_own_environment_and_nothing_of_another(local_aws: LocalServer) -> None:
    functions = {
        name: deploy(local_aws, name, TELLS, Environment={"Variables": {name: "mine", "TZ": "Asia/Tokyo"}})
        for name in ("first_one", "second_one")
    }
    told = {name: function.call()[0] for name, function in functions.items()}
    for name, answer in told.items():
        variables = answer["variables"]
        assert variables["AWS_LAMBDA_FUNCTION_NAME"] == name
        assert set(functions) & set(variables) == {name}
        assert Path(answer["folder"]).parent == Path(answer["main"]).parent
    keys = {answer["variables"]["AWS_ACCESS_KEY_ID"] for answer in told.values()}
    assert len(keys) == len(functions)


def test_what_a_function_brings_comes_before_what_is_there(local_aws: LocalServer) -> None:
    code = "import jmespath\ndef handler(event, context):\n    return jmespath.WHOSE"
    function = deploy(local_aws, "brings", code, files={"jmespath.py": "WHOSE = 'mine'"})
    assert function.call() == ("mine", None)


@linux
def test_the_process_that_functions_are_forked_from_is_replaced(local_aws: LocalServer) -> None:
    function = deploy(local_aws, "outlives", TELLS)
    supervisor = function.call()[0]["parent"]
    stat = Path(f"/proc/{supervisor}/stat").read_text(encoding="utf-8")
    os.kill(int(stat.rpartition(")")[2].split()[1]), signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{supervisor}").exists(), "the function's processes to be gone")
    answer, error = function.call()
    assert error is None
    assert answer["parent"] != supervisor
