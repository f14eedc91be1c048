"""A program of its own: cfn-lint on templates, run for a moment so that the server need not hold what it imports.

It reads lines of JSON, {"template": …, "region": …}, from standard input, and answers each by a line with a list of
{"rule", "message", "path"}. It ends with its input, or when nothing was asked of it for a while.
Warnings and information are no reason for AWS to refuse a template, and so only rules of severity error are run.
https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/rules.md
"""

from __future__ import annotations

import gc
import json
import select
import sys
from typing import Any

from cfnlint.config import ConfigMixIn
from cfnlint.decode.decode import decode_str
from cfnlint.helpers import REGION_PRIMARY, REGIONS
from cfnlint.runner import Runner

IDLE_S = 10.0
LEFT_OUT = {
    "E0002": "a rule of cfn-lint that fails says nothing about the template",
    "E0003": "cfn-lint's own configuration",
    "E0100": "deployment files, which CloudFormation itself does not read",
    "E0200": "parameter files, which CloudFormation itself does not read",
    "E1002": "sizes are checked where the template comes in",
    "E1029": "a string may hold ${…} literally, as policies do",
    "E2531": "runtimes are refused by their dates when the function is created",
    "E2533": "runtimes are refused by their dates when the function is updated",
    "E2900": "deployment files, which CloudFormation itself does not read",
    "E3004": "checked by template_format.py, in CloudFormation's words and for the conditions that hold",
    "E3005": "the same",
    "E3505": "Lambda's advice, and a refusal only when both are of one stack",
    "E3601": "Step Functions refuses a definition itself, after its substitutions; the rule sees none of them",
    "E4001": "how the console groups parameters; CloudFormation does not read it",
}
"""Rules of severity error that are no reason for CloudFormation to refuse a template, and why."""


def findings(template: Any, region: str) -> list[dict[str, Any]]:
    """What cfn-lint's errors say of a template, whatever the template's own Metadata switches off."""
    for described in (template, *template.get("Resources", {}).values()):
        if isinstance(described, dict) and isinstance(described.get("Metadata"), dict):
            described["Metadata"].pop("cfn-lint", None)
    decoded, unreadable = decode_str(json.dumps(template))
    if decoded is None or unreadable:
        return [_finding(match) for match in unreadable]
    config = ConfigMixIn(
        regions=[region if region in REGIONS else REGION_PRIMARY],
        ignore_checks=["W", "I", *LEFT_OUT],
    )
    found = [_finding(match) for match in Runner(config).validate_template(decoded)]
    # Runtimes are Lambda's to refuse, by their dates; the schema of CloudFormation names none.
    return [one for one in found if one["path"][2:] != ["Properties", "Runtime"] or one["rule"] != "E3030"]


def _finding(match: Any) -> dict[str, Any]:
    path = [part if isinstance(part, int) else str(part) for part in getattr(match, "path", None) or []]
    return {"rule": match.rule.id, "message": match.message, "path": path}


def main() -> None:
    """Answer the requests on standard input."""
    gc.freeze()  # what was imported is not looked through again, which takes a quarter of the time
    while select.select([sys.stdin], [], [], IDLE_S)[0] and (line := sys.stdin.readline()):
        gc.disable()
        request = json.loads(line)
        sys.stdout.write(json.dumps(findings(request["template"], request["region"])) + "\n")
        sys.stdout.flush()
        gc.enable()
        gc.collect()


if __name__ == "__main__":
    main()
