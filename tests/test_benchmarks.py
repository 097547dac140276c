"""The benchmarks run, count what they say and answer what the reference engine answers; how fast is not tested."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import fresh, linearity, peers, report, stages, work
from benchmarks.measure import Measured, engine_clock, measure, peak_bytes, pin, timed, yardstick_per_s
from benchmarks.row import Outcome, Row, Target
from benchmarks.rows import NAMED, ROWS
from simcomm.collectives import get
from simcomm.engines import des

RING = NAMED["ring"]
FOUND = Measured("ring", 1_024, "compiled", "", 2_095_104, 1.0, (0.3, 0.1, 0.2), (0.1,), (0.1, 0.1, 0.1), 10**8, 1e6)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_counts_its_closed_form_and_takes_the_reference_engines_time(row: Row) -> None:
    found = measure(row, row.quick_workers, row.engine, 0, 0.001)
    if found.missing:
        pytest.skip(found.missing)
    reference = row.work(row.quick_workers, "des")
    assert found.count == row.count(row.quick_workers)
    assert reference.messages == row.closed_form(row.quick_workers)
    assert found.time_s == pytest.approx(reference.time_s, rel=row.tolerance, abs=0)
    assert found.time_s > 0
    assert row.engine in ("auto", found.engine)


def test_the_rows_are_those_of_the_issue() -> None:
    assert {row.name: row.count(row.workers) for row in ROWS if row.unit == "messages"} | {
        "sweep": work.swept_points(64)
    } == {
        **dict.fromkeys(("ring", "ring_jitter", "ring_compiled", "ring_jitter_compiled", "ring_fair_share"), 2_095_104),
        "all_to_all_fair_share": 1_047_552,
        "staggered_server": 32_768,
        "recursive_doubling": 1_048_576,
        "staggered_all_to_all": 65_280,
        "blocks_fair_share": 16_256,
        "ring_jitter_maxplus": 536_838_144,
        "ring_symmetry": 2_199_021_158_400,
        "sweep": 10_000,
    }
    assert NAMED["blocks_store_and_forward"].count(256) == 4_194_304


@pytest.mark.parametrize(
    ("collective", "formula"),
    [
        ("ring_all_reduce", work.ring),
        ("all_to_all", work.pairs),
        ("all_to_all_blocks", work.pairs),
        ("parameter_server", work.server),
        ("rabenseifner", work.rabenseifner),
    ],
)
def test_formulas_are_what_the_collectives_send(collective: str, formula: Callable[[int], int]) -> None:
    assert [formula(n) for n in range(2, 40)] == [get(collective).schedule(n).messages for n in range(2, 40)]


def test_every_chunk_of_the_sweep_and_of_the_largest_ring_holds_something() -> None:
    assert min(work._swept_elements(64)) >= 64
    assert work.PARAMETERS % NAMED["ring_symmetry"].workers == 0


def test_a_wrong_count_is_no_measurement() -> None:
    lying = replace(RING, work=lambda workers, engine: Outcome(7, 1.0, engine))
    with pytest.raises(RuntimeError, match="ring: 7 messages; expected 24"):
        timed(lying, 4, "des")


def test_an_engine_that_does_not_exist_is_reported() -> None:
    found = measure(RING, 4, "magic", 0, 0.001)
    assert "unknown engine 'magic'" in found.missing
    assert "not available: " in report.lines(found)
    assert report.verdict(found) == "not available"
    assert report.markdown([found]).endswith("| not available |")


def test_engines_that_disagree_end_the_check() -> None:
    near = replace(FOUND, time_s=1 + 1e-13)
    with pytest.raises(SystemExit, match=r"ring: 1\.0000000000001 s by compiled, 1\.0 s by compiled"):
        command.agreement(near, FOUND)
    shared = replace(near, name="ring_fair_share")
    assert "2,095,104 messages" in command.agreement(shared, FOUND)


def test_a_target_is_reached_when_every_part_of_it_is() -> None:
    target = Target(least_per_s=5e6, least_in_engine_per_s=8e6, most_s=10, most_bytes=1e9)
    assert target.shares(10**7, 1.0, 0.5, 2e9) == [2.0, 2.5, 10.0, 0.5]
    assert target.text("crossings") == "≥ 5 M crossings/s, ≥ 8 M in the engine, < 10 s, < 1,000 MB"


def test_a_line_says_the_median_the_ratio_and_the_verdict() -> None:
    assert report.lines(FOUND).splitlines()[1:] == [
        "  2,095,104 messages in 0.2 s, 0.1 s of it in the engine (median of 3): 10.5 M messages/s = 10.5 × the "
        "yardstick, 1 M timeouts/s; peak 100 MB; it had 50% of its core",
        "  target ≥ 100 M messages/s: missed: 0.1 of it; at 1.84 M timeouts/s 0.19 of it",
    ]
    assert report.verdict(replace(FOUND, seconds=(0.01,))) == "reached: 2.1 of it; at 1.84 M timeouts/s 3.9 of it"
    assert report.verdict(replace(FOUND, workers=8)) == "not judged (it is for n = 1,024)"


def test_only_the_outermost_engine_is_clocked() -> None:
    before = des.run
    with engine_clock() as noted:
        assert des.run is not before
        RING.work(4, "des")
    assert len(noted) == 1
    assert noted[0] > 0
    assert des.run is before


def test_the_yardstick_and_the_peak_are_of_this_process() -> None:
    assert 1e3 < yardstick_per_s(0.001) < 1e9
    held = bytearray(b"x") * 10**8
    assert peak_bytes() > len(held)


def test_a_fresh_process_measures_one_row_and_is_stopped_if_it_takes_too_long() -> None:
    found = fresh.measure(RING, 4, "des", limit_s=120)
    assert (found.workers, found.engine, found.count, len(found.seconds)) == (4, "des", 24, 5)
    assert found.engine_s < found.median_s
    assert found.ratio > 0
    assert fresh.measure(RING, 4, "des", limit_s=0.001).missing == "stopped after 0.001 s"
    with pytest.raises(SystemExit, match="invalid choice"):
        fresh.run("benchmarks.measure", "no_such_row", limit_s=120)


def test_pinning_leaves_as_many_cores_as_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[list[int]] = []
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {3, 1, 2}, raising=False)
    monkeypatch.setattr("os.sched_setaffinity", lambda process, cores: chosen.append(cores), raising=False)
    pin(1)
    pin(2)
    assert chosen == [[3], [2, 3]]


def test_the_slope_of_linear_cost_is_1() -> None:
    rows = [replace(FOUND, count=count, seconds=(count * 3e-7,)) for count in (10, 100, 1_000)]
    assert math.isclose(linearity.slope(rows), 1)
    assert math.isclose(linearity.slope([replace(row, seconds=(row.count**2.0,)) for row in rows]), 2)


def test_linearity_draws_what_there_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys) -> None:
    def measured(row: Row, workers: int, engine: str, limit_s: float) -> Measured:
        if engine == "maxplus":
            return Measured(row.name, workers, engine, missing="there is none")
        return replace(FOUND, workers=workers, engine=engine, count=row.count(workers), seconds=(workers * 1e-3,))

    monkeypatch.setattr(fresh, "measure", measured)
    assert linearity.main(tmp_path, 1.0) == 0
    said = capsys.readouterr().out
    assert "compiled: seconds grow with messages to the power 0.50 (0.50 in the three largest)" in said
    assert "not available: there is none" in said
    assert (tmp_path / "linearity.png").stat().st_size > 10_000


def test_peers_are_skipped_with_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(peers, "find_spec", lambda name: None)
    assert peers.main(1.0) == 0
    assert "simgrid cannot be imported" in capsys.readouterr().out


def test_a_profile_finds_every_stage_by_its_functions() -> None:
    row = NAMED["ring_compiled"]
    row.work(8, "compiled")
    stats = stages.profiled(row, 8)
    seconds = stages.stage_seconds(stats)
    assert [stage for stage, spent in seconds.items() if spent <= 0] == []
    assert seconds["  lowering"] <= seconds["engine"]
    whole = sum(spent for stage, spent in seconds.items() if not stage.startswith("  "))
    said = stages.table(stats)
    assert whole <= float(said.split()[3]) + 0.001  # it is rounded


def test_the_command_lists_its_rows_and_knows_no_others(capsys) -> None:
    assert command.main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(NAMED)
    with pytest.raises(SystemExit, match="no benchmark 'rong'; did you mean 'ring'"):
        command.main(["rong"])
    assert command.main(["ring", "--quick"]) == 0
    assert "1,984 messages" in capsys.readouterr().out


def test_the_readme_says_what_every_row_has_to_reach() -> None:
    text = (fresh.ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    for row in ROWS:
        assert f"`{row.name}`: {row.what}, n = {row.workers:,} | {row.engine}" in text
        assert row.target.text(row.unit) in text
