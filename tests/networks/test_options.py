"""The parameters of a model as a scenario, or Python, writes them."""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction
from typing import Any

import pytest

from simcomm import networks
from simcomm.errors import InputError
from simcomm.networks.fair_share import FairShare
from simcomm.networks.loggp import LogGP
from simcomm.networks.options import DESCRIPTIONS, options_of, read
from simcomm.networks.store_and_forward import StoreAndForward


@pytest.mark.parametrize("name", networks.names())
def test_every_parameter_has_a_name_without_its_unit_and_a_description(name: str) -> None:
    model = networks.model_class(name)
    found = options_of(model)
    assert [option.field.name for option in found.values()] == [field.name for field in fields(model)]
    for short, option in found.items():
        assert option.name == short
        assert option.field.name.removeprefix(short) in ("", "_s", "_Bps", "_bytes")
        assert DESCRIPTIONS[short]


def test_every_description_belongs_to_a_parameter() -> None:
    assert set(DESCRIPTIONS) == {
        option for name in networks.names() for option in options_of(networks.model_class(name))
    }


def test_quantities_with_units() -> None:
    given = {"overhead": "1 us", "gap": "20 ns", "reduce_bandwidth": "8 Gbit/s", "cpu_bandwidth": "2 GB/s"}
    more = {"rendezvous_above": "64 KiB", "first_byte_free": True, "ports": "one_cpu"}
    assert networks.get("loggp", given | more) == LogGP(1e-6, 2e-8, 1e9, 2e9, 65536, True, "one_cpu")
    packets = {"packet_size": "4 kB", "endpoint_delay": "1 ns", "reduce_bandwidth": "1 GB/s"}
    assert networks.get("store_and_forward", packets) == StoreAndForward(4000, 1e-9, 1e9)
    capped = {"weights": "inverse_latency", "rate_cap": "10 Gbit/s"}
    assert networks.get("fair_share", capped) == FairShare("inverse_latency", 1.25e9)


def test_plain_numbers_are_si_units_and_stay_exact() -> None:
    third = Fraction(1, 3)
    model = networks.get("loggp", {"overhead": third, "cpu_bandwidth": third, "gap": 2})
    assert (model.overhead_s, model.cpu_bandwidth_Bps, model.gap_s) == (third, third, 2)  # type: ignore[attr-defined]
    for whole in (4096, 4096.0, Fraction(4096)):
        size = networks.get("store_and_forward", {"packet_size": whole}).packet_size_bytes  # type: ignore[attr-defined]
        assert (size, type(size)) == (4096, int)


def test_nothing_given_is_the_default() -> None:
    assert networks.get("loggp", {"gap": None, "rendezvous_above": None}) == networks.get("loggp", {}) == LogGP()


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("loggp", {"overhead": -1}, r"overhead: -1 is out of range; expected a time such as .*"),
        ("loggp", {"gap": float("nan")}, r"gap: nan is out of range; .*"),
        ("loggp", {"gap": float("inf")}, r"gap: inf is out of range; .*"),
        ("loggp", {"gap": True}, r"gap: True is not a time; .*"),
        ("loggp", {"overhead": "5"}, r"overhead: .*5.*"),
        ("loggp", {"overhead": "5 parsec"}, r"overhead: .*parsec.*"),
        ("loggp", {"reduce_bandwidth": 0}, r"reduce_bandwidth: 0 is out of range; expected a bandwidth such as .*"),
        ("loggp", {"cpu_bandwidth": "0 GB/s"}, r"cpu_bandwidth: .*"),
        ("loggp", {"first_byte_free": 1}, r"first_byte_free: 1; expected true or false"),
        ("loggp", {"first_byte_free": "yes"}, r"first_byte_free: 'yes'; expected true or false"),
        ("loggp", {"ports": 1}, r"ports: 1; expected a word"),
        ("loggp", {"ports": "onecpu"}, r"ports: 'onecpu'; expected full_duplex or one_cpu; did you mean 'one_cpu'\?"),
        ("loggp", {"rendezvous_above": 0.5}, r"rendezvous_above: 0.5 bytes are not a whole number; .*"),
        ("store_and_forward", {"packet_size": 1.5}, r"packet_size: 1.5 bytes are not a whole number; .*"),
        ("store_and_forward", {"packet_size": 0}, r"packet_size: 0 bytes; expected at least 1 byte"),
        ("store_and_forward", {"packet_size": "0 B"}, r"packet_size: 0 bytes; expected at least 1 byte"),
        ("store_and_forward", {"packet_size": "1 us"}, r"packet_size: .*"),
        ("fair_share", {"rate_cap": 0}, r"rate_cap: 0 is out of range; .*"),
        ("fair_share", {"weights": None, "wieghts": "equal"}, r"unknown option 'wieghts' .*did you mean 'weights'\?"),
        ("fair_share", {"weights": "unequal"}, r"weights: 'unequal'; expected equal or inverse_latency.*"),
    ],
)
def test_what_is_refused_is_named(model: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        networks.get(model, options)


def test_a_scenario_has_no_plain_numbers() -> None:
    with pytest.raises(InputError, match=r"^gap: 2 has no unit; expected a time such as"):
        read("loggp", LogGP, {"gap": 2}, plain_numbers=False)
    assert read("loggp", LogGP, {"gap": "2 s"}, plain_numbers=False) == {"gap_s": 2.0}
