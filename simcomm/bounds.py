"""How far a run is from the best that is possible: every bound in numbers, the one that binds, and what would help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from simcomm.closed_forms import Demand
from simcomm.errors import InputError
from simcomm.results import PARTS, Result
from simcomm.theory import Bound, Ports
from simcomm.topology.crossing import Cut
from simcomm.units import format_bandwidth, format_size, format_time

#: A run that takes no more than this times its bound is as good as can be.
CLOSE = 1.05

#: So many hosts of one side of a cut, and so many of its links, are named.
NAMED_HOSTS, NAMED_LINKS = 6, 3

#: What would make the part of a critical path shorter that is longest beyond what is needed.
_HELP = {
    "critical_data_wait_s": "workers that start together would help, not the network",
    "critical_compute_s": "faster workers would help, or what communicates while they compute",
    "critical_port_wait_s": "messages that meet less there would help: another algorithm, placement or routing, or a "
    "faster port or link",
    "critical_latency_s": "fewer steps one after the other would help, or a lower latency",
    "critical_serialisation_s": "fewer bytes one after the other would help: smaller parts of the vector under way at "
    "the same time, or more bandwidth",
    "critical_reduction_s": "adding up that is spread over more ranks would help, or faster adding",
}


@dataclass(frozen=True)
class Line:
    """One bound: its name, how it is made, in numbers, and what it comes to."""

    name: str
    formula: str
    time_s: float


@dataclass(frozen=True)
class Explanation:
    """The time of a run, its bounds, and in sentences which one binds and what would help."""

    time_s: float
    lines: tuple[Line, ...]
    sentences: tuple[str, ...]


def explain(result: Result) -> Explanation:
    """The bounds of a result that was simulated here, not read from a file.

    >>> import simcomm
    >>> link = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
    >>> found = explain(simcomm.simulate("ring_all_reduce", 16, size="100 MB", link=link))
    >>> [(line.name, line.formula) for line in found.lines[:3]]  # doctest: +NORMALIZE_WHITESPACE
    [('latency', '4 rounds · 10 us, if a port is held meanwhile'), ('its own latency', '30 steps · 10 us'),
     ('bandwidth', '2·15/16 · 100 MB / 12.5 GB/s')]
    """
    bound: Bound | None = result.bound
    if bound is None:
        raise InputError("a result without its bounds, as from a file; expected one that was simulated here")
    if bound.needed is None:
        return Explanation(result.time_s, (), ("No bound is known for what this collective does.",))
    if not bound.needed.together:
        return Explanation(result.time_s, (), ("Nothing has to be sent.",))
    sentences = [_what_binds(bound, bound.needed), _what_helps(result, bound)]
    if result.time_s < (bound.latency_s or 0.0):
        sentences.append("It beats the latency bound, since a port has many messages under way at once.")
    return Explanation(result.time_s, tuple(_lines(result, bound, bound.needed)), tuple(sentences))


def _lines(result: Result, bound: Bound, needed: Demand) -> list[Line]:
    alpha = format_time(bound.alpha_s)
    n, size = result.workers, format_size(result.vector_bytes)
    held = f"{_many(needed.rounds, 'round')} · {alpha}, if a port is held meanwhile"
    own_s = result.steps * bound.alpha_s
    lines = [
        Line("latency", held, bound.latency_s or 0.0),
        Line("its own latency", f"{_many(result.steps, 'step')} · {alpha}", own_s),
    ]
    if bound.ports and bound.bandwidth_s:
        lines.append(Line("bandwidth", _bytes(result, needed, bound.ports), bound.bandwidth_s))
    if bound.compute_s:
        rate = _rate(1 / bound.gamma_s_per_byte)
        share = _times(Fraction(needed.added, result.vector_bytes * result.ranks), n, result.ranks)
        lines.append(Line("computation", f"{share}{size} / {rate} of adding", bound.compute_s))
    if bound.cut is not None and bound.cut_s is not None:
        unseen = "" if bound.cut_holds else f"; {result.network} does not see it"
        crossing = f"{_crossing(bound, bound.cut)} / {_rate(bound.cut.bandwidth_Bps)}"
        lines.append(Line("cut", f"{alpha} + {crossing}, {_sides(bound.cut, bound.hosts)}{unseen}", bound.cut_s))
    least = f"{alpha} + what the ports allow" if bound.by == "ports" else "the cut"
    return [*lines, Line("least possible", least, bound.time_s)]


def _bytes(result: Result, needed: Demand, ports: Ports) -> str:
    """Whichever takes longest: what all ports together carry, what one worker's does, or what the root's does."""
    S, n = result.vector_bytes, result.workers
    together_s = needed.together / float(ports.together_Bps)
    worker_s, root_s = float(needed.worker) / float(ports.worker_Bps), needed.root / float(ports.root_Bps)
    if root_s >= max(together_s, worker_s):
        return f"{format_size(needed.root)} / {_rate(ports.root_Bps)} at rank {needed.at}"
    if worker_s > together_s * (1 + 1e-12):
        return f"{_times(Fraction(needed.worker, S), n, n)}{format_size(S)} / {_rate(ports.worker_Bps)}"
    alike = abs(float(ports.together_Bps) / (result.ranks * float(ports.worker_Bps)) - 1) < 1e-9
    if alike:
        part = Fraction(needed.together, S * result.ranks)
        return f"{_times(part, n, result.ranks)}{format_size(S)} / {_rate(ports.worker_Bps)}"
    return f"{format_size(needed.together)} / {_rate(ports.together_Bps)} of all ports"


def _times(part: Fraction, workers: int, parts: int) -> str:
    """A part of the vector as theory writes it, times·(n−1)/parts, with a point behind; nothing for all of it.

    >>> _times(Fraction(30, 16), 16, 16), _times(Fraction(15, 16), 16, 16), _times(Fraction(1), 16, 16)
    ('2·15/16 · ', '15/16 · ', '')
    """
    times = part * parts / (workers - 1)
    if part.denominator == 1:
        return f"{part} · " if part > 1 else ""
    known = f"{times}·{workers - 1}/{parts}".removeprefix("1·") if times.denominator == 1 else str(part)
    return f"{known} · "


def _what_binds(bound: Bound, needed: Demand) -> str:
    if bound.by.startswith("cut") and bound.cut is not None:
        tried = "" if bound.cut.exact else " (the tightest of the cuts that were tried)"
        return (
            f"The cut binds{tried}: whatever the algorithm, {_crossing(bound, bound.cut)} must cross "
            f"{_links(bound.cut)}; more bandwidth there would lower the bound."
        )
    alpha, bandwidth, compute = bound.alpha_s, bound.bandwidth_s or 0.0, bound.compute_s or 0.0
    if alpha > max(bandwidth, compute):
        return "One latency binds: the vector is so short that its bytes hardly count; only a lower latency would help."
    if compute > bandwidth:
        return "Adding up binds: faster adding would lower the bound."
    where = f"port of rank {needed.at} binds" if needed.root else "hosts' ports bind"
    return f"The {where}: more bandwidth there would lower the bound, which no algorithm does."


def _what_helps(result: Result, bound: Bound) -> str:
    ratio = result.time_s / bound.time_s
    if ratio < 1.0005:
        return "The time is the least possible."
    if ratio <= CLOSE:
        return f"The time is {_over(ratio)} the least possible: no other algorithm can gain more than that."
    needed = {
        "critical_latency_s": bound.alpha_s,
        "critical_serialisation_s": bound.bandwidth_s or 0.0,
        "critical_reduction_s": bound.compute_s or 0.0,
    }
    beyond = {part: getattr(result, part) - needed.get(part, 0.0) for part in PARTS}
    worst = max(beyond, key=beyond.__getitem__)
    at = f" (longest for {result.critical_wait_at})" if worst == "critical_port_wait_s" else ""
    share = f"{getattr(result, worst) / result.time_s:.0%}".replace("%", " %")
    return f"The time is {_over(ratio)} the least possible; {share} of it is {PARTS[worst]}{at}: {_HELP[worst]}."


def _over(ratio: float) -> str:
    """What is lost.

    >>> _over(1.0234), _over(7.13)
    ('2.3 % above', '7.13 times')
    """
    return f"{(ratio - 1):.1%} above".replace("%", " %") if ratio < 2 else f"{ratio:.3g} times"


def _crossing(bound: Bound, cut: Cut) -> str:
    return format_size(((bound.cut_s or 0.0) - bound.alpha_s) * float(cut.bandwidth_Bps))


def _sides(cut: Cut, hosts: Sequence[Any]) -> str:
    inside = set(cut.inside)
    outside = [host for host in hosts if host not in inside]
    return f"{{{hosts_in_words(cut.inside)} | {hosts_in_words(outside)}}}"


def hosts_in_words(hosts: Sequence[Any]) -> str:
    """Hosts, with runs of numbers as ranges.

    >>> hosts_in_words([0, 1, 2, 3, 6]), hosts_in_words(["a", "b"])
    ('0-3, 6', 'a, b')
    """
    runs: list[list[Any]] = []
    for host in hosts:
        if runs and isinstance(host, int) and isinstance(runs[-1][-1], int) and host == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], host]
        else:
            runs.append([host])
    words = ["-".join(map(str, run)) for run in runs]
    return ", ".join(words[:NAMED_HOSTS]) + (f" and {len(words) - NAMED_HOSTS} more" if words[NAMED_HOSTS:] else "")


def _links(cut: Cut) -> str:
    names = [f"{src} -> {dst}" for src, dst in cut.links[:NAMED_LINKS]]
    more = f" and {len(cut.links) - NAMED_LINKS} more" if cut.links[NAMED_LINKS:] else ""
    return f"the link{'s' * (len(cut.links) > 1)} {', '.join(names)}{more}"


def _rate(bandwidth_Bps: Any) -> str:
    return format_bandwidth(float(bandwidth_Bps)).split(" = ")[0]


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
