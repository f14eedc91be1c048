"""Write the definitions that the stack deploys: `python -m workflows.tabular`."""

from __future__ import annotations

import re
from pathlib import Path

from workflows.compose import Workflow
from workflows.tabular import chain, experiments, removal

DEFINITIONS = {
    "chain.asl.json": chain.workflow,
    "experiments.asl.json": experiments.workflow,
    "removal.asl.json": removal.workflow,
}

_INTEGRATION = re.compile(r'"arn:aws:states:::(?:aws-sdk:)?sagemaker:(\w{1,64})(\.sync)?"')


def written(workflow: Workflow) -> str:
    """Return a definition as the stack deploys it: a placeholder for each integration, as its ARN names the partition.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html
    """

    def placeholder(found: re.Match[str]) -> str:
        return f'"${{{found[1][0].upper()}{found[1][1:]}{"Sync" if found[2] else ""}}}"'

    return _INTEGRATION.sub(placeholder, workflow.json())


if __name__ == "__main__":
    for file, workflow in DEFINITIONS.items():
        Path(__file__).with_name(file).write_text(written(workflow), encoding="utf-8")
