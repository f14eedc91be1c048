"""Local AWS as a background process: starts one per state folder, finds it, and ends it.

The lock (`lock.py`) shows which server has a state folder, never a port or a response.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

from local_aws.serving.lock import Holder, LockError, StateLock, find_holder
from local_aws.settings import HOST, Settings, url_of
from local_aws.state import space

_START_S = 30.0
_STOP_S = 15.0
_PAUSE_S = 0.02
_LOG_LINES = 5
_SERVING = re.compile(r"-m local_aws serve --state (.+) --port (\d+) --region ")
LOCKED = 75
"""Exit code of a server that finds the state locked: EX_TEMPFAIL of sysexits.h."""


class ProcessError(Exception):
    """The command failed; the message says why, and the next step."""


def start(settings: Settings) -> str:
    """Start local AWS in the background unless it runs; returns a message once it answers. Raises ProcessError."""
    started = time.monotonic()
    found = _holder(settings)
    process = None if found else _spawn(settings)
    try:
        while time.monotonic() - started < _START_S:
            found = _holder(settings)
            if found and found.ready:
                own = process is not None and found.pid == process.pid
                return _told(settings, found, time.monotonic() - started if own else None)
            if found is None and (process is None or process.poll() is not None):
                process = _spawn_again(settings, process)
            time.sleep(_PAUSE_S)
    except BaseException:
        _end(process)
        raise
    _end(process)
    raise ProcessError(_too_slow(settings, found))


def stop(settings: Settings) -> str:
    """End the server that holds the lock, whether it answers or not; returns a message. Raises ProcessError."""
    found = _holder(settings)
    if found is None:
        return "local AWS is not running"
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            _signal(found.pid, number)
        deadline = time.monotonic() + _STOP_S
        while time.monotonic() < deadline:
            now = _holder(settings)
            if now is None or now.pid != found.pid:
                return f"local AWS is down; its state is kept in {settings.state}"
            time.sleep(_PAUSE_S)
    raise ProcessError(f"process {found.pid} does not end, even after SIGKILL")


def describe(settings: Settings) -> tuple[bool, str]:
    """Whether local AWS runs at the port of the settings, and a message. Raises ProcessError."""
    found = _holder(settings)
    if found is None:
        return False, "local AWS is not running"
    if not found.ready:
        return False, f"local AWS is starting (process {found.pid})"
    if found.port != settings.port:
        return False, _elsewhere(settings, found)
    return True, _with_notes(settings, f"local AWS is up at {url_of(found.port)} (process {found.pid})", found)


def lock_state(settings: Settings) -> StateLock:
    """The lock of the state folder, which is created if necessary. Raises ProcessError."""
    lock = StateLock(settings.lock_file)
    with _readable_errors(settings):
        settings.make_private()
        if lock.acquire():
            lock.announce(Holder(os.getpid(), settings.port, settings.region))
            return lock
    found = _holder(settings)
    who = f"process {found.pid}, at {url_of(found.port)}" if found else "another process"
    raise StateLockedError(f"the state in {settings.state} is in use by {who}. Stop that: down")


class StateLockedError(ProcessError):
    """The error if another server has the state."""


def listen(settings: Settings) -> socket.socket:
    """A socket that listens at the port; clients wait until the server answers. Raises ProcessError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # A port whose last server has just ended may be taken at once; a port in use may not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((HOST, settings.port))
        listener.listen()
    except PermissionError:
        listener.close()
        raise ProcessError(
            f"port {settings.port} may not be taken by this user. Choose one above 1023: --port N"
        ) from None
    except OSError:
        listener.close()
        raise ProcessError(
            f"port {settings.port} is taken by {_port_owner(settings)}. Stop that, or choose another port: --port N"
        ) from None
    return listener


def serve_command(settings: Settings) -> list[str]:
    """The command that serves in the foreground."""
    command = [sys.executable, "-m", "local_aws", "serve", "--state", str(settings.state)]
    return [*command, "--port", str(settings.port), "--region", settings.region]


def _spawn(settings: Settings) -> subprocess.Popen[bytes]:
    with _readable_errors(settings):
        settings.make_private()
        _ = settings.root  # created here, where the user sees what is wrong with it
        log = settings.log_file.open("ab")
    with log:
        return subprocess.Popen(
            serve_command(settings),
            env=settings.start_environment(),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def _spawn_again(settings: Settings, ended: subprocess.Popen[bytes] | None) -> subprocess.Popen[bytes]:
    """Start a server if the one waited for has ended, unless it was our own and reports why."""
    if ended is not None and ended.poll() != LOCKED:
        raise ProcessError(_last_log_lines(settings))
    return _spawn(settings)


def _told(settings: Settings, found: Holder, seconds: float | None) -> str:
    if found.port != settings.port or found.region != settings.region:
        raise ProcessError(_elsewhere(settings, found))
    if seconds is None:
        return _with_notes(settings, f"local AWS is already up at {url_of(found.port)} (process {found.pid})", found)
    return _with_notes(settings, f"local AWS is up at {url_of(found.port)} after {seconds:.1f} s", found)


def _with_notes(settings: Settings, sentence: str, found: Holder) -> str:
    return "\n".join(filter(None, [sentence, *found.notes, space.warning(settings.state)]))


def _elsewhere(settings: Settings, found: Holder) -> str:
    return (
        f"local AWS of {settings.state} is up at port {found.port} in {found.region}, not at port {settings.port} in "
        f"{settings.region}. Use that (--port {found.port} --region {found.region}), or stop it first: down"
    )


def _last_log_lines(settings: Settings) -> str:
    lines = settings.log_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    if lines and lines[-1].startswith(_SAID):
        return lines[-1].removeprefix(_SAID)
    return "\n".join([f"it did not start; the end of {settings.log_file} says:", *lines[-_LOG_LINES:]])


_SAID = "local AWS: "
"""The beginning of the line in which a server reports why it does not start."""


def print_failure(error: Exception) -> None:
    """Print an error where the user, or `start`, finds it."""
    print(f"{_SAID}{error}", file=sys.stderr)  # noqa: T201


def _too_slow(settings: Settings, found: Holder | None) -> str:
    if found is None:
        return f"it did not start within {_START_S:.0f} s; see {settings.log_file}"
    return (
        f"process {found.pid} holds the state in {settings.state} and does not answer within {_START_S:.0f} s. "
        f"End it (down) and start again; its log is {settings.log_file}"
    )


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None and process.poll() is None:
        process.kill()
        process.wait()


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except PermissionError:
        raise ProcessError(f"process {pid} belongs to another user, who must stop it") from None


def _holder(settings: Settings) -> Holder | None:
    with _readable_errors(settings):
        try:
            return find_holder(settings.lock_file)
        except LockError as error:
            raise ProcessError(str(error)) from None


@contextlib.contextmanager
def _readable_errors(settings: Settings) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ProcessError(
            f"the state folder {settings.state} cannot be used: {error.strerror or error}"
            f"{f' ({error.filename})' if error.filename else ''}. It must be a folder that you may write into"
        ) from None


def _port_owner(settings: Settings) -> str:
    """Who listens at the port, as far as the system shows it."""
    command = ["ps", "-A", "-ww", "-o", "args="]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    for match in filter(None, map(_SERVING.search, listed)):
        # The server with this state is the current process.
        if int(match.group(2)) == settings.port and match.group(1) != str(settings.state):
            return f"local AWS with its state in {match.group(1)}"
    return "another program"
