"""How fast the links of an NCCL topology file are: what the file says, and NCCL's own numbers where it says nothing.

All bandwidths are per direction. Sources: PCI Express Base Specification (transfer rates, line codes); NCCL 2.30
``src/graph/topo.h`` and ``topo.cc`` (NVLink, sockets, what is unknown); RCCL ``src/graph/topo.h`` (xGMI); NCCL's
``tuning.cc`` (latencies of its LL protocol). docs/nccl_topology.md explains every choice.
"""

from __future__ import annotations

import re
from typing import Final

from simcomm.errors import InputError

#: GT/s of a PCIe lane -> what its line code (8b/10b, 128b/130b) leaves of it; in generation 6, what the flits leave.
PCIE_CODE: Final = {2.5: 8 / 10, 5.0: 8 / 10, 8.0: 128 / 130, 16.0: 128 / 130, 32.0: 128 / 130, 64.0: 242 / 256}

#: What NCCL takes for a PCIe link whose speed or width is not known: generation 3, 16 lanes.
UNKNOWN_GTPS, UNKNOWN_LANES = 8.0, 16

#: Least compute capability ("sm") -> what NCCL expects of one NVLink; the first row that fits.
NVLINK_BPS: Final = ((100, 40.1e9), (90, 20.6e9), (87, 20e9), (86, 12e9), (70, 20e9), (60, 18e9), (0, 20e9))

#: How the architecture ("gcn") begins -> what RCCL expects of one xGMI link; older files write gfx90a as 910.
XGMI_BPS: Final = {"90a": 36e9, "910": 36e9, "94": 48e9, "95": 48e9, "1250": 64e9, "": 24e9}

#: NCCL's bandwidth where it knows no limit: between CPUs it does not know, and from a CPU to a NIC without PCIe.
NO_LIMIT_BPS: Final = 5000e9

#: What NCCL takes for the port of a NIC that states no speed: 10 Gbit/s.
UNKNOWN_PORT_BPS: Final = 1.25e9

#: Type of a link -> its latency. The file has none: see docs/nccl_topology.md for where these come from.
LATENCY_S: Final = {
    "pcie": 500e-9,
    "nvlink": 600e-9,
    "nvswitch": 300e-9,
    "xgmi": 600e-9,
    "c2c": 600e-9,
    "socket": 100e-9,
    "port": 350e-9,
}

_SPEED = re.compile(r"(\d{1,3}(?:\.\d{1,3})?) ?GT/s(?: PCIe)?")


def pcie_Bps(link_speed: str, lanes: int) -> float:
    """Lanes · transfer rate · line code / 8; an unknown speed is that of generation 3, no lanes are 16, as in NCCL.

    >>> pcie_Bps("16.0 GT/s PCIe", 16), pcie_Bps("Unknown", 0)
    (31507692307.69231, 15753846153.846155)
    """
    match = _SPEED.fullmatch(link_speed)
    unknown = link_speed in ("", "0") or link_speed.lower().startswith("unknown")
    rate = UNKNOWN_GTPS if unknown else float(match[1]) if match else 0.0
    if rate not in PCIE_CODE:
        rates = ", ".join(f"{known:g}" for known in PCIE_CODE)
        raise InputError(f"link_speed: {link_speed!r}; expected one of {rates} GT/s, such as '16.0 GT/s PCIe'")
    return (lanes or UNKNOWN_LANES) * rate * 1e9 * PCIE_CODE[rate] / 8


def nvlink_Bps(sm: int) -> float:
    """One NVLink of a GPU of this compute capability (90 is Hopper).

    >>> nvlink_Bps(80), nvlink_Bps(90)
    (20000000000.0, 20600000000.0)
    """
    return next(bandwidth_Bps for least, bandwidth_Bps in NVLINK_BPS if sm >= least)


def port_Bps(Mbit_per_s: int) -> float:
    """The port of a NIC; one without a speed (some say -1) has 10 Gbit/s, as in NCCL.

    >>> port_Bps(200_000), port_Bps(-1)
    (25000000000.0, 1250000000.0)
    """
    return Mbit_per_s * 125e3 if Mbit_per_s > 0 else UNKNOWN_PORT_BPS


def xgmi_Bps(gcn: str) -> float:
    """One xGMI link of a GPU of this architecture.

    >>> xgmi_Bps("gfx942"), xgmi_Bps("910"), xgmi_Bps("908")
    (48000000000.0, 36000000000.0, 24000000000.0)
    """
    name = gcn.removeprefix("gfx")
    return next(bandwidth_Bps for start, bandwidth_Bps in XGMI_BPS.items() if name.startswith(start))


def socket_Bps(arch: str, vendor: str, family: int, model: int) -> float:
    """What NCCL expects between two sockets (or NUMA nodes) of this CPU.

    >>> socket_Bps("x86_64", "GenuineIntel", 6, 143), socket_Bps("x86_64", "AuthenticAMD", 25, 1)
    (22000000000.0, 24000000000.0)
    """
    if arch != "x86_64":
        return {"ppc64": 32e9, "arm64": 6e9}.get(arch, NO_LIMIT_BPS)
    if vendor == "GenuineIntel":
        return _intel_Bps(model) if family == 6 else 6e9
    if vendor == "AuthenticAMD":
        # A family as CPUID gives it, or as older files have it (0xAF for Zen 3 and 4, 0xBF for Zen 5).
        return {25: 24e9, 0xAF: 24e9, 26: 32e9, 0xBF: 32e9}.get(family, 16e9)
    if vendor in ("CentaurHauls", "  Shanghai  "):
        return 9e9 if (family, model) == (7, 0x5B) else 6e9
    return NO_LIMIT_BPS


def _intel_Bps(model: int) -> float:
    if model >= 0xCF or model in (0xAD, 0xAE, 0xAF):  # Emerald, Granite Rapids, Sierra Forest
        return 40e9
    if model >= 0x8F:  # Sapphire Rapids
        return 22e9
    return 10e9 if model >= 0x55 else 6e9  # Skylake, or older
