"""One point of a scenario: what the keys are called in YAML, what they must be, and their values in SI units."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import BaseModel, ConfigDict, Field

from simcomm.scenario import fields

if TYPE_CHECKING:
    from simcomm.networks.base import NetworkModel

ITEMSIZE: Final = fields.ITEMSIZE


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Open(BaseModel):
    """A choice by name, with the options that belong to it."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    @property
    def options(self) -> dict[str, Any]:
        """What is given beside the name."""
        return dict(self.model_extra or {})


class CollectiveChoice(_Open):
    """A collective by name, with its options, or a schedule from a file."""

    name: fields.CollectiveName | None = Field(default=None, description="the algorithm; `simcomm list` shows all")
    file: fields.ScheduleName | None = Field(
        default=None, description="a schedule: MSCCL XML, GOAL or Chakra; `workers` may be left out, it says how many"
    )


class TopologyChoice(_Open):
    """A topology by kind, with its options, or a graph from a file."""

    kind: fields.TopologyKind | None = Field(default=None, description="a topology that simcomm builds")
    file: fields.GraphName | None = Field(
        default=None, description="a graph: GraphML, GEXF, node-link JSON or NCCL topology XML"
    )


class Link(_Frozen):
    """What every link of a built topology is like."""

    bandwidth_Bps: fields.Bandwidth = Field(alias="bandwidth", description="bandwidth of every link, per direction")
    latency_s: fields.Time = Field(alias="latency", description="latency of every link")


class PlacementChoice(_Frozen):
    """Which host every rank runs on."""

    order: fields.Placement = Field(
        default="linear", description="a name, or a host for every rank; random is drawn from the seed"
    )


class RoutingChoice(_Open):
    """Which way messages take, by name, with its options."""

    name: fields.RoutingName = Field(default="shortest", description="how routes are found")


class Network(_Open):
    """How a message crosses the network: a model by name, with its options."""

    model: fields.NetworkName = Field(default="loggp", description="the network model")

    def build(self) -> NetworkModel:
        """The network model with these options; InputError names the one that is wrong."""
        from simcomm import networks
        from simcomm.networks.options import read

        kind = networks.model_class(self.model)
        model: NetworkModel = kind(**read(self.model, kind, self.options, plain_numbers=False))
        return model


class Compute(_Frozen):
    """What each worker computes before its gradient is ready."""

    time_s: fields.Time = Field(default=0.0, alias="time", description="mean time")
    jitter: fields.NonNegative = Field(default=0.0, description="standard deviation relative to the time; seeded")


class Straggler(_Frozen):
    """How one rank differs from the others."""

    start_s: fields.Time = Field(default=0.0, alias="start", description="how much later it starts")
    bandwidth_factor: fields.Positive = Field(default=1.0, description="its bandwidth relative to the others'")
    compute_factor: fields.Positive = Field(default=1.0, description="its compute time relative to the others'")


class Scenario(_Frozen):
    """One point: no sweep is left, every quantity is in SI units, every name is known."""

    workers: fields.Workers = Field(description="how many workers", examples=[8])
    parameters: fields.Count | None = Field(default=None, description="elements of the gradient")
    size_bytes: fields.Size | None = Field(default=None, alias="size", description="bytes of the gradient")
    model: fields.ModelName | None = Field(default=None, description="a model; its layers are counted")
    layers: fields.Layers | None = Field(default=None, description="the gradient by its layers")
    dtype: fields.Dtype = Field(default="float32", description="type of an element")
    collective: CollectiveChoice = Field(description="what the workers do together, and by which algorithm")
    topology: TopologyChoice = Field(default=TopologyChoice(kind="star"), description="the graph of links")
    link: Link | None = Field(default=None, description="what every link of a built topology is like")
    placement: PlacementChoice = Field(default=PlacementChoice(), description="which host every rank runs on")
    routing: RoutingChoice = Field(default=RoutingChoice(), description="which way messages take")
    network: Network = Field(default=Network(), description="the network model")
    one_send_at_a_time: bool = Field(
        default=False, description="a rank's next message also waits until its previous one has arrived"
    )
    engine: fields.Engine = Field(default="auto", description="what computes the time")
    compute: Compute = Field(default=Compute(), description="computation before the gradient is ready")
    seed: fields.Seed = Field(default=0, description="of all that is random")
    stragglers: dict[fields.Rank, Straggler] = Field(default={}, description="ranks that differ, by number")

    @property
    def elements(self) -> int:
        """Elements of the gradient, from parameters, size, model or layers."""
        if self.parameters is not None:
            return self.parameters
        if self.size_bytes is not None:
            return self.size_bytes // self.itemsize
        from simcomm import training

        if self.model is not None:
            return training.parameters_of_model(self.model)
        return training.parameters_of_layers(self.layers)

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return ITEMSIZE[self.dtype]

    @property
    def vector_bytes(self) -> int:
        """Bytes of the gradient."""
        return self.elements * self.itemsize

    @property
    def files(self) -> tuple[Path, ...]:
        """The files whose content affects the answer: those of the graph and of the schedule."""
        from simcomm import formats

        graph, schedule = self.topology.file, self.collective.file
        return (*(() if graph is None else (graph,)), *(() if schedule is None else formats.files(schedule)))

    def canonical(self) -> dict[str, Any]:
        """All that affects the answer, as JSON: two points with equal dictionaries have one answer.

        The gradient is its number of elements, however it was given; a graph or schedule is named, not read.
        """
        from dataclasses import asdict

        skipped = {"parameters", "size_bytes", "model", "layers", "topology", "network"}
        data = self.model_dump(mode="json", exclude=skipped)
        if self.collective.file is not None:
            data["collective"]["file"] = self.collective.file.name
        else:
            del data["collective"]["file"]
        topology = self.topology.options | ({"kind": self.topology.kind} if self.topology.kind else {})
        if self.topology.file is not None:
            topology["file"] = self.topology.file.name
        network = {"model": self.network.model, **_plain(asdict(cast(Any, self.network.build())))}
        return data | {"elements": self.elements, "topology": topology, "network": network}


def _plain(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters in SI units as JSON has them: a time of 0 and one of 0.0 are the same."""
    is_real = {name: name.endswith(("_s", "_Bps")) and value is not None for name, value in parameters.items()}
    return {name: float(value) if is_real[name] else value for name, value in parameters.items()}


SECTIONS: Final[dict[str, type[BaseModel]]] = {
    "collective": CollectiveChoice,
    "topology": TopologyChoice,
    "link": Link,
    "placement": PlacementChoice,
    "routing": RoutingChoice,
    "network": Network,
    "compute": Compute,
    "stragglers": Straggler,
}


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys of a mapping as they stand in YAML."""
    return tuple(field.alias or name for name, field in model.model_fields.items())
