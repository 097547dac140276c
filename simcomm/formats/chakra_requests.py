"""Collectives that Chakra traces ask for: which operation on how many bytes, and what here does it.

A COMM_COLL_NODE says what is wanted and leaves the algorithm to the simulator. So there is no schedule in such a trace,
but a scenario: its workers, its size, and one of simcomm's collectives with that goal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simcomm.formats.chakra_files import files_of
from simcomm.formats.chakra_proto import COLLECTIVES, NODE_TYPES, attributes, read

_COLLECTIVE: Final = NODE_TYPES.index("COMM_COLL_NODE")
#: Of the collectives that do the same, so many are named in a message.
_SHOWN: Final = 4

_SAME_GOAL: Final = {"reduce_scatter_block": "reduce_scatter"}


@dataclass(frozen=True)
class Request:
    """One collective that the traces of ``ranks`` ask for; ``group`` is the name of their process group, if any."""

    name: str
    operation: str
    size_bytes: int
    ranks: tuple[int, ...]
    group: str = ""

    @property
    def collectives(self) -> tuple[str, ...]:
        """The names of simcomm's collectives that do it."""
        from simcomm import collectives

        wanted = _SAME_GOAL.get(self.operation, self.operation)
        found = ((name, collectives.get(name)) for name in collectives.names())
        return tuple(name for name, one in found if one.goal_of(2, {}).operation == wanted)

    @property
    def vector_bytes(self) -> int:
        """The size of the vector here: a trace says one rank's share of what is gathered, else the whole."""
        return self.size_bytes * (len(self.ranks) if self.operation == "all_gather" else 1)

    def __str__(self) -> str:
        return f"{self.operation} of {self.vector_bytes:,} B among {len(self.ranks)} ranks ({self.name})"


def requests(path: str | Path) -> tuple[Request, ...]:
    """The collectives that the traces of all ranks ask for, in the order of the first that does.

    Nodes without ``comm_type`` and ``comm_size`` (PyTorch's calls at the CPU, whose kernels have nodes of their own)
    ask for nothing. The k-th request of a name, operation, size and group is the same one at all ranks that have it.
    """
    return _requests([read(file) for file in files_of(Path(path))])


def summary(path: str | Path) -> str:
    """The nodes of the traces of all ranks by type, and the collectives that they ask for, one a line."""
    traces = [read(file) for file in files_of(Path(path))]
    number = Counter(node.type for _, nodes in traces for node in nodes)
    kinds = ", ".join(f"{number[kind]:,} {_type(kind)}" for kind in sorted(number))
    return "\n".join([f"{len(traces)} ranks: {kinds}", *map(str, _requests(traces))])


def asked(traces: Sequence[tuple[Any, list[Any]]]) -> str:
    """Why traces with collectives are no schedule, and what to do; nothing if there is none."""
    if not any(node.type == _COLLECTIVE for _, nodes in traces for node in nodes):
        return ""
    wanted = _requests(traces)
    if not wanted:
        return "collectives without comm_type and comm_size; expected COMM_SEND_NODE and COMM_RECV_NODE"
    one, more = wanted[0], f" (and {len(wanted) - 1} more)" if len(wanted) > 1 else ""
    known = one.collectives
    names = f"collective: {' or '.join(known[:_SHOWN])}{' or …' if len(known) > _SHOWN else ''}"
    names = names if known else "no collective here does that"
    scenario = f"workers: {len(one.ranks)}, size: {one.vector_bytes} B, {names}"
    return f"asks for {one}{more} and leaves open how; expected messages. As a scenario: {scenario}"


def _requests(traces: Iterable[tuple[Any, list[Any]]]) -> tuple[Request, ...]:
    ranks: dict[tuple[Any, ...], list[int]] = {}
    for rank, (_, nodes) in enumerate(traces):
        seen: Counter[tuple[Any, ...]] = Counter()
        for node in nodes:
            attrs = attributes(node) if node.type == _COLLECTIVE else {}
            if not all(isinstance(attrs.get(name), int) for name in ("comm_type", "comm_size")):
                continue
            operation = COLLECTIVES[attrs["comm_type"]] if 0 <= attrs["comm_type"] < len(COLLECTIVES) else "unknown"
            key = (node.name, operation, attrs["comm_size"], str(attrs.get("pg_name", "")))
            ranks.setdefault((*key, seen[key]), []).append(rank)
            seen[key] += 1
    return tuple(
        Request(name, operation, size_bytes, tuple(found), group)
        for (name, operation, size_bytes, group, _), found in ranks.items()
    )


def _type(kind: int) -> str:
    return NODE_TYPES[kind] if 0 <= kind < len(NODE_TYPES) else f"nodes of type {kind}"
