"""What the tests of plots share: real results, and what makes a figure legible."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from simcomm.results import Result, Results
from simcomm.scenario import from_mapping
from simcomm.simulation import simulate_point

LINK = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
SYSTEMS: list[Any] = ["all_to_all", "parameter_server", {"name": "parameter_server", "servers": 2}, "ring_all_reduce"]


def simulated(**scenario: Any) -> Results:
    """The results of a scenario; ring all-reduce of 4 workers with 1,000 parameters unless said otherwise."""
    mapping = {"collective": "ring_all_reduce", "workers": 4, "parameters": 1000, "link": LINK} | scenario
    if "size" in scenario:
        del mapping["parameters"]
    return Results(tuple(simulate_point(point) for point in from_mapping(mapping).points))


def run(graph: Any = None, **scenario: Any) -> Result:
    """One result with its timeline."""
    mapping = {"collective": "ring_all_reduce", "workers": 4, "parameters": 10**7, "link": LINK} | scenario
    return simulate_point(from_mapping(mapping).points[0], graph=graph, timeline=True)


def line(axes: Axes, label: str) -> Line2D:
    """The line of this label: the simulated points of a series; with an underscore before it, its closed form."""
    found = [one for one in axes.lines if one.get_label() == label]
    assert len(found) == 1, (label, [one.get_label() for one in axes.lines])
    return found[0]


def data(one: Line2D) -> tuple[list[float], list[float]]:
    """The places and values of a line."""
    return list(cast(Any, one.get_xdata())), list(cast(Any, one.get_ydata()))


def legend_labels(figure: Figure) -> list[str]:
    """What the legend names."""
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def words(figure: Figure) -> str:
    """Title, subtitle and notes."""
    return "\n".join(text.get_text() for text in figure.texts)


def assert_legible(figure: Figure) -> None:
    """Nothing is cut off at the edge, no tick label touches the next, and no block of the figure another."""
    renderer: Any = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    tight = figure.get_tightbbox(renderer)
    width, height = figure.get_size_inches()
    assert tight.x0 >= 0, tight
    assert tight.y0 >= 0, tight
    assert tight.x1 <= width, tight
    assert tight.y1 <= height, tight
    blocks = [*figure.axes, *figure.legends, *(text for text in figure.texts if text.get_text())]
    boxes = [block.get_tightbbox(renderer) for block in blocks]
    for index, box in enumerate(boxes):
        for other in boxes[:index]:
            assert box is not None
            assert other is not None
            assert not box.padded(-1).overlaps(other.padded(-1)), (blocks[index], box, other)
    for axes in figure.axes:
        for parent in (axes, *axes.child_axes):
            _assert_ticks_apart(parent, renderer)


def _assert_ticks_apart(axes: Any, renderer: Any) -> None:
    for axis, side in ((axes.xaxis, 0), (axes.yaxis, 1)):
        low, high = sorted(axis.get_view_interval())
        ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
        shown = [label for tick in ticks for label in (tick.label1, tick.label2) if label.get_visible()]
        shown = [label for label in shown if label.get_text()]
        spans = sorted(tuple(label.get_window_extent(renderer).get_points()[:, side]) for label in shown)
        assert all(end <= start for (_, end), (start, _) in pairwise(spans)), [label.get_text() for label in shown]
        assert len({label.get_text() for label in shown}) == len(shown)
