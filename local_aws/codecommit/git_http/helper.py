"""Plain git with local AWS: a credential helper that signs, and the git configuration that names it.

It does what `aws codecommit credential-helper` does, with the root user's key. All it gives git is a signature that is
valid for 15 minutes and for one repository. https://git-scm.com/docs/gitcredentials#_custom_helpers
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from local_aws.codecommit.git_http.signing import SignedPart, signature
from local_aws.serving.root import RootKey
from local_aws.settings import Settings

VERB = "git-credential"
_SOURCES = Path(__file__).resolve().parents[3]


def answer(asked: Iterable[str], region: str, key: RootKey) -> str:
    """Answer git's request for credentials: `protocol`, `host` and `path`, one per line."""
    wanted = dict(line.strip().partition("=")[::2] for line in asked if "=" in line)
    now = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    signed = SignedPart("/" + wanted.get("path", ""), wanted.get("host", ""), region)
    return f"username={key.access_key_id}\npassword={now}Z{signature(key.secret_access_key, now, signed)}\n"


def write_git_config(settings: Settings) -> None:
    """Write the file that a clone includes (`git clone -c include.path=FILE`); there is no secret in it."""
    # The first, empty value: none of the user's own helpers, such as a keychain, is called.
    program = f"cd {shlex.quote(str(_SOURCES))} && {shlex.quote(sys.executable)} -m local_aws {VERB}"
    helper = f"!{program} --state {shlex.quote(str(settings.state))} --region {settings.region}"
    quoted = helper.replace("\\", "\\\\").replace('"', '\\"')
    hosts = (f"127.0.0.1:{settings.port}", f"localhost:{settings.port}")
    sections = [
        f'[credential "http://{host}"]\n\thelper =\n\thelper = "{quoted}"\n\tuseHttpPath = true\n'
        f'[http "http://{host}"]\n\tproxy =\n'
        for host in hosts
    ]
    settings.git_config.write_text("".join(sections), encoding="utf-8")
