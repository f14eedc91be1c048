"""ARNs of Step Functions, read and made.

Their forms: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from local_aws.settings import ACCOUNT
from local_aws.stepfunctions.registry import faults
from local_aws.wire import AwsError

MACHINE, EXECUTION, EXPRESS, ACTIVITY, MAP_RUN = "stateMachine", "execution", "express", "activity", "mapRun"
_FORMS = {
    MACHINE: re.compile(r"(?P<name>[^:/]+)(?:/(?P<label>[^:/]+))?(?::(?P<rest>[^:/]+))?"),
    EXECUTION: re.compile(r"(?P<name>[^:/]+)(?:/(?P<label>[^:/]+))?:(?P<rest>[^:/]+)"),
    EXPRESS: re.compile(r"(?P<name>[^:/]+)(?:/(?P<label>[^:/]+))?:(?P<rest>[^:/]+:[^:/]+)"),
    ACTIVITY: re.compile(r"(?P<name>[^:/]+)(?P<label>)(?P<rest>)"),
    MAP_RUN: re.compile(r"(?P<name>[^:/]+)/(?P<label>[^:/]+):(?P<rest>[^:/]+)"),
}
_ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/.+")


@dataclass(frozen=True, slots=True)
class Arn:
    """An ARN of a well-known form; whether what it names exists is not said.

    `name` is that of the state machine or activity, `label` that of a distributed Map, `rest` what follows: the
    qualifier of a state machine, the name of an execution or the id of a map run; empty where there is none.
    """

    text: str
    kind: str
    name: str
    label: str
    rest: str

    @property
    def machine(self) -> str:
        """The ARN of the state machine, without label and qualifier."""
        return f"{self.text.rpartition(f':{self.kind}:')[0]}:{MACHINE}:{self.name}"

    @property
    def is_version(self) -> bool:
        """Whether the qualifier of a state machine is a version's number."""
        return self.kind == MACHINE and self.rest.isdecimal()

    @property
    def is_alias(self) -> bool:
        """Whether the qualifier of a state machine is an alias's name."""
        return self.kind == MACHINE and bool(self.rest) and not self.rest.isdecimal()


def read(text: str, *kinds: str) -> Arn:
    """Read an ARN of one of the kinds. Raises AwsError InvalidArn."""
    parts = text.split(":", 6)
    if parts[0] != "arn":
        raise faults.invalid_arn(f"Invalid ARN prefix: {text}")
    if len(parts) < 7 or parts[2] != "states":
        raise faults.invalid_arn(f"Not an ARN of Step Functions: {text}")
    kind, rest = parts[5], parts[6]
    if kind not in kinds:
        raise faults.invalid_arn(f"Resource type not valid in this context: {kind}")
    found = _FORMS[kind].fullmatch(rest)
    if found is None:
        raise faults.invalid_arn(f"Resource id not valid for the type {kind}: {rest}")
    return Arn(text, kind, found["name"], found["label"] or "", found["rest"] or "")


def require_role(text: str) -> None:
    """Raise AwsError InvalidArn unless it is the ARN of a role."""
    if not text.startswith("arn:"):
        raise faults.invalid_arn(f"Invalid ARN prefix: {text}")
    if not _ROLE.fullmatch(text):
        raise AwsError("InvalidArn", f"Invalid Role Arn: '{text}'")


def machine(region: str, name: str) -> str:
    """The ARN of a state machine."""
    return f"arn:aws:states:{region}:{ACCOUNT}:{MACHINE}:{name}"


def activity(region: str, name: str) -> str:
    """The ARN of an activity."""
    return f"arn:aws:states:{region}:{ACCOUNT}:{ACTIVITY}:{name}"


def execution(region: str, machine_name: str, name: str, express_id: str = "") -> str:
    """The ARN of an execution; of an express one with its id."""
    kind, end = (EXPRESS, f":{express_id}") if express_id else (EXECUTION, "")
    return f"arn:aws:states:{region}:{ACCOUNT}:{kind}:{machine_name}:{name}{end}"
