"""What a verb works with: the target, the names, the checkout, the console."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.names import Names
from scripts.output import Output
from scripts.project import Project, find_project, shown
from scripts.target import LOCAL_PORT, Options, Target, aws_credentials_configured, decide_target

if TYPE_CHECKING:
    import typer


@dataclass(frozen=True)
class Session:
    """One run of the command line. Nothing is looked up before a verb needs it."""

    options: Options
    output: Output

    @cached_property
    def target(self) -> Target:
        return decide_target(self.options)

    @cached_property
    def names(self) -> Names:
        suffix = self.options.suffix or self.target.suffix
        return Names(suffix, self.options.model, self.target.account(), self.target.region)

    @cached_property
    def project(self) -> Project:
        return find_project()

    def client(self, service: str) -> Any:
        return self.target.client(service)

    def command(self, verb: str) -> str:
        """A command that a person can copy: found from here, and for the same target."""
        return f"{self._program} {verb}"

    @cached_property
    def _program(self) -> str:
        program = Path(sys.argv[0])
        on_path = shutil.which(program.name)
        words = [program.name if on_path and Path(on_path).samefile(program) else shown(program)]
        options = self.options
        if self.target.is_local and aws_credentials_configured(None):
            words.append("--local")
        if self.target.is_local and self.target.port != LOCAL_PORT:
            words.append(f"--port {self.target.port}")
        for name, value in (("profile", options.profile), ("region", options.region), ("suffix", options.suffix)):
            words += [f"--{name} {value}"] if value else []
        if options.model != Options.model:
            words.append(f"--model {options.model}")
        return " ".join(words)

    def announce(self) -> None:
        """Say where a verb that changes something works."""
        where = f" at {self.target.endpoint_url}" if self.target.endpoint_url else ""
        self.output.say(
            f"{self.target.title}{where}, account {self.names.account}, {self.names.region}; "
            f"installation {self.names.suffix}, model {self.names.model}"
        )


def session_of(context: typer.Context) -> Session:
    """The session that `scripts.cli` made for this run."""
    session = context.obj
    if not isinstance(session, Session):
        raise TypeError("the verb was called without a session")
    return session
