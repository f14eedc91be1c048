"""CodeBuild of local AWS: what the server registers."""

from __future__ import annotations

from local_aws.base import ResourceType
from local_aws.codebuild import permissions
from local_aws.codebuild.builds import Builds
from local_aws.codebuild.cloudformation import TYPE, ProjectResource
from local_aws.codebuild.platform import Platform, RevisionOf
from local_aws.codebuild.projects import Projects
from local_aws.codebuild.records import Records
from local_aws.runtime import Runtime
from local_aws.wire import Operation

_STOP_S = 5.0


class CodeBuildService:
    """The operations of CodeBuild, and projects as resources of stacks."""

    def __init__(self, runtime: Runtime, revision_of: RevisionOf) -> None:
        """`revision_of` returns CodePipeline's source revision of an artifact."""
        self._platform = Platform(runtime, Records(runtime.store), revision_of)
        self._projects = Projects(self._platform)
        self._builds = Builds(self._platform, self._projects)

    def operations(self) -> dict[str, Operation]:
        """Every operation that is emulated, with the permissions that it requires."""
        projects, builds = self._projects, self._builds
        on_project = permissions.on_project
        return {
            "CreateProject": Operation(projects.create, on_project("CreateProject", "name")),
            "UpdateProject": Operation(projects.update, on_project("UpdateProject", "name")),
            "DeleteProject": Operation(projects.delete, on_project("DeleteProject", "name")),
            "BatchGetProjects": Operation(projects.batch_get, permissions.on_projects("BatchGetProjects", "names")),
            "ListProjects": Operation(projects.list, permissions.on_anything("ListProjects")),
            "StartBuild": Operation(builds.start, on_project("StartBuild", "projectName")),
            "StopBuild": Operation(builds.stop, permissions.on_build("StopBuild")),
            "BatchGetBuilds": Operation(builds.batch_get, permissions.on_builds("BatchGetBuilds")),
            "ListBuilds": Operation(builds.list, permissions.on_anything("ListBuilds")),
            "ListBuildsForProject": Operation(
                builds.list_for_project, on_project("ListBuildsForProject", "projectName")
            ),
        }

    def resource_types(self) -> dict[str, ResourceType]:
        """The CloudFormation type of this service."""
        return {TYPE: ProjectResource(self._projects, self._platform.region).resource_type()}

    def resume(self) -> None:
        """Run builds that were interrupted again."""
        self._builds.resume()

    def stop(self) -> None:
        """End all builds and their processes."""
        self._platform.stopping.set()
        self._builds.stop_all(_STOP_S)
