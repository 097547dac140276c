"""Network models by name, and what differs between workers."""

from __future__ import annotations

import pytest

from simcomm import networks
from simcomm.errors import InputError
from simcomm.networks.base import Workers
from simcomm.networks.fair_share import FairShare
from simcomm.networks.loggp import LogGP
from simcomm.networks.store_and_forward import StoreAndForward


def test_a_model_by_name_with_its_parameters() -> None:
    assert networks.names() == ("loggp", "store_and_forward", "fair_share")
    assert networks.get("loggp") == LogGP()
    assert networks.get("loggp", {"gap": 2, "reduce_bandwidth": 5}) == LogGP(0, 2, 5)
    assert networks.get("store_and_forward") == StoreAndForward()
    assert networks.get("fair_share") == FairShare()


def test_an_unknown_model_names_the_nearest() -> None:
    with pytest.raises(InputError) as refused:
        networks.get("logp")
    assert str(refused.value) == "unknown network model 'logp'; did you mean 'loggp'?"
    with pytest.raises(InputError, match=r"unknown network model 'tcp'$"):
        networks.get("tcp")


def test_an_unknown_option_names_the_nearest() -> None:
    with pytest.raises(InputError) as refused:
        networks.get("loggp", {"overhed": 1})
    known = "overhead, gap, reduce_bandwidth, cpu_bandwidth, rendezvous_above, first_byte_free, ports"
    text = f"unknown option 'overhed' of network loggp; expected one of {known}; did you mean 'overhead'?"
    assert str(refused.value) == text


@pytest.mark.parametrize(
    ("workers", "alike"),
    [
        (Workers.alike(2), True),
        (Workers((0, 1), (0, 0), (1, 1)), False),
        (Workers((0, 0), (1, 0), (1, 1)), False),
        (Workers((0.0, 0.0), (0.0, 0.0), (1, 2)), True),  # it computes nothing: twice nothing
    ],
)
def test_workers_are_alike_when_all_are_ready_at_once(workers: Workers, alike: bool) -> None:
    assert workers.are_alike is alike


def test_a_gradient_is_ready_when_it_was_started_and_computed() -> None:
    workers = Workers((1, 2), (10, 20), (1, 1))
    assert [workers.ready_s(rank) for rank in range(2)] == [11, 22]
