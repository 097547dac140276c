"""One point of a scenario: what the keys are called in YAML, what they must be, and their values in SI units."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from simcomm.scenario import fields

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
    """A collective by name, with its options."""

    name: fields.CollectiveName = Field(description="the algorithm; `simcomm list` shows all")


class TopologyChoice(_Open):
    """A topology by kind, with its options, or a graph from a file."""

    kind: fields.TopologyKind | None = Field(default=None, description="a topology that simcomm builds")
    file: fields.FileName | None = Field(default=None, description="a graph: GraphML or node-link JSON")


class Link(_Frozen):
    """What every link of a built topology is like."""

    bandwidth_Bps: fields.Bandwidth = Field(alias="bandwidth", description="bandwidth of every link, per direction")
    latency_s: fields.Time = Field(alias="latency", description="latency of every link")


class Network(_Frozen):
    """How a message crosses the network; overheads of zero leave Hockney's alpha-beta model."""

    model: fields.NetworkName = Field(default="loggp", description="the network model")
    overhead_s: fields.Time = Field(default=0.0, alias="overhead", description="o: a port's time per message")
    gap_s: fields.Time = Field(default=0.0, alias="gap", description="g: least time between two messages of a port")
    reduce_bandwidth_Bps: fields.Bandwidth | None = Field(
        default=None, alias="reduce_bandwidth", description="1/gamma: how fast a rank adds; free when absent"
    )

    @property
    def options(self) -> dict[str, float | None]:
        """The model's numbers, in SI units."""
        return {"overhead_s": self.overhead_s, "gap_s": self.gap_s, "reduce_bandwidth_Bps": self.reduce_bandwidth_Bps}


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
    network: Network = Field(default=Network(), description="the network model")
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

    def canonical(self) -> dict[str, Any]:
        """All that affects the answer, as JSON: two points with equal dictionaries have one answer.

        The gradient is its number of elements, however it was given; a graph is named, not read.
        """
        skipped = {"parameters", "size_bytes", "model", "layers", "topology"}
        data = self.model_dump(mode="json", exclude=skipped)
        topology = self.topology.options | ({"kind": self.topology.kind} if self.topology.kind else {})
        if self.topology.file is not None:
            topology["file"] = self.topology.file.name
        return data | {"elements": self.elements, "topology": topology}


SECTIONS: Final[dict[str, type[BaseModel]]] = {
    "collective": CollectiveChoice,
    "topology": TopologyChoice,
    "link": Link,
    "network": Network,
    "compute": Compute,
    "stragglers": Straggler,
}


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys of a mapping as they stand in YAML."""
    return tuple(field.alias or name for name, field in model.model_fields.items())
