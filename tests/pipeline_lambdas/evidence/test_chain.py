"""A chain of records shows what was changed, left out or put in between."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lambdas.evidence import chain as record_chain
from pipeline_lambdas.evidence.chain import Entry, key, linked, parsed, render, sequence_of, sha256, verify

MODEL = "wine-quality"


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(length):
        record = {"schema": record_chain.SCHEMA, "execution_id": f"release-{number}", "status": "Succeeded"}
        link = linked(record, entries[-1] if entries else None)
        entries.append(Entry(key(MODEL, link["sequence"]), render(link)))
    return entries


def test_each_record_names_the_one_before() -> None:
    entries = chain(3)
    assert [entry.key for entry in entries] == [f"records/wine-quality/0000000{n}.json" for n in (1, 2, 3)]
    assert parsed(entries[0].content)["predecessor"] is None
    for before, entry in pairwise(entries):
        named = parsed(entry.content)["predecessor"]
        assert named == {
            "sequence": sequence_of(before.key),
            "execution_id": parsed(before.content)["execution_id"],
            "sha256": sha256(before.content),
        }
    assert verify(entries) == []
    assert verify([]) == []


@given(st.data())
def test_a_change_of_any_byte_before_the_newest_shows(data: st.DataObject) -> None:
    entries = chain(4)
    victim = data.draw(st.integers(0, len(entries) - 2))
    content = bytearray(entries[victim].content)
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    entries[victim] = Entry(entries[victim].key, bytes(content))
    problems = verify(entries)
    assert any(problem.startswith(entries[victim + 1].key) for problem in problems)


@pytest.mark.parametrize(
    ("order", "place"),
    [
        ((0, 2), "00000003.json: found where record 2 belongs"),
        ((1, 2), "00000002.json: found where record 1 belongs"),
        ((0, 2, 1), "00000003.json: found where record 2 belongs"),
        ((0, 1, 1, 2), "00000002.json: found where record 3 belongs"),
    ],
)
def test_what_is_missing_or_in_the_wrong_place_shows(order: tuple[int, ...], place: str) -> None:
    entries = chain(3)
    (problem,) = verify([entries[number] for number in order])
    assert place in problem


def test_an_overwritten_record_does_not_match_its_successor() -> None:
    entries = chain(3)
    better = {**parsed(entries[1].content), "status": "Failed"}
    entries[1] = Entry(entries[1].key, render(better))
    (problem,) = verify(entries)
    assert problem.startswith(entries[2].key)
    assert sha256(entries[1].content) in problem


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"schema": "slipway-record/9"}, "schema: found slipway-record/9"),
        ({"sequence": 7}, "sequence: found 7; expected 2"),
        ({"predecessor": None}, "predecessor: found null"),
    ],
)
def test_the_newest_record_has_to_fit_its_place(changed: dict[str, Any], said: str) -> None:
    entries = chain(2)
    entries[1] = Entry(entries[1].key, render({**parsed(entries[1].content), **changed}))
    (problem,) = verify(entries)
    assert problem.startswith(f"{entries[1].key}: {said}")


def test_what_is_no_record_is_named() -> None:
    assert verify([Entry(key(MODEL, 1), b"[]")]) == ["records/wine-quality/00000001.json: found no JSON object"]
    assert sequence_of("records/wine-quality/notes.txt") is None
