"""Projects of a running local AWS, and builds of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.local_server import ACCOUNT, REGION, LocalServer, allow, wait_for


@dataclass
class Workshop:
    """A service role, a bucket, and projects named after one test."""

    aws: LocalServer
    name: str
    role: str = ""
    environment: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.codebuild = self.aws.client("codebuild")
        self.s3 = self.aws.client("s3")
        self.logs = self.aws.client("logs")
        self.bucket = f"{self.name}-bucket"
        self.s3.create_bucket(Bucket=self.bucket)
        self.role = self.aws.create_role(f"{self.name}-build", "codebuild.amazonaws.com", *self.statements())

    def statements(self) -> list[dict[str, Any]]:
        group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/codebuild/*"
        return [
            allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", resource=group),
            allow("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", resource=f"arn:aws:s3:::{self.bucket}/*"),
        ]

    def project(self, buildspec: str, **values: Any) -> str:
        """Create or change the project, which has no source but its buildspec."""
        environment = {"type": "LINUX_CONTAINER", "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
                       "computeType": "BUILD_GENERAL1_SMALL", **self.environment}  # fmt: skip
        document = {
            "name": self.name,
            "source": {"type": "NO_SOURCE", "buildspec": buildspec},
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": environment,
            "serviceRole": self.role,
            **values,
        }
        there = not self.codebuild.batch_get_projects(names=[self.name])["projectsNotFound"]
        (self.codebuild.update_project if there else self.codebuild.create_project)(**document)
        return self.name

    def start(self, **values: Any) -> str:
        return str(self.codebuild.start_build(projectName=self.name, **values)["build"]["id"])

    def build(self, build_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.codebuild.batch_get_builds(ids=[build_id])["builds"][0]
        return found

    def finished(self, build_id: str) -> dict[str, Any]:
        """The build once it is complete."""
        done: dict[str, Any] = wait_for(
            lambda: (build := self.build(build_id))["buildComplete"] and build, f"{build_id} to end"
        )
        return done

    def run(self, buildspec: str, project: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
        """The finished build of a buildspec."""
        self.project(buildspec, **(project or {}))
        return self.finished(self.start(**values))

    def log(self, build: dict[str, Any]) -> list[str]:
        """The lines of a build's log, without the moment of CodeBuild's own."""
        where = build["logs"]
        events = self.logs.get_log_events(
            logGroupName=where["groupName"], logStreamName=where["streamName"], startFromHead=True
        )
        lines = [event["message"] for event in events["events"]]
        return [f"> {line.split(' ', 3)[3]}" if line.startswith("[Container] ") else line for line in lines]


def phases(build: dict[str, Any]) -> dict[str, str]:
    return {phase["phaseType"]: phase.get("phaseStatus", "") for phase in build["phases"]}


def reason(build: dict[str, Any]) -> str:
    """Phase, code and message of what failed first."""
    for phase in build["phases"]:
        if phase.get("phaseStatus", "SUCCEEDED") != "SUCCEEDED":
            context = phase["contexts"][0]
            return f"{phase['phaseType']} {context['statusCode']} {context['message']}"
    return ""
