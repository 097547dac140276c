"""What is wrong with one point: its fields, and what must hold between them."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from simcomm import topology, training
from simcomm.errors import InputError
from simcomm.scenario.fields import whole
from simcomm.scenario.messages import is_about_key, message_of, place_of
from simcomm.scenario.model import Network, Scenario
from simcomm.scenario.paths import SHORTHANDS
from simcomm.scenario.problems import Path
from simcomm.topology import routing

if TYPE_CHECKING:
    from simcomm.collectives.base import Collective

SIZES: Final = ("parameters", "size", "model", "layers")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong with a point; ``at_key`` when it is the key and not its value."""

    path: Path
    message: str
    at_key: bool = False


@dataclass(frozen=True, slots=True)
class Checker:
    """Reads points; knows the folder of the scenario and the collectives of its plugins."""

    base_dir: FilePath
    plugins: Mapping[str, Collective]
    topologies: set[str] = field(default_factory=set, compare=False)

    def read(self, data: Mapping[str | int, Any]) -> tuple[Scenario | None, list[Wrong]]:
        """Turn the data of one point into a Scenario, or say all that is wrong with it."""
        data = self._with_workers(data)
        wrong = [*_exactly_one_size(data), *_one_topology(data), *_one_collective(data)]
        scenario = None
        try:
            context = {"plugins": tuple(self.plugins), "base_dir": self.base_dir}
            scenario = Scenario.model_validate(data, context=context)
        except ValidationError as error:
            details = error.errors(include_url=False)
            wrong += [Wrong(place_of(found), message_of(found), is_about_key(found)) for found in details]
        refused = {found.path[0] for found in wrong if found.path}
        wrong += self._options(data, refused, complete=not wrong)
        if scenario is not None and not refused & set(SIZES):
            wrong += _gradient(scenario)
        return (None if wrong else scenario), wrong

    def _with_workers(self, data: Mapping[str | int, Any]) -> Mapping[str | int, Any]:
        """A schedule from a file says how many workers there are; of one that cannot be read it does not matter."""
        file = _choice(data, "collective")[1].get("file")
        if "workers" in data or not isinstance(file, str | FilePath) or not str(file):
            return data
        from simcomm.formats.collective import collective_in

        try:
            return {**data, "workers": collective_in(self.base_dir / file).only_workers}
        except InputError:
            return {**data, "workers": 1}

    def _options(self, data: Mapping[str | int, Any], refused: set[str | int], complete: bool) -> Iterator[Wrong]:
        """Ask the collective, the topology, the routing and the network about their options."""
        ranks = None
        if not refused & {"collective", "workers"}:
            ranks = yield from self._collective(data, refused, complete)
        for section, ask in (
            ("topology", lambda kind, options: self._topology(kind, options, ranks)),
            ("routing", lambda name, options: routing.check_options(name or "shortest", options)),
            ("network", lambda name, options: Network(model=name or "loggp", **options).build()),
        ):
            name, options = _choice(data, section)
            if (options or section == "routing") and section not in refused:
                try:
                    ask(name, options)
                except InputError as error:
                    yield _about_option(section, options, str(error))

    def _topology(self, kind: str | None, options: Mapping[str, Any], ranks: int | None) -> None:
        """Once for every kind with these options and so many ranks: to check values is to build the graph."""
        if kind is not None:
            key = json.dumps([kind, options, ranks], sort_keys=True, default=str)
            if key not in self.topologies:
                topology.check_options(kind, options, hosts=ranks)
            self.topologies.add(key)

    def _collective(
        self, data: Mapping[str | int, Any], refused: set[str | int], complete: bool
    ) -> Generator[Wrong, None, int | None]:
        """Ask the collective about its options, and compare what is given for ranks with how many are on hosts.

        It costs the import of numpy: nobody asks without options when something else is wrong already.
        """
        name, options = _choice(data, "collective")
        file = options.pop("file", None)
        placement, _ = _choice(data, "placement")
        if options or complete or data.get("stragglers") or isinstance(placement, list):
            from simcomm.formats.collective import chosen

            try:
                collective = chosen(name, None if file is None else self.base_dir / file, self.plugins)
                workers = whole(data["workers"], 1)
                collective.check(workers, options)
                ranks = collective.hosts(workers, options)
            except InputError as error:
                yield _about_option("collective", options, str(error))
                return None
            yield from _stragglers(data, ranks, refused)
            if isinstance(placement, list) and len(placement) != ranks and "placement" not in refused:
                message = f"{len(placement)} hosts for {ranks} ranks; expected one for every rank"
                yield Wrong(("placement", "order"), message)
            return ranks
        return None


def _stragglers(data: Mapping[str | int, Any], ranks: int, refused: set[str | int]) -> Iterator[Wrong]:
    if "stragglers" not in refused:
        for rank in data.get("stragglers") or {}:
            if int(rank) >= ranks:
                yield Wrong(("stragglers", rank), f"there is no rank {rank}; expected 0 to {ranks - 1}", at_key=True)


def _choice(data: Mapping[str | int, Any], section: str) -> tuple[Any, dict[str, Any]]:
    given = dict(data.get(section) or {})
    return given.pop(SHORTHANDS[section], None), given


def _about_option(section: str, options: Mapping[str, Any], message: str) -> Wrong:
    """Point at the option that the message names first."""
    for option in options:
        if message.startswith(f"unknown option {option!r}"):
            return Wrong((section, option), message, at_key=True)
        if message.startswith(f"{option}: "):
            return Wrong((section, option), message.removeprefix(f"{option}: "))
    return Wrong((section,), message)


def _exactly_one_size(data: Mapping[str | int, Any]) -> Iterator[Wrong]:
    expected = f"expected exactly one of {', '.join(SIZES)}"
    given = [key for key in SIZES if key in data]
    if not given:
        yield Wrong((), f"the gradient has no size; {expected}")
    for key in given[1:]:
        yield Wrong((key,), f"the size is given twice, also by {given[0]!r}; {expected}", at_key=True)
    for key in given:
        if data[key] is None:
            yield Wrong((key,), f"nothing is given; {expected}")


def _one_collective(data: Mapping[str | int, Any]) -> Iterator[Wrong]:
    given = data.get("collective")
    if isinstance(given, Mapping) and ("name" in given) == ("file" in given):
        if "file" in given:
            yield Wrong(("collective",), "a name and a file; expected one of them")
        else:
            expected = "expected a name such as ring_all_reduce (simcomm list shows all)"
            yield Wrong(("collective", "name"), f"missing; {expected}")


def _one_topology(data: Mapping[str | int, Any]) -> Iterator[Wrong]:
    given = data.get("topology", {"kind": "star"})
    if not isinstance(given, Mapping):
        return
    if ("kind" in given) == ("file" in given):
        yield Wrong(("topology",), "expected either a kind, such as star, or a file")
    if "file" in given:
        for key in given:
            if key not in ("file", "kind"):
                yield Wrong(("topology", key), "unknown key; a topology from a file has no options", at_key=True)
    elif data.get("link") is None:
        yield Wrong(("link",), "missing; expected {bandwidth: 100 Gbit/s, latency: 5 us}, or a topology from a file")


def _gradient(scenario: Scenario) -> Iterator[Wrong]:
    if scenario.size_bytes is not None and scenario.size_bytes % scenario.itemsize:
        each = f"{scenario.itemsize} bytes of {scenario.dtype}"
        yield Wrong(("size",), f"{scenario.size_bytes} bytes is not a whole number of elements of {each}")
    if scenario.layers is not None:
        try:
            training.parameters_of_layers(scenario.layers)
        except training.LayersError as error:
            for problem in error.problems:
                yield Wrong(("layers", *problem.where), problem.what)
