"""The `slipway` command: its verbs, the options of all of them, and the exit codes.

Exit codes: 0 the verb did what it says; 1 it could not, or what it reports is a failure; 2 the command line is
wrong; 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

from scripts import (
    approve,
    audit,
    check,
    compare,
    costs,
    data,
    deploy,
    destroy,
    explain,
    follow,
    local,
    logs,
    open_report,
    permissions,
    publish,
    release,
    rollback,
    runs,
    start,
    stop,
)
from scripts.errors import SlipwayError, UnsuccessfulError
from scripts.output import Output
from scripts.session import Session
from scripts.target import LOCAL_PORT, Options

OK, FAILED, INTERRUPTED = 0, 1, 130

_FLAGS = ("--local", "--aws", "--json")
_VALUED = ("--profile", "--region", "--suffix", "--model", "--port")


class _AnywhereGroup(TyperGroup):
    """Lets the options of all verbs stand behind the verb as well as before it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, common_options_first(args))


def common_options_first(arguments: list[str]) -> list[str]:
    """Move the options that all verbs share to the front; what follows `--` stays."""
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
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def common_options(
    context: typer.Context,
    local_aws: Annotated[
        bool | None,
        typer.Option("--local/--aws", help="Default: AWS if credentials for it are configured, else local AWS."),
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Profile of the AWS configuration.")] = None,
    region: Annotated[str | None, typer.Option(help="AWS Region.")] = None,
    suffix: Annotated[
        str | None, typer.Option(envvar="SLIPWAY_SUFFIX", help="Installation; default `local`, on AWS `main`.")
    ] = None,
    model: Annotated[str, typer.Option(envvar="SLIPWAY_MODEL", help="Model.")] = "wine-quality",
    port: Annotated[int, typer.Option(envvar="SLIPWAY_PORT", help="Port of local AWS.")] = LOCAL_PORT,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")] = False,
) -> None:
    options = Options(local_aws, profile, region, suffix, model, port, as_json)
    context.obj = Session(options, Output(as_json=as_json))


# The order in which a person meets them.
app.command()(local.up)
app.command()(local.down)
app.command()(local.status)
app.command()(release.release)
app.command()(follow.follow)
app.command()(runs.runs)
app.command()(runs.show)
app.command()(explain.explain)
app.command()(compare.compare)
app.command("open")(open_report.open_report)
app.command()(audit.audit)
app.command()(logs.logs)
app.command()(start.start)
app.command()(start.retry)
app.command()(stop.stop)
app.command()(approve.approve)
app.command()(approve.reject)
app.command()(rollback.rollback)
app.command()(check.check)
app.command()(permissions.permissions)
app.add_typer(data.app, name="data")
app.command()(publish.publish)
app.command()(deploy.deploy)
app.command()(destroy.destroy)
app.command()(costs.costs)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run the command line; returns the exit code. Whatever a user can mend is one sentence, never a traceback."""
    try:
        app(arguments, prog_name="slipway")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else FAILED
    except UnsuccessfulError:
        return FAILED
    except SlipwayError as error:
        return _fail(arguments, error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        from scripts.aws_errors import explain  # noqa: PLC0415 - loads botocore

        explained = explain(error)
        if explained is None:
            raise
        return _fail(arguments, explained)
    return OK


def _fail(arguments: list[str], error: SlipwayError) -> int:
    if "--json" in arguments:
        print(json.dumps({"error": error.message, "next": error.next_step or None}, indent=2))
        return FAILED
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    console.print(Text.assemble(("error: ", "bold red"), error.message))
    if error.next_step:
        console.print(Text.assemble(("next: ", "bold"), error.next_step))
    return FAILED


if __name__ == "__main__":
    main()
