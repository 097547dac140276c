"""Progressive filling of a part of the flows while all others keep their rates: ``simcomm.engines.max_min`` in arrays.

A link that is certainly not full at a level is not counted before that level is reached: as long as all who cross it
keep below its bandwidth over their weights. Of links that are full at the same level, but for rounding, the one with
the lowest number comes first.
"""

from __future__ import annotations

from simcomm.engines.kernel.fluid import HEAP, PART, PART_LINKS, Flows, fair, rounded
from simcomm.jit import jit


@jit
def gather(net: Flows) -> None:
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
def open_up(net: Flows, link: int) -> None:
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
def room_of(net: Flows, link: int) -> float:
    """What is left of a link for the part."""
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
    return max(room_of(net, link) / here["growing_weight"] if here["open"] else fair(net, link), 0.0)


@jit
def _coarse(level: float) -> float:
    """The level to 40 bits (Dekker 1971): what differs by rounding only is equal."""
    high = level * 8193.0
    return high - (high - level)


@jit
def fill(net: Flows) -> None:
    """Let the levels of all flows of the part grow until each is held back by a link."""
    net.count[HEAP] = 0
    for row in range(net.count[PART_LINKS]):
        link = net.part_links[row]
        here = net.links[link]
        if here["mine"] == here["count"] or here["members"] > 0 or here["most"] > fair(net, link):
            open_up(net, link)
        _push(net, _coarse(_full_at(net, link)), link)
    frozen, level = 0, 0.0
    while frozen < net.count[PART]:
        link = net.heap_link[0]
        here = net.links[link]
        if here["growing"] == 0:
            _pop(net)
            continue
        if not here["open"]:
            open_up(net, link)
        then = _full_at(net, link)
        if _coarse(then) > net.heap_level[0]:
            _sink(net, _coarse(then), link)
            continue
        _pop(net)
        if _coarse(then) > _coarse(level):
            level = then
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
