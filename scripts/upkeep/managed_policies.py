"""The AWS-managed policies that local AWS knows, from moto's copy of what AWS publishes.

    python -m upkeep.managed_policies            writes local_aws/base/iam/managed_policies.json
    python -m upkeep.managed_policies --check    compares it; exit code 1 if it differs

moto, which the tests use, carries the documents as `aws iam get-policy-version` gives them. Service-linked roles'
policies are left out, as nobody may attach them:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from slipway.project import find_project, shown

FILE = Path("local_aws") / "base" / "iam" / "managed_policies.json"
SERVICES = (
    "AWSCloudFormation",
    "AWSCodeBuild",
    "AWSCodeCommit",
    "AWSCodePipeline",
    "AWSCodeStar",
    "AWSKeyManagementService",
    "AWSLambda",
    "AWSStepFunctions",
    "AWSXRay",
    "AWSXray",
    "AmazonDynamoDB",
    "AmazonEC2ContainerRegistry",
    "AmazonElasticContainerRegistry",
    "AmazonEventBridge",
    "AmazonS3FullAccess",
    "AmazonS3ReadOnlyAccess",
    "AmazonSNS",
    "AmazonSQS",
    "AmazonSSM",
    "AmazonSageMaker",
    "CloudWatch",
    "IAMFullAccess",
    "IAMReadOnlyAccess",
    "SecretsManager",
)
"""How the names of the policies begin that are taken."""
GENERAL = ("AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess", "SecurityAudit", "ViewOnlyAccess")
_LINKED = "/aws-service-role/"
# Parts of SageMaker and CloudWatch that local AWS has nothing of, whose documents are long.
_LEFT_OUT = re.compile(r"Canvas|HyperPod|ServiceCatalog|Geospatial|EdgeDevice|PartnerApps|Omni|OpenSearchDashboard")


def selected(published: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Path and name to dates, version and document, of the policies that local AWS is to know."""
    names = [
        name
        for name, policy in published.items()
        if name in GENERAL
        or (name.startswith(SERVICES) and not _LEFT_OUT.search(name) and policy.get("Path") != _LINKED)
    ]
    fields = ("CreateDate", "UpdateDate", "DefaultVersionId", "Document")
    chosen = {
        f"{published[name].get('Path', '/')}{name}".removeprefix("/"): {key: published[name][key] for key in fields}
        for name in names
    }
    return dict(sorted(chosen.items()))


def rendered(policies: Mapping[str, Any]) -> str:
    """One line for each policy, so that a change of one is seen as one."""
    lines = [f"{json.dumps(name)}: {json.dumps(policy, separators=(',', ':'))}" for name, policy in policies.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main(arguments: Sequence[str], file: Path) -> int:
    """Write or compare; 0 if the file is or was made as published, 1 if not, 2 for a wrong call."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415 - 5 MB

    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python -m upkeep.managed_policies [--check]\n")
        return 2
    wanted = rendered(selected(json.loads(aws_managed_policies_data)))
    if not arguments:
        file.write_text(wanted, encoding="utf-8")
        return 0
    if not file.is_file() or file.read_text(encoding="utf-8") != wanted:
        sys.stderr.write(
            f"{shown(file)}: not what moto's copy of AWS's policies gives. Write it again: make policies\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], find_project().root / FILE))
