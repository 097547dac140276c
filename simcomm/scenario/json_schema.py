"""The JSON Schema of a scenario file, for editors."""

from __future__ import annotations

from typing import Any, Final

from simcomm import collectives, networks, topology, training
from simcomm.networks.options import DESCRIPTIONS, options_of
from simcomm.scenario.fields import quantity_schema
from simcomm.scenario.model import Scenario, keys_of
from simcomm.scenario.paths import SHORTHANDS

_SWEPT: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "array", "minItems": 1},
        *(
            {
                "type": "object",
                "properties": {form: {"type": "array", "minItems": count, "maxItems": count}},
                "required": [form],
                "additionalProperties": False,
                "description": text,
            }
            for form, count, text in (
                ("log2", 2, "powers of two from the first to the last, both included"),
                ("range", 3, "from first to last (included) by step"),
                ("geometric", 3, "so many values from first to last, each the same factor from the one before"),
            )
        ),
    ]
}
_PATHS: Final[dict[str, Any]] = {"type": "object", "additionalProperties": _SWEPT}
_SWEEP: Final[dict[str, Any]] = {
    "type": "object",
    "description": "dotted paths and their values; the product of all, the last varies fastest",
    "properties": {
        "product": _PATHS | {"description": "every value with every other, as without this key"},
        "zip": {"anyOf": [_PATHS, {"type": "array", "items": _PATHS}], "description": "lists that vary together"},
        "exclude": {
            "type": "array",
            "items": {"type": "object"},
            "description": "points to leave out: those that match every key of an entry; a list means any of it",
        },
    },
    "additionalProperties": _SWEPT,
    "examples": [{"collective": ["all_to_all", "ring_all_reduce"], "workers": {"log2": [2, 64]}}],
}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a scenario file: every key with its description, examples and known names.

    >>> schema()["properties"]["workers"]["minimum"]
    1
    """
    generated = Scenario.model_json_schema()
    definitions = {name: _tidy(definition) for name, definition in generated["$defs"].items()}
    properties = _tidy(generated)["properties"]
    del definitions["Link"]["required"]  # a sweep may give them
    _enumerate(definitions["TopologyChoice"], "kind", topology.kinds())
    _enumerate(definitions["Network"], "model", networks.names())
    definitions["Network"]["properties"] |= _network_options()
    definitions["Network"]["additionalProperties"] = False
    properties["model"]["enum"] = list(training.models())
    for section, key in SHORTHANDS.items():
        properties[section] = _with_shorthand(properties[section], definitions, key)
    properties["question"] = {"type": "string", "description": "what the scenario is to answer"}
    properties["plugins"] = {
        "type": "array",
        "items": {"type": "string", "pattern": "^[^:]+:[^:]+$"},
        "description": "collectives of your own, as module:name; looked for beside the scenario first",
    }
    properties["sweep"] = _SWEEP | {"properties": _SWEEP["properties"] | dict.fromkeys(keys_of(Scenario), _SWEPT)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "simcomm scenario",
        "description": "What is simulated: workers, a gradient, a collective and a network; one point, or a sweep.",
        "type": "object",
        "properties": {"question": properties.pop("question"), **properties},
        "additionalProperties": False,
        # With plugins any name may be a collective; without, only the built-in ones.
        "if": {"not": {"required": ["plugins"]}},
        "then": {"properties": {"collective": _named(collectives.names())}},
        "$defs": definitions,
    }


def _network_options() -> dict[str, Any]:
    """The options of all network models; which of them a model has is for simcomm to say."""
    found: dict[str, Any] = {}
    for name in networks.names():
        for option in options_of(networks.model_class(name)).values():
            default = option.field.default
            kind = (
                quantity_schema(option.kind) if option.kind else {"type": "boolean" if default is False else "string"}
            )
            found[option.name] = kind | {"description": DESCRIPTIONS[option.name]}
    return found


def _tidy(definition: dict[str, Any]) -> dict[str, Any]:
    """Drop the titles that pydantic makes up, and null: a key that is not given is left out."""
    tidy = {}
    for key, field in definition["properties"].items():
        kept = {name: value for name, value in field.items() if name != "title" and value is not None}
        alternatives = [one for one in kept.get("anyOf", ()) if one != {"type": "null"}]
        if len(alternatives) == 1:
            kept = alternatives[0] | {name: value for name, value in kept.items() if name != "anyOf"}
        if kept.get("type") == "string" and not isinstance(kept.get("default"), str):
            kept.pop("default", None)  # an SI number, which is not how a quantity is written
        tidy[key] = kept
    return definition | {"properties": tidy}


def _enumerate(definition: dict[str, Any], key: str, names: tuple[str, ...]) -> None:
    definition["properties"][key]["enum"] = list(names)


def _with_shorthand(old: dict[str, Any], definitions: dict[str, Any], key: str) -> dict[str, Any]:
    """Allow the name alone as well as the mapping."""
    reference = old["$ref"]
    name = definitions[reference.rpartition("/")[2]]["properties"][key]
    kept = {key: value for key, value in old.items() if key == "description"}
    return kept | {"anyOf": [name, {"$ref": reference}]}


def _named(names: tuple[str, ...]) -> dict[str, Any]:
    choice = {"enum": list(names)}
    return {"anyOf": [choice, {"type": "object", "properties": {"name": choice}}]}
