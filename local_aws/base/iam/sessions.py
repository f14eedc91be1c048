"""Sessions of roles: those that are in use in memory, the others in a file without a name until they expire.

Each release has some twenty of them, each with a policy of its own, and they are good for an hour. Their secrets are
on no disk that outlives the server.
"""

from __future__ import annotations

import time

from local_aws.base.iam import roles
from local_aws.base.tables import ministack
from local_aws.state.cold_table import ColdTable
from local_aws.state.store import Store


def store_sessions(store: Store) -> None:
    """Put the file in the place of MiniStack's sessions, all of which it goes through for each new one, and of ours."""
    sts = ministack("services.sts")
    sessions = ColdTable(store, "sessions", lambda session: session.get("Expiration"))
    credentials = ColdTable(store, "credentials", lambda held: held["expires_at"])

    def forget_expired() -> None:
        for table in (sessions, credentials):
            table.forget_ended(time.time())

    sts._sessions, sts._evict_expired_sessions = sessions, forget_expired  # noqa: SLF001
    roles.store_credentials(credentials)
