"""The statuses of executions, stages and actions, and the ways to stop an execution.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

from __future__ import annotations

IN_PROGRESS, SUCCEEDED, FAILED, ABANDONED = "InProgress", "Succeeded", "Failed", "Abandoned"
STOPPING, STOPPED, CANCELLED = "Stopping", "Stopped", "Cancelled"
NO_STOP, STOP_AND_WAIT, STOP_AND_ABANDON = "", "wait", "abandon"
