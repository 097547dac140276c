"""New rates at the end of every instant at which a flow has begun or ended.

Most changes concern one group alone: all flows of its link are held back by it, and no other link that they cross comes
near to being full. Then the link's level is its bandwidth over the weights of its flows, and one division and one entry
in the heap of ends are all that there is to do. Everything else is solved anew (``shares``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simcomm.engines.kernel.flows import begin
from simcomm.engines.kernel.fluid import (
    ASKED,
    CHANGED,
    NEW,
    PART,
    STARTING,
    TIE,
    Flows,
    bound,
    changes,
    fair,
    join,
    pass_on,
    schedule,
)
from simcomm.engines.kernel.notes import Notes, contended, present, rate
from simcomm.engines.kernel.shares import add_flow, add_group, solve
from simcomm.jit import jit, jit_loop


@jit_loop
def settle(net: Flows, note: Notes, run: Any, now: float) -> None:
    """Let flows begin, and give new rates to all that is touched by what has changed."""
    for row in range(net.count[STARTING]):
        begin(net, run, net.starting[row], now)
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
                if other < net.real and not _is_free(net, other):
                    return False
                reach = min(reach, bound(net, other, link))
        if reach < level:
            return False
    for at in range(here["begin"], here["begin"] + here["count"]):
        _reserve(net, net.on[at]["flow"], link, reach)
    here["simple"], here["reach"] = True, reach
    return True


@jit
def _is_free(net: Flows, link: int) -> bool:
    """Whether a link holds nobody back and will not, as long as nobody on it goes beyond an equal share of it.

    Who has more than that already, as others have less, leaves less than that to the rest.
    """
    here = net.links[link]
    if here["members"] > 0 or here["pending"] > 0:
        return False
    return bool(here["most"] <= fair(net, link) * (1 + TIE) or _make_room(net, link))


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
