from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from local_aws import archive_limits
from local_aws.sagemaker.jobs import archives


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_limits, "MOST_BYTES", 100_000)
    monkeypatch.setattr(archive_limits, "MOST_MEMBERS", 5)


def member(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size, made.type, made.linkname = size, kind, link
    return made


def packed(folder: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(folder / "a.tar.gz", "w:gz") as tar:
        for one in members:
            tar.addfile(one, io.BytesIO(bytes(one.size)))
    return folder / "a.tar.gz"


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([member("a", 60_000), member("b", 60_000)], "unpacks to more than 100,000 bytes"),
        ([member(str(number)) for number in range(6)], "more than 5 members"),
        ([member("a", kind=tarfile.CHRTYPE)], "device|special"),
        ([member("a", kind=tarfile.FIFOTYPE)], "device|special"),
        ([member("a", kind=tarfile.SYMTYPE, link="/etc/passwd")], "link|absolute"),
        ([member("a", kind=tarfile.LNKTYPE, link="../../x")], "link|outside"),
        ([member("../a")], "outside|path out"),
    ],
)
def test_a_harmful_archive_leaves_nothing(tmp_path: Path, members: list[tarfile.TarInfo], words: str) -> None:
    with pytest.raises(archives.ArchiveError, match=words):
        archives.unpack(packed(tmp_path, *members), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_header_that_claims_any_length_is_not_read(tmp_path: Path) -> None:
    claimed = member("x", 8 * 1024**3 - 1, tarfile.XHDTYPE)
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(claimed.tobuf() + bytes(10_000)))
    with pytest.raises(archives.ArchiveError, match="a part of it has more than 100,000 bytes"):
        archives.unpack(tmp_path / "a.tar.gz", tmp_path / "out")


def test_an_archive_within_the_limits_is_unpacked(tmp_path: Path) -> None:
    archives.unpack(packed(tmp_path, member("a", 50_000), member("b/c", 10)), tmp_path / "out")
    assert (tmp_path / "out" / "b" / "c").read_bytes() == bytes(10)


def test_a_zip_archive_is_held_to_its_directory() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(100_001))
    with zipfile.ZipFile(content) as archive, pytest.raises(archive_limits.TooLargeError, match="100,000 bytes"):
        archive_limits.check_zip(archive)
