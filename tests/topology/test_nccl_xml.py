"""NCCL topology XML: what every element becomes, how fast each link is, and what is refused."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from conftest import ROOT, SHARED

from simcomm.errors import InputError
from simcomm.topology import routing
from simcomm.topology.check import hosts
from simcomm.topology.files import load
from simcomm.topology.nccl_speeds import nvlink_Bps, pcie_Bps, port_Bps, socket_Bps, xgmi_Bps

REAL = SHARED / "measured" / "inputs" / "nccl_topo_xml"
FILES = sorted(REAL.glob("*.xml"))
OURS = sorted((ROOT / "scenarios" / "nccl").glob("*.xml"))
X16 = 'link_speed="16 GT/s" link_width="16"'
INTEL = 'arch="x86_64" vendor="GenuineIntel" familyid="6" modelid="143"'


def gpu(number: int, inside: str = "", rank: int | None = None, **attributes: str) -> str:
    """A Hopper at bus 0<number>."""
    given = {"sm": "90", "gcn": "gfx942", "rank": str(number if rank is None else rank)} | attributes
    words = " ".join(f'{key}="{value}"' for key, value in given.items())
    return f'<pci busid="0000:0{number}:00.0" class="0x030200" {X16}><gpu {words}>{inside}</gpu></pci>'


def read(tmp_path: Path, *cpus: str, about: str = INTEL) -> nx.DiGraph[Any]:
    """A machine with these things in its CPUs."""
    inside = "".join(f'<cpu numaid="{number}" {about}>{cpu}</cpu>' for number, cpu in enumerate(cpus))
    (tmp_path / "it.xml").write_text(f'<system version="1">{inside}</system>')
    return load(tmp_path / "it.xml")


def refusal(tmp_path: Path, *cpus: str) -> str:
    """The message, without the folder."""
    with pytest.raises(InputError) as refused:
        read(tmp_path, *cpus)
    return str(refused.value).removeprefix(f"{tmp_path}/")


def link(graph: nx.DiGraph[Any], a: str, b: str) -> tuple[Any, ...]:
    """Type, bandwidth in GB/s and cables, which are the same both ways."""
    found = [(way["type"], way["bandwidth_Bps"] / 1e9, way.get("count")) for way in (graph[a][b], graph[b][a])]
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize("path", FILES or [REAL], ids=lambda path: path.stem)
def test_every_real_file_loads_with_all_that_is_in_it(path: Path) -> None:
    if not path.is_file():
        pytest.skip("the real files are beside the repository, in ../shared, and are not here")
    text, graph = path.read_text(), load(path)
    types = Counter(node["type"] for _, node in graph.nodes(data=True))
    tags = Counter(re.findall(r"<(\w+)", text))
    classes = Counter(re.findall(r'<pci [^>]*class="0x(..)', text))
    gpus = tags["gpu"] or classes["03"] + classes["12"]
    assert (types["gpu"], types["cpu"], types["port"]) == (gpus, tags["cpu"], tags["net"])
    assert types["nic"] == max(classes["02"], tags["nic"])
    assert hosts(graph) == [f"gpu{number}" for number in range(gpus)]
    links = Counter(data["type"] for _, _, data in graph.edges(data=True))
    devices = types["pci"] + types["gpu"] + types["nic"]
    assert links["pcie"] == 2 * devices
    assert links["socket"] == tags["cpu"] * (tags["cpu"] - 1)
    assert links["xgmi"] == tags["xgmi"]  # both GPUs tell of it
    assert links["nvlink"] == (16 if tags["nvlink"] else 0)  # eight GPUs, each with four NVSwitches, which are one
    assert nx.is_strongly_connected(graph)


@pytest.mark.skipif(not FILES, reason="the real files are beside the repository, in ../shared, and are not here")
def test_what_is_known_of_real_machines() -> None:
    names = {path.stem for path in FILES}
    assert len(names) == 14
    h100, mi250, p4d, rome = (
        load(REAL / f"{name}.xml")
        for name in ("oci_H100-topology", "rccl_topo_16p1h", "aws_p4d-24xl-topo", "rccl_topo_8p_rome")
    )
    assert link(h100, "gpu7", "nvswitch") == ("nvlink", pytest.approx(18 * 20.6), 18)
    assert link(h100, "pci0", "gpu0") == ("pcie", pytest.approx(16 * 32 * 128 / 130 / 8), None)
    assert link(h100, "pci0", "cpu0") == ("pcie", 8, None)  # its bridge says 5 GT/s
    assert link(h100, "nic3", "port6") == ("port", 22.5, None)
    assert set(h100["pci0"]) == {"gpu0", "nic0", "cpu0"}  # the three bridges are one Broadcom switch
    assert link(mi250, "gpu0", "gpu1") == ("xgmi", 144, 4)
    assert link(mi250, "cpu1", "cpu3") == ("socket", 16, None)
    assert {data["type"] for _, _, data in p4d.edges(data=True)} == {"pcie", "socket"}
    assert rome.nodes["gpu0"] == {"kind": "host", "type": "gpu", "group": "cpu0", "busid": "0000:43:00.0"}
    islands = nx.Graph((a, b) for a, b, data in rome.edges(data=True) if data["type"] == "xgmi")
    assert sorted(map(sorted, nx.connected_components(islands))) == [
        ["gpu0", "gpu1", "gpu3", "gpu5"],
        ["gpu2", "gpu4", "gpu6", "gpu7"],
    ]


@pytest.mark.skipif(not FILES, reason="the real files are beside the repository, in ../shared, and are not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_gpu_of_a_real_machine_passes_on_from_its_fabric_to_pcie(path: Path) -> None:
    graph = load(path)
    every = hosts(graph)
    for route in routing.find("shortest", graph, [(a, b) for a in every for b in every if a != b]).values():
        if any(graph.nodes[node]["type"] == "gpu" for node in route.nodes[1:-1]):
            assert {graph[a][b]["type"] for a, b in route.ends} <= {"xgmi", "nvlink"}


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_the_files_of_the_scenarios_are_the_real_ones(path: Path) -> None:
    assert load(path)
    if FILES:
        assert path.read_bytes() in [real.read_bytes() for real in FILES]


def test_pcie_is_lanes_times_rate_times_line_code() -> None:
    lane_GBps = {"2.5": 0.25, "5.0": 0.5, "8.0": 0.984615, "16.0": 1.969231, "32.0": 3.938462, "64.0": 7.5625}
    for rate, expected in lane_GBps.items():
        assert pcie_Bps(f"{rate} GT/s PCIe", 1) == pytest.approx(expected * 1e9, rel=1e-6)
        assert pcie_Bps(f"{rate} GT/s PCIe", 8) == pytest.approx(8e9 * expected, rel=1e-6)
    assert pcie_Bps("8 GT/s", 16) == pcie_Bps("8.0 GT/s PCIe", 16) == pytest.approx(15.754e9, rel=1e-4)
    for unknown in ("", "0", "Unknown", "Unknown speed"):
        assert pcie_Bps(unknown, 0) == pcie_Bps("8 GT/s", 16)


@pytest.mark.parametrize("speed", ["fast", "8", "8 GB/s", "7 GT/s", "GT/s", "8 GT/s PCI", "-8 GT/s", "128 GT/s"])
def test_other_speeds_of_pcie_are_refused(speed: str) -> None:
    with pytest.raises(InputError, match=r"expected one of 2\.5, 5, 8, 16, 32, 64 GT/s"):
        pcie_Bps(speed, 16)


def test_nccl_s_constants() -> None:
    assert [nvlink_Bps(sm) / 1e9 for sm in (60, 61, 70, 75, 80, 86, 87, 89, 90, 100, 103)] == [
        *(18, 18, 20, 20, 20, 12, 20, 20, 20.6, 40.1, 40.1)
    ]
    assert nvlink_Bps(0) == 20e9
    assert [
        xgmi_Bps(gcn) / 1e9 for gcn in ("906", "gfx908", "910", "gfx90a", "942", "gfx942", "gfx950", "gfx1250")
    ] == [*(24, 24, 36, 36, 48, 48, 48, 64)]
    assert [port_Bps(speed) for speed in (100_000, 0, -1)] == [12.5e9, 1.25e9, 1.25e9]


@pytest.mark.parametrize(
    ("cpu", "GBps"),
    [
        (("x86_64", "GenuineIntel", 6, 0x4F), 6),
        (("x86_64", "GenuineIntel", 6, 0x55), 10),
        (("x86_64", "GenuineIntel", 6, 0x8F), 22),
        (("x86_64", "GenuineIntel", 6, 0xCF), 40),
        (("x86_64", "GenuineIntel", 6, 0xAD), 40),
        (("x86_64", "GenuineIntel", 5, 0xCF), 6),
        (("x86_64", "AuthenticAMD", 23, 49), 16),
        (("x86_64", "AuthenticAMD", 143, 49), 16),
        (("x86_64", "AuthenticAMD", 25, 1), 24),
        (("x86_64", "AuthenticAMD", 175, 1), 24),
        (("x86_64", "AuthenticAMD", 26, 1), 32),
        (("x86_64", "AuthenticAMD", 191, 1), 32),
        (("x86_64", "CentaurHauls", 7, 0x5B), 9),
        (("x86_64", "  Shanghai  ", 7, 0x3B), 6),
        (("x86_64", "", 0, 0), 5000),
        (("ppc64", "", 0, 0), 32),
        (("arm64", "", 0, 0), 6),
        (("riscv", "", 0, 0), 5000),
    ],
)
def test_sockets(cpu: tuple[str, str, int, int], GBps: float) -> None:
    assert socket_Bps(*cpu) == GBps * 1e9


def test_a_machine_of_everything(tmp_path: Path) -> None:
    nic = f'<pci busid="0000:0a:00.0" class="0x020700" {X16}><nic><net name="ib0" speed="400000"/><gin/></nic></pci>'
    bridge = f'<pci busid="0000:01:00.0" class="0x060400" link_speed="8 GT/s" link_width="8">{gpu(2)}{nic}</pci>'
    graph = read(tmp_path, bridge, '<nic><net name="eth0" speed="-1"/></nic>')
    assert list(graph) == ["cpu0", "cpu1", "pci0", "nic0", "nic1", "port0", "port1", "gpu0"]
    assert link(graph, "gpu0", "pci0") == ("pcie", pytest.approx(31.508, rel=1e-4), None)
    assert link(graph, "pci0", "cpu0") == ("pcie", pytest.approx(7.877, rel=1e-4), None)
    assert link(graph, "cpu0", "cpu1") == ("socket", 22, None)
    assert link(graph, "nic0", "port0") == ("port", 50, None)
    assert link(graph, "nic1", "cpu1") == ("pcie", 5000, None)
    assert link(graph, "nic1", "port1") == ("port", 1.25, None)
    assert graph.number_of_edges() == 14
    assert [graph.nodes[node].get("busid") for node in ("gpu0", "nic0", "pci0")] == [
        *("0000:02:00.0", "0000:0a:00.0", "0000:01:00.0")
    ]
    assert graph.nodes["port1"]["name"] == "eth0"


def test_latencies_add_up_to_nccl_s(tmp_path: Path) -> None:
    """NCCL's LL protocol: 0.6 us over NVLink, 1.0 us over PCIe, 2.7 us over a network."""
    there = '<nvlink target="0000:02:00.0" count="1" tclass="0x030200"/>'
    switch = '<nvlink target="0000:99:00.0" count="1" tclass="0x068000"/>'
    bridge = f'<pci busid="0000:0b:00.0" class="0x060400" {X16}>{{}}</pci>'
    nic = f'<pci busid="0000:0a:00.0" class="0x020000" {X16}><nic><net speed="1"/></nic></pci>'
    direct = read(tmp_path, gpu(1, there) + gpu(2))
    switched = read(tmp_path, gpu(1, switch) + gpu(2, switch))
    pcie = read(tmp_path, bridge.format(gpu(1) + gpu(2) + nic))

    def latency_s(graph: nx.DiGraph[Any], *nodes: str) -> float:
        return sum(graph[a][b]["latency_s"] for a, b in pairwise(nodes))

    assert latency_s(direct, "gpu0", "gpu1") == pytest.approx(0.6e-6)
    assert latency_s(switched, "gpu0", "nvswitch", "gpu1") == pytest.approx(0.6e-6)
    assert latency_s(pcie, "gpu0", "pci0", "gpu1") == pytest.approx(1.0e-6)
    assert 2 * latency_s(pcie, "gpu0", "pci0", "nic0", "port0") == pytest.approx(2.7e-6)


def test_nvlink_told_of_by_one_side_by_both_and_in_parts(tmp_path: Path) -> None:
    one, two = ('<nvlink target="0000:0{}:00.0" count="{}" tclass="0x030200"/>'.format(*of) for of in ((2, 2), (1, 2)))
    assert link(read(tmp_path, gpu(1, one) + gpu(2)), "gpu0", "gpu1") == ("nvlink", 41.2, 2)
    assert link(read(tmp_path, gpu(1) + gpu(2, two)), "gpu0", "gpu1") == ("nvlink", 41.2, 2)
    assert link(read(tmp_path, gpu(1, one) + gpu(2, two)), "gpu0", "gpu1") == ("nvlink", 41.2, 2)
    parts = "".join(f'<nvlink target="0000:0{n}:00.0" count="{n}" tclass="0x068000"/>' for n in (7, 8))
    switch = read(tmp_path, gpu(1, parts) + gpu(2, parts))
    assert link(switch, "gpu0", "nvswitch") == ("nvlink", pytest.approx(15 * 20.6), 15)
    assert routing.find("shortest", switch, [("gpu0", "gpu1")])["gpu0", "gpu1"].nodes == ("gpu0", "nvswitch", "gpu1")


def test_each_direction_is_what_the_gpu_at_its_beginning_says(tmp_path: Path) -> None:
    one, two = (f'<xgmi target="0000:0{n}:00.0" count="{n}" tclass="0x120000"/>' for n in (2, 1))
    graph = read(tmp_path, gpu(1, one) + gpu(2, two, gcn="gfx90a"))
    assert (graph["gpu0"]["gpu1"]["bandwidth_Bps"], graph["gpu1"]["gpu0"]["bandwidth_Bps"]) == (96e9, 36e9)


def test_a_bus_id_may_be_written_in_other_ways_and_the_class_of_the_target_be_missing(tmp_path: Path) -> None:
    graph = read(tmp_path, gpu(1, '<nvlink target="00000000:02:00.0" count="0x1"/>') + gpu(2))
    assert link(graph, "gpu0", "gpu1") == ("nvlink", 20.6, 1)


def test_links_to_the_cpu_take_the_place_of_pcie(tmp_path: Path) -> None:
    grace = gpu(1, '<c2c bw="44712" count="5"/>')
    power = gpu(1, '<nvlink target="0004:00:01.0" count="3" tclass="0x068001"/>', sm="70")
    assert link(read(tmp_path, grace), "gpu0", "cpu0") == ("c2c", pytest.approx(223.56), 5)
    assert link(read(tmp_path, power), "gpu0", "cpu0") == ("nvlink", 60, 3)


def test_gpus_are_numbered_by_rank_or_as_they_stand(tmp_path: Path) -> None:
    ranked = read(tmp_path, gpu(1, rank=5) + gpu(2, rank=3))
    assert [ranked.nodes[name]["busid"] for name in hosts(ranked)] == ["0000:02:00.0", "0000:01:00.0"]
    for ranks in ((5, 5), (5, -1)):
        as_they_stand = read(tmp_path, gpu(1, rank=ranks[0]) + gpu(2, rank=ranks[1]))
        assert [as_they_stand.nodes[name]["busid"] for name in hosts(as_they_stand)] == ["0000:01:00.0", "0000:02:00.0"]


def test_without_any_gpu_element_the_class_decides(tmp_path: Path) -> None:
    devices = [("1", "0x030200"), ("2", "0x120000"), ("3", "0x020000"), ("4", "0x010802"), ("5", "0x068000")]
    text = "".join(f'<pci busid="0000:0{bus}:00.0" class="{number}"/>' for bus, number in devices)
    assert list(read(tmp_path, text)) == ["cpu0", "pci0", "nic0", "gpu0", "gpu1"]
    assert list(read(tmp_path, text + gpu(9))) == ["cpu0", "pci0", "nic0", "gpu0"]


def test_the_functions_of_a_network_card_share_its_link(tmp_path: Path) -> None:
    card = '<pci busid="0000:0a:00.{0}" class="0x020000"><nic><net name="eth{0}" speed="25000"/></nic></pci>'
    graph = read(tmp_path, gpu(1) + card.format(0) + card.format(1))
    assert list(graph) == ["cpu0", "nic0", "port0", "port1", "gpu0"]
    assert link(graph, "nic0", "cpu0") == ("pcie", pytest.approx(15.754, rel=1e-4), None)


@pytest.mark.parametrize(("device", "upper", "lower"), [("0xc010", "0xa032", "0xa032"), ("0xc030", "0x0072", "0x1003")])
def test_a_two_level_broadcom_switch_is_one_switch(tmp_path: Path, device: str, upper: str, lower: str) -> None:
    def bridge(bus: str, subsystem: str, inside: str) -> str:
        ids = f'vendor="0x1000" device="{device}" subsystem_vendor="0x1000" subsystem_device="{subsystem}"'
        return f'<pci busid="0000:{bus}:00.0" class="0x060400" {ids} {X16}>{inside}</pci>'

    level = bridge("20", upper, bridge("21", lower, gpu(1)) + bridge("22", lower, gpu(2)))
    assert list(read(tmp_path, level)) == ["cpu0", "pci0", "gpu0", "gpu1"]
    below = bridge("20", upper, bridge("21", lower, bridge("22", lower, gpu(1))))
    assert list(read(tmp_path, below)) == ["cpu0", "pci0", "pci1", "gpu0"]  # two levels, not three
    assert len(read(tmp_path, bridge("20", "0x5000", bridge("21", lower, gpu(1))))) == 4  # another switch


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("<pcie/>", "<cpu>: <pcie> in it; expected <pci> or <nic>; did you mean 'pci'?"),
        (gpu(1, "<nvlinks/>"), "<gpu>: <nvlinks> in it; expected <nvlink> or <xgmi> or <c2c>; did you mean 'nvlink'?"),
        ('<pci busid="0000:01:00.0" class="GPU"/>', "<pci> 0000:01:00.0: class: 'GPU'; expected a PCI class such as"),
        (
            '<pci busid="0000:01:00.0" class="0x030200" link_speed="fast"/>',
            "<pci> 0000:01:00.0: link_speed: 'fast'; expected one of 2.5, 5, 8, 16, 32, 64 GT/s, such as "
            "'16.0 GT/s PCIe'",
        ),
        (
            '<pci busid="0000:01:00.0" class="0x030200" link_width="x16"/>',
            "<pci> 0000:01:00.0: link_width: 'x16'; expected a whole number",
        ),
        (
            '<pci busid="0000:01:00.0" class="0x030200" link_width="-1"/>',
            "<pci> 0000:01:00.0: link_width: -1; expected at least 0",
        ),
        (
            gpu(1, '<nvlink target="0000:07:00.0" count="1" tclass="0x030200"/>'),
            "<pci> 0000:01:00.0: <nvlink>: target: the file has no GPU '0000:07:00.0'; expected the busid of a GPU, or "
            "the tclass of an NVSwitch (0x068000) or a CPU (0x068001)",
        ),
        (
            gpu(1, '<xgmi count="1"/>'),
            "<pci> 0000:01:00.0: <xgmi>: target: the file has no GPU ''; expected the busid of a GPU",
        ),
        (
            gpu(1, '<nvlink target="there" count="1"/>'),
            "<pci> 0000:01:00.0: <nvlink>: bus id 'there'; expected one such as '0000:0f:00.0'",
        ),
        (
            gpu(1, '<nvlink target="0000:01:00.0" tclass="0x068000" count="0"/>'),
            "<pci> 0000:01:00.0: <nvlink>: count: 0; expected at least 1",
        ),
        (gpu(1, '<nvlink count="1" tclass="0x068000"/>', sm=""), "<pci> 0000:01:00.0: <gpu>: sm: ''; expected a whole"),
        (gpu(1, '<xgmi count="1"/>', gcn=""), "<pci> 0000:01:00.0: <gpu>: gcn: missing; expected an architecture such"),
        (gpu(1, '<c2c count="1"/>'), "<pci> 0000:01:00.0: <c2c>: bw: ''; expected a whole number"),
        (gpu(1) + gpu(1, rank=2), "<pci> 0000:01:00.0: two GPUs have this busid; expected each to have its own"),
        (gpu(1).replace('busid="0000:01:00.0"', ""), "<pci>: bus id ''; expected one such as '0000:0f:00.0'"),
        (gpu(1).replace("</pci>", "<gpu/></pci>"), "<pci> 0000:01:00.0: several <gpu>; expected one GPU per device"),
        (gpu(1) + '<nic><net name="eth0" speed="1G"/></nic>', "<net> eth0: speed: '1G'; expected a whole number"),
        (gpu(1) + '</cpu><cpu numaid="0">', "<cpu>: numaid: 0 is there twice; expected each to have its own"),
        (gpu(1) + '</cpu><cpu numaid="one">', "<cpu>: numaid: 'one'; expected a whole number"),
        (gpu(1) + '</cpu><cpu numaid="1" host_hash="0x1">', "<cpu>: several host_hash; expected the CPUs of one"),
        ("", "no host; expected nodes with kind 'host'"),
        (gpu(1, '<nvlink target="0000:01:00.0" count="1"/>'), "link 'gpu0' -> 'gpu0': from a node to itself; expected"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, inside: str, message: str) -> None:
    assert refusal(tmp_path, inside).startswith(f"it.xml: {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<graphml/>", "the outermost element is <graphml>; expected <system> of an NCCL topology file"),
        ("<system>", "not a readable graph (ParseError: no element found: line 1, column 8)"),
        ("", "not a readable graph (ParseError: no element found: line 1, column 0)"),
        ("<system><pci/></system>", "<system>: <pci> in it; expected <cpu>"),
        (
            '<!DOCTYPE system SYSTEM "http://localhost/x.dtd"><system/>',
            "not a readable graph (ValueError: it has a document type declaration, system; expected none)",
        ),
        (
            '<!DOCTYPE system [<!ENTITY x SYSTEM "file:///etc/passwd">]><system>&x;</system>',
            "not a readable graph (ValueError: it has a document type declaration, system; expected none)",
        ),
    ],
)
def test_what_is_no_topology_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "it.xml").write_text(text)
    with pytest.raises(InputError) as refused:
        load(tmp_path / "it.xml")
    assert str(refused.value).removeprefix(f"{tmp_path}/").startswith(f"it.xml: {message}")


def test_a_file_nested_without_end_is_refused(tmp_path: Path) -> None:
    deep = '<pci class="0x060400">' * 20_000
    text = refusal(tmp_path, deep + "</pci>" * 20_000)
    assert text.startswith("it.xml: not a readable graph (RecursionError: ")


@pytest.mark.skipif(not FILES, reason="the real files are beside the repository, in ../shared, and are not here")
def test_a_real_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    text = (REAL / "rccl_topo_3p_pcie.xml").read_bytes().rstrip()
    for length in range(0, len(text), 97):
        (tmp_path / "cut.xml").write_bytes(text[:length])
        with pytest.raises(InputError, match=r"cut\.xml: "):
            load(tmp_path / "cut.xml")


def test_the_python_of_the_docs_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "nccl_topology.md").read_text(), flags=re.DOTALL)
    (tmp_path / "topo.xml").write_bytes(OURS[0].read_bytes())
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "nccl_topology.md", "exec"), {})
    assert re.fullmatch(r"[\d.]+ ms on graph\n", capsys.readouterr().out)
