"""What pydantic finds wrong, in words for the person who wrote the file."""

from __future__ import annotations

from typing import Final

from pydantic_core import ErrorDetails

from simcomm.errors import did_you_mean
from simcomm.scenario.model import SECTIONS, Scenario, keys_of
from simcomm.scenario.paths import SHORTHANDS
from simcomm.scenario.problems import Path, shown

TOP_KEYS: Final = ("question", *keys_of(Scenario), "plugins", "sweep")
_EXPECTED: Final[dict[Path, str]] = {
    ("workers",): "expected an integer >= 1",
    ("collective",): "expected a name such as ring_all_reduce (simcomm list shows all)",
    ("collective", "name"): "expected a name such as ring_all_reduce (simcomm list shows all)",
    ("link", "bandwidth"): "expected a bandwidth such as '100 Gbit/s' or '12.5 GB/s'",
    ("link", "latency"): "expected a time such as '5 us' or '1.5 ms'",
}


def place_of(error: ErrorDetails) -> Path:
    """The path of the key that is wrong; a bad key of ``stragglers`` is its own place."""
    return tuple(part for part in error["loc"] if part != "[key]")


def is_about_key(error: ErrorDetails) -> bool:
    """Whether the key itself is wrong, not its value."""
    return error["type"] in ("extra_forbidden", "invalid_key") or "[key]" in error["loc"]


def message_of(error: ErrorDetails) -> str:
    """Say what is wrong, what was expected and the nearest right spelling.

    >>> message_of({"type": "extra_forbidden", "loc": ("colective",), "msg": "", "input": "x"})
    "unknown key; did you mean 'collective'?"
    """
    where, kind = place_of(error), error["type"]
    if kind == "refused":
        return error["msg"]
    if kind == "missing":
        return f"missing; {_EXPECTED[where]}"
    if kind in ("extra_forbidden", "invalid_key"):
        keys = _keys_at(where[:-1])
        return f"unknown key{did_you_mean(where[-1], keys) or '; expected one of ' + ', '.join(keys)}"
    return f"{shown(error['input'])} does not fit; {_expected_mapping(where)}"


def _keys_at(where: Path) -> tuple[str, ...]:
    return keys_of(SECTIONS[str(where[0])]) if where else TOP_KEYS


def _expected_mapping(where: Path) -> str:
    section = str(where[0])
    if where == ("stragglers",):
        return "expected a mapping of ranks, such as {3: {bandwidth_factor: 0.5}}"
    keys = ", ".join(keys_of(SECTIONS[section]))
    return f"expected {'a name or ' if section in SHORTHANDS else ''}a mapping with {keys}"
