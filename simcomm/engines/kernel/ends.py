"""Which group of flows has its next end first: a heap over links, where equal times are one entry.

A group is put in again whenever its rate changes. Groups that end at the same moment, one put in after the other, are a
chain through ``before`` and ``behind``; the heap has the head of each chain. ``place`` is where in the heap a head is,
CHAINED for others, ABSENT for who is not there.
"""

from __future__ import annotations

from typing import Any

from simcomm.jit import jit

CHAINED, ABSENT = -1, -2

#: Positions in ``count``: how many entries the heap has; the last of the chain that was added to last (−1: none).
SIZE, LAST = range(2)


@jit
def put_in(links: Any, heap: Any, count: Any, link: int, end_s: float) -> None:
    """Let the next end of a link's group be at this time, and no other."""
    take_out(links, heap, count, link)
    here = links[link]
    here["end_s"], here["behind"] = end_s, -1
    last = count[LAST]
    count[LAST] = link
    if last >= 0 and links[last]["end_s"] == end_s:
        links[last]["behind"] = link
        here["before"], here["place"] = last, CHAINED
        return
    here["before"] = -1
    place = count[SIZE]
    count[SIZE] += 1
    _up(links, heap, place, link, end_s)


@jit
def take_out(links: Any, heap: Any, count: Any, link: int) -> None:
    """Forget the end of a link's group, if there is one."""
    here = links[link]
    place, before, behind = here["place"], here["before"], here["behind"]
    if place == ABSENT:
        return
    here["place"] = ABSENT
    if count[LAST] == link:
        count[LAST] = before
    if behind >= 0:
        links[behind]["before"] = before
    if place == CHAINED:
        links[before]["behind"] = behind
    elif behind >= 0:
        links[behind]["place"], heap[place] = place, behind
    else:
        count[SIZE] -= 1
        last = heap[count[SIZE]]
        if last != link:
            end_s = links[last]["end_s"]
            if place > 0 and links[heap[(place - 1) >> 1]]["end_s"] > end_s:
                _up(links, heap, place, last, end_s)
            else:
                _down(links, heap, count[SIZE], place, last, end_s)


@jit
def _up(links: Any, heap: Any, place: int, link: int, end_s: float) -> None:
    while place > 0:
        above = heap[(place - 1) >> 1]
        if links[above]["end_s"] <= end_s:
            break
        heap[place], links[above]["place"] = above, place
        place = (place - 1) >> 1
    heap[place], links[link]["place"] = link, place


@jit
def _down(links: Any, heap: Any, size: int, place: int, link: int, end_s: float) -> None:
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and links[heap[child + 1]]["end_s"] < links[heap[child]]["end_s"]:
            child += 1
        below = heap[child]
        if links[below]["end_s"] >= end_s:
            break
        heap[place], links[below]["place"] = below, place
        place = child
    heap[place], links[link]["place"] = link, place
