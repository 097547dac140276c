"""From what was given, counted and timed to columns."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import simcomm
from simcomm import columns
from simcomm.checked import check
from simcomm.closed_forms import Vector
from simcomm.collectives import get
from simcomm.errors import TimeError
from simcomm.execution import execute
from simcomm.link_table import LinkUse
from simcomm.results import PARTS, Result
from simcomm.scenario import from_mapping
from simcomm.theory import Bound
from simcomm.topology import build
from simcomm.topology.routes import Link

LINK = {"bandwidth": "1 GB/s", "latency": "1 us"}


def scenario(**keys: Any) -> Any:
    given = {"workers": 4, "parameters": 1000, "collective": "ring_all_reduce", "link": LINK} | keys
    return from_mapping(given).points[0]


def test_what_is_given_in_words() -> None:
    plain = columns.given(scenario())
    assert plain == {
        "topology_options": "",
        "placement": "linear", "routing": "shortest", "network": "loggp", "network_options": "", "seed": 0,
        "dtype": "float32", "compute_s": 0.0, "jitter": 0.0, "stragglers": "",
    }  # fmt: skip
    assert set(plain) <= set(Result.__dataclass_fields__)
    rich = columns.given(
        scenario(
            placement=[3, 0, 1, 2],
            routing={"name": "ecmp", "seed": 3},
            network={"model": "loggp", "overhead": "1 us", "first_byte_free": True},
            compute={"time": "1 ms", "jitter": 0.1},
            stragglers={2: {"start": "1 ms"}, 1: {"bandwidth_factor": 0.5, "compute_factor": 2}},
            seed=7,
        )
    )
    assert rich["placement"] == "3 0 1 2"
    assert rich["routing"] == "ecmp seed=3"
    assert "first_byte_free=True" in rich["network_options"]
    assert "overhead=" in rich["network_options"]
    assert rich["stragglers"] == "1:bandwidth_factor=0.5 1:compute_factor=2.0 2:start_s=0.001"
    assert (rich["seed"], rich["compute_s"], rich["jitter"]) == (7, 0.001, 0.1)


def test_lists_of_lists_stand_as_they_are_up_to_forty_letters() -> None:
    longest = [[123456789, 123456789], [12345678, 12345]]
    assert len(str(columns.word(longest))) == columns.MOST_LETTERS == 40
    assert columns.word(longest) == "[[123456789,123456789],[12345678,12345]]"
    longest[1][1] *= 10
    assert columns.word(longest).startswith("2x2:")


def test_what_is_counted_beside_the_closed_form() -> None:
    what = check(get("parameter_server"), 3, Vector(10, 4), {"servers": 2})
    found = columns.counted(what)
    assert (found["collective"], found["options"], found["workers"], found["ranks"]) == (
        "parameter_server", "servers=2", 3, 5
    )  # fmt: skip
    assert (found["messages"], found["total_bytes"], found["vector_bytes"], found["steps"]) == (12, 240, 40, 2)
    assert (found["max_bytes_sent"], found["max_bytes_received"]) == (60, 60)
    for column in ("messages", "max_bytes_sent", "max_bytes_received", "steps"):
        assert found[f"expected_{column}"] == found[column]
    assert found["expected_bytes"] == found["total_bytes"]
    assert (found["counts_match"], found["proven"], found["proof"]) == (True, True, "bitsets")


def timed(formula_s: float | None = None, bound: Bound | None = None, network: Any = "store_and_forward") -> Any:
    """All-to-all of 3 workers with 8 B over a star of 4 B/s, 1 s."""
    what = check(get("all_to_all"), 3, Vector(8, 1), {})
    graph = build("star", 3, Fraction(4), Fraction(1))
    run = execute(what.schedule, what.size_bytes, graph, network=network, exact=True).summary
    return columns.timed(what, run, formula_s, bound or Bound(1.0, "ports", None))


def test_what_is_timed() -> None:
    # Each rank sends twice, 0 to 2 and 2 to 4; at the switch at 3 and 5: 3 + 2 + 1 and 5 + 2 + 1 = 8.
    found = timed(formula_s=8.0, bound=Bound(4.0, "cut: x", 3.0, 2.0, 1.5, 0.0))
    assert (found["time_s"], found["formula_s"], found["time_matches"]) == (8.0, 8.0, True)
    assert (found["algbw_Bps"], found["busbw_factor"], found["busbw_Bps"]) == (1.0, 4 / 3, 4 / 3)
    assert (found["lower_bound_s"], found["lower_bound_ratio"]) == (4.0, 2.0)
    assert (found["lower_bound_by"], found["cut_bound_s"]) == ("cut: x", 3.0)
    assert [found[f"{kind}_bound_s"] for kind in ("latency", "bandwidth", "compute")] == [2.0, 1.5, 0.0]
    assert (found["critical_wait_at"], found["critical_wait_at_s"]) == ("link 0 -> switch", 2.0)
    parts = {column: found[column] for column in PARTS}
    assert sum(parts.values()) == 8.0
    assert (parts["critical_latency_s"], parts["critical_serialisation_s"], parts["critical_port_wait_s"]) == (2, 4, 2)
    # Rank 0 sends from 0 to 4 and receives from 4 to 6 and 6 to 8, as the last link has it.
    assert (found["max_busy_s"], found["max_waiting_s"]) == (8.0, 0.0)
    assert {type(value) for value in found.values()} <= {float, str, bool}


def test_what_never_waited_waited_nowhere() -> None:
    what = check(get("all_to_all"), 2, Vector(8, 1), {})
    graph = build("star", 2, Fraction(4), Fraction(1))
    run = execute(what.schedule, what.size_bytes, graph, network="fair_share", exact=True).summary
    found = columns.timed(what, run, None, Bound(0.0, "", None))
    assert (found["critical_wait_at"], found["critical_wait_at_s"], found["critical_port_wait_s"]) == ("", 0.0, 0.0)
    assert (found["formula_s"], found["time_matches"], found["lower_bound_ratio"]) == (None, None, None)


def test_a_time_that_is_not_the_formula_s_is_an_error() -> None:
    with pytest.raises(TimeError, match=r"the engine says 8.0 s, the formula 9.0 s"):
        timed(formula_s=9.0)


def test_no_time_has_no_bandwidth() -> None:
    result = simcomm.simulate("all_to_all", 1, parameters=5, link=LINK)
    assert (result.time_s, result.algbw_Bps, result.busbw_Bps, result.lower_bound_ratio) == (0.0, None, None, None)
    assert (result.bottleneck, result.bottleneck_bytes, result.bottleneck_utilisation) == ("", 0, None)


def use(src: str, dst: str, bytes_: int, bandwidth_Bps: float = 1.0) -> LinkUse:
    return LinkUse("", src, dst, 1, bandwidth_Bps, 0.0, 1, bytes_, 0.25, 3.0, 7, 2.0, 1.0, 5.0)


def test_the_bottleneck() -> None:
    found = columns.linked((use("a", "b", 5), use("b", "c", 9), use("c", "d", 20, 4.0)))
    assert found == {
        "bottleneck": "b -> c", "bottleneck_bytes": 9, "bottleneck_utilisation": 0.25, "bottleneck_peak": 7,
        "bottleneck_from_s": 1.0, "bottleneck_until_s": 5.0,
    }  # fmt: skip
    nothing = columns.linked((use("a", "b", 0),))
    assert (nothing["bottleneck"], nothing["bottleneck_bytes"]) == ("", 0)
    assert {value for key, value in nothing.items() if key not in ("bottleneck", "bottleneck_bytes")} == {None}


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (("send", 3), "send port of rank 3"),
        (("receive", 0), "receive port of rank 0"),
        (("cpu", 1), "CPU of rank 1"),
        (("reduce", 1), "adding of rank 1"),
        (("compute", 1), "processor of rank 1"),
        (("dma", 1), "dma of rank 1"),
        (Link("leaf0", "spine1", 1e9, 0.0), "link leaf0 -> spine1"),
    ],
)
def test_places_in_words(place: Any, words: str) -> None:
    assert columns.name_place(place) == words


def test_a_place_of_somebody_else_s_model_in_words() -> None:
    assert columns.name_place("bus") == "bus"
