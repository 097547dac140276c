"""The dict of collectives: names, spellings, and the house rules that hold for every one of them."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import simcomm.collectives
from simcomm.collectives import COLLECTIVES, get, names
from simcomm.collectives.base import Collective
from simcomm.errors import InputError

FOLDER = Path(simcomm.collectives.__file__).parent


def test_names() -> None:
    assert names() == (
        "all_to_all",
        "all_to_all_blocks",
        "all_to_all_v",
        "binomial_all_reduce",
        "binomial_broadcast",
        "binomial_gather",
        "binomial_reduce",
        "binomial_scatter",
        "bruck_all_gather",
        "bruck_all_to_all",
        "chain_broadcast",
        "chain_reduce",
        "direct_all_gather",
        "direct_broadcast",
        "direct_gather",
        "direct_reduce",
        "direct_reduce_scatter",
        "direct_scatter",
        "double_binary_tree_all_reduce",
        "double_binary_tree_broadcast",
        "double_binary_tree_reduce",
        "gossip",
        "hierarchical_all_reduce",
        "hierarchical_all_to_all",
        "hierarchical_ring_all_reduce",
        "in_network_all_reduce",
        "multi_ring_all_reduce",
        "neighbor_exchange_all_gather",
        "packed_trees_all_reduce",
        "packed_trees_broadcast",
        "pairwise_reduce_scatter",
        "parameter_server",
        "rabenseifner",
        "recursive_doubling",
        "recursive_doubling_all_gather",
        "recursive_halving_reduce_scatter",
        "reduce_scatter_gather_reduce",
        "ring_all_gather",
        "ring_all_reduce",
        "ring_reduce_scatter",
        "ring_shift",
        "scatter_all_gather_broadcast",
        "torus_all_reduce",
    )
    assert list(names()) == sorted(set(names()))
    assert [get(name).name for name in names()] == list(names())


def test_every_collective_of_every_file_has_its_line_in_the_dict() -> None:
    found = {
        f"{module.__name__}:{attribute}"
        for path in FOLDER.glob("*.py")
        for module in [import_module(f"simcomm.collectives.{path.stem}")]
        for attribute, value in vars(module).items()
        if isinstance(value, Collective)
    }
    assert found == set(COLLECTIVES.values())


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ring_allreduce", "; did you mean 'ring_all_reduce'?"),
        ("alltoall", "; did you mean 'all_to_all'?"),
        ("Parameter_Server", "; did you mean 'parameter_server'?"),
        ("butterfly", ""),
        ("", ""),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_right_one(name: str, hint: str) -> None:
    with pytest.raises(InputError) as refused:
        get(name)
    assert str(refused.value) == f"unknown collective {name!r}{hint}"


@pytest.mark.parametrize("name", names())
def test_a_collective_says_what_it_is_and_where_it_is_from(name: str) -> None:
    collective = get(name)
    assert re.fullmatch(r"[A-Z][^\n]{20,160}\.", collective.summary), collective.summary
    assert re.search(r"\b(19|20)\d\d\b", collective.source), "a source has a year"
    module = sys.modules[collective.build.__module__]
    for documented in (module, collective.build, collective.closed_form):
        assert inspect.getdoc(documented), documented
    assert "S" in (inspect.getdoc(collective.closed_form) or "") or name == "parameter_server"
    assert collective.variants[0] == {}, "the defaults come first"
    for options in collective.variants:
        collective.check(4, options)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_a_file_is_one_screen(path: Path) -> None:
    if path.name == "base.py":
        pytest.skip("it is what collectives are made of")
    assert len(path.read_text(encoding="utf-8").splitlines()) < 110


def test_a_collective_is_imported_when_it_is_asked_for() -> None:
    code = "import sys, simcomm.collectives; print('numpy' in sys.modules, 'simcomm.collectives.ring' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False False\n"
