"""Finds the commit for a commit specifier.

A specifier is a branch, a tag, `HEAD`, a full reference name or a full commit id
(https://docs.aws.amazon.com/codecommit/latest/APIReference/API_GetDifferences.html).
"""

from __future__ import annotations

from local_aws.codecommit import names
from local_aws.codecommit.git import Repository
from local_aws.codecommit.repositories import RepositoryRow
from local_aws.wire import AwsError


def resolve(repository: Repository, row: RepositoryRow, specifier: str | None) -> str:
    """The id of the commit; without a specifier, the tip of the default branch.

    Raises CommitDoesNotExistException or InvalidCommitException.
    """
    if specifier in (None, "", "HEAD"):
        if row.default_branch is None:
            raise AwsError(
                "CommitDoesNotExistException",
                f"No commit was specified and {row.name} has no default branch, as it is empty.",
            )
        candidates = [names.HEADS + row.default_branch]
    else:
        candidates = _candidates(str(specifier))
    found = repository.objects([f"{candidate}^{{commit}}" for candidate in candidates])
    for commit in found:
        if commit is not None:
            return commit.object_id
    raise AwsError("CommitDoesNotExistException", f"Commit {specifier} does not exist in {row.name}.")


def _candidates(specifier: str) -> list[str]:
    if names.is_object_id(specifier):
        return [specifier]
    if not names.is_branch(specifier):
        raise AwsError(
            "InvalidCommitException",
            f"The commit specifier '{specifier[:200]}' is not valid. Allowed are a branch, a tag, HEAD, a full "
            "reference name and a full commit ID.",
        )
    if specifier.startswith("refs/"):
        return [specifier]
    return [names.HEADS + specifier, names.TAGS + specifier]
