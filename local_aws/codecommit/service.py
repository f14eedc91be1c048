"""CodeCommit of local AWS: what the server registers."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

from local_aws import base
from local_aws.base import ResourceType
from local_aws.codecommit import git, names
from local_aws.codecommit.access import Access
from local_aws.codecommit.announcer import Announcer
from local_aws.codecommit.front import CodeCommitFront
from local_aws.codecommit.git_http.backend import Processes
from local_aws.codecommit.operations.branches import BranchOperations
from local_aws.codecommit.operations.commits import CommitOperations
from local_aws.codecommit.operations.contents import ContentOperations
from local_aws.codecommit.operations.repositories import RepositoryOperations
from local_aws.codecommit.operations.tags import TagOperations
from local_aws.codecommit.operations.writes import WriteOperations
from local_aws.codecommit.repositories import LockTimeoutError, Repositories, RepositoryRow
from local_aws.codecommit.resource import RepositoryResource
from local_aws.runtime import Runtime
from local_aws.wire import AwsError, Caller, Operation

_POLL_S = 0.2
_STOP_S = 2.0


class CodeCommitService:
    """Repositories, their API and their archives for CodePipeline. `host.GitHost` serves them to git."""

    def __init__(self, runtime: Runtime) -> None:
        """Create the tables; nothing runs before a request."""
        self._runtime = runtime
        self.repositories = Repositories(runtime)
        self.access = Access(self.repositories)
        self.announcer = Announcer(runtime.store, self.repositories)
        self.processes = Processes()
        self._branches = BranchOperations(self.repositories, self.announcer)
        self._stopping = threading.Event()
        self._catching_up: list[threading.Thread] = []

    @property
    def region(self) -> str:
        """The Region that the repositories are in."""
        return self._runtime.settings.region

    @property
    def folder(self) -> Path:
        """The folder of all repositories."""
        return self._runtime.settings.state / "git"

    def now(self) -> datetime:
        """The moment, in UTC."""
        return self._runtime.clock.now()

    def operations(self) -> dict[str, Operation]:
        """The API operations."""
        return {
            **RepositoryOperations(self.repositories).operations(self.access),
            **self._branches.operations(self.access),
            **ContentOperations(self.repositories).operations(self.access),
            **CommitOperations(self.repositories).operations(self.access),
            **WriteOperations(self.announcer, self._runtime.clock).operations(self.access),
            **TagOperations(self.repositories).operations(self.access),
        }

    def front(self) -> CodeCommitFront:
        """The API with its wire protocol, for `base.register_service`."""
        return CodeCommitFront("codecommit", self.operations(), base.identify, base.enforce, self.region)

    def resource_types(self) -> dict[str, ResourceType]:
        """The types for CloudFormation."""
        resource = RepositoryResource(self.repositories, self.announcer, self.front())
        return {"AWS::CodeCommit::Repository": resource.resource_type()}

    def resume(self) -> None:
        """Clean up after a kill and send the events that it prevented.

        A push that the killed server started may still be running; its repository is handled when the push has ended.
        """
        self.repositories.remove_leftovers()
        for row in self.repositories.unfinished():
            try:
                self.announcer.catch_up(row, timeout_s=0)
            except LockTimeoutError:
                thread = threading.Thread(target=self._catch_up_later, args=(row,), name="codecommit-resume")
                self._catching_up.append(thread)
                thread.start()

    def stop(self) -> None:
        """Wait for pushes to end, then terminate those that still run."""
        self._stopping.set()
        self.processes.stop(_STOP_S)
        for thread in self._catching_up:
            thread.join()

    def tip(self, repository: str, branch: str) -> str:
        """The commit id at the tip of a branch; raises AwsError with the codes of GetBranch."""
        return self._branches.tip(repository, branch)

    def archive(self, repository: str, commit_id: str) -> bytes:
        """The files of a commit as a zip archive, without `.git`.

        Raises AwsError: RepositoryDoesNotExistException, InvalidCommitIdException, CommitIdDoesNotExistException.
        """
        found = self.repositories.git(self.repositories.require(repository))
        if not names.is_object_id(commit_id):
            raise AwsError("InvalidCommitIdException", f"'{commit_id[:80]}' is not a full commit ID.")
        try:
            return found.archive(commit_id)
        except git.GitError:
            raise AwsError(
                "CommitIdDoesNotExistException", f"Commit {commit_id} does not exist in {repository}."
            ) from None

    def upload_archive(self, caller: Caller, repository: str, commit_id: str) -> bytes:
        """The archive of a commit for the source action of a pipeline, which acts as `caller`.

        AWS has no public API for it, only permissions
        (https://docs.aws.amazon.com/codepipeline/latest/userguide/security-iam-permissions-custom-role.html). Raises
        AwsError: AccessDeniedException, and what `archive` raises.
        """
        for action in ("UploadArchive", "GetUploadArchiveStatus"):
            self.access.require(caller, action, repository)
        return self.archive(repository, commit_id)

    def _catch_up_later(self, row: RepositoryRow) -> None:
        while not self._stopping.is_set():
            try:
                self.announcer.catch_up(row, timeout_s=_POLL_S)
            except LockTimeoutError:
                continue
            return
