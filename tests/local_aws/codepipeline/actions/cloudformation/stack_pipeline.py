"""A pipeline that deploys stacks from a repository, with roles that may do what their actions need and no more."""

from __future__ import annotations

import json
from typing import Any

from tests.local_aws.codepipeline.documents import Document, artifacts, kind, stage
from tests.local_aws.codepipeline.project import Project
from tests.local_server import ACCOUNT, REGION, allow

TEMPLATE: Document = {
    "Parameters": {"Word": {"Type": "String", "Default": "none"}, "Size": {"Type": "String", "Default": "1"}},
    "Resources": {
        "Note": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Word"}}},
    },
    "Outputs": {"Name": {"Value": {"Ref": "Note"}}, "Size": {"Value": {"Ref": "Size"}}},
}
CLOUDFORMATION = (
    "CreateStack", "UpdateStack", "DeleteStack", "DescribeStacks", "DescribeStackEvents", "CreateChangeSet",
    "DeleteChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "SetStackPolicy",
)  # fmt: skip


class StackPipeline:
    """Deploys the stack of the project's name from `template.json` of its repository."""

    def __init__(self, project: Project) -> None:
        self.project, self.name = project, project.name
        self.stacks = project.aws.client("cloudformation")
        self.stack_role = project.aws.create_role(
            f"{self.name}-stack", "cloudformation.amazonaws.com", allow("ssm:*", "iam:*")
        )
        self.allow()

    def allow(self, *denied: str) -> None:
        """Let the pipeline's role do what its actions need, but for what is named."""
        stack = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{self.name}*"
        actions = [f"cloudformation:{name}" for name in CLOUDFORMATION if name not in denied]
        passing = [] if "PassRole" in denied else [allow("iam:PassRole", resource=self.stack_role)]
        self.project.aws.put_role_policy(
            f"{self.name}-pipeline", *self.project.statements(), allow(*actions, resource=stack), *passing
        )

    def put(self, document: Any = TEMPLATE, path: str = "template.json") -> None:
        self.project.put_file(path, json.dumps(document).encode())

    def action(self, name: str = "Deploy", mode: str = "CREATE_UPDATE", **more: Any) -> Document:
        """An action that deploys the template; upper-case keywords are configuration, None leaves one out."""
        values: dict[str, Any] = {
            "ActionMode": mode,
            "StackName": self.name,
            "RoleArn": self.stack_role,
            "TemplatePath": "CodeArtifact::template.json",
            **{key: more.pop(key) for key in list(more) if key[0].isupper()},
        }
        return {
            "name": name,
            "actionTypeId": kind("Deploy", "CloudFormation"),
            "configuration": {key: value for key, value in values.items() if value is not None},
            "inputArtifacts": artifacts("CodeArtifact"),
            **more,
        }

    def run(self, *actions: Document, status: str = "Succeeded") -> dict[str, Any]:
        """Create the pipeline of these actions and run it; returns their attempts."""
        execution = self.project.create(stage("Deploy", *actions))
        self.project.until(execution, status)
        return self.project.attempts(execution)

    def again(self, status: str = "Succeeded") -> dict[str, Any]:
        execution = self.project.start()
        self.project.until(execution, status)
        return self.project.attempts(execution)

    def failure(self, *actions: Document) -> dict[str, str]:
        """Code and message of the action that fails."""
        found = self.run(*actions, status="Failed")
        return next(
            one["output"]["executionResult"]["errorDetails"] for one in found.values() if one["status"] == "Failed"
        )

    def stack(self) -> dict[str, Any]:
        found: dict[str, Any] = self.stacks.describe_stacks(StackName=self.name)["Stacks"][0]
        return found

    def parameters(self) -> dict[str, str]:
        return {one["ParameterKey"]: one["ParameterValue"] for one in self.stack()["Parameters"]}
