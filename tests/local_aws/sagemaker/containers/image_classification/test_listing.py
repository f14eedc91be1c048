from __future__ import annotations

from pathlib import Path

import pytest

from local_aws.sagemaker.containers.image_classification import listing
from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train" / "a").mkdir(parents=True)
    (tmp_path / "train" / "a" / "1.png").write_bytes(b"one")
    (tmp_path / "train" / "a" / "two words.png").write_bytes(b"two")
    (tmp_path / "outside.png").write_bytes(b"x")
    return tmp_path


def read(folder: Path, text: str | bytes) -> listing.ListedImages:
    path = folder / "train.lst"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return listing.read(path, "train", folder / "train", 3)


def test_lines_name_images_and_classes(folder: Path) -> None:
    found = read(folder, "0\t2\ta/1.png\r\n\n7\t0.000000\ta/two words.png\n")
    assert found.labels.tolist() == [2, 0]
    assert (found.name(1), found.read(0), found.read(1)) == ("train/a/two words.png", b"one", b"two")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0 1 a/1.png\n", "train_lst/train.lst, line 1: found 1 columns, expected index, class and path"),
        ("0\t1\t2\ta/1.png\n", "line 1: found 4 columns"),
        ("x\t1\ta/1.png\n", "line 1: the index 'x' is not a whole number"),
        ("0\t1\ta/1.png\n1\t3\ta/1.png\n", "line 2: found the class '3', expected 0 to 2 (num_classes is 3)"),
        ("0\t-1\ta/1.png\n", "line 1: found the class '-1'"),
        ("0\tNAO\ta/1.png\n", "line 1: found the class 'NAO'"),
        ("0\tinf\ta/1.png\n", "line 1: found the class 'inf'"),
        ("0\t\ta/1.png\n", "line 1: found the class ''"),
        ("0\t1\ta/1.png\n0\t1\ta/1.png\n", "line 2: the index 0 was used before, in line 1"),
        ("\n0\t1\ta/2.png\n", "line 2: 'a/2.png' does not exist in channel 'train'"),
        ("0\t1\t../outside.png\n", "line 1: found the path '../outside.png', expected one below the channel 'train'"),
        ("0\t1\t/etc/passwd\n", "line 1: found the path '/etc/passwd'"),
        ("0\t1\ta\n", "line 1: 'a' does not exist"),
        ("\n \n", "train_lst/train.lst: no line names an image"),
        (b"0\t1\t\xff.png\n", "train_lst/train.lst: not UTF-8"),
    ],
)
def test_the_first_faulty_line_is_named(folder: Path, text: str | bytes, reason: str) -> None:
    with pytest.raises(CustomerError) as refused:
        read(folder, text)
    assert str(refused.value).startswith("Invalid lst file in the train channel. ")
    assert reason in str(refused.value)


def test_a_channel_has_one_list(folder: Path) -> None:
    with pytest.raises(CustomerError, match=r"must have one file ending in \.lst; found none"):
        listing.find(folder, "train_lst")
    (folder / "b.lst").touch()
    assert listing.find(folder, "train_lst") == folder / "b.lst"
    (folder / "a.lst").touch()
    with pytest.raises(CustomerError, match=r"found a\.lst, b\.lst"):
        listing.find(folder, "train_lst")
