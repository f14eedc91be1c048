"""Source action of CodeCommit: the files of a commit as a zip.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeCommit.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.codepipeline.actions.artifacts import put_artifact, require_bucket
from local_aws.codepipeline.actions.contract import Outcome, Succeeded, Work
from local_aws.codepipeline.actions.polling import PolledSource, polling_refusal
from local_aws.codepipeline.definition.model import Action, Pipeline
from local_aws.codepipeline.definition.rules import Rules
from local_aws.codepipeline.state.records import Revision

_MAX_MESSAGE = 100 * 1024
_MAX_SUMMARY = 2048


def _refusal(configuration: Mapping[str, str]) -> str | None:
    output = configuration.get("OutputArtifactFormat", "CODE_ZIP")
    if output == "CODEBUILD_CLONE_REF":
        return "OutputArtifactFormat is 'CODEBUILD_CLONE_REF', which local AWS does not emulate; use CODE_ZIP"
    if output != "CODE_ZIP":
        return f"OutputArtifactFormat is '{output}'; CODE_ZIP and CODEBUILD_CLONE_REF are allowed"
    return polling_refusal(configuration)


class CodeCommitSource(PolledSource):
    rules = Rules(
        inputs=(0, 0),
        outputs=(1, 1),
        required=frozenset({"RepositoryName", "BranchName"}),
        optional=frozenset({"PollForSourceChanges", "OutputArtifactFormat"}),
        refusal=_refusal,
        revision_types=frozenset({"COMMIT_ID"}),
    )

    def start(self, work: Work) -> Outcome:
        """Put the branch's head, or the requested commit, into the artifact bucket."""
        require_bucket(self.tools, work)
        repository, branch = work.configuration["RepositoryName"], work.configuration["BranchName"]
        codecommit = self.tools.client("codecommit", work)
        commit_id = work.requested_revision("COMMIT_ID")
        if commit_id is None:
            head = codecommit.get_branch(repositoryName=repository, branchName=branch)
            commit_id = head["branch"]["commitId"]
        commit = codecommit.get_commit(repositoryName=repository, commitId=commit_id)["commit"]
        archive = self.tools.archives.upload_archive(self.tools.caller(work), repository, commit_id)
        put_artifact(self.tools, work, archive)
        return self._outcome(repository, branch, commit_id, commit)

    def newest_revision(self, pipeline: Pipeline, action: Action) -> str:
        """The commit id of the branch's head."""
        codecommit = self.tools.client_of("codecommit", pipeline, action)
        place = {"repositoryName": action.configuration["RepositoryName"]}
        head = codecommit.get_branch(**place, branchName=action.configuration["BranchName"])
        return str(head["branch"]["commitId"])

    def _outcome(self, repository: str, branch: str, commit_id: str, commit: Mapping[str, Any]) -> Succeeded:
        message = commit.get("message", "")
        committed = _date(commit["committer"]["date"])
        region = self.tools.region
        url = f"{self.tools.console}/codecommit/home?region={region}#/repository/{repository}/commit/{commit_id}"
        summary = message[:_MAX_SUMMARY]
        return Succeeded(
            variables={
                "AuthorDate": _text(_date(commit["author"]["date"])),
                "BranchName": branch,
                "CommitId": commit_id,
                "CommitMessage": message.encode()[:_MAX_MESSAGE].decode(errors="ignore"),
                "CommitterDate": _text(committed),
                "RepositoryName": repository,
            },
            revision=Revision(commit_id, commit_id, summary, committed.timestamp(), url),
            summary=summary or None,
            external_id=commit_id,
            external_url=url,
        )


def _date(text: str) -> datetime:
    """CodeCommit writes dates as git does: Unix seconds and the offset, such as `1572319892 +0100`."""
    return datetime.fromtimestamp(float(text.split(maxsplit=1)[0]), UTC)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
