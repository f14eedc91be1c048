"""What a hostile script reaches of this machine, by attacks from inside its container."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.processes.forking import Process
from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.containers.isolated import Isolated
from local_aws.sagemaker.containers.script_mode.launch import Scripts
from tests.local_aws.sagemaker.containers.conftest import MlBuilder
from tests.local_aws.sagemaker.containers.script_mode.scripts import SCIKIT_LEARN, hyperparameters, tarball
from tests.local_server import wait_for

_END_S = 30
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it needs namespaces")

ATTACKS = """
import ctypes, json, os, pathlib, signal, socket, subprocess, sys

target = json.loads(os.environ["TARGET"])
libc = ctypes.CDLL(None, use_errno=True)
found = {}

def attack(name, attempt):
    try:
        found[name] = repr(attempt())
    except BaseException as error:
        found[name] = type(error).__name__

def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)

def connect(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as made:
        made.settimeout(2)
        made.connect(address)
        return made.send(b"x")

def into(pid):
    call("setns", os.open(f"/proc/{pid}/ns/net", os.O_RDONLY), 0)
    return connect(socket.AF_INET, ("127.0.0.1", target["tcp"]))

attack("secret", lambda: open(target["secret"]).read())
attack("another job", lambda: open(target["other"]).read())
attack("home", lambda: open(os.path.expanduser("~") + "/.bashrc").read())
attack("credentials", lambda: [name for name in os.environ if name.startswith("AWS_") and "KEY" in name][0])
attack("parent's environment", lambda: "TARGET" not in open(f"/proc/{target['pid']}/environ").read())
attack("kill", lambda: os.kill(target["pid"], signal.SIGKILL))
attack("namespace", lambda: into(target["pid"]))
attack("namespace of 1", lambda: into(1))
attack("root of 1", lambda: os.listdir("/proc/1/root"))
attack("mount", lambda: call("mount", b"tmpfs", b"/opt/ml", b"tmpfs", 0, None))
attack("unmount", lambda: call("umount2", b"/opt/ml", 2))
attack("tcp", lambda: connect(socket.AF_INET, ("127.0.0.1", target["tcp"])))
if target["offline"]:
    attack("dns", lambda: connect(socket.AF_INET, ("192.0.2.1", 53), socket.SOCK_DGRAM))
    attack("name", lambda: socket.getaddrinfo("example.com", 80))
attack("unix", lambda: connect(socket.AF_UNIX, target["unix"]))
attack("abstract", lambda: connect(socket.AF_UNIX, "\\0" + target["abstract"]))
attack("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
attack("subprocess", lambda: subprocess.run(
    [sys.executable, "-c", "import socket; socket.create_connection(('127.0.0.1', %d), 2)" % target["tcp"]],
    check=True, stderr=subprocess.DEVNULL))
attack("system", lambda: open("/usr/attacked", "w"))
attack("python", lambda: open(sys.prefix + "/attacked", "w"))
attack("packages", lambda: open(target["packages"] + "/attacked", "w"))
attack("disk", lambda: os.mknod("/tmp/disk", 0o60600, os.makedev(254, 0)) or open("/tmp/disk", "rb").read(1))
pathlib.Path("/tmp/mine").write_text("kept")
found["tmp"] = pathlib.Path("/tmp/mine").read_text()
found["devices"] = sorted(os.listdir("/dev"))
found["processes"] = sum(name.isdigit() for name in os.listdir("/proc"))
open("/opt/ml/model/found.json", "w").write(json.dumps(found))
"""
REFUSED = {
    "FileNotFoundError", "PermissionError", "OSError", "ProcessLookupError", "ConnectionRefusedError", "gaierror",
    "IndexError", "CalledProcessError",
}  # fmt: skip


@pytest.fixture
def scripts(tmp_path: Path) -> Iterator[Scripts]:
    isolated = Isolated()
    assert isolated.exposure() is None
    yield Scripts(isolated, tmp_path / "state" / "sagemaker" / "script-mode")
    isolated.stop()


def started(scripts: Scripts, ml: Ml, *, offline: bool, **environment: str) -> Process:
    with ml.root.with_name("log").open("wb") as log:
        return scripts.train(SCIKIT_LEARN, ml.root, environment, log.fileno(), offline=offline)


def built(ml_builder: MlBuilder, code: str) -> Ml:
    ml = ml_builder.build(
        hyperparameters("train.py"), {"train/a.csv": "1,2\n", "code/sourcedir.tar.gz": tarball(**{"train.py": code})}
    )
    ml.model_dir.mkdir()
    return ml


@pytest.fixture
def target(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """What a script is to attack: a secret, this process, and servers of all kinds."""
    secret = tmp_path / "state" / "credentials"
    secret.parent.mkdir()
    secret.write_text("key")
    other = tmp_path / "state" / "sagemaker" / "jobs" / "training-job" / "other" / "ml" / "model" / "weights"
    other.parent.mkdir(parents=True)
    other.write_text("weights")
    abstract = f"attacked-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as unix,
        socket.socket(socket.AF_UNIX) as hidden,
    ):
        unix.bind(str(tmp_path / "s"))
        unix.listen()
        hidden.bind(f"\0{abstract}")
        hidden.listen()
        yield {
            "secret": str(secret),
            "other": str(other),
            "packages": str(tmp_path / "state" / "sagemaker" / "script-mode" / "packages"),
            "pid": os.getpid(),
            "tcp": tcp.getsockname()[1],
            "unix": str(tmp_path / "s"),
            "abstract": abstract,
        }


def test_nothing_of_this_machine_is_reached(scripts: Scripts, ml_builder: MlBuilder, target: dict[str, Any]) -> None:
    ml = built(ml_builder, ATTACKS)
    assert started(scripts, ml, offline=True, TARGET=json.dumps({**target, "offline": True})).wait(_END_S) == 0
    found = json.loads((ml.model_dir / "found.json").read_text())
    assert found.pop("tmp") == "kept"
    assert not Path("/tmp/mine").exists()  # noqa: S108 - where it must not be
    assert found.pop("devices") == sorted(
        ("fd", "full", "null", "random", "shm", "stderr", "stdin", "stdout", "urandom", "zero")
    )
    assert found.pop("processes") == 3, "the first process, the program train and the script"
    assert {name: how for name, how in found.items() if how not in REFUSED} == {}


def test_with_a_network_it_reaches_that_alone(
    scripts: Scripts, ml_builder: MlBuilder, target: dict[str, Any], tmp_path: Path
) -> None:
    ml = built(ml_builder, ATTACKS)
    assert started(scripts, ml, offline=False, TARGET=json.dumps({**target, "offline": False})).wait(_END_S) == 0
    found = json.loads((ml.model_dir / "found.json").read_text())
    reached = {name for name, how in found.items() if isinstance(how, str) and how not in REFUSED}
    assert reached == {"tmp", "tcp", "subprocess", "abstract"}
    assert not (tmp_path / "state" / "attacked").exists()


DAEMON = """
import fcntl, os, pathlib, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        held = open("/opt/ml/model/held", "w")
        fcntl.flock(held, fcntl.LOCK_EX)
        pathlib.Path("/opt/ml/model/ready").touch()
        time.sleep(300)
    os._exit(0)
while not os.path.exists("/opt/ml/model/ready"):
    time.sleep(0.01)
{then}
"""


@pytest.mark.parametrize("then", ["", "os.kill(os.getppid(), 9); time.sleep(300)", "os.kill(1, 9); os.abort()"])
def test_nothing_outlives_the_job(scripts: Scripts, ml_builder: MlBuilder, then: str) -> None:
    ml = built(ml_builder, DAEMON.format(then=then))
    code = started(scripts, ml, offline=True).wait(_END_S)
    assert (code == 0) == (then == "")

    def free() -> bool:
        with (ml.model_dir / "held").open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    wait_for(free, "the end of what the script left", _END_S)
