"""Jobs in processes of their own: forked from the warm parent, and spawned as on macOS."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local_aws.sagemaker.containers.contract import CALLER_HEADER, Door
from local_aws.sagemaker.containers.parent import Process, WarmParent
from local_aws.sagemaker.containers.registry import UnknownImageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local_aws.sagemaker.containers.contract import Ml

    MakeMl = Callable[..., Ml]

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
WAIT_S = 60
SECRET = "of the server alone"
ROWS = "".join(f"{n % 7},{n},{n * 3 % 11}\n" for n in range(200))
SHORT = {"num_round": "5", "objective": "reg:squarederror"}
ENDLESS = {"num_round": "1000000", "objective": "reg:squarederror", "max_depth": "2"}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs process groups")


@pytest.fixture(scope="module", params=[True, False], ids=["forked", "spawned"])
def parent(request: pytest.FixtureRequest) -> Iterator[WarmParent]:
    if request.param and sys.platform == "darwin":
        pytest.skip("jobs are not forked on macOS")
    parent = WarmParent(fork=request.param)
    yield parent
    parent.stop()


@pytest.fixture
def forking() -> Iterator[WarmParent]:
    if sys.platform == "darwin":
        pytest.skip("jobs are not forked on macOS")
    parent = WarmParent(idle_exit_s=0.3)
    yield parent
    parent.stop()


def run_training(parent: WarmParent, ml: Ml, environment: dict[str, str] | None = None) -> tuple[int | None, str]:
    """Run a training job to its end; return the exit code and the log."""
    read, write = os.pipe()
    process = parent.start_training(IMAGE, ml.root, environment or {}, write)
    os.close(write)
    with os.fdopen(read) as log:
        text = log.read()
    return process.wait(WAIT_S), text


def start_endless(parent: WarmParent, ml: Ml) -> tuple[Process, int]:
    """Start a job that would take days; return once its first round is done."""
    read, write = os.pipe()
    process = parent.start_training(IMAGE, ml.root, {}, write)
    os.close(write)
    seen = b""
    while b"[2]\t" not in seen:
        chunk = os.read(read, 65536)
        assert chunk, seen.decode()
        seen += chunk
    threading.Thread(target=lambda: [None for _ in iter(lambda: os.read(read, 65536), b"")], daemon=True).start()
    return process, read


@contextmanager
def serving(
    parent: WarmParent, model_dir: Path, environment: dict[str, str] | None = None
) -> Iterator[tuple[Process, int]]:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    process = parent.start_serving(IMAGE, model_dir, environment or {}, Door(listener, SECRET))
    listener.close()
    try:
        yield process, port
    finally:
        process.kill()
        assert process.wait(WAIT_S) is not None


def ask(
    port: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    try:
        connection.request(method, path, body, {CALLER_HEADER: SECRET, **(headers or {"Content-Type": "text/csv"})})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def gone(pid: int) -> bool:
    """Say whether a process ends within the time."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False


def test_a_child_trains_and_serves_and_the_next_one_too(
    parent: WarmParent, make_ml: MakeMl, wine_files: dict[str, str]
) -> None:
    ml = make_ml({"num_round": "20", "objective": "reg:squarederror"}, wine_files)
    rows = [line.partition(",")[2] for line in wine_files["validation/validation.csv"].splitlines()]
    body = "\n".join(rows * 20).encode()
    answers = []
    for _ in range(2):
        code, log = run_training(parent, ml, {"TRAINING_JOB_NAME": "wine"})
        assert code == 0, log
        assert "[19]\ttrain-rmse:" in log
        with serving(parent, ml.model_dir) as (process, port):
            assert ask(port, "GET", "/ping") == (200, "")
            status, text = ask(port, "POST", "/invocations", body)
            assert (status, text.count("\n")) == (200, len(rows) * 20)
            answers.append(text)
            process.terminate()
            assert process.wait(WAIT_S) == 0
    assert answers[0] == answers[1]


def test_jobs_started_from_several_threads_are_kept_apart(parent: WarmParent, tmp_path: Path, make_ml: MakeMl) -> None:
    template = make_ml(SHORT, {"train/a.csv": ROWS})
    results: dict[int, int | None] = {}

    def run(number: int) -> None:
        ml = type(template)(tmp_path / f"job-{number}")
        subprocess.run(["cp", "-r", template.root, ml.root], check=True)
        if number % 2:
            (ml.config_dir / "hyperparameters.json").write_text(json.dumps({**SHORT, "eta": "2"}))
        results[number], _ = run_training(parent, ml)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert results == {0: 0, 1: 1, 2: 0, 3: 1}


def test_only_the_given_environment_reaches_a_job(
    parent: WarmParent, make_ml: MakeMl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAGEMAKER_BATCH", "true")
    ml = make_ml({"num_round": "2", "objective": "multi:softprob", "num_class": "7"}, {"train/a.csv": ROWS})
    assert run_training(parent, ml)[0] == 0
    for environment, first in (({}, "0."), ({"SAGEMAKER_BATCH": "true"}, "[0.")):
        with serving(parent, ml.model_dir, environment) as (_, port):
            assert ask(port, "POST", "/invocations", b"1,2")[1].startswith(first)


def test_a_stopped_job_leaves_the_model_of_its_last_round_if_asked(parent: WarmParent, make_ml: MakeMl) -> None:
    ml = make_ml({**ENDLESS, "save_model_on_termination": "true"}, {"train/a.csv": ROWS})
    ml.model_dir.mkdir()
    (ml.model_dir / "notes.txt").write_text("of no use without a model")
    process, log = start_endless(parent, ml)
    assert process.exit_code is None
    assert process.wait(0.01) is None
    process.terminate()
    assert process.wait(WAIT_S) == 0
    os.close(log)
    assert [path.name for path in ml.model_dir.iterdir()] == ["xgboost-model"]
    with serving(parent, ml.model_dir) as (_, port):
        assert ask(port, "POST", "/invocations", b"1,2")[0] == 200


def test_a_stopped_job_dies_of_sigterm_and_leaves_nothing_otherwise(parent: WarmParent, make_ml: MakeMl) -> None:
    ml = make_ml(ENDLESS, {"train/a.csv": ROWS})
    process, log = start_endless(parent, ml)
    process.terminate()
    assert process.wait(WAIT_S) == -signal.SIGTERM
    process.kill()
    os.close(log)
    assert list(ml.model_dir.iterdir()) == []


def test_stop_ends_everything_and_a_later_job_starts_again(parent: WarmParent, make_ml: MakeMl) -> None:
    ml = make_ml(ENDLESS, {"train/a.csv": ROWS})
    process, log = start_endless(parent, ml)
    parent.stop()
    assert process.wait(WAIT_S) == -signal.SIGKILL
    assert gone(process.pid)
    os.close(log)
    (ml.config_dir / "hyperparameters.json").write_text(json.dumps(SHORT))
    assert run_training(parent, ml)[0] == 0


def test_an_unknown_image_is_refused_before_anything_starts(parent: WarmParent, tmp_path: Path) -> None:
    with pytest.raises(UnknownImageError, match="known repositories: sagemaker-xgboost"):
        parent.start_training("nothing:1", tmp_path, {}, 1)


@pytest.mark.parametrize("headers", [{CALLER_HEADER: ""}, {CALLER_HEADER: "guessed"}, {CALLER_HEADER: SECRET[:-1]}])
def test_a_container_answers_the_server_alone(parent: WarmParent, make_ml: MakeMl, headers: dict[str, str]) -> None:
    ml = make_ml(SHORT, {"train/a.csv": ROWS})
    assert run_training(parent, ml)[0] == 0
    with serving(parent, ml.model_dir) as (_, port):
        for method, path in (("GET", "/ping"), ("POST", "/invocations")):
            status, text = ask(port, method, path, b"1,2", {"Content-Type": "text/csv", **headers})
            assert (status, text) == (403, "Only local AWS may call this container; call InvokeEndpoint")
        assert ask(port, "GET", "/ping")[0] == 200


def test_a_request_keeps_its_connection_and_ill_formed_ones_do_not(parent: WarmParent, make_ml: MakeMl) -> None:
    ml = make_ml(SHORT, {"train/a.csv": ROWS})
    assert run_training(parent, ml)[0] == 0
    with serving(parent, ml.model_dir, {"MAX_CONTENT_LENGTH": "100"}) as (_, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
        for _ in range(3):
            connection.request("POST", "/invocations", b"1,2", {"Content-Type": "text/csv", CALLER_HEADER: SECRET})
            response = connection.getresponse()
            assert (response.status, response.getheader("Connection")) == (200, "keep-alive")
            response.read()
        connection.close()
        status, text = ask(port, "POST", "/invocations", b"1" * 101)
        assert (status, text) == (413, "The body has 101 bytes, expected 100 (MAX_CONTENT_LENGTH)")
        assert ask(port, "POST", "/invocations", b"1,2", {"Transfer-Encoding": "chunked"})[0] == 411
        with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as raw:
            secret = f"{CALLER_HEADER}: {SECRET}\r\n".encode()
            raw.sendall(
                b"POST /invocations HTTP/1.1\r\nContent-Length: 3\r\n" + secret + b"Expect: 100-continue\r\n\r\n"
            )
            assert raw.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
            raw.sendall(b"0:1")
            assert raw.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")
        with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as raw:
            raw.sendall(b"hello\r\n\r\n")
            assert raw.recv(100).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_the_warm_parent_has_one_thread(forking: WarmParent, make_ml: MakeMl) -> None:
    assert run_training(forking, make_ml(SHORT, {"train/a.csv": ROWS}))[0] == 0
    connection = forking._connection  # the fork is only safe while this holds
    assert connection is not None
    pid = connection._popen.pid
    assert [path.name for path in Path(f"/proc/{pid}/task").iterdir()] == [str(pid)]


def test_the_warm_parent_ends_when_idle_and_comes_back(forking: WarmParent, make_ml: MakeMl) -> None:
    ml = make_ml(SHORT, {"train/a.csv": ROWS})
    forking.prepare(IMAGE)
    pids = set()
    for _ in range(2):
        assert run_training(forking, ml)[0] == 0
        connection = forking._connection
        assert connection is not None
        pids.add(connection._popen.pid)
        connection._reader.join(WAIT_S)
        assert connection.gone
    assert len(pids) == 2


def test_jobs_die_with_the_warm_parent(forking: WarmParent, make_ml: MakeMl) -> None:
    process, log = start_endless(forking, make_ml(ENDLESS, {"train/a.csv": ROWS}))
    connection = forking._connection
    assert connection is not None
    os.kill(connection._popen.pid, signal.SIGKILL)
    assert process.wait(WAIT_S) == -signal.SIGKILL
    assert gone(process.pid)
    os.close(log)


MAIN = """
import os, sys
from pathlib import Path
from local_aws.sagemaker.containers.parent import WarmParent
parent = WarmParent(fork=sys.argv[3] == "fork")
read, write = os.pipe()
process = parent.start_training(sys.argv[1], Path(sys.argv[2]), {}, write)
os.close(write)
seen = b""
while b"[2]" not in seen:
    seen += os.read(read, 65536) or sys.exit(seen.decode())
print(process.pid, flush=True)
while os.read(read, 65536):
    pass
"""


@pytest.mark.parametrize("mode", ["fork", "spawn"])
def test_no_job_survives_the_sudden_death_of_the_main_process(make_ml: MakeMl, mode: str) -> None:
    if mode == "fork" and sys.platform == "darwin":
        pytest.skip("jobs are not forked on macOS")
    ml = make_ml(ENDLESS, {"train/a.csv": ROWS})
    with subprocess.Popen(
        [sys.executable, "-c", MAIN, IMAGE, ml.root, mode], stdout=subprocess.PIPE, text=True
    ) as main:
        assert main.stdout is not None
        pid = int(main.stdout.readline())
        main.kill()
    assert gone(pid)
