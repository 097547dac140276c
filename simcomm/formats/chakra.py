"""Chakra execution traces, which ASTRA-sim runs: one file per rank, of point-to-point nodes.

``ring.et`` stands for ``ring.0.et``, ``ring.1.et``, …, as ASTRA-sim's ``ring`` does. A message becomes a
COMM_SEND_NODE at one rank and a COMM_RECV_NODE at the other, with its operation's number as ``comm_tag``; a computation
becomes a COMP_NODE of whole microseconds, the nearest; what an operation waits for becomes ``data_deps``. What Chakra
has no word for (what is added and what replaced, chunks, messages of no byte and joins of 0 s) stands in attributes
``simcomm``, which others pass over. With them traces are read as the schedule that they were; without them as messages
of bytes and computations, of which nobody knows what they carry. There a send has ended when its message has arrived,
as in ASTRA-sim.

Traces with collectives instead of messages say what is wanted and not how: see :mod:`simcomm.formats.chakra_requests`.

Sridharan et al., Chakra: advancing performance benchmarking and co-design using standardized execution traces, 2023.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from simcomm.closed_forms import Vector
from simcomm.errors import InputError, did_you_mean
from simcomm.formats.base import Imported
from simcomm.formats.chakra_files import file_of, files_of, ranks_of
from simcomm.formats.chakra_proto import NODE_TYPES, attribute, attributes, message_class, packed, read
from simcomm.formats.chakra_requests import asked
from simcomm.formats.programs import Node, Role, Step, programs, schedule_of
from simcomm.formats.rows import header, imported, read_header, row
from simcomm.goals import Goal
from simcomm.schedule import Schedule
from simcomm.tables import write_file

_TYPES: Final[dict[Role, int]] = {
    "calc": NODE_TYPES.index("COMP_NODE"),
    "send": NODE_TYPES.index("COMM_SEND_NODE"),
    "recv": NODE_TYPES.index("COMM_RECV_NODE"),
}
_ROLES: Final = {number: role for role, number in _TYPES.items()}
_OURS: Final = "simcomm"
_ONLY_SAID: Final = "simcomm_more"
_SCHEMA: Final = "1.0.2-chakra.0.0.4"


def files(path: Path) -> tuple[Path, ...]:
    """The traces of all ranks."""
    return files_of(path)


def dump(schedule: Schedule, path: Path, *, workers: int, name: str, goal: Goal | None, vector: Vector | None) -> None:
    """Write one trace per rank; InputError without a vector, and for what Chakra cannot say."""
    if vector is None:
        raise InputError(f"{path}: Chakra has bytes and not chunks; expected a vector that is cut into the chunks")
    left = [rank for rank in ranks_of(path) if rank >= schedule.ranks]
    if left:
        there = f"{file_of(path, left[0])} is there, a trace of another schedule"
        raise InputError(f"{there}; expected ranks 0 to {schedule.ranks - 1} only, or another name")
    first = header(schedule, workers, name, goal, vector)
    for rank, messages in enumerate(_traces(schedule, vector, first)):
        write_file(file_of(path, rank), packed(messages))


def _traces(schedule: Schedule, vector: Vector, first: str) -> list[list[Any]]:
    """The messages of every rank's file."""
    size_bytes = schedule.sizes_bytes(vector)
    steps = programs(schedule, size_bytes)
    is_step = {step.operation for of_rank in steps for step in of_rank}
    only_said: list[list[str]] = [[] for _ in steps]
    for number in range(len(schedule)):
        if number not in is_step:
            only_said[schedule.src[number]].append(row(number, schedule[number]))
    sizes = size_bytes.tolist()
    return [
        [_metadata(first, said), *_nodes(schedule, sizes, of_rank)]
        for said, of_rank in zip(only_said, steps, strict=True)
    ]


def _metadata(first: str, only_said: Sequence[str]) -> Any:
    attrs = [attribute("schema", "string", _SCHEMA), attribute(_OURS, "string", first)]
    more = message_class("AttributeProto")(name=_ONLY_SAID)
    more.string_list.values.extend(only_said)
    return message_class("GlobalMetadata")(version="0.0.4", attr=[*attrs, *([more] if only_said else [])])


def _nodes(schedule: Schedule, sizes: Sequence[int], steps: Sequence[Step]) -> list[Any]:
    """The nodes of one rank; one of 0 µs where there are none, since ASTRA-sim stops at a trace without a node."""
    make = message_class("Node")
    on_gpu = attribute("is_cpu_op", "bool", False)
    ids = {(step.operation, step.role): place for place, step in enumerate(steps)}
    nodes: list[Any] = []
    for step in steps:
        number, kind = step.operation, _TYPES[step.role]
        node = make(id=len(nodes), name=f"{NODE_TYPES[kind]}_{number}", type=kind, attr=[on_gpu])
        node.data_deps.extend(ids[waited] for waited in step.after)
        if step.role == "calc":
            node.duration_micros = round(Fraction(float(schedule.seconds[number])) * 10**6)
        else:
            ends = (("comm_src", schedule.src[number]), ("comm_dst", schedule.dst[number]), ("comm_tag", number))
            node.attr.append(attribute("comm_type", "int64", kind))
            node.attr.append(attribute("comm_size", "int64", sizes[number]))
            node.attr.extend(attribute(name, "int32", int(value)) for name, value in ends)
        if step.role != "recv":
            node.attr.append(attribute(_OURS, "string", row(number, schedule[number])))
        nodes.append(node)
    return nodes or [make(id=0, name="idle", type=_TYPES["calc"], attr=[on_gpu])]


def load(path: Path) -> Imported:
    """The schedule of the traces of all ranks; InputError with the file and the node that is wrong."""
    paths = files_of(path)
    traces = [read(file) for file in paths]
    first = attributes(traces[0][0]).get(_OURS)
    if isinstance(first, str):
        return _as_written(path, paths, traces, first)
    wanted = asked(traces)
    if wanted:
        raise InputError(f"{paths[0]}: {wanted}")
    nodes = [node for rank, (_, of_rank) in enumerate(traces) for node in _read_rank(rank, paths, of_rank)]
    schedule, size_bytes = schedule_of(len(paths), _numbered(nodes), sends_end_with_arrival=True)
    return Imported(schedule, schedule.ranks, file_of(path, 0).name[:-5], str(path), size_bytes=size_bytes)


def _as_written(path: Path, paths: Sequence[Path], traces: Sequence[tuple[Any, list[Any]]], first: str) -> Imported:
    """The schedule in our own attributes; the nodes must be those that it is written as."""
    ranks = read_header(str(paths[0]), first)["ranks"]
    if ranks != len(paths):
        raise InputError(f"{path}: traces of {len(paths)} ranks; their attributes say {ranks}")
    rows = []
    for file, (metadata, nodes) in zip(paths, traces, strict=True):
        more = getattr(attributes(metadata).get(_ONLY_SAID), "values", ())
        said = [(str(file), line) for line in more]
        said += [(_where(file, node), attributes(node).get(_OURS)) for node in nodes]
        rows += [(where, line) for where, line in said if isinstance(line, str)]
    found = imported((str(paths[0]), first), rows, path)
    assert found.vector is not None
    expected = _traces(found.schedule, found.vector, first)
    for file, (metadata, nodes), written in zip(paths, traces, expected, strict=True):
        pairs = zip_longest([metadata, *nodes], written)
        wrong = next((place for place, (one, other) in enumerate(pairs) if one != other), None)
        if wrong is not None:
            what = _where(file, nodes[wrong - 1]) if 0 < wrong <= len(nodes) else str(file)
            raise InputError(f"{what}: not as the attributes of simcomm say; without them the nodes are read alone")
    return found


def _where(file: Path, node: Any) -> str:
    return f"{file}: node {node.id} ({node.name})"


def _read_rank(
    rank: int, paths: Sequence[Path], messages: Sequence[Any]
) -> list[tuple[Node, tuple[int, int], list[Any]]]:
    """Its nodes, each with (rank, id) and what it waits for."""
    found = []
    for message in messages:
        where = _where(paths[rank], message)
        role = _ROLES.get(message.type)
        if role is None:
            kind = NODE_TYPES[message.type] if 0 <= message.type < len(NODE_TYPES) else f"node of type {message.type}"
            raise InputError(f"{where}: a {kind}; expected {', '.join(NODE_TYPES[number] for number in _ROLES)}")
        node = Node(rank, role, where, seconds=message.duration_micros / 10**6)
        if role != "calc":
            node = _message(node, attributes(message), len(paths))
        found.append((node, (rank, message.id), [*message.data_deps, *message.ctrl_deps]))
    return found


def _message(node: Node, attrs: dict[str, Any], ranks: int) -> Node:
    """A send or a receive, with its other end."""
    own, other = ("comm_src", "comm_dst") if node.role == "send" else ("comm_dst", "comm_src")
    values = {}
    for name in (other, "comm_size", "comm_tag", *((own,) if own in attrs else ())):
        value = attrs.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            near = did_you_mean(name, attrs) if name not in attrs else ""
            said = "no attribute" if name not in attrs else "not a whole number:"
            raise InputError(f"{node.where}: {said} {name!r}; a {node.role} needs it{near}")
        values[name] = value
    if values.get(own, node.rank) != node.rank:
        raise InputError(f"{node.where}: {own} is {values[own]}; expected {node.rank}, whose trace it is in")
    if not 0 <= values[other] < ranks or values[other] == node.rank:
        raise InputError(f"{node.where}: {other} is {values[other]}; expected another rank of 0 to {ranks - 1}")
    if values["comm_size"] < 1:
        raise InputError(f"{node.where}: comm_size is {values['comm_size']}; expected bytes, at least 1")
    return Node(
        node.rank, node.role, node.where, size_bytes=values["comm_size"], peer=values[other], tag=values["comm_tag"]
    )


def _numbered(found: Sequence[tuple[Node, tuple[int, int], list[Any]]]) -> list[Node]:
    """The nodes, waiting for places in the list instead of ids."""
    places: dict[tuple[int, int], int] = {}
    for place, (node, key, _) in enumerate(found):
        if places.setdefault(key, place) != place:
            raise InputError(f"{node.where}: another node of this rank has the id {key[1]}; expected each once")
    nodes = []
    for node, (rank, _), after in found:
        unknown = [waited for waited in after if (rank, waited) not in places]
        if unknown:
            raise InputError(f"{node.where}: waits for node {unknown[0]}, which is not in the trace of rank {rank}")
        nodes.append(replace(node, after=tuple(places[rank, waited] for waited in after)))
    return nodes
