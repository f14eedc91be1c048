"""The tokens of GetAuthorizationToken: a password for 12 hours, with the rights of the one who asked for it.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets

from local_aws.clock import Clock
from local_aws.settings import ACCOUNT
from local_aws.state.store import Store
from local_aws.wire import Caller

USER = "AWS"
LASTS_S = 12 * 3600.0
_TABLES = """
CREATE TABLE IF NOT EXISTS ecr_token (hash TEXT PRIMARY KEY, arn TEXT, access_key_id TEXT, expires REAL);
"""


class Tokens:
    """The tokens that were given out; the store has their hashes."""

    def __init__(self, store: Store, clock: Clock, region: str) -> None:
        self._store, self._clock, self._region = store, clock, region
        store.define(_TABLES)

    def issue(self, caller: Caller) -> tuple[str, float]:
        """A new token, as the password of the user AWS, and when it expires (Unix time)."""
        now, token = self._clock.now().timestamp(), secrets.token_urlsafe(48)
        expires = now + LASTS_S
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM ecr_token WHERE expires < ?", (now,))
            row = (_hash(token), caller.arn, caller.access_key_id, expires)
            connection.execute("INSERT INTO ecr_token VALUES (?, ?, ?, ?)", row)
        return token, expires

    def caller(self, authorization: str) -> Caller | None:
        """The one whose token a header of HTTP Basic has; None for any other."""
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        row = self._store.row("SELECT * FROM ecr_token WHERE hash = ?", _hash(token))
        if user != USER or row is None or row["expires"] < self._clock.now().timestamp():
            return None
        return Caller(ACCOUNT, self._region, row["arn"], row["access_key_id"])


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
