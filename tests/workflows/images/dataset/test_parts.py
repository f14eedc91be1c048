from __future__ import annotations

from pathlib import Path

from workflows.images.dataset.parts import Parts, Tally, sort_objects
from workflows.images.dataset.ranges import KeyRange


def test_objects_are_sorted_by_what_they_are() -> None:
    objects = [
        ("x/train/cats/", 0),
        ("x/train/cats/.DS_Store", 10),
        ("x/train/cats/._a.png", 10),
        ("x/train/cats/a.PNG", 10),
        ("x/train/cats/b.jpeg", 20),
        ("x/train/cats/c.gif", 30),
        ("x/train/cats/deep/er/d.bmp", 40),
        ("x/train/cats/empty.jpg", 0),
        ("x/train/cats/tab\t.jpg", 5),
        ("x/train/cats/README", 5),
    ]
    tally = Tally()
    assert list(sort_objects(objects, "x/train/", tally)) == ["cats/a.PNG", "cats/b.jpeg", "cats/deep/er/d.bmp"]
    assert tally == Tally(
        images=3,
        image_bytes=70,
        hidden=2,
        other=2,
        empty=1,
        unlistable=1,
        named=["x/train/cats/empty.jpg", "'x/train/cats/tab\\t.jpg'"],
    )


def test_tallies_are_added_and_name_only_some() -> None:
    one = Tally(images=1, empty=3, named=["a", "b", "c"])
    both = one + Tally(images=2, empty=4, named=["d", "e", "f", "g"])
    assert both == Tally(images=3, empty=7, named=["a", "b", "c", "d", "e"])
    assert Tally.parse(both.document()) == both


def test_parts_stand_in_the_order_of_their_keys(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    parts.take(KeyRange("x/train/cats/", "x/train/cats/m"), [("x/train/cats/n.png", 1)])
    parts.take(KeyRange("x/train/cats/"), [("x/train/cats/a.png", 1)])
    parts.take(KeyRange("x/train/cats/"), [("x/train/cats/b.png", 1)])
    parts.take(KeyRange("x/train/dogs/"), [("x/train/dogs/c.txt", 1)])
    found = parts.of("x/train/cats/")
    assert b"".join(chunk for part in found for chunk in part.chunks()) == b"cats/a.png\ncats/b.png\ncats/n.png\n"
    [dogs] = parts.of("x/train/dogs/")
    assert (dogs.tally.images, dogs.tally.other, list(dogs.chunks())) == (0, 1, [])
