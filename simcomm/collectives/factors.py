"""Numbers of workers as products: the sides of a grid, and groups of the same size."""

from __future__ import annotations

import math
import re
from typing import Literal

from simcomm.errors import InputError

#: How many workers there are in a group, or as near to √n as can be.
Group = int | Literal["squarest"]


def divisors(n: int) -> list[int]:
    """All of them, the smallest first.

    >>> divisors(12)
    [1, 2, 3, 4, 6, 12]
    """
    small = [d for d in range(1, math.isqrt(n) + 1) if n % d == 0]
    return sorted({*small, *(n // d for d in small)})


def squarest_factors(n: int) -> tuple[int, int]:
    """The two that are nearest to each other, the smaller first.

    >>> squarest_factors(24), squarest_factors(7)
    ((4, 6), (1, 7))
    """
    smaller = max(d for d in range(1, math.isqrt(n) + 1) if n % d == 0)
    return smaller, n // smaller


def sides_of(workers: int, dims: str) -> tuple[int, ...]:
    """The sides that a word such as 4x4 names, or the squarest two; InputError if their product is not ``workers``.

    >>> sides_of(24, "2x3x4"), sides_of(24, "squarest")
    ((2, 3, 4), (4, 6))
    """
    if dims == "squarest":
        return squarest_factors(workers)
    sides = tuple(map(int, dims.split("x"))) if re.fullmatch(r"\d{1,9}(x\d{1,9})*", dims, re.ASCII) else ()
    if math.prod(sides or (0,)) != workers:
        example = "x".join(map(str, squarest_factors(workers)))
        raise InputError(f"dims: {dims!r}; expected sides whose product is {workers}, such as {example}, or squarest")
    return sides


def dims_worth_trying(workers: int) -> list[str]:
    """Two or three sides of more than one, in every order; one side where n is prime.

    >>> dims_worth_trying(12)
    ['2x6', '3x4', '4x3', '6x2', '2x2x3', '2x3x2', '3x2x2']
    """
    pairs = [(a, workers // a) for a in divisors(workers)[1:-1]]
    triples = [(a, b, rest // b) for a, rest in pairs for b in divisors(rest)[1:-1]]
    return ["x".join(map(str, sides)) for sides in [*pairs, *triples] or [(workers,)]]


def group_of(workers: int, group: Group) -> int:
    """The size of every group; InputError if it does not divide ``workers``.

    >>> group_of(24, 8), group_of(24, "squarest")
    (8, 4)
    """
    size = squarest_factors(workers)[0] if group == "squarest" else group
    if size < 1 or workers % size:
        some = ", ".join(map(str, divisors(workers)))
        raise InputError(f"group: {size} does not divide {workers} workers into equal groups; expected one of {some}")
    return size


def whole_groups(workers: int, *, group: Group = "squarest", **_: object) -> int:
    """As many ranks as workers, if they make whole groups."""
    return workers // group_of(workers, group) * group_of(workers, group)
