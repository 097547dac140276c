"""What a point would be, before anything is recorded: messages, memory, and the engine that it would run on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simcomm import engines
from simcomm.collectives.base import Collective
from simcomm.errors import InputError
from simcomm.limits import Estimate, available_bytes, estimate, folds, refusal
from simcomm.units import format_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simcomm.scenario import Scenario


@dataclass(frozen=True)
class Forecast:
    """What a run would send and take, on which engine and why; ``refused`` says why it cannot, empty if it can."""

    engine: str
    engine_reason: str
    estimate: Estimate
    refused: str


def forecast(scenario: Scenario, collective: Collective, timeline: bool, most_bytes: int) -> Forecast:
    """What a point would be with so much memory; by closed forms alone."""
    workers, options = scenario.workers, scenario.collective.options
    messages = estimate(collective, workers, options, "des").messages
    recorded_modulo = folds(collective, workers, options) and not scenario.one_send_at_a_time
    engine, reason = engines.plan(
        scenario.engine, scenario.network.build(), {}, messages, recorded_modulo, False, timeline
    )[0]
    found = estimate(collective, workers, options, engine, timeline)
    return Forecast(engine, reason, found, refusal(collective, workers, options, engine, timeline, most_bytes))


def refuse(forecasts: Sequence[Forecast], jobs: int = 1) -> None:
    """InputError for the first run that does not fit into memory, and where the largest do not fit together."""
    for found in forecasts:
        if found.refused:
            raise InputError(found.refused)
    most = available_bytes()
    largest = sorted((found.estimate.memory_bytes for found in forecasts), reverse=True)[:jobs]
    if sum(largest) > most:
        fitting = max(count for count in range(1, len(largest)) if sum(largest[:count]) <= most)
        need = f"the {len(largest)} largest runs need about {format_size(sum(largest))} together"
        raise InputError(f"jobs: {need}; there are {format_size(most)}; expected at most {fitting} at a time")
