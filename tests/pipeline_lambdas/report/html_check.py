"""Reads a page strictly: each element ends where it should, and everything that is referred to is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "col"}
# What a paragraph or a table may not hold directly.
BLOCKS = {"div", "p", "table", "ul", "dl", "section", "figure", "h1", "h2", "h3"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.parts).split())

    def all(self, tag: str) -> list[Element]:
        return [found for child in self.children for found in ([child] if child.tag == tag else []) + child.all(tag)]


class Page(HTMLParser):
    """Parses at once; AssertionError names the line of what is wrong."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]
        self.elements: list[Element] = []
        self.feed(text)
        self.close()
        assert self._open == [self.root], f"left open: {self._open[-1].tag}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"line {self.getpos()[0]}: <{tag}> has an attribute twice: {names}"
        assert all(value is not None for _, value in attrs), f"line {self.getpos()[0]}: <{tag}> {attrs}"
        parent = self._open[-1]
        assert not (parent.tag == "p" and tag in BLOCKS), f"line {self.getpos()[0]}: <{tag}> in a paragraph"
        element = Element(tag, {name: value or "" for name, value in attrs}, parent)
        parent.children.append(element)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        assert "svg" in [element.tag for element in self._open], f"<{tag}/> outside of an image stays open"
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        element = self._open.pop()
        assert element.tag == tag, f"line {self.getpos()[0]}: </{tag}> ends <{element.tag}>"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.parts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def by_id(self, key: str) -> Element:
        found = [element for element in self.elements if element.attributes.get("id") == key]
        assert len(found) == 1, f"{key}: {len(found)} elements"
        return found[0]

    def classed(self, name: str) -> list[Element]:
        return [element for element in self.elements if name in element.attributes.get("class", "").split()]
