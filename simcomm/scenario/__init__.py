"""Scenarios: YAML 1.2 (or a mapping) to checked points, every problem with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simcomm.scenario.load import Document, from_mapping, load
from simcomm.scenario.problems import Problem, ScenarioError

if TYPE_CHECKING:
    from simcomm.scenario.json_schema import schema
    from simcomm.scenario.model import Scenario
    from simcomm.scenario.plugins import load_plugins

__all__ = ["Document", "Problem", "Scenario", "ScenarioError", "from_mapping", "load", "load_plugins", "schema"]

_LAZY = {"Scenario": "model", "load_plugins": "plugins", "schema": "json_schema"}


def __getattr__(name: str) -> Any:
    """Import pydantic only for those who ask for the model or its schema."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
