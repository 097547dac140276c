"""What a run would take in memory, by its closed form alone: what would not fit is refused before it is recorded.

    bytes = messages · (a message's + with a timeline a note's) + pairs · a pair's + (chunks − messages) · a chunk's
            + messages / ranks · a step's + ranks · a rank's

The numbers depend on the engine (``ENGINE_BYTES``). An engine that looks at one message of every step, whatever the
number of ranks that send alike, has a step's and not a message's. The factors are measured, and rounded up:
``benchmarks/memory.py``. What Python and its libraries take, some 200 MB, is left out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from simcomm.closed_forms import Vector
from simcomm.collectives.base import Collective
from simcomm.common import once
from simcomm.errors import InputError
from simcomm.units import format_size, parse_size

#: A size such as "8 GB": what runs may take together, whatever the machine has.
MEMORY_VARIABLE: Final = "SIMCOMM_MEMORY"

#: Messages of a run that is drawn and explained in detail without being asked for.
MOST_IN_DETAIL = 1_000_000

#: Long enough for every chunk of every schedule to hold something.
_NO_EMPTY_CHUNK = Vector(2**40, 1)

#: Where Linux says what a container may use, and what it uses (cgroups 2 and 1).
_CONTAINERS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


class EngineBytes(NamedTuple):
    """Bytes until the run ends: the schedule, its counts and its proof included."""

    message: int = 0
    note: int = 0  # of a message, with a timeline
    pair: int = 0  # of two ranks that talk, of which there are as many as messages at most: its route
    chunk: int = 0  # of every further chunk that a message carries: each is followed by the proof
    step: int = 0  # where one message stands for those of all ranks
    rank: int = 0  # its host and links, too


#: What each engine needs. One that is not named here is taken for the reference.
ENGINE_BYTES: Final[Mapping[str, EngineBytes]] = {
    "symmetry": EngineBytes(step=450, rank=600),
    "maxplus": EngineBytes(step=450, rank=2_000),
    "des": EngineBytes(message=1_050, note=400, pair=2_400, chunk=400, rank=6_000),
    "compiled": EngineBytes(message=450, note=100, pair=700, chunk=400, rank=6_000),
}


@dataclass(frozen=True)
class Estimate:
    """What a run sends by its closed form (or, without one, by its schedule), and about how much memory it takes."""

    engine: str
    messages: int
    chunks: int
    memory_bytes: int


def estimate(
    collective: Collective, workers: int, options: Mapping[str, Any], engine: str, timeline: bool = False
) -> Estimate:
    """What a run on this engine would take; nothing is recorded.

    >>> from simcomm.collectives import get
    >>> estimate(get("ring_all_reduce"), 1_024, {}, "des").messages
    2095104
    """
    messages, chunks = _sent(collective, workers, options)
    ranks, each = collective.rank_count(workers, options), ENGINE_BYTES.get(engine, ENGINE_BYTES["des"])
    if each.step and not folds(collective, workers, options):
        each = ENGINE_BYTES.get("compiled", each)  # it looks at every message
    needed = (
        messages * (each.message + each.note * timeline)
        + min(messages, ranks * (ranks - 1)) * each.pair
        + (chunks - messages) * each.chunk
        + -(-messages // ranks) * each.step
        + ranks * each.rank
    )
    return Estimate(engine, messages, chunks, needed)


def _sent(collective: Collective, workers: int, options: Mapping[str, Any]) -> tuple[int, int]:
    """How many messages, and how many chunks they carry."""
    if collective.closed_form is None:
        schedule = collective.schedule(workers, **options)
        return schedule.messages, int(schedule.count[schedule.is_message].sum())
    claim = collective.claim(workers, _NO_EMPTY_CHUNK, **options)
    return claim.total.messages, claim.total.messages if claim.chunks_sent is None else claim.chunks_sent


def folds(collective: Collective, workers: int, options: Mapping[str, Any]) -> bool:
    """Whether schedules are recorded modulo a group: as those of fewer workers are, a power of two if these are."""
    if collective.given:
        return False  # what is fitted to a graph is no orbit of anything
    if collective.closed_form is None:  # a file is for one number of workers, and has rows
        return False
    few = min(workers, 8 if workers & (workers - 1) == 0 else 7)

    def has_quotient() -> bool:
        try:
            return collective.schedule(few, **options).quotient is not None
        except InputError:  # too few for these options
            return False

    return once(("folds", collective.build, few, repr(sorted(options.items()))), has_quotient, lambda _: 1_000)


def check_size(
    collective: Collective, workers: int, options: Mapping[str, Any], engine: str = "des", timeline: bool = False
) -> None:
    """Refuse what would not fit into memory; InputError says what would."""
    why = refusal(collective, workers, options, engine, timeline, available_bytes())
    if why:
        raise InputError(why)


def check_operations(engine: str, operations: int) -> None:
    """Refuse to look at so many operations one by one if they would not fit into memory; InputError."""
    needed, most = operations * ENGINE_BYTES.get(engine, ENGINE_BYTES["des"]).message, available_bytes()
    if needed > most:
        raise InputError(
            f"{operations:,} operations need about {format_size(needed)} with engine {engine}; there are "
            f"{format_size(most)}; expected fewer workers, or a run that looks the same to every rank: equal workers, "
            "equal links, a vector that its chunks divide"
        )


def refusal(
    collective: Collective, workers: int, options: Mapping[str, Any], engine: str, timeline: bool, most_bytes: int
) -> str:
    """Why a run does not fit into so much memory, and what would; empty if it fits."""
    found = estimate(collective, workers, options, engine, timeline)
    if found.memory_bytes <= most_bytes:
        return ""
    carry = "" if found.chunks == found.messages else f" of {found.chunks:,} chunks"
    need = f"{found.messages:,} messages{carry}, which need about {format_size(found.memory_bytes)}"
    with_what = f"with engine {engine}" + (" and a timeline" if timeline else "")
    fits = _what_fits(collective, workers, options, engine, timeline, most_bytes)
    return (
        f"{collective.name} with {workers:,} workers sends {need} {with_what}; there are {format_size(most_bytes)}; "
        f"expected {' or '.join(fits) or 'a smaller run'}"
    )


def _what_fits(
    collective: Collective, workers: int, options: Mapping[str, Any], engine: str, timeline: bool, most: int
) -> list[str]:
    """Fewer workers, no timeline, and other engines, each where that alone would do."""
    fits = []
    fewer = most_workers(collective, workers, options, engine, timeline, most)
    if fewer:
        fits.append(f"at most {fewer:,} workers")
    if timeline and estimate(collective, workers, options, engine).memory_bytes <= most:
        fits.append("no timeline")
    for other in ENGINE_BYTES:
        needed = estimate(collective, workers, options, other, timeline).memory_bytes
        by_step = ENGINE_BYTES[other].step > 0  # these have no timeline, and are no better where nothing folds
        if (
            other != engine
            and needed <= most
            and not (by_step and (timeline or not folds(collective, workers, options)))
        ):
            fits.append(f"engine {other} ({format_size(needed)}), where it accepts the run")
    return fits


def most_workers(
    collective: Collective, workers: int, options: Mapping[str, Any], engine: str, timeline: bool, most_bytes: int
) -> int:
    """The largest number of workers below ``workers`` that fits, by bisection over the closed form; 0 if there is none.

    Numbers that the collective refuses with these options are passed over (too few for its servers, no power of two).
    """

    def fits(n: int) -> bool | None:
        try:
            return estimate(collective, n, options, engine, timeline).memory_bytes <= most_bytes
        except InputError:
            return None

    low, high = 0, workers
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) is False else (middle, high)
    return next((n for n in (low, 1 << low.bit_length() >> 1) if n and fits(n)), 0)


def available_bytes() -> int:
    """Memory that there is for runs: what ``SIMCOMM_MEMORY`` says, else what the machine and its container have free.

    InputError if the variable holds no size.
    """
    given = os.environ.get(MEMORY_VARIABLE)
    if given:
        try:
            return parse_size(given)
        except InputError as error:
            raise InputError(f"{MEMORY_VARIABLE}: {error}") from None
    left = [_free_bytes()]
    for limit, used in _CONTAINERS:
        try:
            left.append(int(Path(limit).read_text()) - int(Path(used).read_text()))
        except (OSError, ValueError):  # no such container, or "max"
            continue
    return max(0, min(left))


def _free_bytes() -> int:
    """What the system can give without swapping; where it does not say, all that it has."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
