"""The types of single fields: how a value of YAML becomes one in SI units, what is refused, what editors are told."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from simcomm import engines, units
from simcomm.errors import InputError, did_you_mean
from simcomm.scenario.problems import shown
from simcomm.topology import placement, routing

ITEMSIZE: Final[dict[str, int]] = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "float8_e4m3": 1, "float8_e5m2": 1,
    "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint64": 8, "uint32": 4, "uint16": 2, "uint8": 1,
}  # fmt: skip
"""Bytes of an element."""


def refusal(message: str) -> PydanticCustomError:
    """An error whose text goes to the user as it is."""
    return PydanticCustomError("refused", "{reason}", {"reason": message})


def whole(value: Any, least: int) -> int:
    """An integer of at least ``least``; 8.0 and 1e9 are whole, true and "8" are not numbers."""
    expected = f"expected an integer >= {least}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value != int(value):
        raise InputError(f"{shown(value)} is not a whole number; {expected}")
    # By its digits: the float 1e23 is meant as 10**23, which it is not.
    number = value if isinstance(value, int) else int(Fraction(repr(value)))
    if number < least:
        raise InputError(f"{shown(value)} is too small; {expected}")
    return number


def real(value: Any, positive: bool) -> float:
    """A finite number, of at least (or above) zero."""
    expected = f"expected a number {'>' if positive else '>='} 0"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{shown(value)} is not a number; {expected}")
    if not 0 <= value < 1e300 or (positive and not value):
        raise InputError(f"{shown(value)} is out of range; {expected}")
    return float(value)


def one_of(value: Any, what: str, choices: Collection[str], hint: str = "") -> str:
    """A name of a registry, or the nearest right spelling."""
    if not isinstance(value, str):
        raise InputError(f"{shown(value)} is not a name; expected {_or(choices)}")
    if value not in choices:
        expected = f"; expected {_or(choices)}" if not hint else ""
        raise InputError(f"unknown {what} {shown(value)}{expected}{did_you_mean(value, choices)}{hint}")
    return value


def _or(choices: Collection[str]) -> str:
    return ", ".join(choices)


def _collective(value: Any, info: ValidationInfo) -> str:
    from simcomm import collectives

    plugins: Collection[str] = (info.context or {}).get("plugins", ())
    return one_of(value, "collective", (*collectives.names(), *plugins), " (simcomm list shows all)")


def _kind(value: Any) -> str:
    from simcomm import topology

    return one_of(value, "topology", topology.kinds())


def _placement(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | Mapping):
        raise InputError(f"{shown(value)} is not a placement; expected {_or(placement.names())} or a list of hosts")
    placement.check(value)
    return tuple(value) if isinstance(value, list) else value


def _network(value: Any) -> str:
    from simcomm import networks

    return one_of(value, "network model", networks.names())


def _model(value: Any) -> str:
    from simcomm import training

    return one_of(value, "model", training.models())


def _quantity(parse: Callable[[object], Any], kind: units.Kind) -> Callable[[Any], Any]:
    def parsed(value: Any) -> Any:
        if value is None or isinstance(value, bool | list | Mapping):
            raise InputError(f"{shown(value)} is not {kind.name}; {kind.expected}")
        return parse(value)

    return parsed


def _path(value: Any, info: ValidationInfo, example: str) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise InputError(f"{shown(value)} is not a file name; expected {example}")
    return Path((info.context or {}).get("base_dir", Path()) / value)


def _graph(value: Any, info: ValidationInfo) -> Path:
    path = _path(value, info, "a graph such as 'cluster.graphml'")
    if not path.is_file():
        kinds = "a graph: GraphML, GEXF, node-link JSON or NCCL topology XML"
        raise InputError(f"{shown(str(value))} is not a file; expected {kinds}")
    return path


def _schedule(value: Any, info: ValidationInfo) -> Path:
    from simcomm import formats

    path = _path(value, info, "a schedule such as 'ring.xml'")
    formats.format_of(path)
    if not all(file.is_file() for file in formats.files(path)):
        kinds = ", ".join(f"{name} ({suffix})" for suffix, name in formats.SUFFIXES.items())
        raise InputError(f"{shown(str(value))} is not a file; expected a schedule: {kinds}")
    return path


def _layers(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"{shown(value)} is not a list; expected layers such as [{{linear: {{in: 8, out: 8}}}}]")
    return value


def _checked(check: Callable[..., Any], *, context: bool = False) -> BeforeValidator:
    """Let pydantic collect what ``check`` refuses, with all else that is wrong."""

    def validate(value: Any, info: ValidationInfo) -> Any:
        try:
            return check(value, info) if context else check(value)
        except InputError as error:
            raise refusal(str(error)) from None

    return BeforeValidator(validate)


def quantity_schema(kind: units.Kind) -> dict[str, Any]:
    """For editors: a quantity is text; the pattern knows its units."""
    alternatives = "|".join(unit for unit in kind.units)
    pattern = rf"^\s*\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*({alternatives})\s*$"
    return {"type": "string", "pattern": pattern}


def _text(kind: units.Kind, *examples: str) -> WithJsonSchema:
    return WithJsonSchema(quantity_schema(kind) | {"examples": list(examples)})


def _integer(least: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer", "minimum": least})


def _number(limit: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"type": "number", **limit})


_COUNT_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^.*[0-9].*parameters *$"}],
    "examples": [25557032, "25.6e6 parameters"],
}
_PLACEMENT_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [
        {"enum": list(placement.names())},
        {"type": "array", "items": {"type": ["string", "integer"]}, "uniqueItems": True},
    ]
}
_TEXT: Final = WithJsonSchema({"type": "string"})

Workers = Annotated[int, _checked(lambda value: whole(value, 1)), _integer(1)]
Seed = Annotated[int, _checked(lambda value: whole(value, 0)), _integer(0)]
Rank = Annotated[int, _checked(lambda value: whole(value, 0)), _integer(0)]
Positive = Annotated[float, _checked(lambda value: real(value, True)), _number({"exclusiveMinimum": 0})]
NonNegative = Annotated[float, _checked(lambda value: real(value, False)), _number({"minimum": 0})]
Bandwidth = Annotated[
    float,
    _checked(_quantity(units.parse_bandwidth, units.BANDWIDTH)),
    _text(units.BANDWIDTH, "100 Gbit/s", "12.5 GB/s"),
]
Time = Annotated[float, _checked(_quantity(units.parse_time, units.TIME)), _text(units.TIME, "5 us", "1.5 ms", "0 s")]
Size = Annotated[int, _checked(_quantity(units.parse_size, units.SIZE)), _text(units.SIZE, "25 MB", "25 MiB")]
Count = Annotated[int, _checked(_quantity(units.parse_count, units.COUNT)), WithJsonSchema(_COUNT_SCHEMA)]
Dtype = Annotated[
    str, _checked(lambda value: one_of(value, "dtype", ITEMSIZE)), WithJsonSchema({"enum": list(ITEMSIZE)})
]
Engine = Annotated[
    str,
    _checked(lambda value: one_of(value, "engine", engines.names())),
    WithJsonSchema({"enum": list(engines.names())}),
]
CollectiveName = Annotated[str, _checked(_collective, context=True), _TEXT]
TopologyKind = Annotated[str, _checked(_kind), _TEXT]
Placement = Annotated[str | tuple[str | int, ...], _checked(_placement), WithJsonSchema(_PLACEMENT_SCHEMA)]
RoutingName = Annotated[
    str,
    _checked(lambda value: one_of(value, "routing", routing.names())),
    WithJsonSchema({"enum": list(routing.names())}),
]
NetworkName = Annotated[str, _checked(_network), _TEXT]
ModelName = Annotated[str, _checked(_model), _TEXT]
GraphName = Annotated[Path, _checked(_graph, context=True), _TEXT]
ScheduleName = Annotated[Path, _checked(_schedule, context=True), _TEXT]
Layers = Annotated[list[Any], _checked(_layers), WithJsonSchema({"type": "array", "items": {"type": "object"}})]
