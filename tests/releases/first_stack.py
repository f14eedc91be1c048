"""The beginning of `slipway release` in a process of its own: local AWS is up and has the stack of the buckets."""

from __future__ import annotations

from scripts.deploy import deploy_setup
from scripts.local import start_local_aws
from scripts.output import Output
from scripts.session import Session
from scripts.target import Options


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
