"""Flows begin, end, and get new rates at the end of every instant at which one has: the flows of the fast engine.

Most changes concern one group alone: all flows of its link are held back by it, and no other link that they cross comes
near to being full. Then the link's level is its bandwidth over the weights of its flows, and one division and one entry
in the heap of ends are all that there is to do. Everything else is solved anew (``shares``).

Ends within 2⁻⁴² of each other (relatively; a few hundred roundings) are one instant, here and in the reference, so that
what ends together does so however the sums are rounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simcomm.engines.kernel.ends import SIZE, take_out
from simcomm.engines.kernel.events import GO_ON, Events, happens
from simcomm.engines.kernel.fluid import (
    ASKED,
    CHANGED,
    NEW,
    PART,
    ROWS,
    SAME_INSTANT,
    SLOTS,
    STARTING,
    TIE,
    Flows,
    bound,
    changes,
    empty,
    fair,
    join,
    lighter,
    lose,
    pass_on,
    schedule,
    still_left,
    together,
    wants,
)
from simcomm.engines.kernel.notes import Notes, contended, crossed, present, rate
from simcomm.engines.kernel.shares import add_flow, add_group, solve
from simcomm.jit import jit, jit_loop
from simcomm.networks.programs import CAP, WEIGHT


@jit
def start(net: Flows, token: int) -> None:
    """A message begins to flow."""
    net.starting[net.count[STARTING]] = token
    net.count[STARTING] += 1


@jit
def _begin(net: Flows, run: Any, token: int, now: float) -> None:
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


@jit_loop
def settle(net: Flows, note: Notes, run: Any, now: float) -> None:
    """Let flows begin, and give new rates to all that is touched by what has changed."""
    for row in range(net.count[STARTING]):
        _begin(net, run, net.starting[row], now)
    net.count[STARTING] = 0
    for row in range(net.count[NEW]):
        _choose(net, net.new[row])
    for row in range(net.count[CHANGED]):
        if net.links[net.changed[row]]["members"] > 0:
            _ask(net, net.changed[row])
    for row in range(net.count[NEW]):
        _check(net, net.new[row])
    for row in range(net.count[ASKED]):
        link = net.asked[row]
        here = net.links[link]
        if not here["bad"]:
            here["bad"] = not _is_simple(net, link)
        if not here["bad"]:
            pass_on(net, link, now)
            here["level"] = fair(net, link)
    _join_new(net, now)
    for row in range(net.count[ASKED]):
        link = net.asked[row]
        here = net.links[link]
        if here["bad"]:
            here["simple"] = False
            add_group(net, link, now)
        else:
            schedule(net, link)
        here["asked"] = here["bad"] = False
        here["pending"] = 0
    if net.count[PART] > 0:
        solve(net, note, now)
    if note.detailed:
        _spread(net)
    for row in range(net.count[CHANGED]):
        _measure(net, note, net.changed[row], now)
    net.count[CHANGED] = net.count[ASKED] = 0


@jit
def _spread(net: Flows) -> None:
    """All links whose rates have changed, be they near to full or not."""
    for row in range(net.count[ASKED]):
        on = net.links[net.asked[row]]
        for at in range(on["begin"], on["begin"] + on["count"]):
            mine = net.flows[net.on[at]["flow"]]
            for other in range(mine["slot"], mine["slot"] + mine["steps"]):
                changes(net, net.slots[other]["link"])


@jit
def _ask(net: Flows, link: int) -> None:
    here = net.links[link]
    if not here["asked"]:
        here["asked"] = True
        net.asked[net.count[ASKED]] = link
        net.count[ASKED] += 1


@jit
def _choose(net: Flows, flow: int) -> None:
    """The link of a new flow that would be full first; of several the one with the lowest number."""
    mine = net.flows[flow]
    slot = mine["slot"]
    best, level = net.slots[slot]["link"], fair(net, net.slots[slot]["link"])
    for other in range(slot + 1, slot + mine["steps"]):
        link = net.slots[other]["link"]
        at = fair(net, link)
        if at < level * (1 - TIE) or (at <= level * (1 + TIE) and link < best):
            best, level = link, at
    mine["choice"] = best
    net.links[best]["pending"] += 1
    _ask(net, best)


@jit
def _check(net: Flows, flow: int) -> None:
    """Whether a new flow comes near to filling any other link: then its group is not simple."""
    mine = net.flows[flow]
    group = mine["choice"]
    here = net.links[group]
    if here["members"] == 0 and not here["simple"]:
        here["simple"], here["reach"] = True, np.inf if group < net.real else fair(net, group)
    for slot in range(mine["slot"], mine["slot"] + mine["steps"]):
        link = net.slots[slot]["link"]
        if here["bad"] or link == group:
            continue
        other = net.links[link]
        here["reach"] = min(here["reach"], bound(net, link, group))
        if link < net.real:
            is_near = other["most"] > fair(net, link) * (1 - TIE) and not _make_room(net, link)
            here["bad"] = is_near or other["members"] > 0 or other["pending"] > 0


@jit
def _make_room(net: Flows, link: int) -> bool:
    """Have the groups that cross a link reach no higher than it can bear; return whether that is possible."""
    here, possible = net.links[link], True
    here["most"] = 0.0
    for at in range(here["begin"], here["begin"] + here["count"]):
        group = net.flows[net.on[at]["flow"]]["group"]
        if group >= 0:
            other = net.links[group]
            most = bound(net, link, group)
            other["reach"] = max(min(other["reach"], most), other["level"])
            here["most"] = max(here["most"], other["reach"])
            possible = possible and other["level"] <= most
    return possible


@jit
def _is_simple(net: Flows, link: int) -> bool:
    """Whether the group of a link, with who wants to join, is all that is on it and fills no other link."""
    here = net.links[link]
    if link >= net.real:
        return bool(here["reach"] >= here["bandwidth"])
    if here["members"] + here["pending"] != here["count"]:
        return False
    level = fair(net, link)
    if here["simple"] and level <= here["reach"]:
        return True
    reach = np.inf
    for at in range(here["begin"], here["begin"] + here["count"]):
        mine = net.flows[net.on[at]["flow"]]
        for step in range(mine["slot"], mine["slot"] + mine["steps"]):
            other = net.slots[step]["link"]
            if other != link:
                if other < net.real and (net.links[other]["members"] > 0 or net.links[other]["pending"] > 0):
                    return False
                reach = min(reach, bound(net, other, link))
        if reach < level:
            return False
    for at in range(here["begin"], here["begin"] + here["count"]):
        _reserve(net, net.on[at]["flow"], link, reach)
    here["simple"], here["reach"] = True, reach
    return True


@jit
def _reserve(net: Flows, flow: int, group: int, reach: float) -> None:
    """Tell the other links of a flow how high its level may become."""
    mine = net.flows[flow]
    for slot in range(mine["slot"], mine["slot"] + mine["steps"]):
        link = net.slots[slot]["link"]
        if link != group:
            net.links[link]["most"] = max(net.links[link]["most"], reach)


@jit
def _join_new(net: Flows, now: float) -> None:
    """Let new flows join their groups if these are simple; else they are part of what is solved anew."""
    for row in range(net.count[NEW]):
        flow = net.new[row]
        mine = net.flows[flow]
        group = mine["choice"]
        if not net.links[group]["bad"]:
            join(net, flow, group, now)
            _reserve(net, flow, group, net.links[group]["reach"])
            continue
        add_flow(net, flow)
        for slot in range(mine["slot"], mine["slot"] + mine["steps"]):
            link = net.slots[slot]["link"]
            if link < net.real and net.links[link]["members"] > 0:
                add_group(net, link, now)
    net.count[NEW] = 0


@jit
def _measure(net: Flows, note: Notes, link: int, now: float) -> None:
    here = net.links[link]
    here["changed"] = False
    if link < net.real:
        place = net.first_place + link
        if here["count"] > 0:
            present(note, place, here["count"])
        contended(note, place, now, here["members"] > 0 and here["level"] < here["wish"] * (1 - TIE))
        if note.detailed:
            total = 0.0
            for at in range(here["begin"], here["begin"] + here["count"]):
                mine = net.flows[net.on[at]["flow"]]
                total += mine["weight"] * net.links[mine["group"]]["level"]
            rate(note, place, now, total, here["count"])
