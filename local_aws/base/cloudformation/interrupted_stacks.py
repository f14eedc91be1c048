"""CloudFormation: stacks that were under way when local AWS was killed.

Nothing goes on with them, so without an end they would be in progress for ever. On AWS there is no such end.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local_aws.base.tables import ministack

_ENDS = {
    "CREATE_IN_PROGRESS": "CREATE_FAILED",
    "DELETE_IN_PROGRESS": "DELETE_FAILED",
    "IMPORT_IN_PROGRESS": "IMPORT_ROLLBACK_FAILED",
    "IMPORT_ROLLBACK_IN_PROGRESS": "IMPORT_ROLLBACK_FAILED",
    "ROLLBACK_IN_PROGRESS": "ROLLBACK_FAILED",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_COMPLETE",
    "UPDATE_IN_PROGRESS": "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_FAILED",
}
"""The statuses from which CloudFormation lets somebody go on: delete the stack, or continue its rollback."""
_REASON = "Local AWS was killed while the stack was in {status}. {remedy}."
_CONTINUE = "Continue its update rollback (ContinueUpdateRollback), then update it again"
_DELETE = "Delete the stack, then create it again"


def end_interrupted_stacks() -> None:
    """Let each stack that the state holds under way begin as failed, with the reason."""
    service = ministack("services.cloudformation")
    load: Callable[[Any], None] = service.load_persisted_state

    def load_persisted_state(state: Any) -> None:
        load(state)
        for stack in list(service._stacks._data.values()):  # noqa: SLF001
            if stack["StackStatus"] in _ENDS:
                _end(stack)
        for change_set in list(service._change_sets._data.values()):  # noqa: SLF001
            if change_set["ExecutionStatus"] == "EXECUTE_IN_PROGRESS":
                change_set["ExecutionStatus"] = "EXECUTE_FAILED"

    service.load_persisted_state = load_persisted_state


def _end(stack: dict[str, Any]) -> None:
    before = stack["StackStatus"]
    after = _ENDS[before]
    remedy = _CONTINUE if after == "UPDATE_ROLLBACK_FAILED" else _DELETE
    reason = _REASON.format(status=before, remedy=remedy) if after.endswith("_FAILED") else ""
    stack |= {"StackStatus": after, "StackStatusReason": reason}
    _tell(stack, after, reason)


def _tell(stack: Mapping[str, Any], status: str, reason: str) -> None:
    add = ministack("services.cloudformation.stacks")._add_event  # noqa: SLF001
    stack_id, name = stack["StackId"], stack["StackName"]
    add(stack_id, name, name, "AWS::CloudFormation::Stack", status, reason, physical_id=stack_id)
