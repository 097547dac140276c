"""What would not fit is refused by its closed form alone, with the numbers and with what would fit."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

import simcomm
from simcomm import limits
from simcomm.collectives import get
from simcomm.errors import InputError
from simcomm.forecast import Forecast, refuse
from simcomm.limits import ENGINE_BYTES, EngineBytes, available_bytes, check_size, estimate, most_workers, refusal
from simcomm.scenario import from_mapping
from simcomm.simulation import forecasts

RING = get("ring_all_reduce")


def plain(monkeypatch: pytest.MonkeyPatch, **engines: EngineBytes) -> None:
    """Engines with these needs and no others."""
    monkeypatch.setattr(limits, "ENGINE_BYTES", engines)


def test_the_estimate_is_the_sum_of_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch, des=EngineBytes(message=10**4, note=10**8, pair=10**12, chunk=10**16, step=10**20, rank=10**24))
    ring = estimate(RING, 4, {}, "des")
    assert (ring.messages, ring.chunks) == (24, 24)
    assert ring.memory_bytes == 24 * 10**4 + 12 * 10**12 + 6 * 10**20 + 4 * 10**24
    assert estimate(RING, 4, {}, "des", timeline=True).memory_bytes == ring.memory_bytes + 24 * 10**8
    server = estimate(get("parameter_server"), 4, {}, "des")
    assert server.memory_bytes == 8 * 10**4 + 8 * 10**12 + 2 * 10**20 + 5 * 10**24
    halving = estimate(get("rabenseifner"), 4, {}, "des")
    assert halving.chunks == 4 * 2 * (2 + 1)
    assert halving.memory_bytes % 10**20 == 16 * 10**4 + 12 * 10**12 + (24 - 16) * 10**16


def test_an_engine_of_somebody_elses_is_taken_for_the_reference() -> None:
    assert replace(estimate(RING, 9, {}, "mine"), engine="des") == estimate(RING, 9, {}, "des")


def test_a_refusal_names_numbers_and_what_would_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch, des=EngineBytes(message=100, note=50), small=EngineBytes(rank=8))
    why = refusal(RING, 1_000, {}, "des", timeline=True, most_bytes=200_000_000)
    assert why == (
        "ring_all_reduce with 1,000 workers sends 1,998,000 messages, which need about 300 MB with engine des and a "
        "timeline; there are 200 MB; expected at most 816 workers or no timeline or engine small (8 kB), where it "
        "accepts the run"
    )
    assert estimate(RING, 816, {}, "des", timeline=True).memory_bytes <= 200_000_000
    assert estimate(RING, 817, {}, "des", timeline=True).memory_bytes > 200_000_000
    assert refusal(RING, 816, {}, "des", timeline=True, most_bytes=200_000_000) == ""


def test_operations_that_just_fit_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch, des=EngineBytes(message=100))
    monkeypatch.setenv(limits.MEMORY_VARIABLE, "1 kB")
    limits.check_operations("des", 10)
    with pytest.raises(InputError, match=r"^11 operations need about 1\.1 kB with engine des; there are 1 kB; "):
        limits.check_operations("des", 11)


def test_runs_that_just_fit_together_go_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limits.MEMORY_VARIABLE, "900 B")
    alike = [Forecast("des", "", limits.Estimate("des", 1, 1, size), "") for size in (200, 300, 100, 400)]
    refuse(alike, jobs=3)
    with pytest.raises(InputError, match=r"^jobs: the 4 largest runs need about 1 kB .* expected at most 3 at a time$"):
        refuse(alike, jobs=4)


def test_what_nothing_helps_is_refused_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch, des=EngineBytes(rank=100))
    assert refusal(RING, 2, {}, "des", timeline=True, most_bytes=99).endswith("there are 99 B; expected a smaller run")


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("ring_all_reduce", {}, 22),  # 2 · 22 · 21 = 924 messages, 2 · 23 · 22 = 1,012
        ("all_to_all", {}, 32),
        ("parameter_server", {"servers": 3}, 166),
        ("parameter_server", {"servers": 400}, 1),
        ("recursive_doubling", {}, 180),  # 7 · 128 messages, and 2 · 52 of those beyond 128
    ],
)
def test_the_most_workers_that_fit(
    name: str, options: dict[str, Any], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain(monkeypatch, des=EngineBytes(message=1))
    found = most_workers(get(name), 5_000, options, "des", False, 1_000)
    assert found == expected
    assert estimate(get(name), found, options, "des").memory_bytes <= 1_000


def test_numbers_of_workers_that_are_refused_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    plain(monkeypatch, des=EngineBytes(message=1))
    colocated = {"servers": 64, "placement": "colocated"}
    found = most_workers(get("parameter_server"), 5_000, colocated, "des", False, 10_000)
    assert 64 <= found < 5_000
    assert most_workers(get("parameter_server"), 5_000, colocated, "des", False, 1_000) == 0


def test_check_size_looks_at_the_memory_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = estimate(RING, 64, {}, "des").memory_bytes
    monkeypatch.setenv("SIMCOMM_MEMORY", f"{needed} B")
    check_size(RING, 64, {})
    monkeypatch.setenv("SIMCOMM_MEMORY", f"{needed - 1} B")
    with pytest.raises(InputError, match="ring_all_reduce with 64 workers sends 8,064 messages"):
        check_size(RING, 64, {})


def test_the_memory_that_there_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.delenv("SIMCOMM_MEMORY", raising=False)
    monkeypatch.setattr(limits, "_CONTAINERS", ())
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < available_bytes() <= machine
    limit, used = tmp_path / "limit", tmp_path / "used"
    monkeypatch.setattr(limits, "_CONTAINERS", ((str(limit), str(used)),))
    limit.write_text("5000\n")
    used.write_text("2000\n")
    assert available_bytes() == 3_000
    limit.write_text("max\n")
    assert available_bytes() > 3_000
    limit.write_text("1000\n")
    assert available_bytes() == 0


def test_every_engine_that_a_scenario_may_name_has_its_numbers() -> None:
    from simcomm import engines

    assert {*ENGINE_BYTES} == {*engines.names()} - {"auto"}


def test_an_engine_that_folds_does_not_make_small_what_does_not_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limits.MEMORY_VARIABLE, "8 GB")
    keys = {"size": "1 GB", "link": {"bandwidth": "1 GB/s", "latency": "1 us"}, "engine": "maxplus"}
    sharded = {"name": "parameter_server", "servers": "workers", "placement": "colocated"}
    with pytest.raises(InputError, match=r"536,838,144 messages, which need about \d+ GB"):
        simcomm.simulate(sharded, 16_384, **keys)
    folds = from_mapping(keys | {"collective": "ring_all_reduce", "workers": 16_384}, source="here")
    assert [found.refused for found in forecasts(folds)] == [""]


def test_chunks_without_an_element_are_refused_before_all_messages_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who then sends what to whom hangs on the rank: the schedule would be unfolded, which no forecast knows."""
    monkeypatch.setenv(limits.MEMORY_VARIABLE, "1 GB")
    link = {"bandwidth": "1 GB/s", "latency": "1 us"}
    assert simcomm.simulate("ring_all_reduce", 2_000, parameters=2_000, link=link).proven
    with pytest.raises(InputError, match=r"7,996,000 operations need about 3\.6 GB .* there are 1 GB; expected fewer"):
        simcomm.simulate("ring_all_reduce", 2_000, parameters=1_999, link=link)
