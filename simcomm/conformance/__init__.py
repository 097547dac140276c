"""Conformance: the answers of well-known simulators, got here by their scenario's parameters and the public API.

A file of cases is JSON with ``simulator`` and ``cases``; how each simulator's cases are read is in a file of its own
here, one line below. Nothing here changes a model: what is the peer's own is said by the parameters of the scenario.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from simcomm.conformance.case import AGREES, DIFFERS, NOT_RUN, NOT_UNDERSTOOD, Outcome, Peer
from simcomm.conformance.fields import Fields
from simcomm.errors import EngineError, InputError, SimcommError, did_you_mean

#: Cases whose messages cross more links than this are not run unless asked for.
MOST_CROSSINGS: Final = 100_000
MOST_MESSAGES: Final = 5_000_000

#: How ``simulator`` begins -> module and attribute.
PEERS: Final[dict[str, str]] = {
    "ASTRA-sim": "simcomm.conformance.astra:PEER",
    "LogGOPSim": "simcomm.conformance.loggopsim:PEER",
    "SimGrid": "simcomm.conformance.simgrid:PEER",
}


@dataclass(frozen=True)
class Suite:
    """The cases of one file, and how the simulator that gave them is read."""

    file: str
    simulator: str
    peer: Peer
    cases: tuple[Any, ...]

    def outcomes(self, most_crossings: int = MOST_CROSSINGS, engine: str = "auto") -> Iterator[Outcome]:
        """What comes of every case, in order."""
        return (outcome(self.peer, case, most_crossings, engine) for case in self.cases)


def suites(path: str | Path) -> list[Suite]:
    """The files of cases in a folder, by name (or the one file); InputError if there are none or one is not readable.

    A file is read whole here, its cases one by one as they are run.
    """
    path = Path(path)
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path}: no file of cases; expected files that end in .json")
    return [_suite(file) for file in files]


def _suite(file: Path) -> Suite:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or error}; expected a file of cases") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: not readable as JSON ({error})") from None
    if not isinstance(data, Mapping) or not isinstance(data.get("cases"), list):
        raise InputError(f"{file}: no list of 'cases'; expected simulator and cases")
    simulator = str(data.get("simulator"))
    name = simulator.split(" ")[0].rstrip(",")
    if name not in PEERS:
        known = f"expected {', '.join(PEERS)}{did_you_mean(name, PEERS)}"
        raise InputError(f"{file}: simulator {simulator!r} is not known; {known}")
    module, attribute = PEERS[name].split(":")
    return Suite(file.name, simulator, getattr(import_module(module), attribute), tuple(data["cases"]))


def outcome(peer: Peer, given: Any, most_crossings: int = MOST_CROSSINGS, engine: str = "auto") -> Outcome:
    """Read a case, run it unless it is too large, and compare; nothing is raised for what is wrong with it.

    A case that an engine does not take that was asked for by name is not run.

    >>> from simcomm.conformance.loggopsim import PEER
    >>> ends = {"src": 0, "dst": 1, "size_bytes": 6, "after": []}
    >>> case = {"id": "one message", "workers": 2, "L": 3, "o": 1, "g": 0, "G": 2, "O": 0, "messages": [ends]}
    >>> outcome(PEER, case | {"finish": 15}).verdict
    'agrees'
    >>> outcome(PEER, case | {"finish": 15, "speed": 3}).why
    "unknown field 'speed'; expected only id, note, workers, finish, L, o, g, G, O, messages"
    """
    name = str(given["id"]) if isinstance(given, Mapping) and "id" in given else "a case without id"
    try:
        case = peer.read(Fields(given))
    except InputError as error:
        return Outcome(name, NOT_UNDERSTOOD, why=str(error))
    if case.crossings > most_crossings or case.messages > MOST_MESSAGES:
        return Outcome(name, NOT_RUN, why=f"{case.messages:,} messages")
    try:
        numbers = tuple(case.run(engine))
    except EngineError as error:
        return Outcome(name, NOT_RUN, why=str(error))
    except InputError as error:
        return Outcome(name, NOT_UNDERSTOOD, why=str(error))
    except SimcommError as error:
        return Outcome(name, DIFFERS, why=str(error))
    return Outcome(name, AGREES if all(number.agrees for number in numbers) else DIFFERS, numbers)
