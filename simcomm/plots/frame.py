"""What is around the panels of every figure: title, legend and notes, each with room of its own."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

DPI = 150
TITLE_PT, TEXT_PT = 12, 9
_LINE_IN, _ROW_IN, _GAP_IN, _CHARACTER_IN = 0.17, 0.2, 0.1, 0.074


def new_figure(width_in: float, panels_in: float) -> Figure:
    """A figure whose panels are ``panels_in`` high; :func:`finish` adds what is above and below them."""
    return Figure(figsize=(width_in, panels_in), dpi=DPI, layout="constrained")


def finish(
    figure: Figure, title: str, subtitle: str = "", handles: Sequence[Any] = (), notes: Sequence[str] = ()
) -> Figure:
    """Put the title above the panels, the legend and the notes below them, and fix the layout for good.

    Fixed: a figure that lays itself out whenever it is drawn would differ between its first and its second file.
    """
    width_in, panels_in = figure.get_size_inches()
    above = [title, *_wrapped([subtitle], width_in)]
    below = _wrapped(notes, width_in)
    columns, rows = _grid(handles, width_in)
    head_in = 0.12 + 0.22 + _LINE_IN * len(above[1:])
    notes_in = _GAP_IN + _LINE_IN * len(below)
    foot_in = notes_in + (_GAP_IN + _ROW_IN * rows if handles else 0)
    height_in = head_in + panels_in + foot_in
    figure.set_size_inches(width_in, height_in)
    figure.text(0.5, 1 - 0.08 / height_in, title, size=TITLE_PT, weight="bold", ha="center", va="top")
    figure.text(0.5, 1 - 0.32 / height_in, "\n".join(above[1:]), size=TEXT_PT, ha="center", va="top")
    figure.text(0.5, _GAP_IN / 2 / height_in, "\n".join(below), size=TEXT_PT - 1, ha="center", va="bottom")
    around: list[Artist] = [*figure.texts]
    if handles:
        anchor = (0.5, notes_in / height_in)
        look: dict[str, Any] = {"fontsize": TEXT_PT, "frameon": False}
        around.append(figure.legend(handles=handles, loc="lower center", bbox_to_anchor=anchor, ncols=columns, **look))
    _fix_layout(figure, around, (0, foot_in / height_in, 1, panels_in / height_in))
    return figure


def _fix_layout(figure: Figure, around: Sequence[Artist], inner: tuple[float, float, float, float]) -> None:
    """Lay the panels out once within ``inner``, as if what is around them were not there."""
    for artist in around:
        artist.set_in_layout(False)
    figure.set_layout_engine(ConstrainedLayoutEngine(rect=inner))
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for artist in around:
        artist.set_in_layout(True)


def _grid(handles: Sequence[Any], width_in: float) -> tuple[int, int]:
    """Columns and rows of the legend: the fewest rows that fit into the width, with the fewest columns."""
    entries_in = [0.6 + _CHARACTER_IN * len(str(handle.get_label())) for handle in handles]
    fit = [
        (math.ceil(len(handles) / columns), columns)
        for columns in range(1, len(handles) + 1)
        if columns == 1 or sum(max(column) for column in _columns(entries_in, columns)) <= width_in
    ]
    rows, columns = min(fit, default=(0, 1))
    return columns, rows


def _columns(entries: Sequence[float], columns: int) -> list[Sequence[float]]:
    """The entries one column after the other, the first ones longer by one where they do not go up evenly."""
    each, longer = divmod(len(entries), columns)
    starts = [column * each + min(column, longer) for column in range(columns + 1)]
    return [entries[a:b] for a, b in pairwise(starts)]


def _wrapped(texts: Sequence[str], width_in: float) -> list[str]:
    return [line for text in texts for line in textwrap.wrap(text, int(width_in / 0.076))]
