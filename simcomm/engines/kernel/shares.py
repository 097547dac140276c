"""Max-min fair shares of what has changed, and of whatever else that changes.

A part of the flows is solved while all others keep their rates (``filling``); then it is checked whether these still
have a full link on which nobody has a higher level. Who has not joins the part, with all of its group, and the part is
solved again: what has changed spreads no further than it must. (After some rounds the part is all that hangs together.)
"""

from __future__ import annotations

from simcomm.engines.kernel.ends import take_out
from simcomm.engines.kernel.filling import fill, gather, open_up, room_of
from simcomm.engines.kernel.fluid import (
    PART,
    PART_LINKS,
    TIE,
    Flows,
    changes,
    empty,
    fair,
    join,
    lose,
    pass_on,
    schedule,
    still_left,
)
from simcomm.engines.kernel.notes import Notes
from simcomm.jit import jit, jit_loop

#: After so many rounds the part is all that hangs together.
ROUNDS = 6


@jit
def add_flow(net: Flows, flow: int) -> None:
    """A flow is in the part that is solved anew."""
    mine = net.flows[flow]
    if not mine["in_part"]:
        mine["in_part"] = True
        net.part[net.count[PART]] = flow
        net.count[PART] += 1


@jit_loop
def add_group(net: Flows, link: int, now: float) -> None:
    """All members of a group are."""
    here = net.links[link]
    if here["members"] == 0 or here["taken"]:
        return
    here["taken"] = True
    pass_on(net, link, now)
    for at in range(here["begin"], here["begin"] + here["count"]):
        flow = net.on[at]["flow"]
        if net.flows[flow]["group"] == link and not net.flows[flow]["in_part"]:
            net.flows[flow]["left"] = still_left(net, flow)
            add_flow(net, flow)


@jit_loop
def solve(net: Flows, note: Notes, now: float) -> None:
    """Give the part its rates, and whatever else they change."""
    rounds = 0
    while True:
        gather(net)
        fill(net)
        before, rounds = net.count[PART], rounds + 1
        for row in range(net.count[PART_LINKS]):
            if net.part_links[row] < net.real:
                _check(net, net.part_links[row], now)
        if net.count[PART] == before:
            break
        if rounds == ROUNDS:
            _add_all(net, now)
    _commit(net, note, now)


@jit
def _check(net: Flows, link: int, now: float) -> None:
    """Have the groups of those join the part whose rates are not right any more because of this link."""
    here = net.links[link]
    if here["mine"] == here["count"]:
        return
    level = here["frozen_at"]
    if here["members"] > 0 and not here["taken"]:
        mine = here["level"]
        if level >= 0:
            fits = abs(level - mine) <= TIE * mine
        else:
            fits = room_of(net, link) <= TIE * here["bandwidth"] and here["highest"] <= mine * (1 + TIE)
        if not fits:
            add_group(net, link, now)
    if level < 0:
        highest = max(here["highest"], here["most"])
        if (here["members"] > 0 and not here["taken"]) or highest <= fair(net, link) * (1 - TIE):
            return
        if not here["open"]:
            open_up(net, link)
        if room_of(net, link) > TIE * here["bandwidth"]:
            return
        level = _highest(net, link)
    for at in range(here["begin"], here["begin"] + here["count"]):
        mine = net.flows[net.on[at]["flow"]]
        group = mine["group"]
        if not mine["in_part"] and group != link:
            other = net.links[group]["level"]
            if other > level * (1 + TIE) or (other >= level * (1 - TIE) and group > link):
                add_group(net, group, now)


@jit
def _highest(net: Flows, link: int) -> float:
    on = net.links[link]
    level: float = on["highest"]
    for at in range(on["begin"], on["begin"] + on["count"]):
        mine = net.flows[net.on[at]["flow"]]
        if not mine["in_part"]:
            level = max(level, net.links[mine["group"]]["level"])
    return level


@jit
def _add_all(net: Flows, now: float) -> None:
    """All that hangs together with the part is of the part."""
    row = 0
    while row < net.count[PART]:
        mine = net.flows[net.part[row]]
        row += 1
        for slot in range(mine["slot"], mine["slot"] + mine["steps"]):
            here = net.links[net.slots[slot]["link"]]
            if here["in_part"] and here["mine"] >= 0 and net.slots[slot]["link"] < net.real:
                here["mine"] = -1  # been here
            elif here["in_part"] or net.slots[slot]["link"] >= net.real:
                continue
            else:
                here["in_part"], here["mine"] = True, -1
                net.part_links[net.count[PART_LINKS]] = net.slots[slot]["link"]
                net.count[PART_LINKS] += 1
            for at in range(here["begin"], here["begin"] + here["count"]):
                flow = net.on[at]["flow"]
                if not net.flows[flow]["in_part"]:
                    add_group(net, net.flows[flow]["group"], now)


@jit
def _commit(net: Flows, note: Notes, now: float) -> None:
    """Let every flow of the part join the group of the link that holds it back."""
    for row in range(net.count[PART]):
        flow = net.part[row]
        mine = net.flows[flow]
        group = mine["group"]
        if group >= 0:
            if mine["choice"] != group:
                lose(net, note, flow, now)
            if net.links[group]["taken"]:
                net.links[group]["taken"] = False
                take_out(net.links, net.ends, net.count, group)
                empty(net, group)
    for row in range(net.count[PART]):
        flow = net.part[row]
        mine = net.flows[flow]
        mine["in_part"] = False
        here = net.links[mine["choice"]]
        if here["members"] == 0:
            here["level"], here["since_s"] = mine["solved"], now
            here["reach"] = mine["solved"]
        elif here["since_s"] != now:
            pass_on(net, mine["choice"], now)
        join(net, flow, mine["choice"], now)
    net.count[PART] = 0
    for row in range(net.count[PART_LINKS]):
        link = net.part_links[row]
        here = net.links[link]
        here["in_part"] = False
        here["most"] = max(here["most"], here["highest"])
        changes(net, link)
        if here["members"] > 0 and here["frozen_at"] >= 0:
            here["simple"] = False
            schedule(net, link)
        if link < net.real and here["open"] and here["mine"] != here["count"]:
            _settle_others(net, link)
    net.count[PART_LINKS] = 0


@jit
def _settle_others(net: Flows, link: int) -> None:
    """Who crosses a link that may be full has no more room there than it takes."""
    most = 0.0
    on = net.links[link]
    for at in range(on["begin"], on["begin"] + on["count"]):
        group = net.flows[net.on[at]["flow"]]["group"]
        if group != link and group >= 0:
            net.links[group]["simple"], net.links[group]["reach"] = False, net.links[group]["level"]
            most = max(most, net.links[group]["level"])
    net.links[link]["most"] = most
