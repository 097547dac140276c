"""Proof of what is inexact: every worker ends with every contribution exactly as often as is claimed.

Whole numbers travel along the dependencies of a schedule as contribution sets do, but a reduction adds them: how often
worker w's contribution is in every value. One propagation for each worker is exact; where that is too much, one with a
random 64-bit number for each worker, modulo 2⁶⁴: a wrong sum goes unseen with probability 2⁻⁶⁴. Of a schedule that is
recorded modulo a group, the numbers of element 0 say it all: those that come from element s are moved by s.

That every row and every column adds up to the same is checked of what is found: it is what keeps the mean.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simcomm.averaging import Averaging
from simcomm.errors import ProofError
from simcomm.flow import Flow
from simcomm.goals import Ints, Multiplicity
from simcomm.modulo import read_by_class
from simcomm.quotient import Quotient
from simcomm.schedule import REDUCE

Words = npt.NDArray[np.uint64]

#: Additions of an exact proof; with more, fingerprints are taken.
MOST_ADDITIONS = 1_000_000_000
#: Numbers that are kept of a schedule modulo a group.
MOST_KEPT = 50_000_000
#: Contributions are followed as long as all together are fewer.
TOO_MANY = 2.0**63


def is_exact(flow: Flow, workers: int) -> bool:
    """Whether every worker's contribution can be followed on its own."""
    return workers * (len(flow.source) + len(flow.rank)) <= MOST_ADDITIONS


def check(often: Multiplicity, workers: int, flow: Flow) -> None:
    """Follow every worker's contribution; ProofError names the first that is not there as often as is claimed."""
    paths = flow.own.astype(np.float64)
    flow.add_up(paths)
    if paths.max(initial=0) >= TOO_MANY:
        raise ProofError(f"{paths.max():.3g} contributions in one value; expected fewer than 2**63, to count them")
    end = np.flatnonzero(flow.operation < 0)
    rank, chunk = flow.rank[end], flow.chunk[end]
    _, which = np.unique(chunk, return_inverse=True)
    rows, columns = np.zeros(len(end), np.uint64), []
    for worker in range(workers):
        values = (flow.own & (flow.rank == worker)).astype(np.uint64)
        flow.add_up(values)
        found, expected = values[end], often(rank, np.array(worker)).astype(np.uint64)
        wrong = np.flatnonzero(found != expected)
        if len(wrong):
            place = int(wrong[0])
            raise ProofError(
                f"rank {rank[place]}, chunk {chunk[place]}: the contribution of worker {worker} is in the sum "
                f"{found[place]} times at the end; expected {expected[place]}"
            )
        rows += found
        columns.append(_by_chunk(found, which))
    _check_sums(rows, np.concatenate(columns))


def check_fingerprints(often: Multiplicity, workers: int, flow: Flow) -> None:
    """The same with one random number for each worker; ProofError names the first rank and chunk that is wrong."""
    number = np.random.default_rng(0).integers(2**64, size=workers, dtype=np.uint64, endpoint=False)
    values = np.where(flow.own, number[np.minimum(flow.rank, workers - 1)], np.uint64(0))
    flow.add_up(values)
    end = np.flatnonzero(flow.operation < 0)
    expected, rows, columns = _expected(often, workers, number)
    wrong = np.flatnonzero(values[end] != expected[flow.rank[end]])
    if len(wrong):
        place = end[wrong[0]]
        raise ProofError(
            f"rank {flow.rank[place]}, chunk {flow.chunk[place]}: the multiplicities of the contributions are not "
            "those expected at the end, by fingerprints"
        )
    _check_sums(rows, columns)


def check_modulo(often: Multiplicity, quotient: Quotient) -> bool:
    """Whether every rank ends with what is claimed, if there is one chunk; False as well if nobody looks."""
    q, n = quotient, quotient.group.order
    circulant = isinstance(often, Averaging) and q.group.kind == "rotation"
    if not circulant or q.chunks > 1 or len(q) * n > MOST_KEPT:
        return False
    kept: dict[int, tuple[Words, int]] = {}
    for index, (writer, shift) in read_by_class(q).items():
        kept[index] = _sum(q, kept, writer, shift, int(q.src[index]))
    wrote = np.flatnonzero(q.count > 0)
    found, paths = _sum(q, kept, wrote, q.group.minus(0, q.dst[wrote]), 0)
    expected = often(np.zeros(1, np.int64), np.arange(n)).astype(np.uint64)
    return paths < TOO_MANY and bool((found == expected).all())


def _sum(q: Quotient, kept: dict[int, tuple[Words, int]], writer: Ints, shift: Ints, own: int) -> tuple[Words, int]:
    """What is at a rank behind the last copy or computation, by worker and in all: written there, or the rank's own."""
    replaces = np.flatnonzero(q.kind[writer] != REDUCE)
    first = replaces[-1] if len(replaces) else 0
    found = np.zeros(q.group.order, np.uint64)
    found[own] += np.uint64(not len(replaces))
    paths = int(not len(replaces))
    for one, by in zip(writer[first:].tolist(), shift[first:].tolist(), strict=True):
        if one in kept:
            found += np.roll(kept[one][0], by)
            paths += kept[one][1]
        else:
            found[(int(q.src[one]) + by) % q.group.order] += np.uint64(1)
            paths += 1
    return found, paths


def _expected(often: Multiplicity, workers: int, number: Words) -> tuple[Words, Words, Words]:
    """What every rank should have of these numbers, and what the rows and columns of the matrix add up to."""
    if isinstance(often, Averaging):
        sums = np.array([often.kernel.astype(np.uint64).sum()])
        return often.times(number), sums, sums
    table = often(np.arange(workers)[:, None], np.arange(workers)).astype(np.uint64)
    return (table * number).sum(axis=1), table.sum(axis=1), table.sum(axis=0)


def _by_chunk(found: Words, which: Ints) -> Words:
    """The sum over the ranks, for every chunk."""
    sums = np.zeros(which.max(initial=-1) + 1, np.uint64)
    np.add.at(sums, which, found)
    return sums


def _check_sums(rows: Words, columns: Words) -> None:
    sums = np.concatenate([rows, columns])
    if (sums != sums[0]).any():
        raise ProofError(
            f"rows and columns of the multiplicities add up to {sums.min()} and to {sums.max()}; expected the same for "
            "all, or the mean is not kept"
        )
