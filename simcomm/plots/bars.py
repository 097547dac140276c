"""Bars of timelines: their lanes, shades and ink."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Rectangle

from simcomm.plots.style import MAP

TEXT_PT = 6.5
CHARACTER_IN = 0.068
_LEAST_HEIGHT_PT = 7.0


def step_colours(steps: int) -> list[str]:
    """A colour for each step, from dark to light."""
    shades = np.linspace(0.35, 1.0, max(steps, 2))
    return [to_hex(colormaps[MAP](shade)) for shade in shades]


def lanes(intervals: Iterable[tuple[float, float]], least_s: float) -> list[int]:
    """The first free lane for each of these (begin, end), which come by their begin; an overlap of ``least_s`` is none.

    >>> lanes([(0, 2), (1, 3), (2, 4)], 0.0)
    [0, 1, 0]
    """
    free_s: list[float] = []
    found = []
    for begin_s, end_s in intervals:
        lane = next((lane for lane, free in enumerate(free_s) if free <= begin_s + least_s), len(free_s))
        free_s[lane : lane + 1] = [end_s]
        found.append(lane)
    return found


class Box(NamedTuple):
    """Where a bar is, in units of the axes, and its height in points."""

    left: float
    bottom: float
    width: float
    height: float
    height_pt: float


def draw_bar(axes: Axes, box: Box, look: dict[str, Any], thick: bool = False, name: str = "") -> None:
    """A bar, framed if ``thick``, with a name in its middle unless it is too low; its lines suit its height."""
    where, size = (box.left, box.bottom), (box.width, box.height)
    axes.add_patch(Rectangle(where, *size, **look, linewidth=min(0.5, 0.1 * box.height_pt), zorder=2))
    if thick:
        frame: dict[str, Any] = {"facecolor": "none", "edgecolor": "black", "linewidth": min(2.4, 0.5 * box.height_pt)}
        axes.add_patch(Rectangle(where, *size, **frame, zorder=3))
    if name and box.height_pt >= _LEAST_HEIGHT_PT:
        behind = {"boxstyle": "square,pad=0.1", "facecolor": look["facecolor"], "edgecolor": "none"}
        text: dict[str, Any] = {"color": ink(look["facecolor"]), "bbox": behind if look.get("hatch") else None}
        middle = (box.left + box.width / 2, box.bottom + box.height / 2)
        axes.text(*middle, name, ha="center", va="center", size=TEXT_PT, zorder=4, **text)


def ink(colour: str) -> str:
    """Black or white, whichever is the clearer on this colour."""
    red, green, blue = to_rgb(colour)
    return "black" if 0.3 * red + 0.59 * green + 0.11 * blue > 0.5 else "white"
