from __future__ import annotations

import sys
from pathlib import Path

import pytest
from slipway_build.installed import lacking, main


class Place:
    """A folder of libraries with one distribution, `some-thing` 1.2, as an installer leaves it."""

    def __init__(self, folder: Path) -> None:
        self.module, self.info = folder / "some_thing.py", folder / "some_thing-1.2.dist-info"
        self.module.write_text("ANSWER = 42\n")
        self.info.mkdir()
        (self.info / "METADATA").write_text("Metadata-Version: 2.1\nName: Some_Thing\nVersion: 1.2\n")
        size = self.module.stat().st_size
        self.record = self.info / "RECORD"
        self.record.write_text(
            f"some_thing.py,sha256=x,{size}\n__pycache__/some_thing.pyc,,\n{self.info.name}/RECORD,,\n"
        )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return Place(tmp_path)


LOCK = """# made by a tool
some-thing==1.2 \\
    --hash=sha256:00 \\
    --hash=sha256:11
    # via -r some.in
"""


def test_what_is_there_in_its_version_is_not_installed_again(place: Place) -> None:
    assert place.module.exists()
    assert lacking(LOCK) is None


@pytest.mark.parametrize(
    ("lock", "reason"),
    [
        (LOCK.replace("1.2", "1.3"), "some-thing is 1.2; the lock wants 1.3."),
        (f"{LOCK}no-such-thing==1 \\\n    --hash=sha256:00\n", "no-such-thing is not installed."),
        ("# nothing\n", "The lock names nothing."),
        (f"{LOCK}-r other.txt\n", "Left to pip: -r other.txt"),
        ("some-thing>=1.0\n", "Left to pip: some-thing>=1.0"),
        ("some-thing==1.2 ; sys_platform == 'win32'\n", "Left to pip: some-thing==1.2 ; sys_platform == 'win32'"),
    ],
)
def test_anything_else_is_left_to_pip(place: Place, lock: str, reason: str) -> None:
    assert place.module.exists()
    assert lacking(lock) == reason


def test_a_partial_install_does_not_count(place: Place) -> None:
    place.module.write_text("ANSWER")
    assert lacking(LOCK) == "some-thing 1.2 is not whole: some_thing.py has 6 bytes, 12 were installed."
    place.module.unlink()
    assert lacking(LOCK) == "some-thing 1.2 is not whole: some_thing.py is missing."
    place.record.unlink()
    assert lacking(LOCK) == "some-thing 1.2 is not whole: it has no RECORD."


def test_the_exit_code_says_whether_pip_has_work(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(LOCK)
    assert (main([str(lock)]), capsys.readouterr().out) == (0, "")
    place.module.unlink()
    assert main([str(lock)]) == 1
    assert capsys.readouterr().out == "some-thing 1.2 is not whole: some_thing.py is missing.\n"
    assert main([]) == 2
