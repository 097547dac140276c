"""The state of all flows in arrays, and the small steps that all else is made of: ``simcomm.engines.fluid``.

Flows that a link holds back are a *group*: they have one level (rate over weight), so they share a *virtual time*, the
bytes per weight that have flowed since the group began. A flow ends when its group's virtual time reaches its target:
a change of the rate touches one number, and who is next is the first of a heap by target. Flows of the same target are
one entry of it, a cohort. A cap is a link, too, which gives every flow the same level however many they are.

Virtual times and targets have two floats each (Dekker 1971), so that a group may last long without losing digits.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from simcomm.engines.kernel.ends import ABSENT, put_in, take_out
from simcomm.engines.kernel.notes import WAITS, Notes
from simcomm.jit import jit

#: Positions in ``count`` behind those of ``ends``: how many rows of flows and of slots were ever used, how many flows
#: begin and are new, links changed, groups to be looked at, and flows and links in the part that is solved anew.
ROWS, SLOTS, STARTING, NEW, CHANGED, ASKED, PART, PART_LINKS, HEAP = range(2, 11)

#: Levels that differ by less, relatively, are the same; ends that do happen at the same instant.
TIE: Final = 1e-12
SAME_INSTANT: Final = 2.0**-42

_LINK = [(name, np.float64) for name in (
    "bandwidth", "weight", "drift", "level", "passed", "passed_low", "since_s", "reach", "most", "wish", "busy_since_s",
    "end_s", "room", "room_low", "growing_weight", "growing_drift", "highest", "frozen_at",
)] + [(name, np.int32) for name in (
    "count", "members", "root", "newest", "wishing", "place", "before", "behind", "pending", "mine", "growing",
)] + [("begin", np.int64)] + [(name, np.bool_) for name in (
    "changed", "asked", "bad", "simple", "taken", "in_part", "open",
)]  # fmt: skip
_FLOW = [(name, np.float64) for name in ("weight", "solved", "left", "target", "target_low")] + [
    (name, np.int32) for name in ("group", "slot", "steps", "choice", "in_part")  # what is looked at most is together
] + [(name, np.int32) for name in (
    "token", "hops", "left_child", "right_child", "behind", "tail", "lost",
)] + [(name, np.float64) for name in ("alone", "began_s", "joined_s", "joined_left")]  # fmt: skip
_SLOT = [(name, np.int32) for name in ("link", "place")]
_ON = [(name, np.int32) for name in ("flow", "slot")]


class Flows(NamedTuple):
    """Links (behind them caps), flows under way, and what is to be settled.

    Of a link: where in ``on`` its ``count`` flows ``begin``, the ``members`` of its group; ``reach``: the level that
    the group may have before links that its members cross need to be looked at; ``most``: no flow that crosses this
    link has a higher reach, if it is in the group of another one.
    """

    first_place: int
    real: int  # how many of the links are links
    equal: bool  # whether all weights are 1
    amount: Any  # of every instruction
    route_first: Any
    route_links: Any
    links: Any
    flows: Any
    slots: Any
    on: Any  # who is on every link
    free: Any  # flows to use again, by how many slots they have
    count: Any
    ends: Any  # the heap of ``ends``
    starting: Any  # tokens whose flows begin at this instant
    new: Any
    changed: Any
    asked: Any
    part: Any
    part_links: Any
    heap_level: Any
    heap_link: Any


def flows(
    first_place: int, equal: bool, amount: Any, table: Any, cap_level: Any, most_flows: int, crossings: Any
) -> Flows:
    """No flows; room for as many at a time as there can be."""
    real = len(table.link_bandwidth_Bps)
    size = real + len(cap_level)
    links = np.zeros(size, np.dtype(_LINK, align=True))
    links["bandwidth"] = np.concatenate([table.link_bandwidth_Bps, cap_level])
    links["begin"] = np.cumsum(crossings) - crossings
    links["root"] = links["newest"] = -1
    links["place"] = ABSENT
    count = np.zeros(11, np.int64)
    count[1] = -1
    longest = int(table.hops.max(initial=0)) + 1
    return Flows(
        first_place=first_place,
        real=real,
        equal=equal,
        amount=amount,
        route_first=table.first,
        route_links=table.links,
        links=links,
        flows=np.empty(most_flows, np.dtype(_FLOW, align=True)),
        slots=np.empty(int(crossings.sum()), np.dtype(_SLOT, align=True)),
        on=np.empty(int(crossings.sum()), np.dtype(_ON)),
        free=np.full(longest + 1, -1, np.int32),
        count=count,
        ends=np.empty(size, np.int32),
        starting=np.empty(most_flows, np.int32),
        new=np.empty(most_flows, np.int32),
        changed=np.empty(size, np.int32),
        asked=np.empty(size, np.int32),
        part=np.empty(most_flows, np.int32),
        part_links=np.empty(size, np.int32),
        heap_level=np.empty(size),
        heap_link=np.empty(size, np.int32),
    )


@jit
def fair(net: Flows, link: int) -> float:
    """The level at which the link would be full if all its flows had the same."""
    here = net.links[link]
    level: float = here["bandwidth"] if link >= net.real else here["bandwidth"] / here["weight"]
    return level


@jit
def bound(net: Flows, link: int, group: int) -> float:
    """The level up to which a group need not mind a link that its members cross: that of the lowest number counts."""
    return fair(net, link) * (1 + TIE if link > group else 1 - TIE)


@jit
def changes(net: Flows, link: int) -> None:
    """The link is to be looked at when the instant ends."""
    here = net.links[link]
    if not here["changed"]:
        here["changed"] = True
        net.changed[net.count[CHANGED]] = link
        net.count[CHANGED] += 1


@jit
def lighter(net: Flows, link: int, weight: float) -> None:
    """Take a weight off a link; where weights differ their sum is made anew before rounding is seen."""
    here = net.links[link]
    here["drift"] += here["weight"]
    here["weight"] -= weight
    if not net.equal and here["drift"] > 100 * here["weight"]:
        total = 0.0
        for at in range(here["begin"], here["begin"] + here["count"]):
            total += net.flows[net.on[at]["flow"]]["weight"]
        here["weight"], here["drift"] = total, total


@jit
def rounded(one: float, other: float, total: float) -> float:
    """What rounding took off a sum of two (Knuth 1969)."""
    part = total - one
    return (one - (total - part)) + (other - part)


@jit
def pass_on(net: Flows, link: int, now: float) -> None:
    """Let the virtual time of a group go on until now."""
    here = net.links[link]
    more = here["level"] * (now - here["since_s"]) + here["passed_low"]
    total = here["passed"] + more
    here["passed_low"] = rounded(here["passed"], more, total)
    here["passed"], here["since_s"] = total, now


@jit
def still_left(net: Flows, flow: int) -> float:
    """What is left of a flow, per weight, at the virtual time of its group."""
    mine, here = net.flows[flow], net.links[net.flows[flow]["group"]]
    left = (mine["target"] - here["passed"]) + (mine["target_low"] - here["passed_low"])
    return max(left, 0.0)


@jit
def empty(net: Flows, link: int) -> None:
    """A group has no members any more."""
    here = net.links[link]
    here["members"], here["root"], here["newest"], here["simple"] = 0, -1, -1, False
    here["passed"] = here["passed_low"] = here["level"] = here["wish"] = 0.0
    here["wishing"] = 0


@jit
def join(net: Flows, flow: int, link: int, now: float) -> None:
    """Add a flow to a group whose virtual time is that of now."""
    mine, here = net.flows[flow], net.links[link]
    if mine["group"] != link:
        mine["group"], mine["joined_s"], mine["joined_left"] = link, now, mine["left"]
    target = here["passed"] + mine["left"]
    low = rounded(here["passed"], mine["left"], target) + here["passed_low"]
    mine["target"], mine["target_low"] = target, low
    here["members"] += 1
    wants(net, link, mine["alone"], 1)
    mine["behind"], mine["tail"] = -1, flow
    newest = here["newest"]
    if newest >= 0 and net.flows[newest]["target"] == target and net.flows[newest]["target_low"] == low:
        net.flows[net.flows[newest]["tail"]]["behind"] = flow
        net.flows[newest]["tail"] = flow
    else:
        mine["left_child"] = mine["right_child"] = -1
        here["root"] = together(net, here["root"], flow)
        here["newest"] = flow


@jit
def wants(net: Flows, link: int, alone: float, by: int) -> None:
    """Count who would have the highest level alone: a group is held back if somebody would have a higher one."""
    here = net.links[link]
    if by > 0 and alone > here["wish"] * (1 + TIE):
        here["wish"], here["wishing"] = alone, 1
    elif alone >= here["wish"] * (1 - TIE):
        here["wishing"] += by
        if here["wishing"] == 0:
            here["wish"] = 0.0
            for at in range(here["begin"], here["begin"] + here["count"]):
                other = net.flows[net.on[at]["flow"]]
                if other["group"] == link:
                    if other["alone"] > here["wish"] * (1 + TIE):
                        here["wish"], here["wishing"] = other["alone"], 0
                    here["wishing"] += other["alone"] >= here["wish"] * (1 - TIE)


@jit
def schedule(net: Flows, link: int) -> None:
    """Say when the first of a group ends, whose virtual time is that of now."""
    here = net.links[link]
    if here["members"] == 0:
        take_out(net.links, net.ends, net.count, link)
    else:
        put_in(net.links, net.ends, net.count, link, here["since_s"] + still_left(net, here["root"]) / here["level"])


@jit
def lose(net: Flows, note: Notes, flow: int, now: float) -> None:
    """Note what the group that a flow leaves, or ends in, has cost it."""
    mine = net.flows[flow]
    passed = now - mine["joined_s"]
    lost = passed - (mine["joined_left"] - mine["left"]) / mine["alone"]
    if mine["group"] >= net.real or not lost > TIE * now:
        return
    place, row = net.first_place + mine["group"], mine["lost"]
    while row >= 0 and note.wait_place[row] != place:
        row = note.wait_before[row]
    if row >= 0:
        note.wait_s[row] += lost
    else:
        row = note.count[WAITS]
        note.count[WAITS] += 1
        note.wait_before[row], mine["lost"] = mine["lost"], row
        note.wait_place[row], note.wait_s[row], note.wait_behind[row] = place, lost, -1


@jit
def together(net: Flows, one: int, other: int) -> int:
    """One skew heap (Sleator and Tarjan 1986) of two, by target."""
    root, above = -1, -1
    while True:
        if one < 0 or (other >= 0 and _before(net, other, one)):
            one, other = other, one
        if above < 0:
            root = one
        else:
            net.flows[above]["left_child"] = one
        if other < 0:
            return root
        above, after = one, net.flows[one]["right_child"]
        net.flows[one]["right_child"] = net.flows[one]["left_child"]
        one = after


@jit
def _before(net: Flows, one: int, other: int) -> bool:
    first, second = net.flows[one], net.flows[other]
    before: bool = first["target"] < second["target"] or (
        first["target"] == second["target"] and first["target_low"] < second["target_low"]
    )
    return before
