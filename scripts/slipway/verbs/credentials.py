"""Verb `credentials`: how other programs sign in to local AWS."""

from __future__ import annotations

import json
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from slipway.errors import SlipwayError
from slipway.installation.local_key import LocalKey, read_local_key
from slipway.session import Session, session_of


class Form(StrEnum):
    """What is printed."""

    EXPORTS = "exports"
    PROFILE = "profile"
    PROCESS = "process"


_STALE = ("AWS_SESSION_TOKEN", "AWS_PROFILE")
"""What would come before the keys, or with them."""


def credentials(
    context: typer.Context,
    form: Annotated[
        Form,
        typer.Option(
            "--as", help="exports for a shell; a profile for ~/.aws/config; or what credential_process asks for."
        ),
    ] = Form.EXPORTS,
    state: Annotated[Path | None, typer.Option(help="State folder; default: this checkout's.")] = None,
) -> None:
    """Print the root user's key of local AWS.

    For a shell: eval "$(slipway credentials)". The profile holds no secret: it asks this program for it.
    """
    session = session_of(context)
    if not session.target.is_local:
        raise SlipwayError(
            "`slipway credentials` prints the key of local AWS, and the target is AWS.",
            f"Say so: {session.local_command('credentials')}",
        )
    folder = (state or session.target.state).resolve()
    key = read_local_key(folder)
    made = {Form.EXPORTS: _exports, Form.PROFILE: _profile, Form.PROCESS: _process}[form](session, key, folder)
    session.output.result(json.loads(_process(session, key, folder)))
    if not session.options.as_json:
        print(made)


def _exports(session: Session, key: LocalKey, _folder: Path) -> str:
    """SDKs put `sync-` before the host for some operations of Step Functions, which a local address does not have."""
    values = {
        "AWS_ENDPOINT_URL": session.target.endpoint_url or "",
        "AWS_REGION": session.target.region,
        "AWS_DEFAULT_REGION": session.target.region,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    return "\n".join([f"unset {' '.join(_STALE)}", *lines])


def _profile(session: Session, _key: LocalKey, folder: Path) -> str:
    """https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html."""
    program = Path(sys.argv[0]).resolve()
    command = f'"{program}" --local credentials --as process --state "{folder}"'
    return "\n".join(
        [
            f"[profile slipway-{session.target.suffix}]",
            f"region = {session.target.region}",
            f"endpoint_url = {session.target.endpoint_url}",
            "disable_host_prefix_injection = true",
            f"credential_process = {command}",
        ]
    )


def _process(_session: Session, key: LocalKey, _folder: Path) -> str:
    document = {"Version": 1, "AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key}
    return json.dumps(document, indent=2)
