"""The proof: every worker ends with every gradient that it must have, each exactly once.

Contribution sets travel along the dependencies of a schedule. What a message carries of a chunk is the sender's own
contribution and what its dependencies left there, in the order of their numbers: a copy or a computation replaces
what was before, a reduction adds a set that must be *disjoint* if anybody uses the sum. What a rank ends with is the
same sum over all that was written to it. A contribution that arrives twice, not at all or at the wrong place is named
with its rank, chunk and step.

What is inexact has a proof of its own, of multiplicities: :mod:`~simcomm.multiplicities`.

Two encodings of a set, one propagation:

* bit sets: exact, n bits per message and chunk; done for a batch of chunks at a time, since chunks never mix;
* fingerprints, where bit sets would be too large: one random 64-bit number per worker, added modulo 2⁶⁴. A wrong sum
  goes unseen with probability 2⁻⁶⁴; one that is seen is named by the bit sets of its chunk alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from simcomm import multiplicities
from simcomm.errors import InputError, ProofError
from simcomm.flow import Flow, flow_of
from simcomm.goals import UNKNOWN, Goal, Multiplicity, every_chunk, own_chunk
from simcomm.modulo import each_has_all, of_one_chunk
from simcomm.quotient import Quotient
from simcomm.schedule import Ints, Schedule

Words = npt.NDArray[np.uint64]
Method = Literal["bitsets", "fingerprints", "multiplicities"]

#: Bit sets are used while this many batches of this many bytes are enough for them.
BATCH_BYTES = 64 * 2**20
MOST_BATCHES = 4

#: If a proof modulo a group fails for a schedule of more operations than this, its culprit is not looked for in full.
MOST_OPERATIONS = 20_000_000


@dataclass(frozen=True)
class Proof:
    """That a schedule reaches its goal: how it was shown, and for how many (worker, chunk) places.

    Of an inexact goal ``guarantee`` says what that means in words; "" where it is that all is exact.
    """

    method: Method
    places: int
    guarantee: str = field(default="", repr=False)


def methods(goal: Goal) -> tuple[Method, ...]:
    """How a goal can be proven, the exact way first."""
    return ("bitsets" if goal.multiplicity is None else "multiplicities", "fingerprints")


def prove(schedule: Schedule, goal: Goal, workers: int, method: Method | None = None) -> Proof:
    """Prove that ``schedule`` reaches ``goal`` for ranks 0 … workers − 1, or raise ProofError naming the culprit.

    ``method`` is "bitsets" (of an inexact goal "multiplicities") or "fingerprints"; by default the first where it fits.

    >>> from simcomm.goals import ALL_REDUCE
    >>> from simcomm.schedule import Operation
    >>> swap = [Operation("reduce", 0, 1, 0), Operation("copy", 1, 0, 0, after=(0,))]
    >>> prove(Schedule.of(2, 1, swap), ALL_REDUCE, workers=2)
    Proof(method='bitsets', places=2)
    >>> prove(Schedule.of(2, 1, swap[:1]), ALL_REDUCE, workers=2)
    Traceback (most recent call last):
    simcomm.errors.ProofError: rank 0, chunk 0: the gradient of worker 1 is missing at the end; it never left its rank
    """
    if not 1 <= workers <= schedule.ranks:
        raise InputError(f"{workers} workers in a schedule of {schedule.ranks} ranks; expected 1 to {schedule.ranks}")
    if method not in (None, *methods(goal)):
        raise InputError(f"unknown method {method!r} for {goal.operation}; expected one of {', '.join(methods(goal))}")
    vectors = workers if goal.apart else 1
    if schedule.vectors != vectors and goal is not UNKNOWN:
        raise ProofError(f"chunks of {schedule.vectors} vectors; expected {vectors} for {goal.operation}")
    if schedule.quotient is not None and schedule.ranks == workers:
        proof = _prove_modulo(schedule, schedule.quotient, goal, method)
        if proof is not None:
            return proof
    flow = flow_of(schedule, workers, goal.has, goal.needs)
    if goal.multiplicity is not None:
        return _prove_multiplicities(goal, goal.multiplicity, workers, flow, method)
    return _prove(schedule, goal, workers, flow, method)


def _prove_modulo(schedule: Schedule, quotient: Quotient, goal: Goal, method: Method | None) -> Proof | None:
    """The proof for one chunk, or one rank, that stands for all; None where it does not, or finds something wrong."""
    workers = schedule.ranks
    if goal.multiplicity is not None:
        proven = method != "fingerprints" and multiplicities.check_modulo(goal.multiplicity, quotient)
        return Proof("multiplicities", workers, goal.guarantee) if proven else None
    if quotient.moves and {goal.has, goal.needs} <= {every_chunk, own_chunk}:
        some, chunks = of_one_chunk(quotient)
        try:
            proof = _prove(some, goal, workers, flow_of(some, workers, goal.has, goal.needs, chunks), method)
        except ProofError:
            if len(schedule) > MOST_OPERATIONS:
                raise
            return None  # the proof of the whole schedule names it
        return Proof(proof.method, proof.places * (workers if quotient.vectors == 1 else quotient.vectors))
    if quotient.chunks == 1 and goal.has is goal.needs is every_chunk and not goal.apart and each_has_all(quotient):
        return Proof("bitsets", workers)
    return None


def _prove_multiplicities(goal: Goal, often: Multiplicity, workers: int, flow: Flow, method: Method | None) -> Proof:
    places = int(np.count_nonzero(flow.operation < 0))
    if method == "fingerprints" or (method is None and not multiplicities.is_exact(flow, workers)):
        multiplicities.check_fingerprints(often, workers, flow)
        return Proof("fingerprints", places, goal.guarantee)
    multiplicities.check(often, workers, flow)
    return Proof("multiplicities", places, goal.guarantee)


def _prove(schedule: Schedule, goal: Goal, workers: int, flow: Flow, method: Method | None) -> Proof:
    places = int(np.count_nonzero(flow.operation < 0))
    batches = -(-len(flow.rank) * -(-workers // 64) * 8 // BATCH_BYTES)
    if method == "bitsets" or (method is None and batches <= MOST_BATCHES):
        for chunks in np.array_split(np.arange(schedule.chunks), min(max(batches, 1), schedule.chunks)):
            _check_bitsets(schedule, goal, workers, flow.only(chunks) if batches > 1 else flow)
        return Proof("bitsets", places)
    for chunk in _wrong_by_fingerprint(schedule, goal, workers, flow):
        _check_bitsets(schedule, goal, workers, flow.only(np.array([chunk])))
    return Proof("fingerprints", places)


def _contributors(schedule: Schedule, goal: Goal, workers: int, chunks: Ints) -> tuple[Ints, Ints]:
    """Who contributes to the ``chunks``, as pairs (index into ``chunks``, worker)."""
    vector, chunk = np.divmod(chunks, schedule.chunks_per_vector)
    if goal.apart:
        which = np.flatnonzero(goal.has(vector, chunk, vector))
        return which, vector[which]
    table = np.broadcast_to(goal.has(np.arange(workers), chunk[:, None], vector[:, None]), (len(chunks), workers))
    which, worker = np.nonzero(table)
    return which, worker


def _wrong_by_fingerprint(schedule: Schedule, goal: Goal, workers: int, flow: Flow) -> list[int]:
    """The first chunk whose sum of random numbers is not the expected one at the end, if there is one."""
    number = np.random.default_rng(0).integers(2**64, size=workers, dtype=np.uint64, endpoint=False)
    values = np.where(flow.own, number[np.minimum(flow.rank, workers - 1)], np.uint64(0))
    flow.add_up(values)
    end = flow.operation < 0
    chunks, which = np.unique(flow.chunk[end], return_inverse=True)
    expected = np.zeros(len(chunks), dtype=np.uint64)
    place, worker = _contributors(schedule, goal, workers, chunks)
    np.add.at(expected, place, number[worker])
    wrong = values[end] != expected[which]
    return [int(chunk) for chunk in flow.chunk[end][wrong][:1]]


def _check_bitsets(schedule: Schedule, goal: Goal, workers: int, flow: Flow) -> None:
    """Propagate exact sets; raise ProofError for the earliest doubled one, else for the first wrong place."""
    sets = np.zeros((len(flow.rank), -(-workers // 64)), dtype=np.uint64)
    own = np.flatnonzero(flow.own)
    sets[own, flow.rank[own] // 64] = _bit(flow.rank[own])
    flow.join(sets)
    size = np.bitwise_count(sets).sum(axis=1, dtype=np.int64)
    arrived = flow.own + np.bincount(flow.target, size[flow.source], minlength=len(size)).astype(np.int64)
    doubled = (arrived != size)[flow.target]
    if doubled.any():  # a sum that nobody uses does no harm
        doubled &= flow.used()[flow.target]
    if doubled.any():
        raise ProofError(_name_doubled(schedule, flow, sets, int(flow.target[np.argmax(doubled)])))
    end = np.flatnonzero(flow.operation < 0)
    chunks, which = np.unique(flow.chunk[end], return_inverse=True)
    expected = np.zeros((len(chunks), sets.shape[1]), dtype=np.uint64)
    index, worker = _contributors(schedule, goal, workers, chunks)
    np.bitwise_or.at(expected, (index, worker // 64), _bit(worker))
    wrong = (sets[end] != expected[which]).any(axis=1)
    if wrong.any():
        place = end[np.argmax(wrong)]
        elsewhere = f"\n(and {wrong.sum() - 1} more places are wrong)" if wrong.sum() > 1 else ""
        right = set(_members(expected[which[np.argmax(wrong)]]))
        raise ProofError(_name_missing(schedule, goal, flow, sets, int(place), right) + elsewhere)


def _bit(worker: Ints) -> Words:
    """The bit of every worker within its word."""
    return np.uint64(1) << (worker % 64).astype(np.uint64)


def _members(words: Words) -> list[int]:
    return np.flatnonzero(np.unpackbits(words.astype("<u8").view(np.uint8), bitorder="little")).tolist()


def _name_doubled(schedule: Schedule, flow: Flow, sets: Words, node: int) -> str:
    seen = {int(flow.rank[node]): "its own"} if flow.own[node] else {}
    for source in flow.source[flow.target == node].tolist():
        arrives_by = _operation(schedule, int(flow.operation[source]))
        for worker in _members(sets[source]):
            if worker in seen:
                reader = int(flow.operation[node])
                when = "at the end" if reader < 0 else f"when it is read by {_operation(schedule, reader)}"
                return (
                    f"rank {flow.rank[node]}, chunk {flow.chunk[node]}: the gradient of worker {worker} is in the sum "
                    f"twice {when}; it came as {seen[worker]} and by {arrives_by}"
                )
            seen[worker] = f"part of {arrives_by}"
    raise AssertionError("a doubled contribution that is not doubled")  # pragma: no cover - the caller saw it


def _name_missing(schedule: Schedule, goal: Goal, flow: Flow, sets: Words, node: int, right: set[int]) -> str:
    """Who is missing, and where the first of them got to: the last message of its chunk that carried it."""
    missing = sorted(right - set(_members(sets[node])))
    worker, chunk = missing[0], int(flow.chunk[node])
    has_it = (sets[:, worker // 64] & _bit(np.array(worker))) != 0
    carries = (flow.chunk == chunk) & (flow.operation >= 0) & has_it
    carriers = flow.operation[carries]
    carriers = carriers[schedule.is_message[carriers]]
    missed = f"rank {flow.rank[node]}, chunk {chunk}: the gradient of worker {_listed(missing)} is missing at the end"
    if not len(carriers):
        return f"{missed}; it never left its rank" if len(missing) == 1 else f"{missed}; they never left their ranks"
    last = int(carriers[np.argmax(schedule.step[carriers])])
    reached = schedule.dst[last]
    vector, within = divmod(chunk, schedule.chunks_per_vector)
    needed = bool(goal.needs(np.array(reached), np.array(within), np.array(vector)))
    astray = "" if needed else f", misplaced: rank {reached} does not need chunk {chunk}"
    return f"{missed}; that of worker {worker} got as far as rank {reached}, by {_operation(schedule, last)}{astray}"


def _listed(values: list[int]) -> str:
    """A short list for a message."""
    return ", ".join(map(str, values[:8])) + (f", … ({len(values)} in all)" if len(values) > 8 else "")


def _operation(schedule: Schedule, index: int) -> str:
    row = replace(schedule[index], after=())
    return f"operation {index} ({' '.join(str(row).split())}) of step {schedule.step[index]}"
