"""A container without a network (EnableNetworkIsolation).

https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html: no network calls, and no credentials.
"""

from __future__ import annotations

from local_aws.sagemaker.containers.no_network import leave_network
from local_aws.sagemaker.containers.private_mounts import IsolationError
from local_aws.sagemaker.containers.script_mode.toolkit_log import ToolkitLog


def leave(lines: ToolkitLog) -> None:
    """Take the network from this process and what it starts, or say that this machine does not allow it."""
    try:
        leave_network()
    except IsolationError as error:
        lines.warning(f"The job has no network on AWS; here it has, as this machine cannot take it away: {error}")
