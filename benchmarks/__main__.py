"""`python -m benchmarks`: measure what the project promises about speed and memory.

Each figure stands beside what it is compared with, measured in the same run. The table says what was aimed at and
whether it was met; the exit code does not depend on it, as a busy machine is no mistake of the code.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import (
    cold_start,
    console,
    cycles,
    evaluation,
    growth,
    idle,
    images,
    machines,
    new_model,
    release,
    reviews,
    tables,
    workflows,
)
from benchmarks.figures import Figure
from tests.releases.house import House

NAMES = (
    "idle",
    "workflows",
    "images",
    "reviews",
    "tables",
    "new-model",
    "growth",
    "cycles",
    "cold-start",
    "release",
    "evaluation",
    "console",
)


def main() -> None:
    """Run the named benchmarks, or all, and print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure speed and memory against baselines.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; default: all")
    parser.add_argument("--short", action="store_true", help="less data and fewer repetitions: only to see it run")
    parser.add_argument("--data", type=Path, help="a CSV file with a header, the label in its last column")
    parser.add_argument("--rows", type=int, default=evaluation.ROWS, help="of the test set that is evaluated")
    parser.add_argument("--executions", type=int, help=f"of `growth`; default {growth.EXECUTIONS}, for proof 1,000")
    parser.add_argument("--cycles", type=int, help=f"of `cycles`; default {cycles.CYCLES}, for proof 1,000")
    parser.add_argument("--releases", type=int, help=f"of `growth`; default {growth.RELEASES}")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(NAMES)}")
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
        figures = measure(options.names or list(NAMES), Path(folder), options)
    show(figures)


def measure(names: list[str], folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Run benchmarks in a folder of their own."""
    tell = Console(stderr=True).print
    figures = _without_a_house(names, folder, options, tell)
    if {"growth", "cold-start", "release", "evaluation", "console"} & set(names):
        figures += _measure_house(names, folder, options, tell)
    return figures


def _measure_house(
    names: list[str], folder: Path, options: argparse.Namespace, tell: Callable[[str], None]
) -> list[Figure]:
    """Run the benchmarks that need an installation."""
    short, data = options.short, options.data
    figures: list[Figure] = []
    house = House(folder / "house")
    if "cold-start" in names:
        tell("cold-start: the functions' packages")
        figures += cold_start.measure(house.root, folder, short=short)
    if {"growth", "release", "evaluation", "console"} & set(names):
        tell("a first release, to set up")
        try:
            done = house.slipway("release")
            if done.returncode:
                raise SystemExit(done.stdout + done.stderr)
            if "growth" in names:
                tell("growth: the same release again and again")
                figures += growth.measure_releases(house, short=short, releases=options.releases)
            if "release" in names:
                tell("release: push after push")
                figures += release.measure(house, folder, short=short, data=data)
            if "evaluation" in names:
                tell("evaluation: a large test set")
                figures += evaluation.measure(house, folder, short=short, data=data, count=options.rows)
            if "console" in names:
                tell("console: pages with many releases")
                figures += console.measure(house, short=short)
        finally:
            house.slipway("down")
    return figures


def _without_a_house(
    names: list[str], folder: Path, options: argparse.Namespace, tell: Callable[[str], None]
) -> list[Figure]:
    """Run those for which nothing is released."""
    short, figures = options.short, list[Figure]()
    if "idle" in names:
        tell("idle: a fresh local AWS")
        figures += idle.measure(folder, short=short)
    if "workflows" in names:
        tell("workflows: state machines")
        figures += workflows.measure(folder, short=short)
    if "images" in names:
        tell("images: a large listing")
        figures += images.measure(short=short)
    if "reviews" in names:
        tell("reviews: from a zip to shuffled sentences")
        figures += reviews.measure(folder, short=short)
    if "tables" in names:
        tell("tables: a model of raw rows")
        figures += tables.measure(folder, short=short)
    if "new-model" in names:
        tell("new-model: a large table")
        figures += new_model.measure(folder, short=short)
    if "growth" in names:
        tell("growth: many small pipeline executions")
        figures += growth.measure(folder, short=short, executions=options.executions)
        tell("growth: many executions of a state machine")
        figures += machines.measure(folder, short=short, executions=options.executions)
    if "cycles" in names:
        tell("cycles: what a release asks for, again and again")
        figures += cycles.measure(folder, short=short, cycles=options.cycles)
    return figures


def show(figures: list[Figure]) -> None:
    """Print the table."""
    table = Table("figure", "measured", "aimed at", "", "what it is made of", box=None, pad_edge=False)
    for figure in figures:
        verdict = {True: "met", False: "missed", None: ""}[figure.met]
        table.add_row(figure.name, f"{figure.value:.2f} {figure.unit}", figure.target, verdict, figure.detail)
    Console(width=200).print(table)


if __name__ == "__main__":
    main()
