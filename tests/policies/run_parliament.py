"""What parliament says about the policies that come in on standard input; exit code 1 if it finds anything.

Runs in .venv-checkov: parliament imports pkg_resources, which newer setuptools no longer hold.
    python -m tests.policies.rendering | .venv-checkov/bin/python tests/policies/run_parliament.py
"""

from __future__ import annotations

import json
import sys
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pkg_resources announces its end
    import parliament


# An action of several resource types takes either of them; parliament asks for each.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
EITHER = {("states:DescribeExecution", "arn:*:states:*:*:express:*:*:*")}


def is_known(finding: parliament.Finding) -> bool:
    """Tell whether a finding is about the type that an action is not granted, beside one that it is."""
    wanted = finding.detail if finding.issue == "RESOURCE_MISMATCH" else []
    return bool(wanted) and all((one["action"], one["required_format"]) in EITHER for one in wanted)


def main() -> int:
    policies = json.load(sys.stdin)
    found = []
    for policy in policies:
        analysed = parliament.analyze_policy_string(json.dumps(policy["document"]))
        found += [
            f"{policy['name']}: {finding.issue}: {json.dumps(finding.detail)}"
            for finding in analysed.findings
            if not is_known(finding)
        ]
    print(*found, sep="\n", end="\n" if found else "")  # noqa: T201
    print(f"parliament: {len(policies)} policies, {len(found)} findings")  # noqa: T201
    return 1 if found or not policies else 0


if __name__ == "__main__":
    sys.exit(main())
