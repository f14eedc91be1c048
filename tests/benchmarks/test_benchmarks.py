"""The benchmarks run, on little data and with few repetitions; what they measure is not judged here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import (
    cold_start,
    console,
    cycles,
    evaluation,
    growth,
    idle,
    images,
    new_model,
    release,
    reviews,
    tables,
)
from benchmarks.__main__ import show
from benchmarks.figures import Figure, at_least, at_most, untargeted
from tests.local_server import ROOT
from tests.releases.house import House

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory and processor time are read from /proc")


def measured(figures: list[Figure]) -> dict[str, float]:
    assert all(figure.value >= 0 for figure in figures)
    return {figure.name: figure.value for figure in figures}


def test_idle(tmp_path: Path) -> None:
    figures = measured(idle.measure(tmp_path, short=True))
    assert 10 < figures["memory of an idle local AWS"] < 1000


def test_images() -> None:
    figures = measured(images.measure(short=True))
    assert figures["listing of 20,000 images / page after page"] > 1
    assert 10 < figures["memory of the function, 20,000 images"] < 1000


def test_reviews(tmp_path: Path) -> None:
    figures = measured(reviews.measure(tmp_path, short=True))
    assert figures["reviews prepared in a second"] > 100
    assert 5 < figures["peak memory of preparing reviews"] < 1000


def test_tables(tmp_path: Path) -> None:
    figures = measured(tables.measure(tmp_path, short=True))
    assert figures["training on a table of 10,000 rows and 20 columns / built-in on numbers"] > 0
    assert 50 < figures["memory of training on a table of 10,000 rows and 20 columns"] < 1000
    assert figures["rows of a table in a second"] > 100
    assert figures["a row of a table, p95"] > 0


def test_new_model(tmp_path: Path) -> None:
    figures = measured(new_model.measure(tmp_path, short=True))
    assert 10 < figures["peak memory of the same, csv"] < 1000
    assert len(figures) == 6


@pytest.mark.faults
def test_cold_start(tmp_path: Path) -> None:
    assert len(measured(cold_start.measure(ROOT, tmp_path, short=True))) == len(cold_start.SERVICES)


@pytest.mark.faults
def test_release_and_evaluation(house: House, tmp_path: Path) -> None:
    figures = measured(release.measure(house, tmp_path, short=True, data=None))
    figures |= measured(evaluation.measure(house, tmp_path, short=True, data=None))
    ratios = {name.removesuffix(" / bare training process"): value for name, value in figures.items()}
    stages = ("Source, Train, DeployDev, DeployTest", "Build", "Approve", "DeployProd")
    assert all(ratios[stage] > 0 for stage in stages)
    assert ratios["whole release"] == pytest.approx(sum(ratios[stage] for stage in stages))
    assert figures["evaluation of 10,000 rows / one invocation per row"] > 1


@pytest.mark.faults
def test_console(house: House) -> None:
    figures = measured(console.measure(house, short=True))
    assert house.wait_for_end(house.newest())["status"] == "Succeeded"
    assert 0 < figures["until a change shows, median"] < 10_000
    assert figures[f"the slowest page, {console.SHORT_RELEASES} releases"] > 0


@pytest.mark.faults
def test_growth_over_releases(house: House) -> None:
    figures = {figure.name: figure.value for figure in growth.measure_releases(house, short=True, releases=3)}
    assert 1 < figures["own memory of a serving process"] < 1000
    assert 1 < figures["own memory of a function"] < figures["memory of all processes together"] < 5000
    assert figures["a release"] > 0
    assert abs(figures["growth over 1,000 releases"]) < 100_000


@pytest.mark.faults
def test_cycles(tmp_path: Path) -> None:
    figures = {figure.name: figure.value for figure in cycles.measure(tmp_path, short=True, cycles=4)}
    assert figures["a cycle"] > 0
    assert abs(figures["growth over 1,000 cycles"]) < 100_000


def test_growth_is_a_slope_and_neither_the_warm_up_nor_the_last_figure() -> None:
    steps = [0.02 * n for n in range(100)]
    memory = [50.0, 80.0, *(100.0 + step for step in steps[:-1]), 101.0]
    looks = {number: held for number, held in enumerate(memory) if number % 3 != 1}
    [grown, times, last] = growth.told("execution", [9.0, 9.0, *([1.0] * 50), *([1.5] * 50)], looks, 2)
    assert grown.value == pytest.approx(20.0, rel=0.05)
    assert grown.detail == "± 0; 100 MiB after 3, 101 after 102"
    assert (times.value, times.met) == (1.5, False)
    assert (last.name, last.value) == ("an execution", 1.5)


def test_the_table_says_what_was_met(capsys: pytest.CaptureFixture[str]) -> None:
    judged = [at_most("a", 1.0, "s", 2.0), at_most("b", 3.0, "s", 2.0), at_least("c", 3.0, "x", 2.0)]
    show([*judged, untargeted("d", 4.0, "s")])
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert [(row[0], row[-1]) for row in rows] == [("a", "met"), ("b", "missed"), ("c", "met"), ("d", "s")]
