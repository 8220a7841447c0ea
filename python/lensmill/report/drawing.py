"""Charts for the page: SVG whose ink follows the page's colours, with its data as CSV."""

import base64
import csv
import io
import re
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Optional, Sequence

import numpy as np
from numpy.typing import NDArray

from lensmill.errors import needs
from lensmill.figures.common import new_figure

# Colour-blind safe (Okabe & Ito 2008), to be told apart on white and on black.
COUNTER, OUTER, CENTRAL, PSF_COLOUR = "#d55e00", "#0072b2", "#cc79a7", "#009e73"
EXTENT, SECOND = "#e69f00", "#56b4e9"
# Stand-ins in the SVG for colours of the page, which differ in the dark.
INK, GRID = "#010203", "#010305"
GRID_ON_WHITE = "#d9dde2"
WIDTH_INCHES, HEIGHT_INCHES = 5.0, 3.5
STYLE: Dict[str, Any] = {
    "svg.fonttype": "path", "svg.hashsalt": "lensmill", "font.size": 9.5,
    "font.family": "DejaVu Sans", "text.color": INK, "axes.edgecolor": INK,
    "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK, "grid.color": GRID,
    "axes.facecolor": "none", "figure.facecolor": "none", "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.linewidth": 0.6,
    "axes.axisbelow": True, "legend.frameon": False, "legend.fontsize": 8.5,
    "axes.titlesize": 9.5}
PAGE_COLOURS = {INK: "var(--ink)", GRID: "var(--grid)"}


@dataclass(frozen=True)
class Chart:
    """A figure of the page."""

    name: str  # of its files and its place in the page
    title: str
    see: str  # what to see, in one sentence
    svg: str
    csv: str
    figure: Any

    def png(self) -> bytes:
        """On white."""
        import matplotlib
        for axes in self.figure.axes:
            for line in (*axes.get_xgridlines(), *axes.get_ygridlines()):
                line.set_color(GRID_ON_WHITE)
        out = io.BytesIO()
        with matplotlib.rc_context(STYLE):
            self.figure.savefig(out, format="png", dpi=120, facecolor="white",
                                metadata={"Software": None})
        return out.getvalue()

    @property
    def csv_uri(self) -> str:
        return data_uri("text/csv;charset=utf-8", self.csv.encode())


def data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def csv_text(rows: Iterable[Dict[str, Any]], columns: Sequence[str]) -> str:
    """Undefined values are empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if value is None or value != value else value
                         for value in (row.get(name) for name in columns)])
    return out.getvalue()


class Canvas:
    """One figure under construction, in the style of the page."""

    def __init__(self, width: float = WIDTH_INCHES, height: float = HEIGHT_INCHES) -> None:
        try:
            import matplotlib
        except ImportError as error:
            raise needs("matplotlib", "a report", error) from error
        self._style = matplotlib.rc_context(STYLE)
        self._size = (width, height)

    def __enter__(self) -> Any:
        self._style.__enter__()
        self.figure = new_figure(figsize=self._size, layout="constrained")
        return self.figure

    def __exit__(self, *problem: Any) -> None:
        self._style.__exit__(*problem)

    def chart(self, name: str, title: str, see: str, table: str) -> Chart:
        """What has been drawn, as it goes into the page."""
        import matplotlib
        svg = io.BytesIO()
        with matplotlib.rc_context(STYLE):
            self.figure.savefig(svg, format="svg", dpi=140, metadata={
                "Date": None, "Creator": None, "Format": None, "Type": None})
        return Chart(name, title, see, _for_the_page(svg.getvalue().decode(), name), table,
                     self.figure)


def _for_the_page(svg: str, name: str) -> str:
    """To stand inside of a page beside others: no header, ids of its own, its colours the
    page's."""
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\1{name}-", svg)
    svg = re.sub(r'<svg ([^>]*?)width="[^"]*"', r"<svg \1", svg, count=1)
    svg = re.sub(r'<svg ([^>]*?)height="[^"]*"', r"<svg \1", svg, count=1)
    for colour, variable in PAGE_COLOURS.items():
        svg = svg.replace(colour, variable)
    return svg.replace("<svg ", '<svg class="chart" aria-hidden="true" ', 1)


def numbers(rows: Sequence[Dict[str, Any]], name: str) -> "NDArray[np.float64]":
    """A column of a table, NaN where it is not defined or not there."""
    return np.array([np.nan if row.get(name) is None else row[name] for row in rows], float)


def whiskers(axes: Any, x: Any, rows: Sequence[Dict[str, Any]], name: str, *,
             base: Any = 0.0, value: Optional[str] = None, **style: Any) -> None:
    """Points with the intervals NAME_lower to NAME_upper."""
    middle = numbers(rows, value or name)
    lower, upper = numbers(rows, f"{name}_lower"), numbers(rows, f"{name}_upper")
    ends = np.nan_to_num(np.array([middle - lower, upper - middle]))
    axes.errorbar(x, middle + base, np.maximum(ends, 0), **style)


def bins_of(rows: Sequence[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """The rows of the table that are of a bin of theta_E with something in it."""
    return [row for row in rows if row.get("n") and row.get("theta_e_bin") != "all"]


def set_bins(axes: Any, rows: Sequence[Dict[str, Any]]) -> "NDArray[np.int64]":
    """Theta_E bins as places on the x axis."""
    places = np.arange(len(rows))
    labels = [row["theta_e_bin"].strip("[])").replace(", ", "–") for row in rows]
    axes.set_xticks(places, labels)
    axes.set_xlim(-0.6, len(rows) - 0.4)
    axes.set_xlabel(r"$\theta_E$ [arcsec]")
    axes.grid(False, axis="x")
    return places
