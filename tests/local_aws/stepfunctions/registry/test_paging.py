from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from local_aws.stepfunctions.registry.paging import page_of, take

Item = tuple[int, str]


def read_all(items: list[Item], size: int, *, descending: bool, gone: frozenset[Item] = frozenset()) -> list[Item]:
    """All pages; what is `gone` vanishes once it was shown."""
    shown: list[Item] = []
    request: dict[str, object] = {"maxResults": size}
    while True:
        left = [item for item in items if item not in gone or item not in shown]
        page, more = take(page_of("List", request, 0.0), left, lambda item: item, descending=descending)
        shown += page
        if not more:
            return shown
        request = {"maxResults": size, **more}


items_of = st.lists(st.tuples(st.integers(0, 5), st.text("abc", max_size=2)), unique=True)


@given(items=items_of, size=st.integers(1, 4), descending=st.booleans())
def test_pages_show_each_item_once_and_in_order(items: list[Item], size: int, descending: bool) -> None:
    ordered = sorted(items, reverse=descending)
    assert read_all(ordered, size, descending=descending) == ordered


@given(
    items=st.lists(st.tuples(st.integers(0, 9), st.text("abc", max_size=2)), unique_by=lambda item: item[0]),
    size=st.integers(1, 4),
    descending=st.booleans(),
    data=st.data(),
)
def test_pages_go_on_when_what_was_shown_is_gone(
    items: list[Item], size: int, descending: bool, data: st.DataObject
) -> None:
    ordered = sorted(items, reverse=descending)
    gone = frozenset(data.draw(st.lists(st.sampled_from(ordered)))) if ordered else frozenset()
    assert read_all(ordered, size, descending=descending, gone=gone) == ordered


def test_the_size_of_a_page() -> None:
    assert page_of("List", {}, 0.0).size == page_of("List", {"maxResults": 0}, 0.0).size == 100


def test_of_items_alike_some_are_shown_again_rather_than_none() -> None:
    items = [(0, "a"), (0, "b"), (0, "c")]
    assert read_all(items, 2, descending=False, gone=frozenset({(0, "b")})) == [(0, "a"), (0, "b"), (0, "a"), (0, "c")]
