"""NCCL topology XML, as NCCL_TOPO_FILE and NCCL_TOPO_DUMP_FILE have it: the inside of one machine as a graph.

======================  ================================================================================================
element                 what it becomes
======================  ================================================================================================
``<system>``            the graph
``<cpu>``               a switch ``cpu<numaid>``; all CPUs are joined to each other by links of type ``socket``
``<pci>`` of a GPU      a host ``gpu<n>``, in the order of the ranks, with a ``pcie`` link to what the element is in
``<pci>`` of a NIC      a switch ``nic<n>``, likewise; the functions of one card (``.0``, ``.1``) are one
any other ``<pci>``     a switch ``pci<n>``, likewise; a two-level Broadcom switch is one switch
``<nvlink>, <xgmi>``    a link of ``count`` cables to another GPU, to the CPU, or to the one switch ``nvswitch``
``<c2c>``               a link of ``count`` cables to the CPU
``<nic>``               what its ``<pci>`` is; one that is in a ``<cpu>`` is a switch ``nic<n>`` of its own
``<net>``               a switch ``port<n>`` behind its NIC, where the cable to the outside would be
======================  ================================================================================================

A GPU is a ``<pci>`` with a ``<gpu>`` in it; in a file without any, a ``<pci>`` of class 03 or 12. Nodes and links have
a ``type``, nodes a ``busid``, GPUs the name of their CPU as ``group``; :mod:`~simcomm.topology.nccl_speeds` has the
speeds. Not modelled: ``<gin>``, ``<rma>`` and ``<pcilink>``, which show in another way what is there already, and what
NCCL makes of it all (rings, channels). Details and sources: docs/nccl_topology.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import networkx as nx

from simcomm.errors import InputError, did_you_mean
from simcomm.topology.nccl_speeds import LATENCY_S, NO_LIMIT_BPS, nvlink_Bps, pcie_Bps, port_Bps, socket_Bps, xgmi_Bps

#: What may stand in an element, and what of it is left out.
_INSIDE: Final = {
    "system": ("cpu",),
    "cpu": ("pci", "nic"),
    "pci": ("pci", "gpu", "nic", "pcilink"),
    "gpu": ("nvlink", "xgmi", "c2c"),
    "nic": ("net", "gin", "rma"),
}
_LEFT_OUT: Final = ("pcilink", "gin", "rma")

#: The order of the nodes: of two routes with as few links, the one that keeps to switches longest is found first.
_TYPES: Final = ("nvswitch", "cpu", "pci", "nic", "port", "gpu")

#: Two-level Broadcom switches, each part by vendor, device, subsystem vendor and subsystem device: upper -> lower.
_TWO_LEVEL: Final = {"1000 c010 1000 a": "1000 c010 1000 a", "1000 c030 1000 0": "1000 c030 1000 1"}


def read(path: Path) -> nx.DiGraph[Any]:
    """The graph of a file; raises InputError naming the file, the element and the bus id of what is wrong.

    A document type declaration is refused, and with it all entities: NCCL writes none.
    """
    root = ElementTree.parse(path, ElementTree.XMLParser(target=_WithoutDoctype())).getroot()
    try:
        return _Machine(root).graph()
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


class _WithoutDoctype(ElementTree.TreeBuilder):
    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        raise ValueError(f"it has a document type declaration, {name}; expected none")


class _Machine:
    """What has been read so far: nodes, links (one direction is enough), and the names of all GPUs."""

    def __init__(self, root: Element) -> None:
        if root.tag != "system":
            raise InputError(f"the outermost element is <{root.tag}>; expected <system> of an NCCL topology file")
        if len({cpu.get("host_hash") for cpu in root}) > 1:
            raise InputError("<cpu>: several host_hash; expected the CPUs of one machine")
        self.gpus = _gpus(root)
        self.nodes: dict[str, dict[str, Any]] = {name: {"kind": "host", "type": "gpu"} for name in self.gpus.values()}
        self.numbered: Counter[str] = Counter()
        self.cards: dict[tuple[str, str], str] = {}
        self.links: dict[tuple[str, str], dict[str, Any]] = {}
        self.at: dict[int, str] = {}
        for element, name in self.gpus.items():
            number = _bus_number(element.get("busid", ""), _place(element))
            if self.at.setdefault(number, name) != name:
                raise InputError(f"{_place(element)}: two GPUs have this busid; expected each to have its own")
        for element in _children(root):
            self._cpu(element)

    def graph(self) -> nx.DiGraph[Any]:
        """All nodes, by type, and all links; what only one end tells of is the same in the other direction."""
        found: nx.DiGraph[Any] = nx.DiGraph()
        found.add_nodes_from(sorted(self.nodes.items(), key=lambda node: _TYPES.index(node[1]["type"])))
        for (a, b), link in self.links.items():
            found.add_edge(a, b, **link)
            if (b, a) not in self.links:
                found.add_edge(b, a, **link)
        return found

    def _node(self, kind: str, number: int | None = None, **attributes: Any) -> str:
        """Add a switch, by default with the next number."""
        name = f"{kind}{self.numbered[kind] if number is None else number}"
        self.numbered[kind] += 1
        self.nodes[name] = {"kind": "switch", "type": kind, **attributes}
        return name

    def _link(self, a: str, b: str, kind: str, bandwidth_Bps: float, **more: Any) -> None:
        self.links[a, b] = {"type": kind, "bandwidth_Bps": bandwidth_Bps, "latency_s": LATENCY_S[kind], **more}

    def _cpu(self, element: Element) -> None:
        number = _whole(element, "numaid", "<cpu>")
        if f"cpu{number}" in self.nodes:
            raise InputError(f"<cpu>: numaid: {number} is there twice; expected each to have its own")
        others = [name for name, node in self.nodes.items() if node["type"] == "cpu"]
        cpu = self._node("cpu", number, socket_Bps=_socket(element))
        for other in others:
            self._link(cpu, other, "socket", self.nodes[cpu]["socket_Bps"])
            self._link(other, cpu, "socket", self.nodes[other]["socket_Bps"])
        for child in _children(element):
            if child.tag == "pci":
                self._pci(child, parent=cpu, cpu=cpu, above="")
            else:
                nic = self._node("nic")
                self._link(nic, cpu, "pcie", NO_LIMIT_BPS)
                self._ports(child, nic)

    def _pci(self, element: Element, parent: str, cpu: str, above: str) -> None:
        """A device and what is in it; ``above`` is the chip that it is in, unless that is the lower part of another."""
        kind, chip = self._kind(element), _chip(element)
        if kind == "unused":
            return
        if above and _TWO_LEVEL.get(above) == chip:
            node, chip = parent, ""
        else:
            node = self._device(element, kind, parent)
            if kind == "gpu":
                self.nodes[node]["group"] = cpu
            self._link(node, parent, "pcie", _pcie(element))
        for child in _children(element):
            if child.tag == "gpu":
                self._fabric(child, node, cpu, _place(element))
            elif child.tag == "nic":
                self._ports(child, node)
            else:
                self._pci(child, node, cpu, chip)

    def _device(self, element: Element, kind: str, parent: str) -> str:
        """The node of a device; the functions of one network card are one node."""
        busid = element.get("busid", "")
        if kind != "nic" or not busid:
            node = self.gpus.get(element) or self._node(kind)
        else:
            card = (parent, busid.partition(".")[0])
            node = self.cards[card] = self.cards.get(card) or self._node("nic")
        self.nodes[node]["busid"] = busid
        return node

    def _kind(self, element: Element) -> str:
        """The type of its node; "unused" for NVSwitches, which their links stand for, and for other graphics cards."""
        if element in self.gpus:
            return "gpu"
        if element.find("nic") is not None:
            return "nic"
        number = element.get("class", "")
        if not re.fullmatch("0x[0-9a-fA-F]{4,6}", number):
            raise InputError(f"{_place(element)}: class: {number!r}; expected a PCI class such as '0x030200'")
        if number.startswith("0x02"):
            return "nic"
        return "unused" if number.startswith("0x0680") or _is_gpu_class(element) else "pci"

    def _fabric(self, gpu: Element, name: str, cpu: str, place: str) -> None:
        """The links of a GPU that are not PCIe: in this direction they are what this GPU says."""
        for element in _children(gpu):
            where = f"{place}: <{element.tag}>"
            count = _whole(element, "count", where, least=1)
            if element.tag == "c2c":  # instead of a PCIe link to the same CPU
                each_Bps = 1e6 * _whole(element, "bw", where, least=1)
                self._link(name, cpu, "c2c", count * each_Bps, count=count)
                continue
            each_Bps = _nvlink(gpu, place) if element.tag == "nvlink" else _xgmi(gpu, place)
            other = self._target(element, cpu, where)
            before = self.links.get((name, other), {})
            if before.get("type") == element.tag:
                count += before["count"]
            self._link(name, other, element.tag, count * each_Bps, count=count)
            if other == "nvswitch":
                self.links[name, other]["latency_s"] = LATENCY_S["nvswitch"]

    def _target(self, element: Element, cpu: str, where: str) -> str:
        target, tclass = element.get("target", ""), element.get("tclass", "")
        if target and (found := self.at.get(_bus_number(target, where))) is not None:
            return found
        if tclass.startswith("0x068001"):
            return cpu
        if tclass.startswith("0x0680"):
            self.nodes["nvswitch"] = {"kind": "switch", "type": "nvswitch"}
            return "nvswitch"
        expected = "the busid of a GPU, or the tclass of an NVSwitch (0x068000) or a CPU (0x068001)"
        raise InputError(f"{where}: target: the file has no GPU {target!r}; expected {expected}")

    def _ports(self, element: Element, nic: str) -> None:
        for net in _children(element):
            name = net.get("name", "")
            port = self._node("port", name=name)
            self._link(port, nic, "port", port_Bps(_whole(net, "speed", f"<net> {name}", default="0")))


def _gpus(root: Element) -> dict[Element, str]:
    """The devices that are GPUs, with their names: by rank if every one has its own, else as they stand in the file."""
    found = [element for element in root.iter("pci") if element.find("gpu") is not None]
    for element in found:
        if len(element.findall("gpu")) > 1:
            raise InputError(f"{_place(element)}: several <gpu>; expected one GPU per device")
    found = found or [element for element in root.iter("pci") if _is_gpu_class(element)]
    ranks = {element: gpu.get("rank", "") for element in found for gpu in element.findall("gpu")}
    if len(set(ranks.values())) == len(found) and all(rank.isdecimal() for rank in ranks.values()):
        found.sort(key=lambda element: int(ranks[element]))
    return {element: f"gpu{number}" for number, element in enumerate(found)}


def _is_gpu_class(element: Element) -> bool:
    return element.get("class", "").startswith(("0x03", "0x12"))


def _children(element: Element) -> Iterator[Element]:
    """What is in an element and not left out; refuses what NCCL does not know there."""
    known = _INSIDE.get(element.tag, ())
    for child in element:
        if child.tag not in known:
            expected = f"expected {' or '.join(f'<{tag}>' for tag in known)}"
            raise InputError(f"{_place(element)}: <{child.tag}> in it; {expected}{did_you_mean(child.tag, known)}")
        if child.tag not in _LEFT_OUT:
            yield child


def _place(element: Element) -> str:
    return f"<{element.tag}> {element.get('busid', '')}".rstrip()


def _whole(element: Element, key: str, where: str, *, least: int | None = None, default: str = "") -> int:
    """An attribute as a whole number, in decimal or 0x-hexadecimal, as NCCL reads it."""
    text = element.get(key, default).strip()
    if not re.fullmatch(r"-?(\d{1,15}|0x[0-9a-fA-F]{1,12})", text):
        raise InputError(f"{where}: {key}: {text!r}; expected a whole number")
    number = int(text, 16 if "x" in text else 10)
    if least is not None and number < least:
        raise InputError(f"{where}: {key}: {number}; expected at least {least}")
    return number


def _bus_number(busid: str, where: str) -> int:
    """The same number for all ways to write a bus id: 0000:0F:00.0 is 00000000:0f:00.0."""
    digits = re.sub("[:.]", "", busid)
    if not re.fullmatch("[0-9a-fA-F]{1,16}", digits):
        raise InputError(f"{where}: bus id {busid!r}; expected one such as '0000:0f:00.0'")
    return int(digits, 16)


def _chip(element: Element) -> str:
    """Vendor, device, subsystem vendor and the first digit of the subsystem's device."""
    keys = ("vendor", "device", "subsystem_vendor", "subsystem_device")
    *three, fourth = (element.get(key, "").lower().removeprefix("0x") for key in keys)
    return " ".join([*three, fourth[:1]])


def _pcie(element: Element) -> float:
    lanes = _whole(element, "link_width", _place(element), least=0, default="0")
    try:
        return pcie_Bps(element.get("link_speed", "").strip(), lanes)
    except InputError as error:
        raise InputError(f"{_place(element)}: {error}") from None


def _nvlink(gpu: Element, place: str) -> float:
    return nvlink_Bps(_whole(gpu, "sm", f"{place}: <gpu>"))


def _xgmi(gpu: Element, place: str) -> float:
    if not gpu.get("gcn"):
        raise InputError(f"{place}: <gpu>: gcn: missing; expected an architecture such as 'gfx942'")
    return xgmi_Bps(gpu.get("gcn", ""))


def _socket(cpu: Element) -> float:
    family, model = (_whole(cpu, key, "<cpu>", default="0") for key in ("familyid", "modelid"))
    return socket_Bps(cpu.get("arch", ""), cpu.get("vendor", ""), family, model)
