"""Preparing reviews: how fast, and in how much memory, beside a program that reads all of them first.

Each run is a process of its own, which tells its time without its start, and its peak of memory as Linux has it. Both
write the same number of lines in shuffled order; the second is what the task takes where memory does not matter.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.figures import Figure, at_least, at_most, untargeted
from workflows.text.sample import zipped_reviews

_REVIEWS, _SHORT_REVIEWS = 50_000, 5_000
_TIMES, _SHORT_TIMES = 3, 1
_MORE = 4

_STREAMING = """
from workflows.text.scripts.preparation import prepare
def write(name):
    def write_all(lines):
        with open(f"{folder}/{name}", "wb") as file:
            file.writelines(lines)
    return write_all
def run():
    with open(source, "rb") as archive:
        return prepare(archive, source, write("train"), write("test"))["sentences"]
"""
_AT_ONCE = """
import json, random, zipfile
from workflows.text.scripts.reviews import Review, label_of, sentences
def run():
    with zipfile.ZipFile(source) as archive:
        content = archive.read(archive.namelist()[0])
    reviews = [json.loads(line) for line in content.splitlines()]
    labelled = [(label_of(Review(*one["helpful"], one["reviewText"])), one["reviewText"]) for one in reviews]
    lines = [f"{label} {sentence}\\n" for label, text in labelled if label for sentence in sentences(text)]
    random.Random(1).shuffle(lines)
    train = len(lines) * 4 // 5
    for name, part in (("train", lines[:train]), ("test", lines[train:])):
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            file.writelines(part)
    return len(lines)
"""
_MEASURED = """
import json, re, sys, time
source, folder = sys.argv[1:]
{program}
started = time.perf_counter()
done = run()
seconds = time.perf_counter() - started
peak_kib = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
print(json.dumps([seconds, peak_kib / 1024, done]))
"""


def measure(folder: Path, *, short: bool) -> list[Figure]:
    """Prepare made-up reviews, and several times as many, both ways."""
    count, times = (_SHORT_REVIEWS, _SHORT_TIMES) if short else (_REVIEWS, _TIMES)
    source, larger = folder / "reviews.json.zip", folder / "more.json.zip"
    source.write_bytes(zipped_reviews(count))
    larger.write_bytes(zipped_reviews(_MORE * count))
    pairs = [(run_measured(_STREAMING, source), run_measured(_AT_ONCE, source)) for _ in range(times)]
    if any(ours[2] != theirs[2] for ours, theirs in pairs):
        raise ValueError("the two programs have written different numbers of sentences")
    speed = statistics.median(theirs[0] / ours[0] for ours, theirs in pairs)
    per_s = [statistics.median(count / pair[side][0] for pair in pairs) for side in (0, 1)]
    peaks = [statistics.median(pair[side][1] for pair in pairs) for side in (0, 1)]
    grown = run_measured(_STREAMING, larger)[1] / peaks[0]
    what = f"{count:,} reviews, {pairs[0][0][2]:,} sentences"
    return [
        untargeted("reviews prepared in a second", per_s[0], "reviews", what),
        at_least("speed / reading all into memory", speed, "x", 0.5, f"which prepares {per_s[1]:,.0f} in a second"),
        at_most("peak memory of preparing reviews", peaks[0], "MiB", 64.0, f"reading all: {peaks[1]:,.0f} MiB"),
        at_most(f"peak memory for {_MORE} times as many / for one time", grown, "x", 1.5),
    ]


def run_measured(program: str, source: Path) -> tuple[float, float, int]:
    """Seconds, peak of memory in MiB, and what `run()` of a program returns, in a process of its own.

    The program finds its `source` file, and the `folder` that this lies in.
    """
    command = [sys.executable, "-c", _MEASURED.format(program=program), str(source), str(source.parent)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, peak_mib, count = json.loads(done.stdout)
    return float(seconds), float(peak_mib), int(count)
