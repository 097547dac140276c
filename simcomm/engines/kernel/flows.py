"""Flows begin and end: their rows, who is on which link, and what they leave in the notes.

Ends within 2⁻⁴² of each other (relatively; a few hundred roundings) are one instant, here and in the reference, so that
what ends together does so however the sums are rounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simcomm.engines.kernel.ends import SIZE, take_out
from simcomm.engines.kernel.events import GO_ON, Events, happens
from simcomm.engines.kernel.fluid import (
    NEW,
    ROWS,
    SAME_INSTANT,
    SLOTS,
    STARTING,
    Flows,
    changes,
    empty,
    lighter,
    lose,
    still_left,
    together,
    wants,
)
from simcomm.engines.kernel.notes import Notes, crossed
from simcomm.jit import jit, jit_loop
from simcomm.networks.programs import CAP, WEIGHT


@jit
def start(net: Flows, token: int) -> None:
    """A message begins to flow."""
    net.starting[net.count[STARTING]] = token
    net.count[STARTING] += 1


@jit
def begin(net: Flows, run: Any, token: int, now: float) -> None:
    """SHARE, and WEIGHT and CAP if they follow."""
    at = run.position[token]
    route, size, weight, cap = run.what[at], net.amount[at], 1.0, -1
    at += 1
    if run.code[at] == WEIGHT:
        weight = net.amount[at]
        at += 1
    if run.code[at] == CAP:
        cap = run.what[at]
        at += 1
    run.position[token] = at
    operation = token if token < run.first_place else run.operation[token - run.first_spawned]
    if np.isnan(run.start_s[operation]):
        run.start_s[operation] = now
    first = net.route_first[route]
    hops = net.route_first[route + 1] - first
    flow = _row(net, hops + (cap >= 0))
    mine = net.flows[flow]
    mine["token"], mine["hops"], mine["group"], mine["lost"] = token, hops, -1, -1
    mine["weight"], mine["left"], mine["began_s"] = weight, size / weight, now
    alone = np.inf
    for hop in range(mine["steps"]):
        link = net.route_links[first + hop] if hop < hops else net.real + cap
        here = net.links[link]
        if here["count"] == 0:
            here["busy_since_s"], here["most"], here["weight"], here["drift"] = now, 0.0, 0.0, 0.0
        _put_on(net, link, mine["slot"] + hop, flow)
        here["weight"] += weight
        here["drift"] += here["weight"]
        changes(net, link)
        alone = min(alone, here["bandwidth"] if hop == hops else here["bandwidth"] / weight)
    mine["alone"] = alone
    net.new[net.count[NEW]] = flow
    net.count[NEW] += 1


@jit
def _row(net: Flows, steps: int) -> int:
    """A row for a flow with so many slots."""
    row: int = net.free[steps]
    if row >= 0:
        net.free[steps] = net.flows[row]["behind"]
        return row
    row = net.count[ROWS]
    net.count[ROWS] += 1
    mine = net.flows[row]
    mine["steps"], mine["slot"], mine["in_part"] = steps, net.count[SLOTS], False
    net.count[SLOTS] += steps
    return row


@jit
def _put_on(net: Flows, link: int, slot: int, flow: int) -> None:
    here, mine = net.links[link], net.slots[slot]
    mine["link"], mine["place"] = link, here["count"]
    entry = net.on[here["begin"] + here["count"]]
    entry["flow"], entry["slot"] = flow, slot
    here["count"] += 1


@jit
def _take_off(net: Flows, link: int, slot: int) -> None:
    """The last one takes its place."""
    here, place = net.links[link], net.slots[slot]["place"]
    here["count"] -= 1
    entry, last = net.on[here["begin"] + place], net.on[here["begin"] + here["count"]]
    entry["flow"], entry["slot"] = last["flow"], last["slot"]
    net.slots[entry["slot"]]["place"] = place


@jit
def next_end(net: Flows) -> float:
    """When the next flow ends, infinity if none does."""
    at: float = net.links[net.ends[0]]["end_s"] if net.count[SIZE] > 0 else np.inf
    return at


@jit_loop
def finish(net: Flows, note: Notes, run: Any, ev: Events) -> None:
    """End all flows whose time has come."""
    now = ev.now[0]
    limit = now + now * SAME_INSTANT
    while net.count[SIZE] > 0 and net.links[net.ends[0]]["end_s"] <= limit:
        link = net.ends[0]
        here = net.links[link]
        take_out(net.links, net.ends, net.count, link)
        while here["root"] >= 0:
            flow = here["root"]
            if here["since_s"] + still_left(net, flow) / here["level"] > limit:
                break
            here["root"] = together(net, net.flows[flow]["left_child"], net.flows[flow]["right_child"])
            if here["newest"] == flow:
                here["newest"] = -1
            while flow >= 0:
                after = net.flows[flow]["behind"]
                _end(net, note, run, ev, flow, now)
                flow = after


@jit
def _end(net: Flows, note: Notes, run: Any, ev: Events, flow: int, now: float) -> None:
    mine = net.flows[flow]
    token, group = mine["token"], mine["group"]
    operation = token if token < run.first_place else run.operation[token - run.first_spawned]
    mine["left"] = 0.0
    lose(net, note, flow, now)
    for hop in range(mine["steps"]):
        slot = mine["slot"] + hop
        link = net.slots[slot]["link"]
        here = net.links[link]
        _take_off(net, link, slot)
        lighter(net, link, mine["weight"])
        changes(net, link)
        if hop < mine["hops"]:
            place = net.first_place + link
            crossed(note, place, operation, mine["began_s"], mine["began_s"], now)
            if here["count"] == 0:
                note.busy_s[place] += now - here["busy_since_s"]
    net.links[group]["members"] -= 1
    if net.links[group]["members"] == 0:
        empty(net, group)
    else:
        mine["group"] = -1
        wants(net, group, mine["alone"], -1)
    row, behind = mine["lost"], -1
    while row >= 0:  # from the flow's chain to the operation's, which begins with its last
        note.wait_before[row], behind, row = behind, row, note.wait_before[row]
    while behind >= 0:
        note.wait_before[behind], note.last_wait[operation], behind = (
            note.last_wait[operation], behind, note.wait_before[behind],
        )  # fmt: skip
    mine["behind"], net.free[mine["steps"]] = net.free[mine["steps"]], flow
    happens(ev, token, GO_ON)
