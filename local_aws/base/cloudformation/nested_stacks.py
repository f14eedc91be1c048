"""CloudFormation: a nested stack says which stack it is nested in, and which is the outermost.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSummary.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from xml.sax.saxutils import escape

from local_aws.base.tables import ministack

OPERATIONS = ("DescribeStacks", "ListStacks")
Answer = tuple[int, Mapping[str, str], bytes]
Handler = Callable[[Mapping[str, Any]], Answer]


def name_parents() -> None:
    """Let the answers about stacks name their parents, which MiniStack knows and leaves out."""
    table = ministack("services.cloudformation.handlers")._ACTION_HANDLERS  # noqa: SLF001
    for operation in OPERATIONS:
        table[operation] = partial(_answer, table[operation])


def _answer(handler: Handler, parameters: Mapping[str, Any]) -> Answer:
    status, headers, body = handler(parameters)
    parents = {
        stack["StackId"]: stack["ParentId"]
        for stack in ministack("services.cloudformation")._stacks.values()  # noqa: SLF001
        if stack.get("ParentId")
    }
    for stack_id, parent in parents.items():
        root = parent
        while root in parents:
            root = parents[root]
        own = f"<StackId>{escape(stack_id)}</StackId>"
        named = f"{own}<ParentId>{escape(parent)}</ParentId><RootId>{escape(root)}</RootId>"
        body = body.replace(own.encode(), named.encode())
    return status, headers, body
