"""The larger templates, each one file as CloudFormation's console takes it, from the parts that people edit.

    python -m upkeep.template    writes cloudformation/pipeline.yml and workflows.yml from the folders of these names

The sections of the parts are joined in CloudFormation's order, and what the parts say in short is written out: loops of
CloudFormation's own need a transform, and with it CAPABILITY_AUTO_EXPAND at each launch:
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import yaml
from slipway.errors import SlipwayError
from slipway.project import find_project

PARTS: Mapping[str, tuple[str, ...]] = {
    "pipeline": ("release.yml", "stages.yml", "operations.yml"),
    "workflows": ("base.yml", "images.yml", "text.yml", "text-dataset.yml", "tabular.yml", "lifecycle.yml", "jobs.yml"),
}
"""Each template, and its parts in the order in which they are joined."""
SHARED = "shared/shorthand.yml"
"""The short forms of all templates."""
MARKED = ("pipeline/stages.yml", "workflows/base.yml")
"""The parts with the blocks that `make images` writes."""
HEADER = "# Written by `make template` from the parts in cloudformation/{}: edit those.\n"

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
_TOLD = ("AWSTemplateFormatVersion", "Description", "Metadata")
_SECTIONS = (*_TOLD, "Parameters", "Rules", "Mappings", "Conditions", "Resources", "Outputs")
_SHORTHAND = "Shorthand"
_USE = re.compile(r"( *)(- )?(?:([\w:]+): )?!(\w+)(?: (\S+)(?: (.+))?)?")
_INLINE = "# <inline>"
_FILE = re.compile(r"( *)([\w:]+): !File (\S+)")


def assembled(folder: Path, template: str) -> str:
    """A template from its parts in a folder, with the modules in `functions` as its mapping `Inline` if it has one.

    SlipwayError for a part that is missing or has a section that no template has, and for a short form that cannot be
    written out.
    """
    files = (SHARED, *(f"{template}/{part}" for part in PARTS[template]))
    parts = [(Path(file).name, *one) for file in files for one in _sections(folder / file, PARTS[template])]
    forms: dict[str, str] = {}
    for _, section, text in parts:
        if section == _SHORTHAND:
            forms |= yaml.safe_load(text)[_SHORTHAND]
    found: dict[str, list[str]] = {}
    for name, section, text in parts:
        if section != _SHORTHAND:
            lines = text.splitlines()
            written = (_with_file(name, line, folder.parent) or _written_out(name, line, forms) for line in lines)
            found.setdefault(section, []).append("".join(written))
    whole = HEADER.format(template) + "\n".join(
        _joined(section, found[section]) for section in _SECTIONS if section in found
    )
    return between(whole, "inline", _entries(folder / "functions")) if _INLINE in whole else whole


def _entries(modules: Path) -> list[str]:
    """The lines of the mapping `Inline`, by the modules' names."""
    code = {module.stem: module.read_text(encoding="utf-8") for module in sorted(modules.glob("*.py"))}
    entries = (f"{name.capitalize()}:\n  Source: |\n{textwrap.indent(text, ' ' * 4)}" for name, text in code.items())
    return "".join(entries).splitlines()


def _with_file(part: str, line: str, root: Path) -> str:
    """The lines that give a key the text of a file in the checkout; nothing for a line without `!File`."""
    used = _FILE.fullmatch(line)
    if not used:
        return ""
    indent, key, name = used.groups()
    try:
        text = (root / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SlipwayError(f"{part}: {line.strip()}: found no file {name} in the checkout.") from None
    return f"{indent}{key}: |\n" + textwrap.indent(text.rstrip("\n") + "\n", f"{indent}  ")


def _sections(part: Path, parts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each section of a part with its lines, without what stands above the first."""
    if not part.is_file():
        raise SlipwayError(f"{part.name}: not found; the template has the parts {', '.join(parts)}.")
    allowed = (*_SECTIONS, _SHORTHAND)
    for text in re.split(r"^(?=\w)", part.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        section = text.partition(":")[0]
        if section not in allowed:
            raise SlipwayError(f"{part.name}: found a section {section}; allowed: {', '.join(allowed)}.")
        yield section, text


def _joined(section: str, texts: Sequence[str]) -> str:
    """One section of several parts: its key once, and a blank line between resources."""
    bodies = [texts[0], *(text.partition("\n")[2] for text in texts[1:])]
    return ("\n\n" if section == "Resources" else "\n").join(body.rstrip() for body in bodies) + "\n"


def _written_out(part: str, line: str, forms: Mapping[str, str]) -> str:
    """A line as CloudFormation is to read it, or the lines that it stands for."""
    used = _USE.fullmatch(line)
    if not used or used[4] not in forms:
        for form in forms:
            if re.search(rf"!{form}\b", line) and not line.lstrip().startswith("#"):
                raise SlipwayError(f"{part}: {line.strip()}: !{form} has its line to itself, as `key: !{form}`.")
        return f"{line}\n"
    indent, item, key, form, name, rest = used.groups()
    if re.search("<(name|each)>", forms[form], re.IGNORECASE) and not name:
        raise SlipwayError(f"{part}: {line.strip()}: !{form} takes a name. See the section {_SHORTHAND}.")
    lines = list(_filled(forms[form].splitlines(), name or "", rest or ""))
    if key == "Include":
        return "".join(f"{indent}{one}\n" for one in lines)
    head, deeper = indent + (item or ""), indent + ("    " if item and key else "  ")
    below = [f"{deeper}{one}\n" for one in lines]
    if not key:
        return f"{head}{lines[0]}\n{''.join(below[1:])}"
    if lines[0].startswith("!"):
        return f"{head}{key}: {lines[0]}\n{''.join(below[1:])}"
    return f"{head}{key}:\n{''.join(below)}"


def _filled(lines: Iterable[str], name: str, rest: str) -> Iterator[str]:
    logical = "".join(word.capitalize() for word in name.split("-"))
    for line in lines:
        if "<each>" in line:
            yield from (line.replace("<each>", word) for word in (name, *rest.split()))
        elif rest or "<rest>" not in line:
            yield line.replace("<name>", name).replace("<Name>", logical).replace("<rest>", rest)


def between(template: str, name: str, block: Sequence[str]) -> str:
    """The template with other lines between the markers of a name, each pair of them, as far in as the marker is.

    SlipwayError if there is no pair, or half of one.
    """
    written: list[str] = []
    inside, pairs = False, 0
    for line in template.splitlines(keepends=True):
        opens, closes = line.strip().startswith(f"# <{name}>"), line.strip() == f"# </{name}>"
        if opens == inside and (opens or closes):
            raise _unpaired(name)
        inside = (inside or opens) and not closes
        if opens or closes or not inside:
            written.append(line)
        if opens:
            written += [f"{line[: line.index('#')]}{one}".rstrip() + "\n" for one in block]
            pairs += 1
    if inside or not pairs:
        raise _unpaired(name)
    return "".join(written)


def _unpaired(name: str) -> SlipwayError:
    return SlipwayError(f"The template: found no block between # <{name}> and # </{name}>; one or more is needed.")


def main(folder: Path) -> int:
    """Write the templates of a folder; 0 if they are written, 1 if a part cannot be read so."""
    try:
        written = {folder / f"{name}.yml": assembled(folder, name) for name in PARTS}
        for path, text in written.items():
            path.write_text(text, encoding="utf-8")
    except (SlipwayError, yaml.YAMLError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(find_project().template("")))
