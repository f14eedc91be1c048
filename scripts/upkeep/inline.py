"""The code of cloudformation/functions, written into cloudformation/pipeline.yml: it changes with the stack alone.

python -m upkeep.inline
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from slipway.project import find_project

from upkeep.images import between


def rewritten(template: str, folder: Path) -> str:
    """The template with each module of the folder under the mapping `Inline`, by its name."""
    entries = [_entry(module.stem, module.read_text(encoding="utf-8")) for module in sorted(folder.glob("*.py"))]
    return between(template, "inline", "".join(entries).splitlines())


def _entry(name: str, code: str) -> str:
    return f"{name.capitalize()}:\n  Source: |\n{textwrap.indent(code, ' ' * 4)}"


def main(template: Path) -> int:
    text = template.read_text(encoding="utf-8")
    template.write_text(rewritten(text, template.parent / "functions"), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(find_project().template("pipeline.yml")))
