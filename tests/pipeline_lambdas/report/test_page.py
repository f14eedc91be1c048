"""The page is whole, valid, safe and the same each time, however a release went and whatever is not known of it."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from pipeline_lambdas.report.page import render
from tests.pipeline_lambdas.report.cases import CASES, binary, hostile, waiting
from tests.pipeline_lambdas.report.documents import Case
from tests.pipeline_lambdas.report.html_check import Page


def page(case: Case) -> Page:
    return Page(render(case.record, case.evaluations, case.champion))


@pytest.fixture(scope="module", params=CASES)
def text(request: pytest.FixtureRequest) -> str:
    case = CASES[request.param]()
    return render(case.record, case.evaluations, case.champion)


def test_the_page_is_valid(text: str) -> None:
    assert text.startswith('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">')
    parsed = Page(text)
    ids = [element.attributes["id"] for element in parsed.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    assert not [key for key in ids if not re.fullmatch(r"[a-z0-9-]+", key)]
    named = [key for element in parsed.elements for key in element.attributes.get("aria-labelledby", "").split()]
    linked = [link.attributes["href"][1:] for link in parsed.all("a") if link.attributes["href"].startswith("#")]
    assert set(named) | set(linked) <= set(ids)
    assert [len(parsed.all(tag)) for tag in ("title", "h1", "main", "header", "footer")][1:] == [1, 1, 1, 1]
    for row in parsed.all("tr"):
        assert row.parent is not None
        table = row.parent.parent
        assert table is not None
        assert len(row.children) == len(table.all("tr")[0].children)


def test_the_page_needs_nothing_but_itself(text: str) -> None:
    parsed = Page(text)
    assert not {element.tag for element in parsed.elements} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "image",
        "use",
    }
    assert not {name for element in parsed.elements for name in element.attributes} & {"src", "srcset", "style", "data"}
    (style,) = [one.text for one in parsed.all("style")]
    assert not re.search(r"url\(|@import|@font-face", style)


def test_the_worst_rows_are_shown_with_their_values() -> None:
    (body,) = [table for table in page(waiting()).all("table") if "with the greatest errors" in table.text]
    first, second = ([cell.text for cell in row.children] for row in body.all("tr")[:2])
    assert first[:5] == ["Row", "Label", "Prediction", "Error", "fixed_acidity"]
    assert second[:6] == ["131", "3", "5.482", "2.482", "7.4", "0.7"]


def test_the_page_is_small(text: str) -> None:
    assert len(text.encode()) < 200_000


def test_the_verdict_comes_first(text: str) -> None:
    parsed = Page(text)
    headings = [element.tag for element in parsed.elements if re.fullmatch(r"h\d", element.tag)]
    assert headings[0] == "h1"
    title = [one for one in parsed.all("title") if one.parent and one.parent.tag == "head"]
    assert title[0].text.split()[0] == parsed.all("h1")[0].text.split()[0]


def test_images_are_told_in_words(text: str) -> None:
    for image in Page(text).all("svg"):
        if image.attributes.get("aria-hidden") == "true":
            continue
        assert image.attributes["role"] == "img"
        title, description = image.children[:2]
        assert (title.tag, description.tag) == ("title", "desc")
        assert len(title.text) > 3
        assert re.search(r"\d", description.text)
        assert image.attributes["aria-labelledby"] == f"{title.attributes['id']} {description.attributes['id']}"


def test_plots_have_a_title_labels_and_a_caption(text: str) -> None:
    for figure in Page(text).all("figure"):
        heading, image, caption = figure.children
        assert (heading.tag, image.tag, caption.tag) == ("h3", "svg", "figcaption")
        assert heading.text
        assert caption.text
        labels = [one for one in image.all("text") if "name" in one.attributes["class"].split()]
        assert labels
        assert all(label.text for label in labels)


def test_nothing_is_painted_outside_of_an_image(text: str) -> None:
    for image in Page(text).all("svg"):
        width, height = map(float, image.attributes["viewbox"].split()[2:])
        for element in [*image.all("text"), *image.all("circle"), *image.all("rect")]:
            across = [float(element.attributes[name]) for name in ("x", "cx") if name in element.attributes]
            down = [float(element.attributes[name]) for name in ("y", "cy") if name in element.attributes]
            assert all(0 <= value <= width for value in across)
            assert all(0 <= value <= height for value in down)


def test_a_verdict_is_a_word_and_a_sign(text: str) -> None:
    for element in Page(text).classed("word"):
        sign, words = element.children[0], element.text
        assert sign.attributes["aria-hidden"] == "true"
        assert re.fullmatch(r"[A-Za-z, ]+", words.removeprefix(sign.text).strip())


@pytest.mark.simulation
@pytest.mark.parametrize("name", CASES)
def test_the_same_documents_give_the_same_page(name: str) -> None:
    case, again = CASES[name](), CASES[name]()
    turned = dict(reversed(again.evaluations.items()))
    assert render(case.record, case.evaluations, case.champion) == render(again.record, turned, again.champion)
    untouched = CASES[name]()
    assert case == untouched or name == "hostile"


def test_texts_are_never_markup() -> None:
    parsed = page(hostile())
    assert not {element.tag for element in parsed.elements} & {"script", "img", "b", "i", "u"}
    assert not [name for element in parsed.elements for name in element.attributes if name.startswith("on")]
    addresses = [link.attributes["href"] for link in parsed.all("a")]
    assert [address for address in addresses if not address.startswith(("#", "https://"))] == []
    assert '<script>alert("1")</script>' in parsed.all("header")[0].text
    assert len(parsed.all("style")) == 1


def test_what_is_not_seen_is_shown() -> None:
    case = hostile()
    text = render(case.record, case.evaluations, case.champion)
    assert not re.search("[\x00\x1b\x9b\u200f\u2028\u202e\ud800]", text)
    assert "\N{REPLACEMENT CHARACTER}" in text
    text.encode()


def shortened(document: Any) -> Any:
    """The document with at most two items in each list."""
    if isinstance(document, dict):
        return {key: shortened(value) for key, value in document.items()}
    return [shortened(item) for item in document[:2]] if isinstance(document, list) else document


def spoilt(document: Any, rng: random.Random) -> Any:
    """The document with one in thirty of its parts missing or not what it should be."""
    if rng.random() < 1 / 30:
        return rng.choice((None, None, None, "?", -1, [], {}, True, 1e300))
    if isinstance(document, dict):
        return {key: spoilt(value, rng) for key, value in document.items()}
    return [spoilt(item, rng) for item in document] if isinstance(document, list) else document


@pytest.mark.simulation
@pytest.mark.parametrize("name", ["waiting", "binary", "multiclass, rejected"])
def test_any_part_may_be_missing_or_not_what_it_should_be(name: str) -> None:
    case = CASES[name]()
    record, evaluation, champion = map(shortened, (case.record, case.evaluations["test"], case.champion))
    for seed in range(60):
        rng = random.Random(seed)  # noqa: S311 - places, not secrets
        told = spoilt(record, rng), {"test": spoilt(evaluation, rng)}, spoilt(champion, rng)
        assert len(Page(render(told[0] or {}, *told[1:])).all("h1")) == 1, seed


@pytest.mark.simulation
def test_every_part_may_be_missing_alone() -> None:
    case = waiting()
    for name in case.record:
        render({**case.record, name: None}, case.evaluations, case.champion)
    for name, value in (case.evaluations["test"] | binary().evaluations["test"]).items():
        render(case.record, {"test": {**case.evaluations["test"], name: None}}, case.champion)
        for part in value if isinstance(value, dict) else ():
            render(case.record, {"test": {**case.evaluations["test"], name: {**value, part: None}}}, case.champion)


def test_evaluations_of_the_record_stand_in_for_those_that_could_not_be_read() -> None:
    case = waiting()
    text = render({**case.record, "evaluations": case.evaluations}, {}, None)
    assert "All 8 gates passed (1 not applicable). Waiting for approval." in text
