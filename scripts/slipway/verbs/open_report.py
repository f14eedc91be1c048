"""Verb `open`: the report of a release in the browser."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from pipeline_lambdas.evidence import keys
from pipeline_lambdas.release.names import short_id
from slipway.errors import SlipwayError
from slipway.project import shown
from slipway.releases.pipeline import resolve_run
from slipway.releases.records import find_report
from slipway.session import session_of
from slipway.terminal.completion import complete_releases


def open_report(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(
            autocompletion=complete_releases,
            help="Release: its id or the beginning; default: the newest.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; default: below .slipway/reports.")] = None,
    browse: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it, or only write it.")] = True,
) -> None:
    """Open the report of a release.

    The page is one file that needs no network; a copy of it is kept on this machine.
    """
    session = session_of(context)
    run_id = resolve_run(session, run)
    page = find_report(session, run_id)
    if page is None:
        short = short_id(run_id)
        place = f"s3://{session.names.bucket('evidence')}/{keys.folder(session.names.model, run_id)}"
        raise SlipwayError(
            f"release {short}: found no report in {place}.",
            f"It is written before the approval and at the end; see where it is: {session.command('show', short)}",
        )
    file = out or session.project.private_work() / "reports" / f"{run_id}.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(page)
    session.output.say(f"report of release {short_id(run_id)}: {shown(file)}")
    session.output.result({"id": run_id, "file": str(file), "bytes": len(page)})
    if browse and session.output.can_ask:
        webbrowser.open(file.resolve().as_uri())
