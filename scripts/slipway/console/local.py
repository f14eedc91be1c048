"""The console as local AWS serves it, on its own port: its entry point in the group `local_aws.console`."""

from __future__ import annotations

from pathlib import Path

from starlette.types import ASGIApp

from slipway.console.access import Access
from slipway.console.application import Console
from slipway.console.live import Changes
from slipway.installation.local_key import read_local_key
from slipway.session import Session
from slipway.target import LOCAL_PORT, LOCAL_SUFFIX, Options, local_target
from slipway.terminal.output import Output


def application(port: int, region: str, state: Path, changes: Changes) -> ASGIApp:
    """Return the console of a local AWS: `state` is the folder of all that it holds."""
    session = Session(Options(local=True, region=region, suffix=LOCAL_SUFFIX, port=port), Output(as_json=False))
    session.__dict__["target"] = local_target(port, region, LOCAL_SUFFIX, state)
    return Console(session, local_access(state, port), changes).application()


def local_access(state: Path, port: int) -> Access:
    """Return whom the console of a local AWS lets in; raises SlipwayError if it was never started."""
    there = () if port == LOCAL_PORT else ("--port", str(port))
    return Access(read_local_key(state).secret_access_key, port, " ".join(("slipway", "open", *there)))
