"""The project operations.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html and its siblings.
"""

from __future__ import annotations

import shutil

from local_aws import base
from local_aws.codebuild import paging, requests
from local_aws.codebuild.faults import invalid, not_found
from local_aws.codebuild.names import project_arn
from local_aws.codebuild.platform import SERVICE, Platform
from local_aws.codebuild.records import Document
from local_aws.settings import ACCOUNT
from local_aws.wire import AwsError, Caller

_SORT = {"NAME": 0, "CREATED_TIME": 1, "LAST_MODIFIED_TIME": 2}


class Projects:
    """All build projects."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def create(self, _caller: Caller, request: Document) -> Document:
        """CreateProject."""
        name = request["name"]
        if self._platform.records.project(name):
            raise AwsError(
                "ResourceAlreadyExistsException",
                f"Project already exists: {project_arn(self._platform.region, name)}",
            )
        return self._put(request, self._platform.now())

    def update(self, _caller: Caller, request: Document) -> Document:
        """UpdateProject: changes only the members in the request."""
        project = self.find(request["name"])
        project = {**project, **request, "lastModified": self._platform.now()}
        requests.check_project(project)
        _require_role(project["serviceRole"])
        self._platform.records.put_project(project)
        return {"project": _shown(project)}

    def replace(self, _caller: Caller, request: Document) -> Document:
        """A stack's update: members that are not given get their defaults again."""
        return self._put(request, self.find(request["name"])["created"])

    def _put(self, request: Document, created: float) -> Document:
        region = self._platform.region
        project = {
            "timeoutInMinutes": requests.DEFAULT_TIMEOUT_MIN,
            "queuedTimeoutInMinutes": requests.DEFAULT_QUEUED_TIMEOUT_MIN,
            "encryptionKey": f"arn:aws:kms:{region}:{ACCOUNT}:alias/aws/s3",
            "cache": {"type": "NO_CACHE"},
            **request,
            "arn": project_arn(region, request["name"]),
            "created": created,
            "lastModified": self._platform.now(),
        }
        requests.check_project(project)
        _require_role(project["serviceRole"])
        self._platform.records.put_project(project)
        return {"project": _shown(project)}

    def delete(self, _caller: Caller, request: Document) -> Document:
        """DeleteProject: its builds stay; a missing project is not an error."""
        name = request["name"].rpartition("/")[2]
        self._platform.records.delete_project(name)
        shutil.rmtree(self._platform.folder / "projects" / name, ignore_errors=True)
        return {}

    def batch_get(self, _caller: Caller, request: Document) -> Document:
        """BatchGetProjects."""
        found, missing = [], []
        for name in request["names"]:
            project = self._platform.records.project(name.rpartition("/")[2])
            if project is None:
                missing.append(name)
            else:
                found.append(_shown(project))
        return {"projects": found, "projectsNotFound": missing}

    def list(self, _caller: Caller, request: Document) -> Document:
        """ListProjects."""
        column = _SORT[request.get("sortBy", "NAME")]
        order = sorted(self._platform.records.projects(), key=lambda row: (row[column], row[0]))
        names = [row[0] for row in order]
        if request.get("sortOrder") == "DESCENDING":
            names.reverse()
        return paging.page("projects", names, request.get("nextToken"))

    def find(self, name: str) -> Document:
        """The project of that name or ARN. Raises ResourceNotFoundException."""
        project = self._platform.records.project(name.rpartition("/")[2])
        if project is None:
            if not name:
                raise invalid("A project name is required.")
            raise not_found("project", name)
        return project


def _require_role(role: str) -> None:
    """https://docs.aws.amazon.com/codebuild/latest/userguide/troubleshooting.html."""
    try:
        base.require_trust(role, SERVICE, None)
    except base.RoleNotAssumableError:
        raise invalid(f"CodeBuild is not authorized to perform: sts:AssumeRole on {role}") from None


def _shown(project: Document) -> Document:
    shown = {key: value for key, value in project.items() if key != "badgeEnabled"}
    return {"badge": {"badgeEnabled": project.get("badgeEnabled", False)}, "projectVisibility": "PRIVATE", **shown}
