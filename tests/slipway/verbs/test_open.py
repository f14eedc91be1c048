"""A report that cannot be kept where a person wants it."""

from __future__ import annotations

from pathlib import Path

import pytest
from slipway.errors import SlipwayError
from slipway.session import Session
from slipway.target import Options, Target
from slipway.terminal.output import Output
from slipway.verbs import open_page

RUN = "0f3c1f6e-5f0e-4f39-8f0b-1f1f1f1f1f1f"


@pytest.mark.parametrize("name", ["file/report.html", "folder"])
def test_a_file_that_cannot_be_written_is_one_sentence(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    session = Session(Options(local=True), Output(as_json=True))
    session.__dict__["target"] = Target("local AWS", "us-east-1", "local", endpoint_url="http://127.0.0.1:1")
    monkeypatch.setattr(open_page, "find_report", lambda *_: b"<html>")
    with pytest.raises(SlipwayError, match="cannot be written: ") as error:
        open_page._report(session, RUN, tmp_path / name)
    assert f"open 0f3c1f6e-5f0e --out {RUN}.html" in error.value.next_step
