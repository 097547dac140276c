"""Tables on the terminal: what waited for which port or link and behind whom, and which links are busy."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from plot_runs import run, simulated
from rich.console import Console
from rich.table import Table

from simcomm import terminal
from simcomm.closed_forms import Vector
from simcomm.collectives import get
from simcomm.link_table import Links
from simcomm.results import Result, Results
from simcomm.verify import verify

LINK = {"bandwidth": "10 GB/s", "latency": "1 us"}
INCAST: dict[str, Any] = {"collective": "parameter_server", "workers": 3, "parameters": 2 * 10**6, "link": LINK}


def cells(table: Table) -> list[list[str]]:
    """Head and rows of a table, as a user sees them."""
    console = Console(width=200)
    with console.capture() as capture:
        console.print(table)
    lines = [line.strip() for line in capture.get().splitlines() if line.strip() and "───" not in line]
    return [re.split(r" {2,}", line) for line in lines]


def explained(result: Result, capsys: pytest.CaptureFixture[str]) -> str:
    terminal.explain(result)
    return capsys.readouterr().out


def test_a_port_of_loggp_is_waited_for_behind_a_message() -> None:
    result = run(**INCAST)
    assert terminal.path_words(result) == (
        "critical path: 2 operations, 2 waited for a port or link; "
        "longest for send port of rank 3: 1.6 ms (33.3% of the time)"
    )
    # Three messages of 8 MB take 800 us each at the server's port, in and out; the last one waited for two.
    assert cells(terminal.path_table(result)) == [
        ["operation", "message", "ready", "waited", "at", "behind", "latency", "on the wire", "end"],
        *(
            ["2", "2 -> 3", "0 s", "1.6 ms", "receive port of rank 3", "1: 1 -> 3", "2 us", "800 us", "2.4 ms"],
            ["6", "3 -> 2", "2.4 ms", "1.6 ms", "send port of rank 3", "5: 3 -> 1", "2 us", "800 us", "4.8 ms"],
        ),
    ]


def test_a_link_of_a_queueing_model_is_waited_for_behind_a_message() -> None:
    result = run(**INCAST, network="store_and_forward")
    _, first, second = cells(terminal.path_table(result))
    assert first[4:6] == ["link switch -> 3", "1: 1 -> 3"]
    assert second[4:6] == ["link 3 -> switch", "5: 3 -> 1"]
    assert [row[3] for row in (first, second)] == ["1.6 ms", "1.6 ms"]


def test_a_shared_link_is_waited_for_with_others() -> None:
    result = run(**INCAST, network="fair_share")
    rows = cells(terminal.path_table(result))[1:]
    assert [row[4:6] for row in rows] == [["link switch -> 3", "others"], ["link 3 -> switch", "others"]]
    assert "longest for link switch -> 3: 1.6 ms" in terminal.path_words(result)


def test_several_places_that_one_message_waited_for_are_counted() -> None:
    topology = {"kind": "leaf_spine", "leaves": 3, "spines": 2, "oversubscription": 2}
    result = run(**{**INCAST, "workers": 8}, topology=topology, network="store_and_forward")
    first, second = cells(terminal.path_table(result))[1:]
    assert re.fullmatch(r"link \S+ -> \S+ and 1 more", first[4])
    assert re.fullmatch(r"link \S+ -> \S+ and 1 more", second[4])


def test_adding_and_computing_have_columns_where_they_occur() -> None:
    adding = run(**INCAST, network={"model": "loggp", "reduce_bandwidth": "20 GB/s"})
    assert cells(terminal.path_table(adding))[0][-3:] == ["on the wire", "adding", "end"]


def test_of_a_long_path_the_longest_waits_are_shown_in_order() -> None:
    late = run(workers=16, parameters=16 * 10**6, stragglers={3: {"bandwidth_factor": 0.5}}, link=LINK)
    shown = cells(terminal.path_table(late))
    assert shown[0][0] == "12 of 30"
    numbers = [int(row[0]) for row in shown[1:]]
    assert numbers == sorted(numbers)
    assert len(numbers) == terminal.MOST_OPERATIONS


def test_a_path_that_waits_for_nobody_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    out = explained(run(), capsys)
    assert "critical path: 6 operations, none waited for a port or link" in out
    assert "behind" not in out
    assert "bytes on the wire" in out


def test_a_run_of_no_time_is_explained_by_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert explained(run(workers=1), capsys) == ""


def test_the_five_busiest_links_and_when_they_were_contended() -> None:
    result = run(**INCAST, network="store_and_forward")
    head, *rows = cells(terminal.links_table(result.links or Links()))
    assert head[:6] == ["busiest of 8 links", "bandwidth", "messages", "bytes", "utilisation", "peak"]
    assert head[6:] == ["contended", "from", "until"]
    assert len(rows) == terminal.MOST_LINKS
    assert rows[0] == ["3 -> switch", "10 GB/s", "3", "24 MB", "37.5%", "3", "1.6 ms", "3.2 ms", "4.8 ms"]
    assert rows[1][:5] == ["switch -> 3", "10 GB/s", "3", "24 MB", "37.5%"]


def test_a_model_that_sees_no_links_has_no_columns_of_queues() -> None:
    head, *rows = cells(terminal.links_table(run(**INCAST).links or Links()))
    assert head == ["busiest of 8 links", "bandwidth", "messages", "bytes", "utilisation"]
    assert rows[0] == ["3 -> switch", "10 GB/s", "3", "24 MB", "50.0%"]


def test_the_bottleneck_has_a_column_unless_the_network_is_an_equal_star() -> None:
    star, ring = (simulated(**INCAST, topology=kind) for kind in ("star", "ring"))
    assert "bottleneck" not in cells(terminal.results_table(star))[0]
    head, row = cells(terminal.results_table(ring))
    assert head[-1] == "bottleneck"
    assert re.fullmatch(r"\d -> \d \d+%", row[-1])
    slow = simulated(**INCAST, stragglers={0: {"bandwidth_factor": 0.5}})
    assert cells(terminal.results_table(slow))[0][-1] == "bottleneck"
    nothing = simulated(workers=1, topology="ring")
    assert cells(terminal.results_table(nothing))[1][-1] == "counts proof time"


def test_what_is_inexact_is_not_said_to_be_proven(capsys: pytest.CaptureFixture[str]) -> None:
    inexact = {"collective": {"name": "gossip", "rounds": 2}, "workers": 8}
    assert cells(terminal.results_table(simulated(**inexact)))[1][-1] == "counts inexact time"
    said = "inexact: the mean is kept; after 2 rounds a worker has heard of 5 of 8, and "
    assert explained(run(**inexact), capsys).startswith(said)
    (row,) = verify([get("gossip")], [3], Vector(5))[:1]
    assert row.cells["proof"].found == "3 places, inexact"


def test_settings_that_differ_are_shown_with_their_units() -> None:
    rows = simulated(sweep={"link.bandwidth": ["10 GB/s", "20 GB/s"], "compute.time": ["1 ms", "2 ms"]})
    odd = replace(rows[0], bandwidth_Bps=None)
    head, *shown = cells(terminal.results_table(Results((*rows, odd))))
    assert head[1:3] == ["bandwidth", "compute"]
    assert [row[1:3] for row in shown[:2]] == [["10 GB/s", "1 ms"], ["10 GB/s", "2 ms"]]
    assert shown[-1][1] == "1 ms"
