"""From what was given, counted and timed to the columns of a result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simcomm import counts
from simcomm.checked import Checked
from simcomm.closed_forms import busbw_factor
from simcomm.engines.summary import Summary
from simcomm.link_table import LinkUse
from simcomm.links import busiest
from simcomm.theory import Bound, check_time
from simcomm.topology.routes import Link

if TYPE_CHECKING:
    from simcomm.scenario import Scenario

#: The longest list of lists that stands in a table as it is.
MOST_LETTERS = 40


def given(scenario: Scenario) -> dict[str, Any]:
    """What the scenario says."""
    odd = {rank: straggler.model_dump(exclude_defaults=True) for rank, straggler in sorted(scenario.stragglers.items())}
    placement = scenario.placement.order
    return {
        "topology_options": _words(scenario.topology.options),
        "placement": placement if isinstance(placement, str) else " ".join(map(str, placement)),
        "routing": _words({"name": scenario.routing.name} | scenario.routing.options).removeprefix("name="),
        "network": scenario.network.model,
        "network_options": _words(scenario.network.options),
        "seed": scenario.seed,
        "dtype": scenario.dtype,
        "compute_s": scenario.compute.time_s,
        "jitter": scenario.compute.jitter,
        "stragglers": " ".join(f"{rank}:{key}={value}" for rank, own in odd.items() for key, value in own.items()),
    }


def counted(what: Checked) -> dict[str, Any]:
    """What was counted and proven, beside the closed form, if there is one."""
    claim, says = what.claim, what.expected
    return {
        "collective": what.collective.name,
        "options": _words({key: word(value) for key, value in sorted(what.options.items())}),
        "workers": what.workers,
        "ranks": what.schedule.ranks,
        "parameters": what.vector.elements,
        "vector_bytes": what.vector.bytes,
        "messages": what.counted.total.messages,
        "total_bytes": what.counted.total.bytes,
        "max_bytes_sent": what.counted.max_bytes_sent,
        "max_bytes_received": what.counted.max_bytes_received,
        "steps": what.counted.steps,
        "expected_messages": None if claim is None else claim.total.messages,
        "expected_bytes": None if claim is None else claim.total.bytes,
        "expected_max_bytes_sent": None if says is None else says.max_bytes_sent,
        "expected_max_bytes_received": None if says is None else says.max_bytes_received,
        "expected_steps": None if claim is None else claim.steps,
        "counts_match": None if says is None else not counts.differences(what.counted, says),
        "proven": what.proof.places > 0,
        "proof": what.proof.method if what.proof.places else "",
        "guarantee": what.proof.guarantee,
    }


def timed(what: Checked, run: Summary, formula_s: float | None, bound: Bound) -> dict[str, Any]:
    """How long it took, beside the formula and the bound, and what the time is made of; TimeError if they disagree."""
    time_s, parts = float(run.makespan_s), run.parts
    factor = busbw_factor(what.goal.operation, what.workers)
    algbw_Bps = what.vector.bytes / time_s if time_s else None
    return {
        "time_s": time_s,
        "formula_s": formula_s,
        "time_matches": check_time(time_s, formula_s),
        "algbw_Bps": algbw_Bps,
        "busbw_factor": None if factor is None else float(factor),
        "busbw_Bps": None if algbw_Bps is None or factor is None else algbw_Bps * float(factor),
        "lower_bound_s": bound.time_s,
        "lower_bound_ratio": time_s / bound.time_s if bound.time_s else None,
        "lower_bound_by": bound.by,
        "latency_bound_s": bound.latency_s,
        "bandwidth_bound_s": bound.bandwidth_s,
        "compute_bound_s": bound.compute_s,
        "cut_bound_s": bound.cut_s,
        "critical_compute_s": float(parts.compute_s),
        "critical_latency_s": float(parts.latency_s),
        "critical_serialisation_s": float(parts.serialisation_s),
        "critical_port_wait_s": float(parts.port_wait_s),
        "critical_wait_at": "" if run.wait_at is None else name_place(run.wait_at),
        "critical_wait_at_s": float(run.wait_at_s),
        "critical_data_wait_s": float(parts.data_wait_s),
        "critical_reduction_s": float(parts.reduction_s),
        "max_busy_s": run.max_busy_s,
        "max_waiting_s": run.max_waiting_s,
    }


def linked(uses: Sequence[LinkUse]) -> dict[str, Any]:
    """The link that its bytes keep busy longest."""
    use = busiest(uses)
    return {
        "bottleneck": f"{use.src} -> {use.dst}" if use else "",
        "bottleneck_bytes": use.bytes if use else 0,
        "bottleneck_utilisation": use.utilisation if use else None,
        "bottleneck_peak": use.peak if use else None,
        "bottleneck_from_s": use.contended_from_s if use else None,
        "bottleneck_until_s": use.contended_until_s if use else None,
    }


def name_place(place: Any) -> str:
    """A port, processor or link in words.

    >>> name_place(("send", 3)), name_place(Link(0, "switch", 1e9, 0.0)), name_place(("receive", 8, 3))
    ('send port of rank 3', 'link 0 -> switch', 'receive port of rank 8 for rank 3')
    """
    if isinstance(place, Link):
        return f"link {place.src} -> {place.dst}"
    if not isinstance(place, tuple) or len(place) not in (2, 3):  # of somebody else's model
        return str(place)
    kind, rank, *peer = place
    words = {"send": "send port", "receive": "receive port", "cpu": "CPU", "reduce": "adding", "compute": "processor"}
    return f"{words.get(kind, kind)} of rank {rank}" + "".join(f" for rank {other}" for other in peer)


def _words(options: dict[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in options.items() if value is not None)


def word(value: Any) -> Any:
    """A value of an option, lists of lists as a word: without spaces, and large ones by their shape and a hash.

    >>> word([[0, 3], [1, 0]]), word(((1,) * 16,) * 8)
    ('[[0,3],[1,0]]', '8x16:5110f571')
    """
    if not isinstance(value, list | tuple) or not all(isinstance(row, list | tuple) for row in value):
        return value
    text = json.dumps(value, separators=(",", ":"))
    shape = f"{len(value)}x{max(map(len, value))}"
    return text if len(text) <= MOST_LETTERS else f"{shape}:{hashlib.sha256(text.encode()).hexdigest()[:8]}"
