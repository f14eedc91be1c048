"""The functions of an action: the one that the dispatcher invokes, or those that a publisher has published.

`cloudformation/functions/dispatch.py` invokes them, `cloudformation/functions/publish.py` publishes their versions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_DISPATCHER = re.compile(r"-dispatch(-approved)?$")
_HASH = "Sha256"


def function_of(configuration: Mapping[str, str]) -> str:
    """Return the full name of the function that a Lambda action runs; empty if it runs none."""
    invoked = configuration.get("FunctionName", "")
    function = _parameters(configuration).get("function")
    if not isinstance(function, str) or not _DISPATCHER.search(invoked):
        return invoked
    return f"{_DISPATCHER.sub('', invoked)}-{function}"


def versions_of(variables: Mapping[str, str]) -> list[dict[str, str]]:
    """Return name, version and CodeSha256 of each function that an action published, from its output variables."""
    found = []
    for key, sha256 in sorted(variables.items()):
        version = variables.get(key.removesuffix(_HASH), "none")
        if key.endswith(_HASH) and version != "none":
            name = re.sub(r"(?<!^)(?=[A-Z])", "-", key.removesuffix(_HASH)).lower()
            found.append({"name": name, "version": version, "code_sha256": sha256})
    return found


def _parameters(configuration: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        parsed = json.loads(configuration.get("UserParameters") or "{}")
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
