"""What is noted of places and operations while the kernel runs: ``simcomm.engines.meters`` in arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simcomm.jit import jit

#: Positions in ``count``.
MET, WAITS, CROSSINGS, RATES = range(4)


class Notes(NamedTuple):
    """Columns by place (``peak`` … ``since``, and ``met``: in which order they were first used), wait and crossing."""

    count: Any
    met: Any
    peak: Any
    busy_s: Any
    contended_s: Any
    from_s: Any
    until_s: Any
    since_s: Any
    last_wait: Any  # of every operation
    wait_before: Any  # the operation's wait before this one, -1
    wait_place: Any
    wait_s: Any
    wait_behind: Any
    detailed: bool
    crossing_place: Any
    crossing_operation: Any
    crossing_asked_s: Any
    crossing_start_s: Any
    crossing_end_s: Any
    rate_place: Any
    rate_s: Any
    rate_Bps: Any
    rate_flows: Any


def with_room_for_rates(note: Notes) -> Notes:
    """The same with twice the room for rates: how often they change is not known before the run."""
    return note._replace(
        **{
            name: np.concatenate([column, np.empty_like(column)])
            for name, column in note._asdict().items()
            if name[:5] == "rate_"
        }
    )


def notes(places: int, operations: int, most_waits: int, most_crossings: int, detailed: bool) -> Notes:
    """Nothing noted, room for all that can be; memory is taken only where something is."""
    most_crossings = most_crossings if detailed else 0
    some_rates = 4 * places if detailed else 0
    return Notes(
        count=np.zeros(4, np.int64),
        met=np.empty(places, np.int32),
        peak=np.zeros(places, np.int32),
        busy_s=np.zeros(places),
        contended_s=np.zeros(places),
        from_s=np.full(places, np.nan),
        until_s=np.full(places, np.nan),
        since_s=np.full(places, np.nan),
        last_wait=np.full(operations, -1, np.int32),
        wait_before=np.empty(most_waits, np.int32),
        wait_place=np.empty(most_waits, np.int32),
        wait_s=np.empty(most_waits),
        wait_behind=np.empty(most_waits, np.int32),
        detailed=detailed,
        crossing_place=np.empty(most_crossings, np.int32),
        crossing_operation=np.empty(most_crossings, np.int32),
        crossing_asked_s=np.empty(most_crossings),
        crossing_start_s=np.empty(most_crossings),
        crossing_end_s=np.empty(most_crossings),
        rate_place=np.empty(some_rates, np.int32),
        rate_s=np.empty(some_rates),
        rate_Bps=np.empty(some_rates),
        rate_flows=np.empty(some_rates, np.int32),
    )


@jit
def present(note: Notes, place: int, operations: int) -> None:
    """So many are served or wait at the place now."""
    if note.peak[place] == 0:
        note.met[note.count[MET]] = place
        note.count[MET] += 1
    if operations > note.peak[place]:
        note.peak[place] = operations


@jit
def contended(note: Notes, place: int, now: float, is_contended: bool) -> None:
    """From now on somebody is held up here, or nobody is."""
    since = note.since_s[place]
    if is_contended:
        if np.isnan(since):
            note.since_s[place] = now
    elif not np.isnan(since):
        if now > since:
            note.contended_s[place] += now - since
            if np.isnan(note.from_s[place]):
                note.from_s[place] = since
            note.until_s[place] = now
        note.since_s[place] = np.nan


@jit
def waited(note: Notes, operation: int, place: int, seconds: float, behind: int) -> None:
    """An operation was held up."""
    if seconds > 0:
        row = note.count[WAITS]
        note.count[WAITS] += 1
        note.wait_before[row] = note.last_wait[operation]
        note.last_wait[operation] = row
        note.wait_place[row], note.wait_s[row], note.wait_behind[row] = place, seconds, behind


@jit
def crossed(note: Notes, place: int, operation: int, asked_s: float, start_s: float, end_s: float) -> None:
    """An operation has, or will have had, a place."""
    if note.detailed:
        row = note.count[CROSSINGS]
        note.count[CROSSINGS] += 1
        note.crossing_place[row], note.crossing_operation[row] = place, operation
        note.crossing_asked_s[row], note.crossing_start_s[row], note.crossing_end_s[row] = asked_s, start_s, end_s


@jit
def rate(note: Notes, place: int, now: float, rate_Bps: float, flows: int) -> None:
    """From now on so many flows use a link at this rate together."""
    row = note.count[RATES]
    note.count[RATES] += 1
    note.rate_place[row], note.rate_s[row], note.rate_Bps[row], note.rate_flows[row] = place, now, rate_Bps, flows
