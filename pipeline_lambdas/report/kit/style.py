"""The style of the page: in light and dark mode, on a phone, in print.

The colours of data remain distinct for readers who confuse red and green, and texts reach contrast AA
(https://www.w3.org/TR/WCAG22/#contrast-minimum); a test computes both.
"""

from __future__ import annotations

LIGHT = {
    "page": "#ffffff",
    "text": "#1a2027",
    "muted": "#545e69",
    "line": "#cfd6dd",
    "axis": "#7a8590",
    "link": "#0a58a6",
    "good": "#17693a",
    "good-panel": "#e8f4ec",
    "bad": "#a8261b",
    "bad-panel": "#fcecea",
    "warn": "#7a4b00",
    "warn-panel": "#fbf2df",
    "open": "#2b4c7e",
    "open-panel": "#eaf0f8",
    "data-1": "#0b63b5",
    "data-2": "#b85000",
    "data-3": "#007a68",
    "data-4": "#83329c",
}
DARK = {
    "page": "#12161b",
    "text": "#e5e9ee",
    "muted": "#a6b0bb",
    "line": "#353e48",
    "axis": "#77838f",
    "link": "#7db9f5",
    "good": "#69cf92",
    "good-panel": "#15291d",
    "bad": "#ff9a8f",
    "bad-panel": "#33191a",
    "warn": "#eebd62",
    "warn-panel": "#2d2412",
    "open": "#9cc3f2",
    "open-panel": "#17233a",
    "data-1": "#5aa9f0",
    "data-2": "#f29b4b",
    "data-3": "#3fc4ad",
    "data-4": "#d193ea",
}
SHADES = 8
"""Steps of a confusion matrix's cells."""
SHADE = 0.055
"""How much each step covers of what lies below."""

_RULES = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);line-height:1.5;
  font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
  font-size:16px;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
header,main,footer{max-width:75rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2rem}
footer{color:var(--muted);font-size:.875rem;padding-top:1rem;padding-bottom:3rem}
h1,h2,h3,p,dl,dd,ul,figure{margin:0}
h1{font-size:clamp(1.2rem,1rem + 1.2vw,1.5rem);line-height:1.3;font-weight:650;text-wrap:pretty}
h2{font-size:1.25rem;line-height:1.3;font-weight:650;margin-bottom:.75rem}
h3{font-size:1rem;line-height:1.4;font-weight:600}
a{color:var(--link)}
a:focus-visible,.scroll:focus-visible,summary:focus-visible{outline:2px solid var(--link);outline-offset:2px}
section{margin-top:2.5rem;padding-top:1.5rem;border-top:1px solid var(--line)}
section>*+*{margin-top:1rem}
ul{padding-left:1.25rem}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.875em}
.eyebrow{color:var(--muted);font-size:.875rem;margin-bottom:.75rem}
.verdict{display:flex;gap:.875rem;padding:1rem 1.25rem;border:1px solid;border-left-width:6px;border-radius:4px}
.verdict ul{margin-top:.5rem;color:var(--text)}
.verdict .sign{font-size:clamp(1.2rem,1rem + 1.2vw,1.5rem);line-height:1.3;font-weight:700}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.open{color:var(--open)}
.verdict.good{background:var(--good-panel)}.verdict.bad{background:var(--bad-panel)}
.verdict.open{background:var(--open-panel)}.verdict.warn{background:var(--warn-panel)}
.key{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,14rem),1fr));gap:1rem 2rem;margin-top:1.25rem}
.key .value{font-size:1.25rem;line-height:1.3;font-weight:650;text-wrap:pretty}
.key .words{font-size:1rem;font-weight:600}
.key .more{font-size:.875rem;line-height:1.4}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr));gap:.875rem 2rem}
header .facts{margin-top:1.5rem}
dt{color:var(--muted);font-size:.8125rem}
nav{margin-top:1.5rem;font-size:.875rem;display:flex;flex-wrap:wrap;gap:.25rem 1rem}
nav a{padding:.25rem 0}
.note{color:var(--muted);font-size:.875rem;max-width:50rem}
.scroll{overflow-x:auto;overflow-wrap:normal;position:relative}
table{border-collapse:collapse;width:100%;font-size:.875rem}
.narrow table{width:auto;min-width:min(100%,22rem)}
caption{text-align:left;font-weight:600;padding-bottom:.375rem;font-size:1rem}
th,td{padding:.375rem 1.25rem .375rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--muted);font-weight:500;font-size:.8125rem;vertical-align:bottom;border-bottom-color:var(--axis)}
tbody th{font-weight:400}
.n,.m{text-align:right}.n{white-space:nowrap}
.k{white-space:nowrap}
.w{min-width:14rem;overflow-wrap:anywhere}
.subject,.within{display:block;color:var(--muted)}.subject{min-width:6.5rem}.within{white-space:nowrap}
details{border-bottom:1px solid var(--line)}details>.scroll{padding:0 0 .75rem 1.125rem}
summary{padding:.375rem 0;cursor:pointer;font-size:.875rem}section>details+details{margin-top:0}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap;padding:0}
.word{font-weight:600;white-space:nowrap}
.none{color:var(--muted)}
.track{display:block;width:7rem;height:.5rem;margin-top:.5rem}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:2rem;align-items:start}
figure{max-width:30rem;min-width:0}
figure svg{display:block;width:100%;height:auto;margin-top:.5rem}
figcaption{color:var(--muted);font-size:.8125rem;line-height:1.45;margin-top:.375rem}
svg text{font-size:11px;fill:var(--text);font-family:inherit}
svg .tick{fill:var(--muted)}
svg .end{text-anchor:end}svg .middle{text-anchor:middle}
svg .cell-share{font-size:10px}
.grid{stroke:var(--line);fill:none;stroke-width:.75}
.axis{stroke:var(--axis);fill:none}
.line{fill:none;stroke-width:1.75;stroke-linejoin:round}
.line.data-1{stroke:var(--data-1)}.line.data-2{stroke:var(--data-2);stroke-dasharray:6 2.5}
.line.data-3{stroke:var(--data-3);stroke-dasharray:2 2}.line.data-4{stroke:var(--data-4);stroke-dasharray:8 2 2 2}
.line.ideal{stroke:var(--muted);stroke-dasharray:4 3;stroke-width:1.25}
.line.zero{stroke:var(--axis);stroke-width:1.25}
.line.bound{stroke:var(--bad);stroke-width:2}
.fill.data-1,.cell{fill:var(--data-1)}.fill.data-2{fill:var(--data-2)}
.dots{fill:none;stroke:var(--data-1);stroke-width:5;stroke-linecap:round;stroke-opacity:.45}
@media (min-width:72rem){.two{grid-column:span 2}}
@media (max-width:30rem){.facts>div{display:grid;grid-template-columns:7.75rem 1fr;gap:.5rem}.facts{gap:.5rem}
  dt{padding-top:.125rem}th,td{padding-right:.75rem}
  caption{max-width:calc(100vw - 2.5rem)}section{margin-top:1.5rem}}
.two>*+*{margin-top:1rem}
.skip{position:absolute;left:-999rem}.skip:focus{position:static}
"""

_PRINT = """
@page{margin:15mm}
body{font-size:10pt}
header,main,footer{max-width:none;padding-left:0;padding-right:0}
header{padding-top:0}
nav,.skip{display:none}
section{margin-top:1.25rem;padding-top:.75rem}
h2,h3,caption{break-after:avoid}
tr,figure,.verdict,.facts>div,.key>div{break-inside:avoid}
details::details-content{content-visibility:visible;display:block;block-size:auto}
summary{list-style:none;break-after:avoid}summary::-webkit-details-marker{display:none}
thead{display:table-header-group}
table{font-size:8.5pt}
.scroll{overflow:visible;break-inside:avoid}.track{width:3rem}
td,th{overflow-wrap:break-word;padding-right:.5rem}
.k,.n .none{white-space:normal}.two{grid-column:1/-1}.w{min-width:0}
.figures{grid-template-columns:repeat(2,1fr)}
a{color:inherit;text-decoration:none}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
"""


def style() -> str:
    """Return the page's style sheet."""
    shades = "".join(f".shade-{step}{{fill-opacity:{round(step * SHADE, 3)}}}" for step in range(SHADES + 1))
    return (
        f":root{{color-scheme:light dark;{_variables(LIGHT)}}}"
        f"@media (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}"
        f"{_RULES}{shades}@media print{{:root{{color-scheme:light;{_variables(LIGHT)}}}{_PRINT}}}"
    )


def _variables(colours: dict[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in colours.items())
