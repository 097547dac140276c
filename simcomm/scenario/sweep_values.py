"""The values of one swept path: a list, powers of two, a range, or a geometric series, with or without units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from math import isfinite
from typing import Any, Final

from simcomm.errors import InputError, did_you_mean
from simcomm.scenario.problems import shown
from simcomm.units import COUNT, KINDS, SIZE, Kind, parse_quantity

MAX_POINTS: Final = 1_000_000
INTEGER_PATHS: Final = ("workers", "parameters", "seed")
_FORMS: Final = "{log2: [first, last]}, {range: [first, last, step]} or {geometric: [first, last, count]}"


def values_of(spec: Any, dotted: str) -> list[Any]:
    """List the values that ``spec`` stands for; ``dotted`` is the path, which may want integers.

    >>> values_of({"log2": [2, 16]}, "workers"), values_of({"range": [0, 0.3, 0.1]}, "compute.jitter")
    ([2, 4, 8, 16], [0, 0.1, 0.2, 0.3])
    >>> values_of({"geometric": ["1 KiB", "1 MiB", 3]}, "size")
    ['1024 B', '32768 B', '1048576 B']
    """
    if isinstance(spec, list):
        if not spec:
            raise InputError("an empty list; expected one value or more")
        return spec
    if not isinstance(spec, Mapping):
        raise InputError(f"{shown(spec)} is not a sweep; expected a list, {_FORMS}")
    if not is_generator(spec):
        near = "".join(did_you_mean(key, _GENERATORS) for key in list(spec)[:1])
        nested = f" (to sweep a key of {dotted!r}, write its path with dots)" if not near else ""
        raise InputError(f"a mapping that is not a sweep; expected a list, {_FORMS}{nested}{near}")
    ((form, arguments),) = spec.items()
    return _GENERATORS[form](arguments, dotted)


def is_generator(spec: Any) -> bool:
    """Whether this is ``{log2: …}``, ``{range: …}`` or ``{geometric: …}``."""
    return isinstance(spec, Mapping) and len(spec) == 1 and next(iter(spec)) in _GENERATORS


def _log2(arguments: Any, dotted: str) -> list[Any]:
    (first, last), write = _numbers(arguments, 2, "log2: [first, last]", dotted)
    for number, text in zip((first, last), arguments, strict=True):
        if number < 1 or number.denominator != 1 or number.numerator.bit_count() != 1:
            raise InputError(f"{shown(text)} is not a power of two; expected log2: [first, last], such as [2, 1024]")
    _ascending(first, last, arguments)
    exponents = range(first.numerator.bit_length() - 1, last.numerator.bit_length())
    return [write(Fraction(2**exponent)) for exponent in exponents]


def _range(arguments: Any, dotted: str) -> list[Any]:
    (first, last, step), write = _numbers(arguments, 3, "range: [first, last, step]", dotted)
    if step <= 0:
        raise InputError(f"the step {shown(arguments[2])} is not greater than zero")
    _ascending(first, last, arguments)
    count = (last - first) // step + 1
    _refuse_too_many(count)
    return [write(first + index * step) for index in range(count)]


def _geometric(arguments: Any, dotted: str) -> list[Any]:
    form = "geometric: [first, last, count]"
    if not isinstance(arguments, list) or len(arguments) != 3:
        raise InputError(f"{_list_text(arguments)} does not fit; expected {form}")
    count = arguments[2]
    if isinstance(count, bool) or not isinstance(count, int) or count < 2:
        raise InputError(f"the count {shown(count)} is not a whole number of 2 or more; expected {form}")
    _refuse_too_many(count)
    (first, last), write = _numbers(arguments[:2], 2, form, dotted)
    if first <= 0:
        raise InputError(f"{shown(arguments[0])} is not greater than zero; a geometric series cannot start there")
    _ascending(first, last, arguments)
    with localcontext(prec=50):
        ratio = _decimal(last) / _decimal(first)
        between = [Fraction(_decimal(first) * ratio ** (Decimal(index) / (count - 1))) for index in range(1, count - 1)]
    if _kind_of(arguments[0]) is SIZE:
        # Whole elements of every dtype, the widest of which has 8 bytes.
        between = [Fraction(8 * max(1, round(value / 8))) for value in between]
    return list(dict.fromkeys(write(value) for value in (first, *between, last)))


_GENERATORS: Final[dict[str, Callable[[Any, str], list[Any]]]] = {
    "log2": _log2,
    "range": _range,
    "geometric": _geometric,
}


def _numbers(arguments: Any, length: int, form: str, dotted: str) -> tuple[list[Fraction], Callable[[Fraction], Any]]:
    """Read numbers of one kind, and how a value between them is written back."""
    if not isinstance(arguments, list) or len(arguments) != length:
        raise InputError(f"{_list_text(arguments)} does not fit; expected {form}")
    kind, *others = [_kind_of(argument) for argument in arguments]
    if any(other is not kind for other in others):
        raise InputError(f"numbers with different units; expected {form} in one unit")
    if kind is not None:
        return [parse_quantity(argument, kind) for argument in arguments], lambda value: _written(value, kind)
    numbers = [Fraction(repr(argument)) for argument in arguments]
    if dotted in INTEGER_PATHS or all(isinstance(argument, int) for argument in arguments):
        return numbers, round
    return numbers, lambda value: int(value) if value.denominator == 1 else float(value)


def _kind_of(argument: Any) -> Kind | None:
    """The kind of a quantity, or None for a plain number."""
    if isinstance(argument, int | float) and not isinstance(argument, bool) and isfinite(argument):
        return None
    for kind in KINDS:
        try:
            parse_quantity(argument, kind)
        except InputError:
            continue
        return kind
    raise InputError(f"{shown(argument)} is not a number, nor a quantity such as '1 KiB', '5 us' or '100 Gbit/s'")


def _written(value: Fraction, kind: Kind) -> str | int:
    if kind is COUNT:
        return round(value)
    unit = next(unit for unit, size in kind.units.items() if size == 1)
    return f"{round(value) if kind is SIZE else repr(float(value))} {unit}"


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _ascending(first: Fraction, last: Fraction, arguments: list[Any]) -> None:
    if first > last:
        raise InputError(
            f"starts at {shown(arguments[0])}, after its end {shown(arguments[1])}; expected the smaller first"
        )


def _refuse_too_many(count: int) -> None:
    if count > MAX_POINTS:
        raise InputError(f"{count:,} values; expected at most {MAX_POINTS:,}")


def _list_text(value: Any) -> str:
    return f"a list of {len(value)}" if isinstance(value, list) else shown(value)
