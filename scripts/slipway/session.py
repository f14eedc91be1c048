"""The context of a verb: the target, the names, the checkout, the console."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from slipway.commands import beginning, command_line, completed
from slipway.names import Names
from slipway.project import Project, find_project
from slipway.target import Options, Target, decide_target
from slipway.terminal.output import Output

if TYPE_CHECKING:
    import typer


@dataclass(frozen=True)
class Session:
    """One run of the command line. Looks up nothing before a verb needs it."""

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

    def command(self, verb: str, *arguments: str) -> str:
        """Return a command that a person can copy: it works from here, for the same target and model.

        The verb is inserted unchanged, with options that need no quotes; arguments are quoted.
        """
        return completed(self._beginning, verb, *arguments)

    @cached_property
    def _beginning(self) -> str:
        # Found out once: it looks for credentials, and a view that is drawn again and again prints commands.
        return beginning(self.options, self.target)

    def local_command(self, verb: str, *arguments: str) -> str:
        """Return the same for local AWS, whatever the target of this run."""
        options = replace(self.options, local=True, profile=None)
        return command_line(options, decide_target(options), verb, *arguments)

    def announce(self) -> None:
        """Print the target of a verb that changes something."""
        where = f" at {self.target.endpoint_url}" if self.target.endpoint_url else ""
        self.output.say(
            f"{self.target.title}{where}, account {self.names.account}, {self.names.region}; "
            f"installation {self.names.suffix}, model {self.names.model}"
        )


def session_of(context: typer.Context) -> Session:
    """The session that `slipway.cli` made for this run."""
    session = context.obj
    if not isinstance(session, Session):
        raise TypeError("the verb was called without a session")
    return session
