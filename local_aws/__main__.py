"""`python -m local_aws up|down|status|serve|connect|git-credential`: local AWS as a background process."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from local_aws.root import RootKeyError, read_root_key
from local_aws.running import HeldError, running
from local_aws.settings import DEFAULT_PORT, DEFAULT_REGION, HOST, Settings

_START_S = 30.0
_STOP_S = 15.0
_HELPER = "git-credential"
_SERVING = re.compile(r"-m local_aws serve --state (.+) --port (\d+) --region ")
_SET_BY_THE_SYSTEM = frozenset({"LC_CTYPE", "__CF_USER_TEXT_ENCODING"})
"""What Python and macOS add to the environment of a process."""


def main(arguments: list[str] | None = None) -> int:
    """Run a verb; returns the exit code."""
    parser = argparse.ArgumentParser(prog="local_aws", description="AWS on this machine, on one port of loopback.")
    parser.add_argument("verb", choices=("up", "down", "status", "serve", "connect", _HELPER))
    parser.add_argument("connection", nargs="?", help="connect: name of a connection; git-credential: what git asks")
    parser.add_argument("repository", nargs="?", help="connect: OWNER/REPOSITORY=PATH of a local git repository")
    parser.add_argument("--state", type=Path, default=Path(".slipway/local"), help="folder of all state")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--region", default=DEFAULT_REGION)
    options = parser.parse_intermixed_args(arguments)  # git puts its word behind the options
    settings = Settings(options.state.resolve(), options.port, options.region)
    if options.verb == "connect":
        return connect(settings, options.connection or "", options.repository or "")
    if options.verb == _HELPER:
        return git_credential(settings, options.connection or "")
    try:
        return {"up": up, "down": down, "status": status, "serve": serve_here}[options.verb](settings)
    except (RootKeyError, HeldError) as error:
        print(f"local AWS: {error}", file=sys.stderr)  # noqa: T201
        return 1


def up(settings: Settings) -> int:
    """Start local AWS in the background and return when it answers."""
    found = running(settings.state)
    if found and found.port == settings.port and _port_taken(settings):
        print(f"local AWS is already up at {settings.url} (process {found.pid})")  # noqa: T201
        return 0
    if found:
        print(  # noqa: T201
            f"local AWS: {settings.state} is served at port {found.port} by process {found.pid}. Stop that first: down",
            file=sys.stderr,
        )
        return 1
    if _port_taken(settings):
        state = _state_at(settings.port)
        owner = f"local AWS with its state in {state}" if state else "another program"
        print(  # noqa: T201
            f"local AWS: port {settings.port} is taken by {owner}. Stop that, or choose another port: --port N",
            file=sys.stderr,
        )
        return 1
    settings.make_private()
    _ = settings.root
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
        if _port_taken(settings):
            print(f"local AWS is up at {settings.url} after {time.monotonic() - started:.1f} s")  # noqa: T201
            return 0
        time.sleep(0.02)
    last = settings.log_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
    print("local AWS did not start; the end of", settings.log_file, "says:", *last, sep="\n", file=sys.stderr)  # noqa: T201
    return 1


def down(settings: Settings) -> int:
    """Stop local AWS and all its processes; success if it is not running."""
    found = running(settings.state)
    if found is None:
        print("local AWS is not running")  # noqa: T201
        settings.pid_file.unlink(missing_ok=True)
        return 0
    pid = found.pid
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
    found = running(settings.state)
    is_up = found is not None and found.port == settings.port and _port_taken(settings)
    print(f"local AWS is up at {settings.url} (process {found.pid})" if found and is_up else "local AWS is not running")  # noqa: T201
    return 0 if is_up else 1


def git_credential(settings: Settings, asked: str) -> int:
    """Tell git who signs in to a repository, as its credential helper; what git wants stored or erased is not."""
    from local_aws.codecommit.helper import answer  # noqa: PLC0415 - only here

    key = read_root_key(settings.state)
    if asked == "get" and key is not None:
        sys.stdout.write(answer(sys.stdin, settings.region, key))
    return 0


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


def _state_at(port: int) -> str | None:
    """The state folder of whichever local AWS was started for a port, by what the system says runs."""
    command = ["ps", "-A", "-ww", "-o", "args="]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    found = (match for match in map(_SERVING.search, listed) if match)
    return next((match.group(1) for match in found if int(match.group(2)) == port), None)


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
