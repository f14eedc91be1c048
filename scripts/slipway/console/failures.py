"""What a page says where a call fails, and what is known then of a decision."""

from __future__ import annotations

from http import HTTPStatus

from botocore.exceptions import ClientError, HTTPClientError

from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.tables import note
from slipway.console.room import Page
from slipway.console.shell import at
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of, explain
from slipway.session import Session

_NOT_THERE = ("NotFound", "NoSuch", "DoesNotExist", "ValidationException", "ValidationError", "ResourceNotFound")
_ASK_AGAIN_S = 5.0
"""After an account did not answer as it should; it need not tell when it does."""


def failed(error: Exception, session: Session) -> Page:
    """Return the page that says what went wrong; raises what is a fault of the console."""
    explained = error if isinstance(error, SlipwayError) else explain(error)
    if explained is None:
        raise error
    text = " ".join(filter(None, (explained.message, explained.advice(session.command))))
    status = _status(error)
    again_s = _ASK_AGAIN_S if status == HTTPStatus.BAD_GATEWAY else None
    return Page("This cannot be shown", [told(text)], (("Models", at("")),), again_s, status)


def undone(error: Exception, session: Session, back: str) -> Page:
    """Return the page of a decision that failed, which leads back to the page where it was made.

    A call whose answer was lost may have done what it was to do.
    """
    page, title = failed(error, session), "This was not done"
    parts = page.parts
    if isinstance(error, HTTPClientError):
        title = "It is not known whether this was done"
        parts = [*parts, el("section", note("Look at where you decided before you try again."), id="next")]
    return Page(title, parts, (*page.above, ("Back to where you decided", back)), status=409)


def _status(error: Exception) -> int:
    """A person's mistake, what is not there, or an account that does not answer as it should."""
    if isinstance(error, SlipwayError):
        return 400
    missing = isinstance(error, ClientError) and any(word in code_of(error) for word in _NOT_THERE)
    return HTTPStatus.NOT_FOUND if missing else HTTPStatus.BAD_GATEWAY


def told(text: str) -> Html:
    """Return a text as the only part of a page."""
    return el("section", note(text), id="told")
