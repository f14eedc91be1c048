"""What MiniStack keeps in memory for good, bounded."""

from __future__ import annotations

from local_aws.base.tables import ministack


def keep_no_events() -> None:
    """Keep no list of all events that were ever put: nothing reads it, and EventBridge has none.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html: only an archive keeps events.
    """
    ministack("services.eventbridge")._events_log_list = list  # noqa: SLF001
