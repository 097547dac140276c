"""How figures look: colours that the colour-blind can tell apart, marks that read in grey, axes with units."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from simcomm.units import format_bandwidth, format_size, format_time

#: Okabe and Ito's colours for every kind of colour vision (2008), without the yellow, which is too light for a line.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p", "h")
LINES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (6, 2, 1, 2)), (0, (3, 1)))
GREY = "0.35"

#: A colour map that is as clear to the colour-blind and in grey: it only gets darker.
MAP = "cividis"

Write = Callable[[float], str]


@contextmanager
def drawing() -> Iterator[None]:
    """Within this, matplotlib has its own defaults, whatever the user's are: the same figure for everybody."""
    with matplotlib.style.context("default"):
        yield


class Look(NamedTuple):
    """How one series is drawn; of two looks below 12 at least marker and size differ."""

    colour: str
    marker: str
    line: Any
    size: float

    def handle(self, label: str) -> Line2D:
        """What stands for the series in a legend."""
        return Line2D([], [], label=label, linestyle=self.line, linewidth=1.2, color=self.colour, **self.marks())

    def marks(self) -> dict[str, Any]:
        """Hollow markers, so that one does not hide another at the same place."""
        size = {"markersize": self.size, "markeredgewidth": 1.5}
        return {"marker": self.marker, "markerfacecolor": "none", "markeredgecolor": self.colour, **size}


def look(index: int) -> Look:
    """The look of series number ``index``: later ones have smaller markers, which fit into the earlier ones.

    >>> look(0).marker, look(1).marker
    ('o', 's')
    """
    size = 10.5 - 0.55 * (index % len(MARKERS))
    return Look(COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)], LINES[index % len(LINES)], size)


def usable(value: float | None) -> float | None:
    """The value if a logarithmic axis can show it: a finite number above 0."""
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) and number > 0 else None


def rate(bandwidth_Bps: float) -> str:
    """A bandwidth in bytes: '12.5 GB/s'."""
    return format_bandwidth(bandwidth_Bps).split(" = ")[0]


def bit_rate(bandwidth_bits_per_s: float) -> str:
    """A bandwidth in bits: '100 Gbit/s'."""
    return format_bandwidth(bandwidth_bits_per_s / 8).split(" = ")[1]


def limits(values: Iterable[float], least_ratio: float = 2.0) -> tuple[float, float]:
    """The ends of a logarithmic axis with a margin; at least ``least_ratio`` apart, so that ticks do not repeat."""
    shown = list(values)
    low, high = min(shown), max(shown)
    margin = (high / low) ** 0.06 * max(1.0, least_ratio / (high / low)) ** 0.5
    return low / margin, high * margin


def log_axis(axes: Axes, which: Literal["x", "y"], values: Sequence[float], write: Write) -> None:
    """Make an axis logarithmic, as wide as ``values`` (all above 0), with ticks in words of ``write``."""
    low, high = limits(values)
    axes.set(**{f"{which}scale": "log", f"{which}lim": (low, high)})
    _ticks(axes.xaxis if which == "x" else axes.yaxis, low, high, write)


def _ticks(axis: Axis, low: float, high: float, write: Write) -> None:
    decades = math.log10(high / low)
    if decades < 0.8:
        axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    else:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)) if decades < 2.5 else LogLocator(numticks=7))
    axis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
    axis.set_minor_formatter(NullFormatter())


def time_unit(longest_s: float) -> tuple[float, str]:
    """How many of the unit that suits a linear axis of this length make a second, and its name.

    >>> time_unit(0.02)
    (1000.0, 'ms')
    """
    for unit_s, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if longest_s >= unit_s or longest_s == 0:
            return round(1 / unit_s, 0), name
    return 1e9, "ns"


def bytes_axis(axes: Axes, which: Literal["x", "y"], values: Sequence[float], what: str) -> None:
    """Bytes with decimal prefixes."""
    log_axis(axes, which, values, format_size)
    axes.set(**{f"{which}label": f"{what} (bytes)"})


def seconds_axis(axes: Axes, which: Literal["x", "y"], values: Sequence[float], what: str) -> None:
    """Seconds with engineering prefixes."""
    log_axis(axes, which, values, format_time)
    axes.set(**{f"{which}label": f"{what} (s)"})


def bandwidth_axis(axes: Axes, values: Sequence[float], what: str) -> None:
    """Bytes per second at the left, bits per second at the right."""
    log_axis(axes, "y", values, rate)
    axes.set_ylabel(f"{what} (B/s)")
    bits = axes.secondary_yaxis("right", functions=(_to_bits, _to_bytes))
    low, high = axes.get_ylim()
    _ticks(bits.yaxis, low * 8, high * 8, bit_rate)
    bits.set_ylabel("(bit/s)")


def _to_bits(rates_Bps: Any) -> Any:
    return rates_Bps * 8


def _to_bytes(rates_bits_per_s: Any) -> Any:
    return rates_bits_per_s / 8


def workers_axis(axes: Axes, workers: Iterable[int]) -> None:
    """Numbers of workers to base 2: a tick at each of them, a number where it has room."""
    every = sorted(set(workers))
    named = thinned(every)
    margin = max(1.1, (every[-1] / every[0]) ** 0.05)
    axes.set_xscale("log", base=2)
    axes.set_xlim(every[0] / margin, every[-1] * margin)
    axes.xaxis.set_major_locator(FixedLocator(named))
    axes.xaxis.set_major_formatter(FixedFormatter([str(n) for n in named]))
    axes.xaxis.set_minor_locator(FixedLocator(every))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("number of workers n")


def thinned(numbers: Sequence[int], room: float = 1 / 11) -> list[int]:
    """Those of sorted ``numbers`` (above 0) whose names do not touch on a log axis: first, last, powers of two, others.

    >>> thinned([1, 2, 3, 4, 8, 9, 1024])
    [1, 2, 4, 8, 1024]
    """
    first = [numbers[0], numbers[-1]]
    gap = room * math.log2(numbers[-1] / numbers[0])
    kept: list[int] = []
    for number in dict.fromkeys([*first, *(n for n in numbers if n & (n - 1) == 0), *numbers]):
        if all(abs(math.log2(number / other)) >= gap for other in kept):
            kept.append(number)
    return sorted(kept)


def no_values(axes: Axes) -> None:
    """An empty panel says why it is empty."""
    axes.set(xticks=[], yticks=[])
    axes.text(0.5, 0.5, "no value above 0", ha="center", va="center", color=GREY, transform=axes.transAxes)
