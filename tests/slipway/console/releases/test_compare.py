"""Releases beside each other: columns that sort without scripts, and lines across axes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from slipway.console.releases.compare import CHOSEN, compare
from slipway.console.releases.drawing.parallel import Line, parallel
from slipway.console.room import Page
from slipway.console.shell import drawn
from slipway.errors import SlipwayError

from pipeline_lambdas.release.names import short_id
from tests.slipway.console.drawing import NOW, asked, links_of
from tests.slipway.console.releases.played import Played, run_id

RMSE = {0: 0.7, 1: 0.5, 2: 0.6, 3: 0.9}


def page(numbers: Sequence[int] = (0, 1, 2), played: Played | None = None, **query: Any) -> Page:
    of = played or Played(4, rmse=RMSE)
    chosen = {"releases": ",".join(map(run_id, numbers)), **query}
    return compare(asked(of.session(), NOW, query=chosen, model=of.model))


def order(found: Page) -> list[str]:
    return re.findall(r'<th scope="row" class="k"><a href="[^"]*">([0-9a-f-]+)</a>', drawn(found))


def named(*numbers: int) -> list[str]:
    return [short_id(run_id(number)) for number in numbers]


@pytest.mark.parametrize(
    ("query", "numbers", "sorted_by"),
    [
        ({}, (2, 1, 0), "descending"),
        ({"sort": "rmse"}, (1, 2, 0), "ascending"),
        ({"sort": "rmse", "order": "descending"}, (0, 2, 1), "descending"),
        ({"sort": "<script>"}, (2, 1, 0), "descending"),
    ],
)
def test_the_address_says_what_the_table_is_sorted_by(
    query: dict[str, Any], numbers: tuple[int, ...], sorted_by: str
) -> None:
    found = page(**query)
    assert order(found) == named(*numbers)
    assert re.findall(r'aria-sort="(\w+)"', drawn(found)) == [sorted_by]
    assert "<script>" not in drawn(found)


def test_headings_lead_to_the_best_first_and_then_the_other_way_round() -> None:
    first = next(link for link in links_of(page()) if "sort=rmse" in link)
    assert first.endswith("order=ascending")
    again = next(link for link in links_of(page(sort="rmse")) if "sort=rmse" in link)
    assert again.endswith("order=descending")


def test_the_best_value_stands_out_and_equal_ones_do_not() -> None:
    assert re.findall(r'<strong class="good">([\d.]+)</strong>', drawn(page())) == ["0.5000"]


def test_boxes_choose_like_the_list_does() -> None:
    played = Played(4, rmse=RMSE)
    chosen = {f"{CHOSEN}{run_id(3)}": "1", f"{CHOSEN}{run_id(1)}": "1"}
    found = compare(asked(played.session(), NOW, query=chosen, model=played.model))
    assert order(found) == named(3, 1)


def test_a_release_that_is_not_among_the_newest_is_found_by_its_record() -> None:
    played = Played(300)
    found = page((0, 299), played, sort="rmse")
    assert order(found) == named(0, 299)
    assert played.asked["execution"] == 1


def test_none_chosen_is_said() -> None:
    played = Played(1)
    with pytest.raises(SlipwayError, match="No release was chosen"):
        compare(asked(played.session(), NOW, model=played.model))


def test_better_is_upwards_on_every_axis() -> None:
    lines = [Line("good", {"rmse": 0.1, "r2": 0.9}), Line("bad", {"rmse": 0.8, "r2": 0.2})]
    markup = str(parallel(lines, {"rmse": -1, "r2": 1}))
    paths = re.findall(r'<path d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)" class="line', markup)
    good, bad = sorted((float(left), float(right)) for _, left, _, right in paths)
    assert good == (44.0, 44.0)
    assert bad == (284.0, 284.0)
    assert parallel(lines, {"rmse": -1}) is None


def test_of_many_lines_each_is_drawn_and_the_first_are_named() -> None:
    lines = [Line(f"release-{number}", {"rmse": number, "r2": 1 / (number + 1)}) for number in range(50)]
    markup = str(parallel(lines, {"rmse": -1, "r2": 1}))
    assert markup.count('class="line ') == 50
    assert markup.count('class="label"') == 4
