"""The permissions that docs/console.md lists, against AWS's list of actions and what the pages show and decide."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.cloudformation.templates import as_list
from tests.policies.reference import expand

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "console.md").read_text(encoding="utf-8")
SOURCE = ROOT / "scripts" / "slipway"
_DECIDES = re.compile(r"\.((?:put|start|stop|retry|rollback|enable|disable|redrive|invoke)_[a-z_]+)\(")
_SHOWN_WITH = {
    "ObjectLockRetainUntilDate": "s3:GetObjectRetention",
    "ObjectLockMode": "s3:GetObjectRetention",
    "ObjectLockLegalHoldStatus": "s3:GetObjectLegalHold",
}
"""Headers that S3 sends only to those with a permission beyond that of reading.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
"""


def actions() -> set[str]:
    (found,) = re.findall(r"```json\n(.+?)```", PAGE, re.DOTALL)
    return {action for statement in json.loads(found)["Statement"] for action in as_list(statement["Action"])}


def test_every_action_exists_and_is_one() -> None:
    assert len(actions()) > 50
    assert [action for action in sorted(actions()) if expand(action) != [action]] == []


def test_a_lock_is_shown_to_whom_s3_tells_of_it() -> None:
    page = (SOURCE / "console" / "buckets" / "object.py").read_text(encoding="utf-8")
    assert {permission for header, permission in _SHOWN_WITH.items() if header in page} <= actions()
    assert all(header in page for header in _SHOWN_WITH)


def test_what_a_decision_calls_is_named() -> None:
    verbs = [SOURCE / "verbs" / f"{name}.py" for name in ("approve", "rollback", "start", "stop")]
    files = [*verbs, *(SOURCE / "console").rglob("*.py")]
    called = {name for file in files for name in _DECIDES.findall(file.read_text(encoding="utf-8"))}
    assert {"rollback_stage", "put_approval_result", "invoke_endpoint"} <= called
    # A transition's two calls are one word each; Stop... stands for those of jobs and executions.
    named = {"".join(word.title() for word in name.split("_")) for name in called}
    assert [name for name in sorted(named) if name not in PAGE and not name.startswith("Stop")] == []
