"""Chakra's execution traces as protobuf messages: the part of MLCommons' schema that simcomm writes and reads.

The descriptors are built here from the schema's field numbers, so that nothing is generated and protobuf is needed only
when a trace is read or written. Fields that are not named here are kept unread. A file is a sequence of messages, each
with its length before it as a varint: one GlobalMetadata, then Nodes.

MLCommons Chakra, schema/protobuf/et_def.proto (package ChakraProtoMsg).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from simcomm.errors import InputError

#: NodeType: what a node is.
NODE_TYPES: Final = (
    "INVALID_NODE",
    "METADATA_NODE",
    "MEM_LOAD_NODE",
    "MEM_STORE_NODE",
    "COMP_NODE",
    "COMM_SEND_NODE",
    "COMM_RECV_NODE",
    "COMM_COLL_NODE",
    "STORAGE_NODE",
    "BATCH_NODE",
    "CHECKPOINT_NODE",
)

#: CollectiveCommType: what the attribute comm_type of a COMM_COLL_NODE asks for.
COLLECTIVES: Final = (
    "all_reduce",
    "reduce",
    "all_gather",
    "gather",
    "scatter",
    "broadcast",
    "all_to_all",
    "reduce_scatter",
    "reduce_scatter_block",
    "barrier",
)

# Of every message: name of the field -> (number, type), with * behind a type that repeats. The types are protobuf's
# own, or another message of this table; a value of an attribute is one of a kind, and its list has the next number.
_SCALARS: Final = (
    *("double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64"),
    *("fixed32", "fixed64", "sfixed32", "sfixed64", "bool", "string", "bytes"),
)
_LISTS: Final = {f"{scalar.capitalize()}List": {"values": (1, f"{scalar}*")} for scalar in _SCALARS}
_VALUES: Final = {
    name: field
    for place, scalar in enumerate(_SCALARS)
    for name, field in (
        (f"{scalar}_val", (3 + 2 * place, scalar)),
        (f"{scalar}_list", (4 + 2 * place, f"{scalar.capitalize()}List")),
    )
}
_MESSAGES: Final[dict[str, dict[str, tuple[int, str]]]] = {
    **_LISTS,
    "AttributeProto": {"name": (1, "string"), "doc_string": (2, "string"), **_VALUES},
    "GlobalMetadata": {"version": (1, "string"), "attr": (2, "AttributeProto*")},
    "Node": {
        "id": (1, "uint64"),
        "name": (2, "string"),
        "type": (3, "int32"),
        "ctrl_deps": (4, "uint64*"),
        "data_deps": (5, "uint64*"),
        "duration_micros": (7, "uint64"),
        "attr": (10, "AttributeProto*"),
    },
}
_PACKAGE: Final = "ChakraProtoMsg"


@cache
def message_class(name: str) -> Any:
    """The class of a message of the schema; InputError without protobuf."""
    descriptor = _pool().FindMessageTypeByName(f"{_PACKAGE}.{name}")
    return import_module("google.protobuf.message_factory").GetMessageClass(descriptor)


@cache
def _pool() -> Any:
    try:
        descriptors = import_module("google.protobuf.descriptor_pb2")
        pool = import_module("google.protobuf.descriptor_pool").DescriptorPool()
    except ImportError:
        raise InputError("Chakra's traces need protobuf; expected pip install 'simcomm[chakra]'") from None
    file = descriptors.FileDescriptorProto(name="simcomm/chakra.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        if any(field in _VALUES for field in fields):
            message.oneof_decl.add(name="value")
        for field, (number, kind) in fields.items():
            added = message.field.add(name=field, number=number)
            added.label = added.LABEL_REPEATED if kind.endswith("*") else added.LABEL_OPTIONAL
            kind = kind.rstrip("*")
            if kind in _SCALARS:
                added.type = getattr(added, f"TYPE_{kind.upper()}")
            else:
                added.type, added.type_name = added.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            if field in _VALUES:
                added.oneof_index = 0
    pool.Add(file)
    return pool


def attribute(name: str, kind: str, value: Any) -> Any:
    """An attribute, whose value is of a kind such as int64 or bool."""
    return message_class("AttributeProto")(name=name, **{f"{kind}_val": value})


def attributes(message: Any) -> dict[str, Any]:
    """The attributes of a node or of the metadata: the value, None of one that has none."""
    found = {}
    for attr in message.attr:
        value = attr.WhichOneof("value")
        found[attr.name] = None if value is None else getattr(attr, value)
    return found


def packed(messages: Iterable[Any]) -> bytes:
    """Messages, each with its length before it."""
    parts = []
    for message in messages:
        data = message.SerializeToString(deterministic=True)
        parts += [_varint(len(data)), data]
    return b"".join(parts)


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the highest bit says that more follow.

    >>> _varint(300).hex()
    'ac02'
    """
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])


def read(path: Path) -> tuple[Any, list[Any]]:
    """The metadata and the nodes of a file; InputError with the byte at which it is no trace."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; expected a Chakra trace") from None
    parts = list(_parts(path, data))
    if not parts:
        raise InputError(f"{path}: it is empty; expected GlobalMetadata and Nodes of Chakra")
    kinds = ["GlobalMetadata", *["Node"] * (len(parts) - 1)]
    decode_error = import_module("google.protobuf.message").DecodeError if _pool() else Exception
    messages = []
    for kind, (start, part) in zip(kinds, parts, strict=True):
        message = message_class(kind)()
        try:
            message.ParseFromString(part)
        except decode_error:
            raise InputError(f"{path}: byte {start}: no {kind} of Chakra; expected a trace (.et)") from None
        messages.append(message)
    return messages[0], messages[1:]


def _parts(path: Path, data: bytes) -> Iterator[tuple[int, bytes]]:
    """The messages of a file, each with the byte at which it starts."""
    at = 0
    while at < len(data):
        length = shift = 0
        while True:
            if at >= len(data) or shift > 35:
                raise InputError(f"{path}: byte {at}: no length of a message; expected a Chakra trace (.et)")
            length |= (data[at] & 127) << shift
            at, shift = at + 1, shift + 7
            if data[at - 1] < 128:
                break
        if at + length > len(data):
            cut = f"a message of {length} bytes where {len(data) - at} are left"
            raise InputError(f"{path}: byte {at}: {cut}; expected a whole Chakra trace (.et)")
        yield at, data[at : at + length]
        at += length
