"""The first lines of a push, which list the references that it changes; and the response that refuses them.

https://git-scm.com/docs/gitprotocol-pack
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from local_aws.codecommit.names import HEADS, is_branch

MAX_REFERENCES = 4000
"""https://docs.aws.amazon.com/codecommit/latest/userguide/limits.html"""
_BAND_DATA = 65515
_MOST_SHALLOW = 100_000
_LENGTH = re.compile(rb"[0-9a-fA-F]{4}")


class ProtocolError(Exception):
    """The request is not a valid push."""


@dataclass(frozen=True)
class Commands:
    """The full names of the references that a push changes, in order, and the client's capabilities."""

    references: tuple[str, ...]
    capabilities: frozenset[str]


def read_commands(body: BinaryIO) -> Commands:
    """Read up to the flush packet that ends the commands; raises ProtocolError."""
    references: list[str] = []
    capabilities: frozenset[str] = frozenset()
    shallow = 0
    while (line := _read_line(body)) is not None:
        command, _, listed = line.rstrip(b"\n").partition(b"\0")
        if command.startswith(b"shallow "):
            shallow += 1
            if shallow > _MOST_SHALLOW:
                raise ProtocolError(f"the push names more than {_MOST_SHALLOW} shallow commits")
            continue
        fields = command.split(b" ", 2)
        if len(fields) != 3 or len(fields[0]) != 40 or len(fields[1]) != 40:
            raise ProtocolError("the body does not begin with the commands of a push")
        references.append(fields[2].decode(errors="replace"))
        capabilities |= frozenset(listed.decode(errors="replace").split())
        if len(references) > 2 * MAX_REFERENCES:
            break
    return Commands(tuple(references), capabilities)


def refusals(references: Iterable[str]) -> dict[str, str]:
    """Why CodeCommit refuses these references; empty if it accepts all. A push is accepted or refused as a whole."""
    names = list(references)
    if len(names) > MAX_REFERENCES:
        return dict.fromkeys(names, f"a push can change {MAX_REFERENCES} references at most")
    illegal = {
        name: "invalid branch name"
        for name in names
        if name.startswith(HEADS) and not is_branch(name.removeprefix(HEADS))
    }
    if not illegal:
        return {}
    return {name: illegal.get(name, "another reference of this push has an invalid name") for name in names}


def report(refused: Mapping[str, str], capabilities: frozenset[str]) -> bytes:
    """The report of a refused push, in the form that the client requested."""
    if not capabilities & {"report-status", "report-status-v2"}:
        return b""
    lines = [b"unpack ok\n", *(f"ng {name} {reason}\n".encode() for name, reason in refused.items())]
    body = b"".join(_packet(line) for line in lines) + b"0000"
    if "side-band-64k" not in capabilities:
        return body
    chunks = (body[start : start + _BAND_DATA] for start in range(0, len(body), _BAND_DATA))
    return b"".join(_packet(b"\1" + chunk) for chunk in chunks) + b"0000"


def _packet(line: bytes) -> bytes:
    return b"%04x" % (len(line) + 4) + line


def _read_line(body: BinaryIO) -> bytes | None:
    """One line, or None at a flush packet."""
    digits = body.read(4)
    if not _LENGTH.fullmatch(digits):
        raise ProtocolError("the body is not in git's packet line format")
    length = int(digits, 16)
    if length == 0:
        return None
    line = body.read(length - 4) if length >= 4 else b""
    if length < 4 or len(line) != length - 4:
        raise ProtocolError("the body ends inside a packet line")
    return line
