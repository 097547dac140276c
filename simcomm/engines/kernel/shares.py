"""Max-min fair shares of a part of the flows: progressive filling, as ``simcomm.engines.max_min`` does it.

A part is solved while all other flows keep their rates; then it is checked whether these still have a full link on
which nobody has a higher level. Who has not joins the part, with all of its group, and the part is solved again: what
has changed spreads no further than it must. (After a few rounds the part is all that hangs together.)

A link that is certainly not full at a level is not counted before that level is reached: as long as all who cross it
keep below its bandwidth over their weights. Of links that are full at the same level, but for rounding, the one with the
lowest number comes first.
"""

from __future__ import annotations

from simcomm.engines.kernel.ends import take_out
from simcomm.engines.kernel.fluid import (
    HEAP,
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
    rounded,
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
        _gather(net)
        _fill(net)
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
def _gather(net: Flows) -> None:
    """The links of the part, with all that they have for it."""
    for row in range(net.count[PART_LINKS]):
        net.links[net.part_links[row]]["in_part"] = False
    net.count[PART_LINKS] = 0
    for row in range(net.count[PART]):
        mine = net.flows[net.part[row]]
        mine["solved"] = -1.0
        for slot in range(mine["slot"], mine["slot"] + mine["steps"]):
            link = net.slots[slot]["link"]
            here = net.links[link]
            if not here["in_part"]:
                here["in_part"], here["open"] = True, False
                here["growing_weight"] = here["growing_drift"] = here["room_low"] = 0.0
                here["mine"], here["room"], here["highest"], here["frozen_at"] = 0, here["bandwidth"], 0.0, -1.0
                net.part_links[net.count[PART_LINKS]] = link
                net.count[PART_LINKS] += 1
            here["mine"] += 1
            here["growing_weight"] += mine["weight"]
            here["growing_drift"] += here["growing_weight"]
    for row in range(net.count[PART_LINKS]):
        here = net.links[net.part_links[row]]
        here["growing"] = here["mine"]


@jit
def _open(net: Flows, link: int) -> None:
    """Take what flows that are not of the part have off a link's room."""
    here = net.links[link]
    here["open"] = True
    if link >= net.real or here["mine"] == here["count"]:
        return
    for at in range(here["begin"], here["begin"] + here["count"]):
        mine = net.flows[net.on[at]["flow"]]
        if not mine["in_part"]:
            _take(net, link, mine["weight"] * net.links[mine["group"]]["level"])


@jit
def _take(net: Flows, link: int, rate: float) -> None:
    here = net.links[link]
    room = here["room"] - rate
    here["room_low"] += rounded(here["room"], -rate, room)
    here["room"] = room


@jit
def _room(net: Flows, link: int) -> float:
    here = net.links[link]
    room: float = here["room"] + here["room_low"]
    return room


@jit
def _full_at(net: Flows, link: int) -> float:
    """The level at which the link will be full, as far as is known; no less if it is not open yet."""
    here = net.links[link]
    if link >= net.real:
        level: float = here["bandwidth"]
        return level
    return max(_room(net, link) / here["growing_weight"] if here["open"] else fair(net, link), 0.0)


@jit
def _coarse(level: float) -> float:
    """The level to 40 bits (Dekker 1971): what differs by rounding only is equal."""
    high = level * 8193.0
    return high - (high - level)


@jit
def _fill(net: Flows) -> None:
    """Let the levels of all flows of the part grow until each is held back by a link."""
    net.count[HEAP] = 0
    for row in range(net.count[PART_LINKS]):
        link = net.part_links[row]
        here = net.links[link]
        if here["mine"] == here["count"] or here["members"] > 0 or here["most"] > fair(net, link):
            _open(net, link)
        _push(net, _coarse(_full_at(net, link)), link)
    frozen, level = 0, 0.0
    while frozen < net.count[PART]:
        link = net.heap_link[0]
        here = net.links[link]
        if here["growing"] == 0:
            _pop(net)
            continue
        if not here["open"]:
            _open(net, link)
        then = _full_at(net, link)
        if _coarse(then) > net.heap_level[0]:
            _sink(net, _coarse(then), link)
            continue
        _pop(net)
        level = max(level, then)
        here["frozen_at"] = level
        for at in range(here["begin"], here["begin"] + here["count"]):
            flow = net.on[at]["flow"]
            if net.flows[flow]["in_part"] and net.flows[flow]["solved"] < 0:
                _freeze(net, flow, link, level)
                frozen += 1


@jit
def _freeze(net: Flows, flow: int, link: int, level: float) -> None:
    mine = net.flows[flow]
    mine["solved"], mine["choice"] = level, link
    for slot in range(mine["slot"], mine["slot"] + mine["steps"]):
        other = net.slots[slot]["link"]
        here = net.links[other]
        here["growing"] -= 1
        here["highest"] = level
        if other < net.real:
            _take(net, other, mine["weight"] * level)
            here["growing_weight"] -= mine["weight"]
            here["growing_drift"] += here["growing_weight"]
            if not net.equal and here["growing"] > 0 and here["growing_drift"] > 100 * here["growing_weight"]:
                _weigh(net, other)


@jit
def _weigh(net: Flows, link: int) -> None:
    """Add up the weights of a link's flows that still grow: rounding would be seen in what is left of their sum."""
    here = net.links[link]
    total = 0.0
    for at in range(here["begin"], here["begin"] + here["count"]):
        mine = net.flows[net.on[at]["flow"]]
        if mine["in_part"] and mine["solved"] < 0:
            total += mine["weight"]
    here["growing_weight"] = here["growing_drift"] = total


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
            fits = _room(net, link) <= TIE * here["bandwidth"] and here["highest"] <= mine * (1 + TIE)
        if not fits:
            add_group(net, link, now)
    if level < 0:
        highest = max(here["highest"], here["most"])
        if (here["members"] > 0 and not here["taken"]) or highest <= fair(net, link) * (1 - TIE):
            return
        if not here["open"]:
            _open(net, link)
        if _room(net, link) > TIE * here["bandwidth"]:
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
    level = net.links[link]["highest"]
    on = net.links[link]
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


@jit
def _push(net: Flows, level: float, link: int) -> None:
    place = net.count[HEAP]
    net.count[HEAP] += 1
    while place > 0:
        above = (place - 1) >> 1
        if not _comes_first(level, link, net.heap_level[above], net.heap_link[above]):
            break
        net.heap_level[place], net.heap_link[place] = net.heap_level[above], net.heap_link[above]
        place = above
    net.heap_level[place], net.heap_link[place] = level, link


@jit
def _pop(net: Flows) -> None:
    net.count[HEAP] -= 1
    last = net.count[HEAP]
    _sink(net, net.heap_level[last], net.heap_link[last])


@jit
def _sink(net: Flows, level: float, link: int) -> None:
    """Put this where the first entry was, and everything in order."""
    place, size = 0, net.count[HEAP]
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and _comes_first(
            net.heap_level[child + 1], net.heap_link[child + 1], net.heap_level[child], net.heap_link[child]
        ):
            child += 1
        if not _comes_first(net.heap_level[child], net.heap_link[child], level, link):
            break
        net.heap_level[place], net.heap_link[place] = net.heap_level[child], net.heap_link[child]
        place = child
    net.heap_level[place], net.heap_link[place] = level, link


@jit
def _comes_first(level: float, link: int, other_level: float, other: int) -> bool:
    return level < other_level or (level == other_level and link < other)
