"""The parameters of a network model as a scenario writes them: ``overhead: 1 us`` is the field ``overhead_s``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import Field, fields
from fractions import Fraction
from typing import Any, NamedTuple

from simcomm import units
from simcomm.errors import InputError, did_you_mean


class Option(NamedTuple):
    """One parameter: its name in a scenario, the field of the model, and what its text must be (None: a plain word)."""

    name: str
    field: Field[Any]
    kind: units.Kind | None


_QUANTITIES: dict[str, tuple[units.Kind, Callable[[str], Any]]] = {
    "_s": (units.TIME, units.parse_time),
    "_Bps": (units.BANDWIDTH, units.parse_bandwidth),
    "_bytes": (units.SIZE, units.parse_size),
}


def options_of(model: Any) -> dict[str, Option]:
    """The parameters of a model's class by their names in a scenario.

    >>> from simcomm.networks.loggp import LogGP
    >>> list(options_of(LogGP))[:3]
    ['overhead', 'gap', 'reduce_bandwidth']
    """
    found = {}
    for field in fields(model):
        suffix = next((s for s in _QUANTITIES if field.name.endswith(s)), "")
        name = field.name.removesuffix(suffix)
        found[name] = Option(name, field, _QUANTITIES[suffix][0] if suffix else None)
    return found


#: What each option is, for editors (`simcomm schema`).
DESCRIPTIONS: dict[str, str] = {
    "overhead": "o: a port's (or the CPU's) time per message",
    "gap": "g: least time between two messages of a port",
    "reduce_bandwidth": "1/gamma: how fast a rank adds; free when absent",
    "cpu_bandwidth": "1/O: how fast a CPU handles bytes; free when absent",
    "rendezvous_above": "larger messages are announced and answered before they are sent; none when absent",
    "first_byte_free": "b - 1 bytes take time, as in the LogGP paper",
    "ports": "full_duplex: a send and a receive port; one_cpu: a host does one thing at a time",
    "packet_size": "messages are cut into packets of this size; sent whole when absent",
    "endpoint_delay": "time at the receiver after every message",
    "weights": "equal: plain max-min; inverse_latency: shares in proportion to 1/latency, as TCP",
    "rate_cap": "the most that one flow may have; no such limit when absent",
}


def read(model_name: str, model: Any, given: Mapping[str, Any], plain_numbers: bool = True) -> dict[str, Any]:
    """The arguments of a model's class; InputError names the option that is unknown or wrong.

    A quantity is text with a unit, or (``plain_numbers``) a plain number of SI units, also a Fraction.
    """
    known = options_of(model)
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise InputError(
                f"unknown option {name!r} of network {model_name}; expected one of {', '.join(known)}"
                f"{did_you_mean(name, known)}"
            )
        option = known[name]
        if value is not None:
            found[option.field.name] = _value(option, value, plain_numbers)
    return found


def _value(option: Option, value: Any, plain_numbers: bool) -> Any:
    if option.kind is None:
        expected = type(option.field.default)
        if not isinstance(value, expected):
            word = "true or false" if expected is bool else "a word"
            raise InputError(f"{option.name}: {value!r}; expected {word}")
        return value
    if plain_numbers and isinstance(value, int | float | Fraction) and value is not True and value is not False:
        if not 0 <= value < math.inf or (value == 0 and option.kind is units.BANDWIDTH):
            raise InputError(f"{option.name}: {value!r} is out of range; {option.kind.expected}")
        if option.kind is units.SIZE and value != int(value):
            raise InputError(f"{option.name}: {value!r} bytes are not a whole number; {option.kind.expected}")
        return int(value) if option.kind is units.SIZE else value
    parse = next(parse for kind, parse in _QUANTITIES.values() if kind is option.kind)
    try:
        return parse(value)
    except InputError as error:
        raise InputError(f"{option.name}: {error}") from None
