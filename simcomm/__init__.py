"""simcomm simulates the communication in distributed training: it counts it, proves it and times it.

>>> import simcomm
>>> link = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
>>> result = simcomm.simulate("ring_all_reduce", workers=8, parameters=25_557_032, link=link)
>>> result.messages, result.total_bytes == 2 * 7 * result.vector_bytes, result.proven, round(result.time_s, 6)
(112, True, True, 0.014452)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simcomm.closed_forms import Claim, Traffic, Vector
    from simcomm.collectives.base import Collective
    from simcomm.engines.explain import critical_path, rank_times
    from simcomm.errors import (
        CheckError,
        CountError,
        DeadlockError,
        InputError,
        OutputError,
        ProofError,
        SimcommError,
        TimeError,
    )
    from simcomm.execution import Execution, execute
    from simcomm.goals import ALL_GATHER, ALL_REDUCE, ALL_TO_ALL, REDUCE_SCATTER, Goal
    from simcomm.networks.base import Workers
    from simcomm.proof import prove
    from simcomm.recorder import Recorder
    from simcomm.results import Result, Results, load_results
    from simcomm.schedule import Operation, Schedule
    from simcomm.simulation import simulate
    from simcomm.sweep import run

__version__ = "0.1.0"

__all__ = [
    "ALL_GATHER",
    "ALL_REDUCE",
    "ALL_TO_ALL",
    "REDUCE_SCATTER",
    "CheckError",
    "Claim",
    "Collective",
    "CountError",
    "DeadlockError",
    "Execution",
    "Goal",
    "InputError",
    "Operation",
    "OutputError",
    "ProofError",
    "Recorder",
    "Result",
    "Results",
    "Schedule",
    "SimcommError",
    "TimeError",
    "Traffic",
    "Vector",
    "Workers",
    "critical_path",
    "execute",
    "load_results",
    "prove",
    "rank_times",
    "run",
    "simulate",
]

_MODULES = {
    "closed_forms": ("Claim", "Traffic", "Vector"),
    "collectives.base": ("Collective",),
    "engines.explain": ("critical_path", "rank_times"),
    "errors": (
        "CheckError",
        "CountError",
        "DeadlockError",
        "InputError",
        "OutputError",
        "ProofError",
        "SimcommError",
        "TimeError",
    ),
    "execution": ("Execution", "execute"),
    "goals": ("ALL_GATHER", "ALL_REDUCE", "ALL_TO_ALL", "REDUCE_SCATTER", "Goal"),
    "networks.base": ("Workers",),
    "proof": ("prove",),
    "recorder": ("Recorder",),
    "results": ("Result", "Results", "load_results"),
    "schedule": ("Operation", "Schedule"),
    "simulation": ("simulate",),
    "sweep": ("run",),
}
_WHERE = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: ``import simcomm`` alone costs nothing."""
    if name not in _WHERE:
        raise AttributeError(f"module 'simcomm' has no attribute {name!r}")
    return getattr(import_module(f"simcomm.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
