"""`python -m local_aws up|down|status|serve|connect|git-credential`: local AWS as a background process."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from local_aws.serving import process
from local_aws.serving.root import RootKeyError, read_root_key
from local_aws.settings import DEFAULT_PORT, DEFAULT_REGION, Settings

_MAX_PORT = 65_535
_HELPER = "git-credential"
_SET_BY_THE_SYSTEM = frozenset({"LC_CTYPE", "__CF_USER_TEXT_ENCODING"})
"""What Python and macOS add to the environment of a process."""


def main(arguments: list[str] | None = None) -> int:
    """Run a verb; returns the exit code."""
    parser = argparse.ArgumentParser(prog="local_aws", description="AWS on this machine, on one port of loopback.")
    parser.add_argument("verb", choices=("up", "down", "status", "serve", "connect", _HELPER))
    parser.add_argument("connection", nargs="?", help="connect: name of a connection; git-credential: what git asks")
    parser.add_argument("repository", nargs="?", help="connect: OWNER/REPOSITORY=PATH of a local git repository")
    parser.add_argument("--state", type=Path, default=Path(".slipway/local"), help="folder of all state")
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT)
    parser.add_argument("--region", default=DEFAULT_REGION)
    options = parser.parse_intermixed_args(arguments)  # git puts its word behind the options
    settings = Settings(options.state.resolve(), options.port, options.region)
    if options.verb == "connect":
        return connect(settings, options.connection or "", options.repository or "")
    if options.verb == _HELPER:
        return git_credential(settings, options.connection or "")
    try:
        return {"up": up, "down": down, "status": status, "serve": serve_in_foreground}[options.verb](settings)
    except (RootKeyError, process.ProcessError) as error:
        process.print_failure(error)
        return 1


def up(settings: Settings) -> int:
    """Start local AWS in the background and return when it answers; the first of several starts the one server."""
    print(process.start(settings))  # noqa: T201
    return 0


def down(settings: Settings) -> int:
    """Stop local AWS and all its processes; success if it is not running."""
    print(process.stop(settings))  # noqa: T201
    return 0


def status(settings: Settings) -> int:
    """Say whether local AWS runs at its port; exit code 1 if not."""
    runs, said = process.describe(settings)
    print(said)  # noqa: T201
    return 0 if runs else 1


def git_credential(settings: Settings, asked: str) -> int:
    """Tell git who signs in to a repository, as its credential helper; what git wants stored or erased is not."""
    from local_aws.codecommit.git_http.helper import answer  # noqa: PLC0415 - only here

    key = read_root_key(settings.state)
    if asked == "get" and key is not None:
        sys.stdout.write(answer(sys.stdin, settings.region, key))
    return 0


def connect(settings: Settings, connection: str, repository: str) -> int:
    """Complete the handshake of a connection: let it reach a local git repository."""
    from local_aws.codeconnections.links import LinkError, Links  # noqa: PLC0415 - only here
    from local_aws.state.store import Store  # noqa: PLC0415

    full_name, _, path = repository.partition("=")
    if not connection or not path or not settings.state.is_dir():
        print("usage: local_aws connect CONNECTION OWNER/REPOSITORY=PATH, after `up`", file=sys.stderr)  # noqa: T201
        return 2
    try:
        Links(Store(settings.database)).link(connection, full_name, Path(path))
    except LinkError as error:
        print(f"local AWS: {error}", file=sys.stderr)  # noqa: T201
        return 1
    print(f"{connection} reaches {full_name} in {path}")  # noqa: T201
    return 0


def serve_in_foreground(settings: Settings) -> int:
    """Run local AWS in this process, in the foreground, started anew if its environment holds more than it is to."""
    environment = settings.start_environment()
    if set(os.environ) - set(environment) - _SET_BY_THE_SYSTEM:
        os.execve(sys.executable, process.serve_command(settings), environment)  # noqa: S606 - ourselves
    os.environ.update(environment)
    try:
        lock = process.lock_state(settings)
    except process.StateLockedError as error:
        process.print_failure(error)
        return process.LOCKED
    listener = process.listen(settings)
    from local_aws.serving.server import serve  # noqa: PLC0415 - loads everything

    serve(settings, lock, listener)
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text} is no port; expected 1 to {_MAX_PORT}")
    return int(text)


if __name__ == "__main__":
    raise SystemExit(main())
