"""Source action of a connection to GitHub, GitLab or Bitbucket: the files of a commit as a zip.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from local_aws.codecommit.git import Commit, Repository
from local_aws.codepipeline.actions.artifacts import put_artifact, require_bucket
from local_aws.codepipeline.actions.contract import ActionError, Outcome, Provider, Succeeded, Work
from local_aws.codepipeline.definition.rules import Rules
from local_aws.codepipeline.state.records import Revision

_MAX_SUMMARY = 2048


def _refusal(configuration: Mapping[str, str]) -> str | None:
    output = configuration.get("OutputArtifactFormat", "CODE_ZIP")
    if output != "CODE_ZIP":
        return f"OutputArtifactFormat is '{output}'; local AWS runs CODE_ZIP"
    return None


class ConnectionSource(Provider):
    rules = Rules(
        inputs=(0, 0),
        outputs=(1, 1),
        required=frozenset({"ConnectionArn", "FullRepositoryId", "BranchName"}),
        optional=frozenset({"DetectChanges", "OutputArtifactFormat"}),
        refusal=_refusal,
        revision_types=frozenset({"COMMIT_ID"}),
    )

    def start(self, work: Work) -> Outcome:
        """Put the branch's tip, or the requested commit, into the artifact bucket."""
        require_bucket(self.tools, work)
        arn, full_name = work.configuration["ConnectionArn"], work.configuration["FullRepositoryId"]
        link = self.tools.connections.repository(self.tools.caller(work), arn, full_name)
        repository = link.repository(self.tools.runtime.settings.state)
        commit_id = work.requested_revision("COMMIT_ID") or self._tip(repository, work)
        commit = repository.commits([commit_id]).get(commit_id)
        if commit is None:
            raise ActionError("ConfigurationError", f"Commit {commit_id} does not exist in {full_name}.")
        put_artifact(self.tools, work, repository.archive(commit_id))
        return self._outcome(work, commit)

    def _tip(self, repository: Repository, work: Work) -> str:
        branch = work.configuration["BranchName"]
        reference = repository.references().get(f"refs/heads/{branch}")
        if reference is None:
            raise ActionError(
                "ConfigurationError", f"{work.configuration['FullRepositoryId']} has no branch '{branch}'."
            )
        return reference.commit_id

    def _outcome(self, work: Work, commit: Commit) -> Succeeded:
        configuration = work.configuration
        authored = datetime.fromtimestamp(float(commit.author.date.split()[0]), UTC)
        summary = commit.message[:_MAX_SUMMARY]
        return Succeeded(
            variables={
                "AuthorDate": authored.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "AuthorDisplayName": commit.author.name,
                "AuthorEmail": commit.author.email,
                "AuthorId": commit.author.name,
                "BranchName": work.branch_pushed or configuration["BranchName"],
                "CommitId": commit.commit_id,
                "CommitMessage": commit.message,
                "ConnectionArn": configuration["ConnectionArn"],
                "FullRepositoryName": configuration["FullRepositoryId"],
                "ProviderType": self.tools.connections.provider(configuration["ConnectionArn"]),
            },
            revision=Revision(commit.commit_id, commit.commit_id, summary, authored.timestamp(), None),
            summary=summary or None,
            external_id=commit.commit_id,
        )
