"""Makes docs/console.png: the page of a real release that waits for a person's decision.

    python -m tests.releases.screenshot

It installs a local AWS of its own, releases twice there, and takes it down.
"""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

from PIL import Image

from tests.local_server import ROOT
from tests.releases.browser import a_browser, visit
from tests.releases.house import MODEL, PREFIX, House

FILE = ROOT / "docs" / "console.png"
_SIZE = {"width": 1280, "height": 960}
_COLOURS = 128
_RELEASE_MS = 300_000


def main() -> None:
    """Release, take the picture, and write it with few colours, as it is read over a network."""
    _without_an_author()
    with tempfile.TemporaryDirectory(prefix="slipway-screenshot-") as folder:
        house = House(Path(folder))
        try:
            house.install()
            picture = _picture(house)
        finally:
            house.slipway("down")
    few = Image.open(io.BytesIO(picture)).convert("RGB").quantize(_COLOURS)
    few.save(FILE, optimize=True)
    print(f"{FILE.relative_to(ROOT)}: {FILE.stat().st_size / 1024:.0f} KiB")  # noqa: T201 - says what it wrote


def _without_an_author() -> None:
    """Let commits be Slipway's own, and not those of whoever runs this."""
    for name in [name for name in os.environ if name.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_"))]:
        del os.environ[name]
    os.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def _picture(house: House) -> bytes:
    started = house.client("codepipeline").start_pipeline_execution(name=PREFIX)["pipelineExecutionId"]
    with a_browser() as browser, browser.new_context(viewport=_SIZE) as context:  # type: ignore[arg-type]
        person = visit(context, house.server)
        person.enter(f"/models/{MODEL}/releases/{started}")
        person.page.get_by_role("button", name="Approve").wait_for(timeout=_RELEASE_MS)
        return person.page.screenshot()


if __name__ == "__main__":
    main()
