"""The root user's access key: random, created at the first start, kept in the state folder, readable by its owner only.

The file has the format of the credentials file that the AWS CLI and all SDKs share, so AWS_SHARED_CREDENTIALS_FILE may
name it (https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html).
"""

from __future__ import annotations

import base64
import configparser
import os
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

FILE_NAME = "credentials"
_PROFILE = "default"
_KEY_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_KEY_ID = re.compile(r"AKIA[A-Z2-7]{16}")
_SECRET_BYTES = 30


class RootKeyError(Exception):
    """The file does not contain a key; the message names it and says what to do."""


@dataclass(frozen=True, repr=False)
class RootKey:
    """An access key of the account's root user; never printed."""

    access_key_id: str
    secret_access_key: str

    def __repr__(self) -> str:
        return f"RootKey({self.access_key_id})"


def read_root_key(state: Path) -> RootKey | None:
    """The key of a state folder; None if it has none yet. Raises RootKeyError."""
    file = state / FILE_NAME
    parser = configparser.ConfigParser(interpolation=None)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    file.chmod(0o600)
    try:
        parser.read_string(text)
        key = RootKey(parser[_PROFILE]["aws_access_key_id"], parser[_PROFILE]["aws_secret_access_key"])
    except (configparser.Error, KeyError):
        key = RootKey("", "")
    if not _KEY_ID.fullmatch(key.access_key_id) or not key.secret_access_key:
        raise RootKeyError(
            f"{file}: found no access key of local AWS, which has a profile [{_PROFILE}] with aws_access_key_id (AKIA "
            "and 16 letters or digits 2 to 7) and aws_secret_access_key. Delete the file, and the next start makes one."
        )
    return key


def root_key(state: Path) -> RootKey:
    """The key of a state folder, created if there is none: its id has 100 random bits, its secret 240."""
    found = read_root_key(state)
    if found is not None:
        return found
    key_id = "AKIA" + "".join(secrets.choice(_KEY_LETTERS) for _ in range(16))
    secret = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    text = f"[{_PROFILE}]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n"
    # The file is complete before it gets its name; if two servers start at once, the first wins.
    with tempfile.NamedTemporaryFile("w", dir=state, prefix=".credentials-", encoding="utf-8") as draft:  # mode 0600
        draft.write(text)
        draft.flush()
        try:
            os.link(draft.name, state / FILE_NAME)
        except FileExistsError:
            return root_key(state)
    return RootKey(key_id, secret)
