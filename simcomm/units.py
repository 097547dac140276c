"""Quantities in ("100 Gbit/s", "5 us", "25 MB"), plain SI numbers inside, quantities out.

Numbers are read as exact fractions, so "100 Gbit/s" is exactly 12.5e9 bytes per second. A unit is required;
k, M, G and T are decimal, Ki, Mi, Gi and Ti binary; a bit is not a byte (B).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from simcomm.errors import InputError, did_you_mean

_DECIMAL: Final = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_PREFIXES: Final = {**_DECIMAL, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
# Few digits: 10**(a billion) would be computed exactly, for ever.
_NUMBER: Final = re.compile(
    r"([+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?)((?![0-9.]|[eE][+-]?[0-9]).*)",
    re.DOTALL,
)


class Kind(NamedTuple):
    """What is measured: its name in a sentence, examples, and the size of each unit in the base unit."""

    name: str
    examples: str
    units: Mapping[str, Fraction]

    @property
    def expected(self) -> str:
        """The second half of an error message."""
        return f"expected {self.name} such as {self.examples}"


def _prefixed(unit: str, size: Fraction = Fraction(1), prefixes: Mapping[str, int] = _PREFIXES) -> dict[str, Fraction]:
    return {prefix + unit: factor * size for prefix, factor in prefixes.items()}


_SECONDS = {"s": 0, "ms": 3, "us": 6, "µs": 6, "μs": 6, "ns": 9, "ps": 12}

BANDWIDTH: Final = Kind(
    "a bandwidth", "'100 Gbit/s' or '12.5 GB/s'", {**_prefixed("bit/s", Fraction(1, 8)), **_prefixed("B/s")}
)
TIME: Final = Kind("a time", "'5 us' or '1.5 ms'", {unit: Fraction(1, 10**digits) for unit, digits in _SECONDS.items()})
SIZE: Final = Kind("a size", "'25 MB' or '25 MiB'", _prefixed("B"))
COUNT: Final = Kind("a count", "25600000 or '25.6e6 parameters'", _prefixed("parameters", prefixes=_DECIMAL))
KINDS: Final = (BANDWIDTH, TIME, SIZE, COUNT)


def parse_quantity(text: object, kind: Kind) -> Fraction:
    """Read a number with a unit of this kind, exactly, in the base unit (bytes/s, s, bytes, parameters).

    Raises :class:`~simcomm.errors.InputError` when the text is no number with such a unit, or is negative.

    >>> parse_quantity("2.5 us", TIME)
    Fraction(1, 400000)
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise InputError(f"{_shown(text)} is not {kind.name}; {kind.expected}")
    match = _NUMBER.fullmatch(str(text).strip())
    if match is None:
        raise InputError(f"{_shown(text)} is not {kind.name}; {kind.expected}")
    number, unit = Fraction(match[1]), re.sub(r"\s+", "", match[2])
    if number < 0:
        raise InputError(f"{_shown(text)} is negative; {kind.expected}")
    if unit not in kind.units:
        raise InputError(f"{_shown(text)} {_wrong_unit(number, unit, kind)}")
    return number * kind.units[unit]


def parse_bandwidth(text: object) -> float:
    """Read a bandwidth, in bytes/s; it must be greater than zero.

    >>> parse_bandwidth("100 Gbit/s")
    12500000000.0
    """
    return _finite(parse_quantity(text, BANDWIDTH), text, BANDWIDTH, positive=True)


def parse_time(text: object) -> float:
    """Read a time, in seconds; zero is allowed.

    >>> parse_time("5 us")
    5e-06
    """
    return _finite(parse_quantity(text, TIME), text, TIME, positive=False)


def parse_size(text: object) -> int:
    """Read a size, in bytes; a whole number, zero is allowed.

    >>> parse_size("25 MiB")
    26214400
    """
    return _whole(parse_quantity(text, SIZE), text, SIZE, "bytes")


def parse_count(text: object) -> int:
    """Read a number of parameters: a whole number, or text with a unit.

    >>> parse_count("25.6 M parameters"), parse_count(8), parse_count(1e9)
    (25600000, 8, 1000000000)
    """
    if isinstance(text, str | bool) or not isinstance(text, int | float) or not math.isfinite(text):
        return _whole(parse_quantity(text, COUNT), text, COUNT, "parameters")
    if text < 0:
        raise InputError(f"{_shown(text)} is negative; {COUNT.expected}")
    # By its digits: the float 1e23 is meant as 10**23, which it is not.
    return _whole(Fraction(repr(text)), text, COUNT, "parameters")


def format_bandwidth(bandwidth_Bps: float) -> str:
    """Write a bandwidth in bytes and in bits, to three digits.

    >>> format_bandwidth(12.5e9)
    '12.5 GB/s = 100 Gbit/s'
    """
    in_bits = _with_prefix(bandwidth_Bps * 8, "bit/s", _DECIMAL)
    return f"{_with_prefix(bandwidth_Bps, 'B/s', _DECIMAL)} = {in_bits}"


def format_time(time_s: float) -> str:
    """Write a time to three digits.

    >>> format_time(0.01408), format_time(0)
    ('14.1 ms', '0 s')
    """
    return _with_prefix(time_s, "s", {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1})


def format_size(size_bytes: float) -> str:
    """Write a size to three digits, with decimal prefixes.

    >>> format_size(25_557_032), format_size(100)
    ('25.6 MB', '100 B')
    """
    return _with_prefix(size_bytes, "B", _DECIMAL)


def format_binary_size(size_bytes: float) -> str:
    """Write a size to three digits, with binary prefixes.

    >>> format_binary_size(98_304), format_binary_size(2**30), format_binary_size(1_000_000)
    ('96 KiB', '1 GiB', '977 KiB')
    """
    for prefix, size in (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if size_bytes >= size:
            number = size_bytes / size
            return f"{number:.3g} {prefix}B" if number < 999.5 else f"{round(number)} {prefix}B"
    return f"{round(size_bytes)} B"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _finite(value: Fraction, text: object, kind: Kind, positive: bool) -> float:
    if positive and float(min(value, Fraction(1))) == 0:
        raise InputError(f"{_shown(text)} is zero; expected {kind.name} greater than zero, such as {kind.examples}")
    if value > Fraction(10) ** 300:
        raise InputError(f"{_shown(text)} is too large; {kind.expected}")
    return float(value)


def _whole(value: Fraction, text: object, kind: Kind, unit: str) -> int:
    if value.denominator != 1:
        raise InputError(f"{_shown(text)} is not a whole number of {unit}; {kind.expected}")
    return value.numerator


def _wrong_unit(number: Fraction, unit: str, kind: Kind) -> str:
    if not unit:
        return f"has no unit; {kind.expected}"
    bits = re.fullmatch(r"([kMGT]|[KMGT]i|)(?:b|bits?|Bits?)", unit)
    if kind is SIZE and bits:
        return f"is in bits; expected bytes: '{float(number / 8):.12g} {bits[1]}B'"
    rate = re.fullmatch(r"([kMGT]|[KMGT]i|)(?:b(?:it)?ps|b/s|bits/s)", unit)
    if kind is BANDWIDTH and rate:
        hint = f"write '{rate[1]}bit/s' for bits or '{rate[1]}B/s' for bytes"
    else:
        other_case = [f"; did you mean {known!r}?" for known in kind.units if known.lower() == unit.lower()]
        hint = kind.expected + (other_case[0] if other_case else did_you_mean(unit, kind.units))
    return f"has an unknown unit {unit[:20]!r}; {hint}"


def _with_prefix(value: float, unit: str, prefixes: Mapping[str, float]) -> str:
    """The number with the largest prefix that leaves it at 1 or more (the smallest prefix when there is none)."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {unit}"
    rounded = float(f"{value:.3g}")
    sizes = sorted(prefixes.items(), key=lambda item: item[1])
    prefix, size = next((item for item in reversed(sizes) if abs(rounded) >= item[1]), sizes[0])
    return f"{rounded / size:.12g} {prefix}{unit}"
