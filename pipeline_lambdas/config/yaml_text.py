"""Reads YAML as plain values, and refuses mistakes that YAML itself accepts.

Aliases and merges can turn a few lines into gigabytes, a tag changes the type of a value, and a number of thousands of
digits takes quadratic time to read. Each is refused with its line, before its value is built.
"""

from __future__ import annotations

import re
from typing import Any, cast

import yaml

SIZE_LIMIT_BYTES = 64 * 1024
"""Twenty times the sample, and read within about a second."""
DEPTH_LIMIT = 16
NODE_LIMIT = 20_000
_NUMBER_CHARACTERS = 64
_NUMBERS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "timestamp"))
_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_KEYS = frozenset(("tag:yaml.org,2002:merge", "tag:yaml.org,2002:value"))


class YamlError(ValueError):
    """The text is not valid YAML; the message starts with line and column where they are known."""


class _Loader(yaml.SafeLoader):
    """A SafeLoader that refuses values that grow, and values that YAML reads as another type than they look.

    It also refuses duplicate keys, of which YAML keeps the last.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._deepest = self._nodes = 0
        self._anchored: dict[str, tuple[int, int]] = {}
        """How many values an anchor stands for, and how many levels they have."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = cast("Any", self).peek_event()  # the stubs leave it untyped
        if isinstance(event, yaml.AliasEvent):
            self._count(event, *self._size_of(event))
            return super().compose_node(parent, index)
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            raise _refused(f"found the tag {_cut(tag)}; expected values without one", event.start_mark)
        before, deepest_before = self._nodes, self._deepest
        self._count(event, 1, 1)
        self._deepest = self._depth = self._depth + 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if event.anchor is not None:
            self._anchored[event.anchor] = (self._nodes - before, self._deepest - self._depth)
        self._deepest = max(self._deepest, deepest_before)
        if isinstance(node, yaml.ScalarNode) and _SURROGATE.search(node.value):
            raise _refused("found the escape of half a character; expected whole ones", node.start_mark)
        return node

    def _size_of(self, alias: Any) -> tuple[int, int]:
        if alias.anchor in self.anchors and alias.anchor not in self._anchored:
            raise _refused(f"found *{_cut(alias.anchor)} within itself", alias.start_mark)
        return self._anchored.get(alias.anchor, (0, 0))

    def _count(self, event: Any, nodes: int, levels: int) -> None:
        """Count a value each time it is used, so that aliases of aliases cannot multiply unnoticed."""
        self._nodes += nodes
        self._deepest = max(self._deepest, self._depth + levels)
        if self._nodes > NODE_LIMIT:
            raise _refused(f"found more than {NODE_LIMIT} values, with aliases written out", event.start_mark)
        if self._depth + levels > DEPTH_LIMIT:
            raise _refused(f"found values nested deeper than {DEPTH_LIMIT} levels", event.start_mark)

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        # Before keys are merged in, which may then be given again.
        node = super().compose_mapping_node(anchor)
        seen: set[object] = set()
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode) and key_node.tag not in _NO_KEYS:
                key = self.construct_object(key_node, deep=True)
                if key in seen:
                    raise _refused(f"the key {_cut(key_node.value)} is given twice", key_node.start_mark)
                seen.add(key)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if node.tag not in _NUMBERS:
            return super().construct_object(node, deep)
        if len(node.value) > _NUMBER_CHARACTERS:
            raise _refused(
                f"found a number of {len(node.value)} characters; expected at most {_NUMBER_CHARACTERS}",
                node.start_mark,
            )
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError) as error:
            # Looks like a number or a date and is none, such as 2026-02-30.
            raise _refused(f"found {node.value}, which is no number and no date: {error}", node.start_mark) from None


def decode(content: bytes) -> str:
    """Return the text of a file without its byte order mark; YamlError if it is too large or not UTF-8."""
    if len(content) > SIZE_LIMIT_BYTES:
        raise YamlError(f"found more than {SIZE_LIMIT_BYTES} bytes; expected no more")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise YamlError(f"line {line}: found bytes at offset {error.start} that are not UTF-8") from None


def load(text: str) -> object:
    """Return the document's values; YamlError if it is not valid YAML."""
    if len(text) > SIZE_LIMIT_BYTES:
        raise YamlError(f"found {len(text)} characters; expected at most {SIZE_LIMIT_BYTES}")
    loader: _Loader | None = None
    try:
        loader = _Loader(text)
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        raise YamlError(_told(error)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError(f"line {line}: found the character U+{ord(text[error.position]):04X}; expected text") from None
    except (ValueError, OverflowError) as error:
        # Escapes of characters that there are none of, and version numbers of thousands of digits.
        raise YamlError(f"{_place(loader.get_mark() if loader else None)}: {error}") from None


def _refused(problem: str, mark: yaml.Mark | None) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, mark)


def _cut(text: str) -> str:
    return text if len(text) <= _NUMBER_CHARACTERS else f"{text[: _NUMBER_CHARACTERS - 3]}..."


def _told(error: yaml.MarkedYAMLError) -> str:
    text = f"{_place(error.problem_mark or error.context_mark)}: {error.problem or error.context}"
    if error.context and error.context_mark and error.problem_mark:
        # A bracket that is never closed is only noticed at the end of the file.
        text += f" ({error.context} from {_place(error.context_mark)})"
    return text


def _place(mark: yaml.Mark | None) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
