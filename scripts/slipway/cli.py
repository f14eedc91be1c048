"""The `slipway` command: its verbs, their common options, and the exit codes.

Exit codes: 0 the verb succeeded; 1 it failed, or reports a failure; 2 the command line is wrong; 130 it was
interrupted.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from typing import Annotated, Any

import typer
from rich.text import Text
from typer.core import TyperGroup
from typer.exceptions import TyperException

from slipway.commands import command_line
from slipway.errors import Command, SlipwayError, StillRunningError, UnsuccessfulError
from slipway.session import Session
from slipway.target import LOCAL_PORT, Options
from slipway.terminal.completion import complete_models
from slipway.terminal.output import Output, PlainConsole
from slipway.verbs import (
    approve,
    audit,
    check,
    compare,
    console,
    costs,
    credentials,
    data,
    deploy,
    destroy,
    explain,
    follow,
    judge,
    local,
    logs,
    new,
    open_page,
    permissions,
    predict,
    publish,
    release,
    rollback,
    runs,
    show,
    start,
    stop,
    workflow,
)

OK, FAILED, INTERRUPTED = 0, 1, 130

_FLAGS = ("--local", "--aws", "--json")
_VALUED = ("--profile", "--region", "--suffix", "--model", "--port")


class _AnywhereGroup(TyperGroup):
    """Allows the common options after the verb as well as before it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, common_options_first(args))

    def invoke(self, ctx: Any) -> Any:
        """Run a verb; errors are printed here, where the options of the run are known."""
        try:
            super().invoke(ctx)
        except (typer.Exit, typer.Abort, TyperException):
            raise
        except UnsuccessfulError as failed:
            raise typer.Exit(_ended(ctx.obj, FAILED, str(failed))) from None
        except KeyboardInterrupt:
            raise typer.Exit(_told(ctx.obj, StillRunningError("Nothing more is done here."))) from None
        except Exception as error:  # noqa: BLE001 - raised again unless it is a user's to fix
            raise typer.Exit(_told(ctx.obj, error)) from None
        raise typer.Exit(_ended(ctx.obj, OK))


def common_options_first(arguments: list[str]) -> list[str]:
    """Move the common options to the front; arguments after `--` stay."""
    front: list[str] = []
    rest: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "--":
            rest += [argument, *remaining]
        elif argument in _FLAGS or argument.startswith(tuple(f"{name}=" for name in _VALUED)):
            front.append(argument)
        elif argument in _VALUED:
            front += [argument, *[value for value in [next(remaining, None)] if value is not None]]
        else:
            rest.append(argument)
    return front + rest


app = typer.Typer(
    name="slipway",
    help="From git push to a tested endpoint: set up, release, look at releases, on AWS or on this machine.",
    epilog="The options of the target may stand before or behind the verb.",
    cls=_AnywhereGroup,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _say_version(wanted: bool) -> None:
    if wanted:
        print(f"slipway {version('slipway')}")
        raise typer.Exit


@app.callback()
def common_options(
    context: typer.Context,
    local_aws: Annotated[
        bool | None,
        typer.Option(
            "--local/--aws",
            help="Default: AWS if it is configured and the endpoint is not on this machine.",
        ),
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Profile of the AWS configuration.")] = None,
    region: Annotated[str | None, typer.Option(help="AWS Region.")] = None,
    suffix: Annotated[
        str | None, typer.Option(envvar="SLIPWAY_SUFFIX", help="Installation; default `local`, on AWS `main`.")
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            envvar="SLIPWAY_MODEL",
            autocompletion=complete_models,
            help="Model.",
        ),
    ] = "wine-quality",
    port: Annotated[
        int, typer.Option(envvar="SLIPWAY_PORT", min=1, max=65_535, help="Port of local AWS.")
    ] = LOCAL_PORT,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    options = Options(local_aws, profile, region, suffix, model, port, as_json)
    context.obj = Session(options, Output(as_json=as_json))


# The order in which a person meets them.
app.command()(local.up)
app.command()(local.down)
app.command()(local.status)
app.command()(credentials.credentials)
app.command()(new.new)
app.command()(release.release)
app.command()(follow.follow)
app.command()(runs.runs)
app.command()(show.show)
app.command()(explain.explain)
app.command()(compare.compare)
app.command()(judge.judge)
app.command("open")(open_page.open_page)
app.command()(console.console)
app.command()(audit.audit)
app.command()(logs.logs)
app.command()(start.start)
app.command()(start.retry)
app.command()(stop.stop)
app.command()(approve.approve)
app.command()(approve.reject)
app.command()(rollback.rollback)
app.command()(predict.predict)
app.command()(check.check)
app.command()(permissions.permissions)
app.add_typer(data.app, name="data")
app.command()(publish.publish)
app.command()(deploy.deploy)
app.command()(destroy.destroy)
app.command()(costs.costs)
app.add_typer(workflow.app, name="workflow")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    for stream in (sys.stdout, sys.stderr):
        # Others wrote much of what is shown, and a locale's encoding may lack a character of it.
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run the command line; returns the exit code. A user's mistake prints one sentence, never a traceback."""
    as_json = "--json" in common_options_first(arguments)
    try:
        ended = app(arguments, prog_name="slipway", standalone_mode=not as_json)
    except KeyboardInterrupt:  # before a verb runs
        return INTERRUPTED
    except SystemExit as stopped:
        return stopped.code if isinstance(stopped.code, int) else FAILED
    except TyperException as wrong:  # only with --json: else typer prints it, with how the verb is used
        _print_json({"error": wrong.format_message(), "next": None})
        return wrong.exit_code
    except typer.Abort:
        _print_json({"error": "The input ended before the verb did.", "next": None})
        return FAILED
    return ended if isinstance(ended, int) else OK


def _told(session: Session, error: Exception) -> int:
    """Print what stopped a verb; returns the exit code. Re-raises a bug in Slipway."""
    from slipway.installation.aws_errors import explain  # noqa: PLC0415 - loads botocore

    explained = error if isinstance(error, SlipwayError) else explain(error)
    if explained is None:
        raise error
    interrupted = isinstance(explained, StillRunningError)
    what, advice = "interrupted" if interrupted else "error", explained.advice(_commands_of(session))
    if session.output.as_json:
        _print_json({what: explained.message, "next": advice or None})
    else:
        console = PlainConsole(stderr=True)
        console.print(Text.assemble((f"{what}: ", "bold red"), explained.message))
        if advice:
            console.print(Text.assemble(("next: ", "bold"), advice))
    return INTERRUPTED if interrupted else FAILED


def _ended(session: Session, code: int, why: str = "") -> int:
    """Print the document of a verb that succeeded; returns the exit code."""
    if session.output.as_json:
        failed = {"error": why or "The verb found what it reports on stderr.", "next": None}
        _print_json(session.output.document or ({} if code == OK else failed))
    return code


def _commands_of(session: Session) -> Command:
    """Return how to write commands for this run; without a target if it cannot be decided."""
    try:
        target = session.target
    except SlipwayError:
        target = None
    return partial(command_line, session.options, target)


def _print_json(document: Mapping[str, Any]) -> None:
    print(json.dumps(document, indent=2, default=str))


if __name__ == "__main__":
    main()
