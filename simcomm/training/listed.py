"""Layers as a list of mappings, the form that they have in YAML: checked strictly, then counted.

An item names one kind with its keys, and may repeat it: ``{conv: {kernel: 3, in: 3, out: 4}, repeat: 2}``.
An item ``{layers: [...], repeat: 12}`` repeats a whole block; blocks may hold blocks.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simcomm.errors import InputError, did_you_mean
from simcomm.training.layers import KINDS, Tensors, parameters_in

Where = tuple[str | int, ...]
"""A path into the list: ``(2, "conv", "kernel")`` is ``layers[2].conv.kernel``."""

_DEEPEST = 16
_KINDS = (*KINDS, "layers")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a list of layers, and where."""

    where: Where
    what: str

    def __str__(self) -> str:
        return f"{_path(self.where)}: {self.what}"


class LayersError(InputError):
    """All that is wrong with a list of layers, one line each; ``problems`` has the places."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class _Repeated:
    """A layer's tensors, or a block's items, and how often they come."""

    body: Tensors | tuple[_Repeated, ...]
    times: int
    parameters: int

    def tensors(self) -> Tensors:
        flat: Tensors = ()
        for part in self.body:
            flat += part.tensors() if isinstance(part, _Repeated) else (part,)
        return flat * self.times


def parameters_of_layers(layers: object) -> int:
    """Add up the parameters of a list of layers, without building what ``repeat`` multiplies.

    Raises ``LayersError`` (an ``InputError``) with everything that is wrong: the path, the value, what was expected.

    >>> parameters_of_layers([{"conv": {"kernel": 3, "in": 3, "out": 4}}])
    108
    >>> parameters_of_layers([{"layers": [{"linear": {"in": 8, "out": 8}}, {"layer_norm": {"dim": 8}}], "repeat": 2}])
    176
    >>> parameters_of_layers([{"linear": {"in": 0, "output": 8}}])
    Traceback (most recent call last):
    simcomm.training.listed.LayersError: layers[0].linear.in: got 0, expected a positive integer
    layers[0].linear.output: unknown key, expected in, out, bias; did you mean 'out'?
    layers[0].linear: key 'out' is missing, expected a positive integer
    """
    return sum(item.parameters for item in _read(layers))


def tensors_of_layers(layers: object) -> Tensors:
    """Return the parameter tensors of a list of layers, in order; errors as in ``parameters_of_layers``.

    >>> [tensor.numel for tensor in tensors_of_layers([{"linear": {"in": 2, "out": 3}, "repeat": 2}])]
    [6, 3, 6, 3]
    """
    return sum((item.tensors() for item in _read(layers)), ())


def keys_of_kind(kind: str) -> dict[str, bool | int | None]:
    """Name the keys of a layer kind with their defaults; None marks a key that must be given.

    >>> keys_of_kind("conv")
    {'kernel': None, 'in': None, 'out': None, 'groups': 1, 'bias': False}
    """
    arguments = inspect.signature(KINDS[kind]).parameters.values()
    return {key.name.rstrip("_"): None if key.default is key.empty else key.default for key in arguments}


def _read(layers: object) -> tuple[_Repeated, ...]:
    problems: list[Problem] = []
    items = _read_list(layers, (), problems)
    if problems:
        raise LayersError(problems)
    return items


def _read_list(layers: object, where: Where, problems: list[Problem]) -> tuple[_Repeated, ...]:
    if not isinstance(layers, list | tuple) or not layers:
        problems.append(Problem(where, _expected(layers, "a list of one or more layers")))
        return ()
    if len(where) > 2 * _DEEPEST:
        problems.append(Problem(where, f"blocks within blocks, expected at most {_DEEPEST} levels"))
        return ()
    return tuple(_read_item(item, (*where, index), problems) for index, item in enumerate(layers))


def _read_item(item: object, where: Where, problems: list[Problem]) -> _Repeated:
    """Read one item; what is wrong goes to ``problems``, and what is returned then is not used."""
    kind, value, times = _kind_of(item, where, problems)
    if not _is_count(times):
        problems.append(Problem((*where, "repeat"), _expected(times, "a positive integer")))
        times = 1
    if kind == "layers":
        block = _read_list(value, (*where, kind), problems)
        return _Repeated(block, times, times * sum(part.parameters for part in block))
    tensors = _read_layer(kind, value, (*where, kind), problems) if kind else ()
    return _Repeated(tensors, times, times * parameters_in(tensors))


def _kind_of(item: object, where: Where, problems: list[Problem]) -> tuple[str, object, Any]:
    """Take an item apart: its layer kind, the kind's value, how often; the kind is empty where something is wrong."""
    if isinstance(item, Mapping):
        wrong = [key for key in item if key not in (*_KINDS, "repeat")]
        for key in wrong:
            what = f"unknown layer kind, expected {', '.join(_KINDS)}{did_you_mean(key, (*_KINDS, 'repeat'))}"
            problems.append(Problem((*where, str(key)), what))
        kinds = [key for key in item if key in _KINDS]
        if len(kinds) == 1 and not wrong:
            return kinds[0], item[kinds[0]], item.get("repeat", 1)
        if wrong:
            return "", None, 1
    what = _expected(item, "one layer kind with its keys, such as {linear: {in: 2048, out: 1000}}")
    problems.append(Problem(where, what))
    return "", None, 1


def _read_layer(kind: str, values: object, where: Where, problems: list[Problem]) -> Tensors:
    keys = keys_of_kind(kind)
    if not isinstance(values, Mapping):
        problems.append(Problem(where, _expected(values, f"a mapping with the keys {', '.join(keys)}")))
        return ()
    before = len(problems)
    for key, value in values.items():
        if key not in keys:
            what = f"unknown key, expected {', '.join(keys)}{did_you_mean(key, keys)}"
            problems.append(Problem((*where, str(key)), what))
        elif isinstance(keys[key], bool):
            if not isinstance(value, bool):
                problems.append(Problem((*where, key), _expected(value, "true or false")))
        elif not _is_count(value):
            problems.append(Problem((*where, key), _expected(value, "a positive integer")))
    for key in keys:
        if keys[key] is None and key not in values:
            problems.append(Problem(where, f"key {key!r} is missing, expected a positive integer"))
    if len(problems) > before:
        return ()
    try:
        return KINDS[kind](**{"in_" if key == "in" else key: value for key, value in values.items()})
    except InputError as error:
        problems.append(Problem(where, str(error)))
        return ()


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _expected(value: object, what: str) -> str:
    return f"got {_shown(value)}, expected {what}"


def _shown(value: object, longest: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= longest else text[: longest - 3] + "..."


def _path(where: Where) -> str:
    return "layers" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where)
