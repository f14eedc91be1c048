"""What is taken from a container before it runs the user's script.

Without a network (EnableNetworkIsolation) it makes no network calls and has no credentials:
https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html
"""

from __future__ import annotations

from pathlib import Path

from local_aws.sagemaker.containers import capabilities
from local_aws.sagemaker.containers.no_network import leave_network
from local_aws.sagemaker.containers.private_mounts import IsolationError
from local_aws.sagemaker.containers.private_root import make_read_only
from local_aws.sagemaker.containers.script_mode.task import Task
from local_aws.sagemaker.containers.script_mode.toolkit_log import ToolkitLog


def confine(task: Task, lines: ToolkitLog) -> None:
    """Take the network from this process and what it starts, and root's rights; say what this machine does not allow.

    With these rights it could go back to what was taken. The process must have one thread.
    """
    if task.exposed:
        lines.warning(f"This machine cannot hide its files and processes from the script: {task.exposed}")
    else:
        # Other scripts use these packages too.
        make_read_only(Path(task.cache))
    try:
        if task.offline:
            leave_network()
    except IsolationError as error:
        lines.warning(f"The job has no network on AWS; here it has, as this machine cannot take it away: {error}")
    capabilities.give_up()
