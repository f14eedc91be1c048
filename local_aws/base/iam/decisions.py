"""IAM: the one function that MiniStack's services and ours ask, with what MiniStack leaves out of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.base.iam import passing
from local_aws.base.iam.calls import Note, tell
from local_aws.base.iam.principals import denied_to_root
from local_aws.base.iam.request_context import note_request, other_resources, request_keys
from local_aws.base.tables import ministack


def decide_requests(note: Note) -> None:
    """Decide with all keys of a request, on each of its resources, and on the roles and keys that it gives away.

    A decision about the root user is followed by what a bucket's policy denies. Each one about a role is noted,
    so `enforce` is replaced once: what it asks for beside the action is decided and noted in the same way.
    """
    actions, evaluator = ministack("core.iam_actions"), ministack("core.iam_evaluator")
    decide, resource_arn_of = evaluator.enforce, actions.extract_resource_arn

    def extract_resource_arn(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], *rest: Any
    ) -> str:
        passing.note_request(body, query)
        return note_request(resource_arn_of, service, method, path, headers, body, query, *rest)

    def decide_one(
        key_id: str, action: str, service: str, region: str, resource_arn: str, context: Mapping[str, Any] | None
    ) -> Any:
        keys = {**request_keys(), **(context or {})}
        denied = decide(key_id, action, service, region, resource_arn=resource_arn, service_context=keys)
        if denied is None and service == "s3":
            denied = denied_to_root(key_id, action, region, resource_arn, keys)
        tell(note, key_id, action, resource_arn, denied)
        return denied

    def enforce(
        key_id: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Mapping[str, Any] | None = None,
    ) -> Any:
        denied = None
        for arn in (resource_arn, *other_resources(action)):
            denied = denied or decide_one(key_id, action, service, region, arn, service_context)
        for permission in () if denied else passing.needed(action, resource_arn, region):
            namespace = permission.action.partition(":")[0]
            denied = decide_one(key_id, permission.action, namespace, region, permission.resource, permission.context)
            if denied:
                passing.keep_refused(permission)
                break
        return denied

    actions.extract_resource_arn, evaluator.enforce = extract_resource_arn, enforce
