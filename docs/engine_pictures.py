"""The three pictures of docs/engines.md: ``python docs/generate.py engines``."""

from __future__ import annotations

from math import cos, pi, sin
from pathlib import Path as File
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle
from matplotlib.path import Path

from simcomm import topology
from simcomm.closed_forms import Vector
from simcomm.collectives import get
from simcomm.execution import execute
from simcomm.networks.base import Workers
from simcomm.plots.style import drawing

GREY, LIGHT = "0.35", "0.9"


def draw(folder: File) -> None:
    """All three, each in a file of its own."""
    for name, picture in (("compile", compiled), ("maxplus", maxplus), ("symmetry", symmetry)):
        with drawing():
            figure = picture()
            figure.savefig(folder / f"engines_{name}.png", dpi=110, metadata={"Software": None})


def _panel(axes: Axes, title: str, width: float, height: float) -> Axes:
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_title(title, fontsize=10.5, loc="left")
    axes.axis("off")
    return axes


def _box(axes: Axes, x: float, y: float, text: str, width: float = 1.0, height: float = 0.7, **more: Any) -> None:
    """A box with its lower left corner at x, y."""
    look = {"facecolor": LIGHT, "edgecolor": "black", "linewidth": 1.0} | more
    axes.add_patch(Rectangle((x, y), width, height, **look))
    axes.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=8.5)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], **more: Any) -> None:
    look = {"arrowstyle": "-|>", "mutation_scale": 11, "linewidth": 1.2, "color": "black"} | more
    axes.add_patch(FancyArrowPatch(start, end, shrinkA=0, shrinkB=0, **look))


def compiled() -> Figure:
    """Programs in flat arrays, queues of equal delays, a virtual time for a link."""
    figure = Figure(figsize=(11.5, 4.3), layout="constrained")
    left, middle, right = figure.subplots(1, 3, gridspec_kw={"width_ratios": [4.0, 4.4, 4.4]})
    _programs(_panel(left, "1. A message is a program", 6, 6.6))
    _queues(_panel(middle, "2. Delays of one length are a queue", 6.4, 6.6))
    _virtual_time(_panel(right, "3. Flows that a link holds back share a time", 6.4, 6.6))
    return figure


def _programs(axes: Axes) -> None:
    rows = [("TURN", "send 0", "1 us"), ("DELAY", "", "2 us"), ("TURN", "receive 1", "1 us"), ("DELAY", "", "1 us")]
    for column, (name, x, width) in enumerate((("code", 1.2, 1.3), ("what", 2.5, 1.7), ("amount", 4.2, 1.3))):
        axes.text(x + width / 2, 6.05, name, ha="center", fontsize=8.5, style="italic")
        for at, row in enumerate([*rows, ("END", "", "")]):
            _box(axes, x, 5.2 - 0.7 * at, row[column], width, facecolor=LIGHT if at < 4 else "white")
    _arrow(axes, (0.35, 4.85), (1.15, 4.85))
    axes.text(0.3, 5.05, "token", fontsize=8.5, ha="left")
    axes.text(3.0, 1.85, "⋮", fontsize=13, ha="center", va="center")
    text = "Messages that are alike share a program.\nThe loop moves a token per message on,\nuntil it has to wait."
    axes.text(0.3, 0.6, text, fontsize=9, va="center", color=GREY)


def _queues(axes: Axes) -> None:
    queues = [("1 us", ["5.0", "5.2", "5.2", "5.9"]), ("2 us", ["5.1", "5.4", "6.0"]), ("9 us", ["13.1"])]
    for row, (length, ends) in enumerate(queues):
        y = 5.2 - 0.95 * row
        axes.text(0.95, y + 0.35, length, ha="right", va="center", fontsize=8.5)
        for at, end in enumerate(ends):
            _box(axes, 1.1 + 0.8 * at, y, end, 0.8, facecolor="0.75" if at == 0 else "white")
        if len(ends) < 5:
            _arrow(axes, (1.1 + 0.8 * len(ends) + 0.8, y + 0.35), (1.1 + 0.8 * len(ends) + 0.08, y + 0.35), color=GREY)
    axes.text(5.15, 6.08, "new ones join behind", fontsize=8.5, ha="center", color=GREY)
    axes.text(1.1, 2.78, "the first of each:", fontsize=8.5, va="center")
    for x, y, text in ((2.9, 2.15, "5.0"), (2.15, 1.25, "5.1"), (3.65, 1.25, "13.1")):
        _box(axes, x, y, text, 0.8, 0.6, facecolor="0.75")
    for x in (2.55, 4.05):
        axes.plot([3.3, x], [2.15, 1.85], color="black", linewidth=1)
    axes.text(1.75, 2.2, "heap", fontsize=8.5, style="italic")
    text = "In a queue, who began first ends first.\nThe heap has one entry for every length."
    axes.text(0.3, 0.45, text, fontsize=9, va="center", color=GREY)


def _virtual_time(axes: Axes) -> None:
    y, begin, end = 3.4, 0.5, 6.0
    _arrow(axes, (begin, y), (end, y))
    axes.text(end, y - 0.45, "bytes per flow V", fontsize=8.5, ha="right")
    now = 2.1
    axes.plot([now, now], [y - 0.75, y + 1.2], color="black", linewidth=2)
    axes.text(now, y - 1.1, "now", fontsize=8.5, ha="center")
    for x, name in ((3.0, "a"), (4.3, "b, c"), (5.2, "d")):
        axes.plot([x, x], [y - 0.12, y + 0.5], color="black", linewidth=1)
        axes.add_patch(Circle((x, y + 0.5), 0.09, facecolor="0.5", edgecolor="black"))
        axes.text(x, y + 0.75, name, fontsize=9, ha="center")
    _arrow(axes, (now, y + 1.05), (now + 0.6, y + 1.05), color=GREY)
    axes.text(0.5, 6.0, "dV/dt = bandwidth / number of flows", fontsize=9)
    axes.text(0.5, 5.45, "a flow ends when V has grown by its bytes", fontsize=9)
    text = (
        "When a flow comes or goes, the speed of V\nchanges, one number; nobody's end on\nthe line moves. "
        "The next end is the first on it."
    )
    axes.text(0.3, 0.75, text, fontsize=9, va="center", color=GREY)


def maxplus() -> Figure:
    """Steps and ranks as a table of real times: one worker is late, and what that does."""
    ranks, steps, late = 6, 5, 2
    ends_s = _ring_ends(ranks, late)
    usual_s = _ring_ends(ranks, None)
    figure = Figure(figsize=(9.5, 4.9), layout="constrained")
    axes = _panel(figure.subplots(), "", 14.4, 7.9)
    for rank in range(ranks):
        name = f"rank {rank}" + (" (late)" if rank == late else "")
        axes.text(1.85 + 1.5 * rank, 6.75, name, ha="center", fontsize=9)
    for step in range(steps):
        y = 5.7 - 1.25 * step
        axes.text(0.95, y + 0.35, f"step {step}", ha="right", va="center", fontsize=9)
        for rank in range(ranks):
            delay_us = 1e6 * (ends_s[step, rank] - usual_s[step, rank])
            shade = "white" if delay_us < 0.5 else ("0.84" if delay_us < 2 else "0.66")
            _box(axes, 1.2 + 1.5 * rank, y, f"{1e6 * ends_s[step, rank]:.0f}", 1.3, facecolor=shade)
    for step, rank in ((1, 2), (2, 4)):  # the two that are explained
        x, y = 1.2 + 1.5 * rank, 5.7 - 1.25 * step
        axes.add_patch(Rectangle((x, y), 1.3, 0.7, fill=False, linewidth=2.6, edgecolor="black"))
        _arrow(axes, (x - 0.55, y + 1.25), (x + 0.35, y + 0.74), linewidth=1.8)
        _arrow(axes, (x + 0.75, y + 1.25), (x + 0.75, y + 0.74), linewidth=1.8, linestyle=(0, (3, 2)))
    _legend(axes)
    return figure


def _legend(axes: Axes) -> None:
    axes.text(
        1.2, 7.5, "When what each rank sends has arrived, in us: a ring whose rank 2 starts 3 us late", fontsize=10.5
    )
    axes.text(10.6, 6.0, "end = max(a, b) + 3", fontsize=10, va="center", weight="bold")
    for y, text, line in ((5.25, "a: what it waits for", "-"), (4.65, "b: its port is free", (0, (3, 2)))):
        _arrow(axes, (10.6, y), (11.3, y), linewidth=1.8, linestyle=line)
        axes.text(11.5, y, text, fontsize=9, va="center")
    for y, text in ((3.85, "7 = max(3, 4) + 3"), (3.3, "12 = max(9, 4) + 3")):
        axes.text(10.6, y, text, fontsize=9, va="center")
    axes.text(10.6, 2.5, "A port is held for 1 us; bytes and\nlatency together take 3 us.", fontsize=9, va="center")
    for shade, text, y in (("0.66", "3 us late", 1.25), ("0.84", "1 us late", 0.6)):
        _box(axes, 10.6, y, "", 0.6, 0.4, facecolor=shade)
        axes.text(11.4, y + 0.2, text, fontsize=9, va="center")


def _ring_ends(ranks: int, late: int | None) -> Any:
    """The ends of a ring's messages, a row for every step; columns are their senders."""
    ring, star = get("ring_all_reduce").schedule(ranks), topology.build("star", ranks, "1 GB/s", "1 us")
    start_s = tuple(3e-6 if rank == late else 0.0 for rank in range(ranks))
    workers = Workers(start_s, (0.0,) * ranks, (1.0,) * ranks)
    return np.asarray(execute(ring, Vector(250 * ranks), star, workers=workers).timeline.end_s).reshape(-1, ranks)


def symmetry() -> Figure:
    """A ring of eight ranks that all do the same, and the one rank that stands for them."""
    figure = Figure(figsize=(9.5, 4.1), layout="constrained")
    axes = _panel(figure.subplots(), "", 13.4, 5.8)
    axes.set_aspect("equal")
    middle, radius, size = (2.9, 3.0), 1.9, 0.36
    for rank in range(8):
        here, there = (_on_ring(middle, radius, r) for r in (rank, rank + 1))
        axes.add_patch(Circle(here, size, facecolor="0.75" if rank == 0 else "white", edgecolor="black"))
        axes.text(*here, str(rank), ha="center", va="center", fontsize=9.5)
        gap = [(there[k] - here[k]) * 0.27 for k in (0, 1)]
        begin, end = (here[0] + gap[0], here[1] + gap[1]), (there[0] - gap[0], there[1] - gap[1])
        _arrow(axes, begin, end, connectionstyle="arc3,rad=-0.12")
    axes.text(2.9, 3.0, "a step:\n8 messages", ha="center", va="center", fontsize=9.5)
    axes.text(2.9, 0.35, "rank r → (r + 1) mod 8", ha="center", fontsize=9.5)
    _arrow(axes, (5.5, 3.0), (7.1, 3.0), mutation_scale=18, linewidth=2)
    axes.text(6.3, 3.25, "modulo rotation", ha="center", fontsize=9.5)
    axes.text(6.3, 2.45, "r ~ r + g", ha="center", fontsize=9.5)
    _one_rank(axes)
    return figure


def _one_rank(axes: Axes) -> None:
    axes.add_patch(Circle((8.6, 3.0), 0.42, facecolor="0.75", edgecolor="black"))
    axes.text(8.6, 3.0, "0", ha="center", va="center", fontsize=10)
    loop = Path([(8.35, 3.36), (7.4, 4.85), (9.8, 4.85), (8.86, 3.4)], [Path.MOVETO, *[Path.CURVE4] * 3])
    axes.add_patch(FancyArrowPatch(path=loop, arrowstyle="-|>", mutation_scale=11, linewidth=1.2, color="black"))
    axes.text(8.6, 4.75, "1 message, counted 8 times", ha="center", fontsize=9.5)
    axes.text(8.6, 2.2, "sends as all send,\nreceives as all receive", ha="center", va="center", fontsize=9)
    for row, name in enumerate(("step 0", "step 1", "step 2")):
        y = 4.3 - 1.45 * row
        _box(axes, 11.0, y, f"{name}: one message", 2.3, 0.6, facecolor=LIGHT)
        if row:
            _arrow(axes, (12.15, y + 1.45), (12.15, y + 0.62))
            axes.text(12.3, y + 1.03, "of rank −1", fontsize=8.5, va="center")
    axes.text(
        12.15,
        0.75,
        "waits for that of the rank before,\nwhich is the same one, moved",
        ha="center",
        va="center",
        fontsize=9,
    )


def _on_ring(middle: tuple[float, float], radius: float, rank: int) -> tuple[float, float]:
    angle = pi / 2 - rank * pi / 4
    return middle[0] + radius * cos(angle), middle[1] + radius * sin(angle)
