"""Colours that everybody can read: contrast in both themes, and data told apart without red or green."""

from __future__ import annotations

from itertools import combinations

import pytest

from pipeline_lambdas.report.kit.style import DARK, LIGHT, SHADE, SHADES, style

Rgb = tuple[float, float, float]
THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
# How red-green blind people see linear colours: https://www.inf.ufrgs.br/~oliveira/pubs_files/CVD_Simulation/CVD_Simulation.html
BLINDNESS = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}


def linear(colour: str) -> Rgb:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def over(colour: str, ground: str, share: float) -> str:
    """A colour that covers a share of what lies below."""
    mixed = [
        round(share * int(colour[start : start + 2], 16) + (1 - share) * int(ground[start : start + 2], 16))
        for start in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02x}" for part in mixed)


def seen(colour: str, blindness: str) -> Rgb:
    """A colour in CIE Lab as a person with that blindness sees it."""
    red, green, blue = linear(colour)
    parts = [row[0] * red + row[1] * green + row[2] * blue for row in BLINDNESS[blindness]]
    r, g, b = (min(1.0, max(0.0, part)) for part in parts)
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089
    fx, fy, fz = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def test_contrast_is_what_is_published() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@THEMES
@pytest.mark.parametrize("colour", ["text", "muted", "link", "good", "warn", "bad", "open"])
def test_texts_reach_aa(theme: dict[str, str], colour: str) -> None:
    assert contrast(theme[colour], theme["page"]) >= 4.5


@THEMES
@pytest.mark.parametrize("tone", ["good", "warn", "bad", "open"])
def test_the_verdict_reaches_aa_on_its_panel(theme: dict[str, str], tone: str) -> None:
    assert contrast(theme[tone], theme[f"{tone}-panel"]) >= 4.5
    assert contrast(theme["text"], theme[f"{tone}-panel"]) >= 4.5


@THEMES
@pytest.mark.parametrize("colour", ["data-1", "data-2", "data-3", "data-4", "bad", "axis", "muted"])
def test_graphics_reach_contrast_aa(theme: dict[str, str], colour: str) -> None:
    assert contrast(theme[colour], theme["page"]) >= 3.0


@THEMES
@pytest.mark.parametrize("step", range(SHADES + 1))
def test_counts_can_be_read_in_every_cell_of_a_matrix(theme: dict[str, str], step: int) -> None:
    assert contrast(theme["text"], over(theme["data-1"], theme["page"], step * SHADE)) >= 4.5


@THEMES
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_the_colours_of_data_differ_without_red_or_green(theme: dict[str, str], blindness: str) -> None:
    for one, other in combinations(("data-1", "data-2", "data-3"), 2):
        first, second = seen(theme[one], blindness), seen(theme[other], blindness)
        assert sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5 >= 15, (one, other)


def test_both_themes_and_print_are_styled() -> None:
    sheet = style()
    assert sheet.count("{") == sheet.count("}")
    assert sheet.index(LIGHT["page"]) < sheet.index("(prefers-color-scheme:dark)") < sheet.index(DARK["page"])
    assert sheet.index("@media print") > sheet.index(DARK["page"])
    assert LIGHT["page"] in sheet[sheet.index("@media print") :]
    assert LIGHT.keys() == DARK.keys()
    named = {part.split(")")[0] for part in sheet.split("var(--")[1:]}
    assert named <= LIGHT.keys()
