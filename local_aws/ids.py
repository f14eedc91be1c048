"""Identifiers in the forms that AWS gives them."""

from __future__ import annotations

import secrets
import string
import uuid

_LETTERS_AND_DIGITS = string.ascii_letters + string.digits


def new_uuid() -> str:
    """A lower-case UUID, such as the id of an execution, a job or a repository."""
    return str(uuid.uuid4())


def new_key_suffix() -> str:
    """The seven characters that end an artifact's key in the artifact bucket."""
    return "".join(secrets.choice(_LETTERS_AND_DIGITS) for _ in range(7))
