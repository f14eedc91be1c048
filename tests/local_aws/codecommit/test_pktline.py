from __future__ import annotations

import io

import pytest

from local_aws.codecommit.git_http import pktline

OLD, NEW = "0" * 40, "a" * 40


def packet(text: str) -> bytes:
    return b"%04x" % (len(text.encode()) + 4) + text.encode()


def test_the_commands_of_a_push_are_read_and_no_more() -> None:
    body = io.BytesIO(
        packet(f"shallow {NEW}\n")
        + packet(f"{OLD} {NEW} refs/heads/main\0 report-status-v2 side-band-64k agent=git/2.39\n")
        + packet(f"{NEW} {OLD} refs/tags/v1")
        + b"0000PACK..."
    )
    commands = pktline.read_commands(body)
    assert commands.references == ("refs/heads/main", "refs/tags/v1")
    assert commands.capabilities == {"report-status-v2", "side-band-64k", "agent=git/2.39"}
    assert body.read() == b"PACK..."


def test_a_flush_alone_has_no_commands() -> None:
    assert pktline.read_commands(io.BytesIO(b"0000")).references == ()


@pytest.mark.parametrize("body", [b"", b"zzzz", b"00", b"0003", b"0032too short", packet("want " + NEW)])
def test_an_event_that_is_not_a_push_is_refused(body: bytes) -> None:
    with pytest.raises(pktline.ProtocolError):
        pktline.read_commands(io.BytesIO(body))


def test_one_illegal_branch_refuses_the_whole_push() -> None:
    refused = pktline.refusals(["refs/heads/main", f"refs/heads/{NEW}"])
    assert refused == {
        "refs/heads/main": "another reference of this push has an invalid name",
        f"refs/heads/{NEW}": "invalid branch name",
    }
    assert pktline.refusals(["refs/heads/main", f"refs/tags/{NEW}"]) == {}


def test_more_references_than_the_quota_are_refused() -> None:
    assert pktline.refusals([f"refs/heads/b{n}" for n in range(4000)]) == {}
    assert len(pktline.refusals([f"refs/heads/b{n}" for n in range(4001)])) == 4001


def test_the_report_has_the_form_that_the_client_asked_for() -> None:
    plain = packet("unpack ok\n") + packet("ng refs/heads/x no\n") + b"0000"
    assert pktline.report({"refs/heads/x": "no"}, frozenset({"report-status"})) == plain
    banded = pktline.report({"refs/heads/x": "no"}, frozenset({"report-status-v2", "side-band-64k"}))
    assert banded == packet("\1" + plain.decode()) + b"0000"
    assert pktline.report({"refs/heads/x": "no"}, frozenset()) == b""


def test_shallow_commits_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pktline, "_MOST_SHALLOW", 3)
    with pytest.raises(pktline.ProtocolError, match="more than 3 shallow commits"):
        pktline.read_commands(io.BytesIO((b"000cshallow " * 5) + b"0000"))
