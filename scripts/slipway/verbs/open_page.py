"""Verb `open`: a release in the browser: its page in local AWS's console, on AWS its report."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import ClientError

from pipeline_lambdas.evidence import keys
from pipeline_lambdas.release.names import short_id
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of
from slipway.project import shown
from slipway.releases.pipeline import list_runs, resolve_run
from slipway.releases.records import find_report
from slipway.session import Session, session_of
from slipway.target import LOCAL_SUFFIX
from slipway.terminal.completion import NewestRelease


def open_page(
    context: typer.Context,
    run: NewestRelease = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the report to this file; on AWS by default below .slipway/reports.")
    ] = None,
    browse: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it, or only print where it is.")] = True,
) -> None:
    """Open a release in the browser: its page, or its report.

    Local AWS has a console: the address lets a browser in, for ten minutes. On AWS it is the report, one file that
    needs no network; a copy of it is kept on this machine.
    """
    session = session_of(context)
    if out is None and session.target.is_local and session.names.suffix == LOCAL_SUFFIX:
        where = _console_page(session, run)
    else:
        where = _report(session, resolve_run(session, run), out)
    if browse and session.output.can_ask:
        webbrowser.open(where)


def _console_page(session: Session, run: str | None) -> str:
    """Print the address of a release's page, and return it; that of the first page where there is no release yet."""
    # A web framework, which no other verb needs.
    from slipway.console.access import BASE  # noqa: PLC0415
    from slipway.console.local import local_access  # noqa: PLC0415
    from slipway.console.shell import at  # noqa: PLC0415

    run_id = resolve_run(session, run) if run or _has_releases(session) else None
    page = at("models", session.names.model, "releases", run_id) if run_id else at("")
    address = local_access(session.target.state, session.target.port).address(page.removeprefix(BASE))
    what = f"release {short_id(run_id)}" if run_id else f"no release of {session.names.model} yet; the console"
    session.output.say(f"{what}: {address}")
    session.output.result({"id": run_id, "address": address})
    return address


def _has_releases(session: Session) -> bool:
    try:
        return bool(list_runs(session, 1))
    except ClientError as error:
        if code_of(error) != "PipelineNotFoundException":
            raise
        return False


def _report(session: Session, run_id: str, out: Path | None) -> str:
    """Write the report of a release, print where, and return its address."""
    page = find_report(session, run_id)
    if page is None:
        short = short_id(run_id)
        place = f"s3://{session.names.bucket('evidence')}/{keys.folder(session.names.model, run_id)}"
        raise SlipwayError(
            f"release {short}: found no report in {place}.",
            f"It is written before the approval and at the end; see where it is: {session.command('show', short)}",
        )
    file = out or session.project.private_work() / "reports" / f"{run_id}.html"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(page)
    except OSError as error:
        raise SlipwayError(
            f"{shown(file)} cannot be written: {error.strerror}.",
            f"Name another file: {session.command('open', short_id(run_id), '--out', f'{run_id}.html')}",
        ) from None
    session.output.say(f"report of release {short_id(run_id)}: {shown(file)}")
    session.output.result({"id": run_id, "file": str(file), "bytes": len(page)})
    return file.resolve().as_uri()
