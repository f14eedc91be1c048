"""The beginning of `slipway release` in a process of its own: local AWS is up and has the stack of the buckets."""

from __future__ import annotations

from slipway.session import Session
from slipway.target import Options
from slipway.terminal.output import Output
from slipway.verbs.deploy import deploy_setup
from slipway.verbs.local import start_local_aws


def main(port: int) -> int:
    """Start local AWS of the checkout in the current folder and create its setup stack."""
    options = Options(
        local=True, profile=None, region=None, suffix=None, model="wine-quality", port=port, as_json=False
    )
    session = Session(options, Output(as_json=False))
    session.announce()
    start_local_aws(session)
    deploy_setup(session)
    return 0
