"""`python -m local_aws up|down|status|serve|connect`: local AWS as a background process."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from local_aws.settings import DEFAULT_PORT, DEFAULT_REGION, HOST, Settings

_START_S = 30.0
_STOP_S = 15.0
_SET_BY_THE_SYSTEM = frozenset({"LC_CTYPE", "__CF_USER_TEXT_ENCODING"})
"""What Python and macOS add to the environment of a process."""


def main(arguments: list[str] | None = None) -> int:
    """Run a verb; returns the exit code."""
    parser = argparse.ArgumentParser(prog="local_aws", description="AWS on this machine, on one port of loopback.")
    parser.add_argument("verb", choices=("up", "down", "status", "serve", "connect"))
    parser.add_argument("connection", nargs="?", help="connect: name of a connection")
    parser.add_argument("repository", nargs="?", help="connect: OWNER/REPOSITORY=PATH of a local git repository")
    parser.add_argument("--state", type=Path, default=Path(".slipway/local"), help="folder of all state")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--region", default=DEFAULT_REGION)
    options = parser.parse_args(arguments)
    settings = Settings(options.state.resolve(), options.port, options.region)
    if options.verb == "connect":
        return connect(settings, options.connection or "", options.repository or "")
    return {"up": up, "down": down, "status": status, "serve": serve_here}[options.verb](settings)


def up(settings: Settings) -> int:
    """Start local AWS in the background and return when it answers."""
    running = _identity(settings)
    if running and running["state"] == str(settings.state):
        print(f"local AWS is already up at {settings.url} (process {running['pid']})")  # noqa: T201
        return 0
    if _port_taken(settings):
        owner = f"local AWS with its state in {running['state']}" if running else "another program"
        print(  # noqa: T201
            f"local AWS: port {settings.port} is taken by {owner}. Stop that, or choose another port: --port N",
            file=sys.stderr,
        )
        return 1
    settings.state.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with settings.log_file.open("ab") as log:
        process = subprocess.Popen(
            _serve_command(settings),
            env=settings.start_environment(),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    settings.pid_file.write_text(str(process.pid), encoding="utf-8")
    while time.monotonic() - started < _START_S and process.poll() is None:
        if _identity(settings):
            print(f"local AWS is up at {settings.url} after {time.monotonic() - started:.1f} s")  # noqa: T201
            return 0
        time.sleep(0.02)
    last = settings.log_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
    print("local AWS did not start; the end of", settings.log_file, "says:", *last, sep="\n", file=sys.stderr)  # noqa: T201
    return 1


def down(settings: Settings) -> int:
    """Stop local AWS and all its processes; success if it is not running."""
    pid = _running_pid(settings)
    if pid is None:
        print("local AWS is not running")  # noqa: T201
        settings.pid_file.unlink(missing_ok=True)
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_S
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    if _alive(pid):
        os.kill(pid, signal.SIGKILL)
    settings.pid_file.unlink(missing_ok=True)
    print("local AWS is down; its state is kept in", settings.state)  # noqa: T201
    return 0


def status(settings: Settings) -> int:
    """Say whether local AWS answers; exit code 1 if not."""
    running = _identity(settings)
    print(f"local AWS is up at {settings.url} (process {running['pid']})" if running else "local AWS is not running")  # noqa: T201
    return 0 if running else 1


def connect(settings: Settings, connection: str, repository: str) -> int:
    """Complete the handshake of a connection: let it reach a local git repository."""
    from local_aws.codeconnections.links import LinkError, Links  # noqa: PLC0415 - only here
    from local_aws.store import Store  # noqa: PLC0415

    full_name, _, path = repository.partition("=")
    if not connection or not path or not settings.state.is_dir():
        print("usage: local_aws connect CONNECTION OWNER/REPOSITORY=PATH, after `up`", file=sys.stderr)  # noqa: T201
        return 2
    try:
        Links(Store(settings.state / "slipway.db")).link(connection, full_name, Path(path))
    except LinkError as error:
        print(f"local AWS: {error}", file=sys.stderr)  # noqa: T201
        return 1
    print(f"{connection} reaches {full_name} in {path}")  # noqa: T201
    return 0


def serve_here(settings: Settings) -> int:
    """Run local AWS in this process, in the foreground, started anew if its environment holds more than it is to."""
    environment = settings.start_environment()
    if set(os.environ) - set(environment) - _SET_BY_THE_SYSTEM:
        os.execve(sys.executable, _serve_command(settings), environment)  # noqa: S606 - ourselves
    os.environ.update(environment)
    from local_aws.server import serve  # noqa: PLC0415 - loads everything

    serve(settings)
    return 0


def _serve_command(settings: Settings) -> list[str]:
    command = [sys.executable, "-m", "local_aws", "serve", "--state", str(settings.state)]
    return [*command, "--port", str(settings.port), "--region", settings.region]


def _identity(settings: Settings) -> dict[str, str] | None:
    try:
        with urllib.request.urlopen(f"{settings.url}/_local_aws", timeout=2) as answer:  # noqa: S310 - http, loopback
            found: dict[str, str] = json.load(answer)
            return found if "pid" in found else None
    except (OSError, ValueError):
        return None


def _running_pid(settings: Settings) -> int | None:
    """The process that serves this state folder; one that does not answer is known by its pid file."""
    running = _identity(settings)
    if running:
        return int(running["pid"]) if running["state"] == str(settings.state) else None
    if not _port_taken(settings) or not settings.pid_file.exists():
        return None
    pid = int(settings.pid_file.read_text(encoding="utf-8"))
    listed = subprocess.run(["ps", "-p", str(pid), "-o", "args="], capture_output=True, text=True, check=False).stdout
    return pid if "local_aws" in listed else None


def _port_taken(settings: Settings) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, settings.port)) == 0


def _alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    raise SystemExit(main())
