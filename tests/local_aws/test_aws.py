from __future__ import annotations

from pathlib import Path

import pytest

from local_aws.aws import Clients
from local_aws.base import Credentials
from local_aws.settings import Settings


@pytest.mark.parametrize(("service", "least_s"), [("lambda", 15 * 60), ("sqs", 60)])
def test_an_answer_is_waited_for_as_long_as_it_may_take(tmp_path: Path, service: str, least_s: float) -> None:
    """A function runs up to 15 minutes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""
    client = Clients(Settings(tmp_path)).get(service, Credentials("key", "secret", "token", 9e9))
    assert least_s < client.meta.config.read_timeout < least_s + 120
