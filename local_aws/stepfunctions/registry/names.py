"""Names of state machines, executions and activities.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
"""

from __future__ import annotations

import re

from local_aws.stepfunctions.registry import faults

_FORBIDDEN = re.compile(
    r"""[\s<>{}\[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f\ufffe\uffff\ud800-\udfff\U0010ffff]"""
)


def require_name(name: str) -> str:
    """The name. Raises AwsError InvalidName if a character of it is not allowed; the model bounds the length."""
    if _FORBIDDEN.search(name):
        raise faults.invalid_name(name)
    return name
