"""Local AWS that also writes down every temporary credential it gives out, so that a test can look for them.

    python telling_server.py STATE PORT FILE

Every session of a role, whoever opens it (services, functions, jobs of a pipeline, STS), goes through one function of
MiniStack, which is extended here. FILE holds one JSON document per line: principal, secret, token.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from local_aws.serving import process, server
from local_aws.settings import Settings


def main(state: str, port: str, file: str) -> None:
    class Telling(server.LocalAws):
        def __init__(self, settings: Settings) -> None:
            super().__init__(settings)
            sts: Any = import_module("ministack.services.sts")
            register = sts.register_session

            def register_and_tell(access_key: str, session: dict[str, Any]) -> None:
                told = {
                    "principal": session["Arn"],
                    "secret": session["SecretAccessKey"],
                    "token": session["SessionToken"],
                }
                with Path(file).open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(told) + "\n")
                register(access_key, session)

            sts.register_session = register_and_tell

    server.LocalAws = Telling  # type: ignore[misc]
    settings = Settings(Path(state), int(port))
    server.serve(settings, process.lock_state(settings), process.listen(settings))


if __name__ == "__main__":
    main(*sys.argv[1:])
