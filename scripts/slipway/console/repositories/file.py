"""One file of a repository, as text with numbered lines."""

from __future__ import annotations

from botocore.exceptions import ClientError

from pipeline_lambdas.report.kit.markup import Child, join
from pipeline_lambdas.report.kit.tables import code, facts, note
from pipeline_lambdas.report.kit.text import size
from slipway.console.repositories.places import commit_link, revision_of
from slipway.console.room import Asked, Page
from slipway.console.shell import at, panel, to
from slipway.console.texts import decoded, text_pages
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of, message_of

_KINDS = {"EXECUTABLE": "program", "SYMLINK": "symbolic link", "NORMAL": "file"}
_TOO_LARGE = ("FileTooLargeException", "FileContentSizeLimitExceededException")


def file(asked: Asked) -> Page:
    """Draw the page."""
    revision, path = revision_of(asked), asked.query.get("path", "").strip("/")
    name = revision.repository
    if not path:
        raise SlipwayError("path: found nothing in the address; expected the path of a file.")
    above = (("Repositories", at("repositories")), (name, revision.folder()), *revision.trail(path))
    specifier = {"commitSpecifier": revision.specifier} if revision.specifier else {}
    try:
        found = asked.session.client("codecommit").get_file(repositoryName=name, filePath=path, **specifier)
    except ClientError as error:
        if code_of(error) not in _TOO_LARGE:
            raise
        return Page(path, [panel("content", "Content", note(message_of(error)))], above)
    about = facts(
        [
            ("Commit", commit_link(name, found["commitId"])),
            ("Size", size(found["fileSize"])),
            ("Kind", _KINDS.get(found["fileMode"], found["fileMode"])),
            ("Blob", code(found["blobId"])),
            (
                "Fixed address",
                to("this file at this commit", at("repositories", name, "file", commit=found["commitId"], path=path)),
            ),
        ]
    )
    text = decoded(found["fileContent"])
    shown: tuple[Child, ...] = (
        (note("It is no text of UTF-8, so it is not shown."),)
        if text is None
        else text_pages(f"Content of {path}", text, asked.page_number, lambda page: revision.file(path, page))
    )
    return Page(
        path.rpartition("/")[2], [panel("about", "File", about), panel("content", "Content", join(*shown))], above
    )
