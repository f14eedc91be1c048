"""Verbs `data prepare`, `data upload` and `data adopt`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from slipway.config_files import check_configs
from slipway.datasets.data_files import check_dataset, report
from slipway.datasets.dataset import StagedDataset, folder_id, stage_bucket_files, stage_folder, write_manifest
from slipway.datasets.prepare import DELIMITERS, REJECTED_FILE, Request
from slipway.datasets.prepare import prepare as prepare_file
from slipway.errors import SlipwayError, UnsuccessfulError
from slipway.project import shown
from slipway.repositories.sources import preparing_machine
from slipway.session import Session, session_of

_SHOWN_PROBLEMS = 20

app = typer.Typer(no_args_is_help=True, help="Make datasets and upload them.", rich_markup_mode=None)


@app.command()
def prepare(  # noqa: PLR0913, PLR0917 - a verb's options are its parameters
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file, such as UCI wine quality.")],
    label: Annotated[str, typer.Option(help="Column to predict: its name in the header, or its number from 1.")],
    out: Annotated[Path | None, typer.Option(help="Folder to write; default: the model's folder in data/.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same order.")] = 1,
    split: Annotated[str, typer.Option(help="Per cent for train, validation and test.")] = "70,15,15",
    delimiter: Annotated[str, typer.Option(help="Separator of the columns.")] = "auto",
    header: Annotated[
        bool | None, typer.Option("--header/--no-header", help="Default: a first line without a number is a header.")
    ] = None,
    skip_bad_rows: Annotated[bool, typer.Option("--skip-bad-rows", help="Leave bad rows out and continue.")] = False,
) -> None:
    """Make a dataset of a CSV file: label first, shuffled, split in three, no header, every row checked."""
    session = session_of(context)
    folder = out or session.project.data(session.options.model)
    name = shown(folder)
    request = Request(
        file, folder, label, seed, parse_split(split, "--split"), parse_delimiter(delimiter), header, skip_bad_rows
    )
    size = file.stat().st_size if file.is_file() else 0
    with session.output.progress(f"reading {file}", size) as advance:
        prepared = prepare_file(request, advance)
    for problem in prepared.rejected[:_SHOWN_PROBLEMS]:
        session.output.say(str(problem), style="red")
    if prepared.rejected:
        said = f"{len(prepared.rejected)} rows rejected; all of them are listed in {name}/{REJECTED_FILE}"
        session.output.say(said, style="red")
    named = {}
    if prepared.rows:
        write_manifest(folder, session.options.model)
        named = {"dataset": folder_id(folder)}
    session.output.result(
        {
            "folder": str(folder),
            **named,
            "rows": prepared.rows,
            "columns": prepared.columns,
            "rejected": len(prepared.rejected),
        }
    )
    if not prepared.rows:
        session.output.say("Nothing was written. Fix the rows, or leave them out: --skip-bad-rows")
        raise UnsuccessfulError
    rows = ", ".join(f"{channel} {count}" for channel, count in prepared.rows.items())
    session.output.say(f"{name}: {rows} rows, label {prepared.columns[0] if prepared.columns else label} first")
    session.output.say(f"Upload it: {session.command('data upload', name)}")
    session.output.say(pin_line(session.options.model, named["dataset"]))


@app.command()
def upload(
    context: typer.Context,
    directory: Annotated[
        Path | None, typer.Argument(help="Folder with train/, validation/ and test/; default: the sample data.")
    ] = None,
) -> None:
    """Upload a dataset under the hash of its content, then the manifest, which starts a release."""
    session = session_of(context)
    session.announce()
    _publish(session, stage_directory(session, directory))


@app.command()
def adopt(context: typer.Context) -> None:
    """Make a dataset of files that were put into the bucket under MODEL/train/, MODEL/validation/ and MODEL/test/.

    MODEL/columns.json, a list of names with the label's first, names the columns; slices of a config need it.
    """
    session = session_of(context)
    session.announce()
    _publish(session, stage_bucket_files(session))


def stage_directory(session: Session, directory: Path | None = None) -> StagedDataset:
    """Check a folder and upload its files, not the manifest; raises UnsuccessfulError if the check finds problems."""
    folder = directory or session.project.data(session.names.model)
    if not folder.is_dir():
        raise SlipwayError(
            f"{shown(folder)}: found no such folder; the data of model {session.names.model} is expected there.",
            "Name another folder, or make this one: "
            + session.command("data prepare FILE.csv --label NAME --out", shown(folder)),
        )
    configs, _ = check_configs(session.project.training_config)
    checks = check_dataset(session, folder, configs.get(session.names.model))
    if any(file.problem_count for file in checks):
        report(session.output, checks)
        session.output.say("Nothing was uploaded.")
        raise UnsuccessfulError
    return stage_folder(session, folder, {file.file: file.rows for file in checks})


def _publish(session: Session, staged: StagedDataset) -> None:
    if staged.changed:
        staged.publish(session)
        machine = preparing_machine(session)
        if machine:
            session.output.say(f"{machine.rpartition(':')[2]} prepares the data of releases, so no release starts.")
        elif staged.releases(session.names.model):
            session.output.say(f"The new manifest starts a release. Watch it: {session.command('follow')}")
        else:
            session.output.say(f"The config pins dataset {staged.pinned}, so no release starts.")
        session.output.say(pin_line(session.names.model, staged.id))
    else:
        say = "The manifest names this dataset already, so no release starts. Start one: "
        session.output.say(say + session.command("start"))
    session.output.result(staged.document())


def pin_line(model: str, dataset: str) -> str:
    """How a config pins a dataset."""
    return f'To release it together with a change of the config, pin it in {model}.yml: data: {{dataset: "{dataset}"}}'


def parse_split(text: str, option: str) -> tuple[int, int, int]:
    """Return the per cent of the three channels. Raises SlipwayError."""
    parts = text.split(",")
    if len(parts) == 3 and all(part.strip().isdecimal() for part in parts):
        train, validation, test = (int(part) for part in parts)
        if train + validation + test == 100 and min(train, validation, test) > 0:
            return train, validation, test
    raise SlipwayError(f"{option}: found {text!r}; expected three whole numbers above 0 that add up to 100.")


def parse_delimiter(text: str, *, known_only: bool = True) -> str | None:
    """Return the separator of columns, None to detect it. Raises SlipwayError."""
    if text == "auto":
        return None
    named = {"tab": "\t", "\\t": "\t"}.get(text, text)
    if named not in DELIMITERS and (known_only or len(named) != 1):
        others = "" if known_only else ", or another character"
        raise SlipwayError(f"--delimiter: found {text!r}; expected auto, ',', ';', '|' and tab{others}.")
    return named
