"""The root user's key of local AWS, as its state folder holds it."""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from pathlib import Path

from slipway.errors import SlipwayError


@dataclass(frozen=True, repr=False)
class LocalKey:
    """An access key; printed by `slipway credentials` alone."""

    access_key_id: str
    secret_access_key: str

    def __repr__(self) -> str:
        return f"LocalKey({self.access_key_id})"


def read_local_key(state: Path) -> LocalKey:
    """The key that local AWS made at its first start; raises SlipwayError if it has not been started yet.

    The file is one of those that the AWS CLI and all SDKs read:
    https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
    """
    file = state / "credentials"
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
        profile = parser["default"]
        return LocalKey(profile["aws_access_key_id"], profile["aws_secret_access_key"])
    except FileNotFoundError:
        # Never up here, which to a person is no other than down.
        raise SlipwayError("Local AWS does not answer.", lambda command: f"Start it: {command('up')}") from None
    except (configparser.Error, KeyError):
        raise SlipwayError(
            f"{file}: found no profile [default] with an access key.",
            lambda command: f"Delete the file and start again: {command('up')}",
        ) from None
