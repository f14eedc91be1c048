"""The parts of a request that its signature can cover, as they arrived."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote, unquote


@dataclass(frozen=True)
class Request:
    """Method, path and headers as sent; `query` in pairs, decoded."""

    method: str
    raw_path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, Sequence[str]]
    """Lower-case names; a header that is sent several times has several values."""

    @classmethod
    def of(cls, scope: MutableMapping[str, Any]) -> Request:
        """The request of an ASGI scope."""
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(_text(value))
        raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        return cls(scope["method"], raw_path.decode("latin-1"), query, headers)

    def header(self, name: str) -> str:
        """A header's value, several joined by commas as in HTTP; empty if there is none."""
        return ",".join(self.headers.get(name, ()))

    @cached_property
    def parameters(self) -> Mapping[str, Sequence[str]]:
        """The query's values by lower-case name, so that a name in another case does not evade a check."""
        found: dict[str, list[str]] = {}
        for name, value in self.query:
            found.setdefault(name.lower(), []).append(value)
        return found

    def parameter(self, name: str) -> str:
        """A value of the query, by its name in lower case; empty unless it occurs exactly once."""
        values = self.parameters.get(name, ())
        return values[0] if len(values) == 1 else ""

    def plain(self) -> tuple[str, str, Mapping[str, str], Mapping[str, Sequence[str]]]:
        """Method, path, headers and query as MiniStack's router takes them."""
        query: dict[str, list[str]] = {}
        for name, value in self.query:
            query.setdefault(name, []).append(value)
        return self.method, unquote(self.raw_path), {name: self.header(name) for name in self.headers}, query

    @property
    def has_body(self) -> bool:
        """Whether a body follows, according to the headers (RFC 9112, section 6.3)."""
        return self.header("content-length") not in ("", "0") or "transfer-encoding" in self.headers


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
