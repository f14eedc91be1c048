"""ValidateStateMachineDefinition."""

from __future__ import annotations

from local_aws.stepfunctions.operations.definitions import ERROR, Diagnostic
from local_aws.stepfunctions.operations.platform import Platform
from local_aws.stepfunctions.registry.records import STANDARD, Document
from local_aws.wire import Caller

_MOST = 100


class Validation:
    """The operation ValidateStateMachineDefinition."""

    def __init__(self, platform: Platform) -> None:
        self._definitions = platform.definitions

    def validate(self, _caller: Caller, request: Document) -> Document:
        """The result tells of errors alone; warnings are shown to who asks for them.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
        """
        found = self._definitions.diagnose(request["definition"], request.get("type", STANDARD))
        errors = [one for one in found if one.severity == ERROR]
        shown = errors if request.get("severity", ERROR) == ERROR else found
        most = request.get("maxResults") or _MOST
        return {
            "result": "FAIL" if errors else "OK",
            "diagnostics": [_shown(one) for one in shown[:most]],
            "truncated": len(shown) > most,
        }


def _shown(found: Diagnostic) -> Document:
    return {
        "severity": found.severity,
        "code": found.code,
        "message": found.message,
        "location": found.location or None,
    }
