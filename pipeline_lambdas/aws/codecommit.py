"""What CodeCommit tells of a commit.

https://docs.aws.amazon.com/codecommit/latest/APIReference/API_GetCommit.html
"""

from __future__ import annotations

from pipeline_lambdas.aws import clients
from pipeline_lambdas.aws.errors import call
from pipeline_lambdas.failures import AwsRequestError

_GONE = frozenset({"CommitIdDoesNotExistException", "RepositoryDoesNotExistException"})


def find_author(repository: str, commit_id: str) -> str | None:
    """Return the name of who wrote a commit; None if there is no such commit any more, or no name."""
    try:
        answer = call(clients.client("codecommit").get_commit, repositoryName=repository, commitId=commit_id)
    except AwsRequestError as error:
        if error.code in _GONE:
            return None
        raise
    return (answer["commit"].get("author") or {}).get("name") or None
