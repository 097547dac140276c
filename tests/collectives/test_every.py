"""Every collective with every set of its options: for all n up to 64, not only powers of two, and odd sizes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from itertools import product
from typing import Any

import pytest

from simcomm import counts
from simcomm.closed_forms import Vector
from simcomm.collectives import get, names
from simcomm.collectives.base import Collective
from simcomm.collectives.factors import group_of
from simcomm.engines.exact import exact_run
from simcomm.errors import InputError
from simcomm.proof import prove
from simcomm.schedule import Schedule
from simcomm.simulation import simulate
from simcomm.testing import NETWORKS, check_collective


def doubling(n: int) -> int:
    """Messages of recursive doubling."""
    return (lg := n.bit_length() - 1) * 2**lg + 2 * (n - 2**lg)


def hierarchical(n: int, options: Mapping[str, Any]) -> int:
    """Rings inside nodes, and between them either rings or recursive doubling."""
    m = n // group_of(n, "squarest")
    return 2 * (n - 1) if options.get("between", "ring") == "ring" else 2 * (n - m) + doubling(m)


#: They say nothing new about coverage, and would take twice as long with it.
pytestmark = pytest.mark.no_cover

#: All-reduces that do not send the least possible, with what they send instead, in units of S.
SEND_MORE = {
    "all_to_all": lambda n, options: n * (n - 1),
    "hierarchical_all_reduce": hierarchical,
    "recursive_doubling": lambda n, options: doubling(n),
    "in_network_all_reduce": lambda n, options: 2 * n,
    "parameter_server": lambda n, options: 2 * n - 2 * (options.get("placement") == "colocated"),
}

#: Those in which chunks travel unequally far, so that the bytes depend a little on how a vector is cut into chunks.
UNEQUAL_WAYS = ("reduce_scatter_gather_reduce", "scatter_all_gather_broadcast")

LINK = {"bandwidth": "1 GB/s", "latency": "1 us"}

#: Numbers of workers that are checked together, so that tests share the cores evenly.
RANGES = [range(1, 25), range(25, 45), range(45, 65)]


CASES = [
    pytest.param(name, options, id=" ".join([name, *(f"{key}={value}" for key, value in options.items())]))
    for name in names()
    for options in get(name).variants
]


def lengths(n: int) -> list[int]:
    """Elements: fewer than workers, odd, one more than they divide, and many."""
    return [1, max(1, n - 1), 2 * n + 1, 7919, 2**40 + 3]


@pytest.mark.parametrize("workers", RANGES, ids=lambda r: f"n={r.start}..{r.stop - 1}")
@pytest.mark.parametrize(("name", "options"), CASES)
def test_claim_proof_and_time_hold(name: str, options: Mapping[str, Any], workers: range) -> None:
    collective = get(name)
    taken = 0
    for n in workers:
        try:
            collective.check(n, options)
        except InputError:
            continue
        taken += 1
        if collective.fitted and n > 24 and n % 8:  # fitting takes seconds: only its claim on no graph is checked here
            alone = collective.schedule(n, **options)
            assert prove(alone, collective.goal_of(n, options), n).places
            check_counts(collective, n, options, alone)
            continue
        ran = simulate({"name": name, **options}, n, parameters=12 * n, link=LINK)
        assert ran.counts_match
        assert ran.proven
        assert ran.time_matches in (True, None)
        schedule = collective.schedule(n, **options) if collective.fitted else ran.schedule  # the graph's is another
        check_counts(collective, n, options, schedule)
    assert taken, "a collective that refuses so many numbers of workers"


def check_counts(collective: Collective, n: int, options: Mapping[str, Any], schedule: Schedule) -> None:
    for elements in lengths(n):
        counts.check(counts.count(schedule, Vector(elements)), collective.claim(n, Vector(elements), **options))


@pytest.mark.parametrize(("name", "options"), CASES)
def test_all_reduces_send_the_least_or_say_what_they_send(name: str, options: Mapping[str, Any]) -> None:
    collective = get(name)
    for n in range(1, 65):
        try:
            operation = collective.goal_of(n, options).operation
            claim = collective.claim(n, Vector(1009, 3), **options)
        except InputError:
            continue
        if operation == "all_reduce":
            times = SEND_MORE[name](n, options) if name in SEND_MORE else 2 * (n - 1)
            assert claim.total.bytes == times * 1009 * 3, n


@pytest.mark.parametrize(("name", "options"), CASES)
def test_times_are_exact_and_planted_bugs_are_caught(name: str, options: Mapping[str, Any]) -> None:
    report = check_collective(get(name), range(1, 10), (0, 1, 7, 24, 2**59 + 1), [options])
    assert report.teeth.changing > 0
    assert report.teeth.changing_caught_by_proof == report.teeth.changing


@pytest.mark.parametrize(("name", "options"), [case for case in CASES if get(str(case.values[0])).segmented_time])
def test_times_in_segments_are_exact(name: str, options: Mapping[str, Any]) -> None:
    """For n ≤ 9 as fractions, sizes that segments cut evenly and unevenly; for larger n as the engine in use has it.

    All networks for n ≤ 4, then two in turn.
    """
    collective = get(name)
    compared = 0
    cut = {**options, "segments": 3}
    for n in range(1, 10):
        with suppress(InputError):
            schedule = collective.schedule(n, **cut)
            networks = NETWORKS if n <= 4 else [NETWORKS[(n + turn) % len(NETWORKS)] for turn in (0, 3)]
            for elements, network in product((7 * n, 12 * n * n), networks):
                claimed = collective.claim(n, Vector(elements, 1), **cut).time
                if claimed is not None:
                    run = exact_run(schedule, Vector(elements, 1), *network, collective.hosts(n, cut))
                    assert run.makespan_s == claimed(*network), (n, elements, network)
                    compared += 1
    assert compared >= 2 * len(NETWORKS)
    for n in (16, 31):
        with suppress(InputError):
            ran = simulate({"name": name, **options, "segments": 4}, n, parameters=48 * n, link=LINK)
            assert ran.time_matches in (True, None), n


@pytest.mark.parametrize(("name", "options"), [case for case in CASES if get(str(case.values[0])).segmentable])
def test_segments_hold_what_one_does(name: str, options: Mapping[str, Any]) -> None:
    collective, taken = get(name), []
    for n in (*range(1, 9), 13, 16):
        try:
            whole, cut = (collective.check(n, {**options, "segments": k}) for k in (1, 3))
        except InputError:
            continue
        taken += [n] if n > 1 else []
        schedule = collective.schedule(n, **cut)
        assert schedule.messages == 3 * collective.schedule(n, **whole).messages
        prove(schedule, collective.goal_of(n, cut), n)
        for elements in lengths(n):
            vector = Vector(elements)
            counted = counts.count(schedule, vector)
            counts.check(counted, collective.claim(n, vector, **cut))
            assert name in UNEQUAL_WAYS or counted.total.bytes == collective.claim(n, vector, **whole).total.bytes
    check_collective(collective, taken[:2], (1, 24, 100), [{**options, "segments": 2}])
