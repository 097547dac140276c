"""Comparisons whose answer is known: closed forms say where the winner changes."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from simcomm import collectives, formats, goals
from simcomm.closed_forms import Vector
from simcomm.compare import Comparison, Effort, compare
from simcomm.compare.book import MORE_HOSTS
from simcomm.compare.task import task_of
from simcomm.errors import InputError
from simcomm.results import JOURNAL_FILE, load_results
from simcomm.scenario import from_mapping

ALPHA, BETA = 2 * 5e-6, 1 / 12.5e9  # two links to the switch and back
TWO = ("recursive_doubling", "ring_all_reduce")
PS = "parameter_server"
AS_THEY_ARE = Effort(budget=1)
WORD = ("size=1 MiB",)


def scenario(**keys: Any) -> dict[str, Any]:
    link = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
    sizes = {"sweep": {"size": {"log2": ["1 KiB", "4 MiB"]}}} if "sweep" not in keys else {}
    return {"workers": 8, "collective": "ring_all_reduce", "link": link, **sizes, **keys}


def alphas_and_vectors(name: str, n: int) -> tuple[float, float]:
    """How many latencies and how many times the vector's bytes an algorithm takes, by its formula: no simcomm in it."""
    lg = n.bit_length() - 1
    power, extra = 2**lg, n - 2**lg
    inside = 2 * (power - 1) / power
    return {
        "ring_all_reduce": (2 * (n - 1), 2 * (n - 1) / n),
        "recursive_doubling": (lg, lg) if not extra else ((extra - 1).bit_length() + 2, lg + 2),
        "rabenseifner": (2 * lg, inside) if not extra else (2 * lg + 2, inside + 2),
        "all_to_all": (1, n - 1),
    }[name]


def equal_bytes(n: int, low: str = TWO[0], high: str = TWO[1]) -> float:
    """Where two algorithms take the same time: their formulas set equal, solved for S."""
    (few, many_vectors), (many, few_vectors) = (alphas_and_vectors(name, n) for name in (low, high))
    return (many - few) * ALPHA / ((many_vectors - few_vectors) * BETA)


def of_size(*sizes: float) -> dict[str, Any]:
    return {"sweep": {"size": [f"{round(size) // 4 * 4} B" for size in sizes]}}


@pytest.mark.parametrize(
    ("low", "high", "n"),
    [
        *((*TWO, n) for n in (6, 7, 8, 16, 33)),
        *(("recursive_doubling", "rabenseifner", n) for n in (8, 16, 32)),
        ("all_to_all", "rabenseifner", 16),
    ],
)
def test_a_crossover_is_that_of_the_formulas(low, high, n):
    at = equal_bytes(n, low, high)
    found = compare(scenario(workers=n, **of_size(at / 3, at * 3)), only=(low, high), effort=AS_THEY_ARE)
    (cross,) = found.crossovers
    assert (cross.below, cross.above) == (low, high)
    assert cross.size_bytes == pytest.approx(at, rel=1e-3)
    assert cross.low_bytes <= cross.size_bytes <= cross.high_bytes <= 1.01 * cross.low_bytes + 4
    alphas, vectors = alphas_and_vectors(high, n)
    assert cross.time_s == pytest.approx(alphas * ALPHA + vectors * at * BETA, rel=1e-3)
    below, above = (each for each in found.ranges(n))
    assert (below.until_bytes, above.from_bytes) == (cross.size_bytes, cross.size_bytes)


@pytest.mark.parametrize("n", [6, 7, 12, 33])
def test_a_crossover_with_a_formula_that_is_the_least_time_is_on_its_side(n):
    """Of other n than powers of two Rabenseifner's formula is the least: what comes early can be in the way."""
    low, high = "rabenseifner", "ring_all_reduce"
    at = equal_bytes(n, low, high)
    found = compare(scenario(workers=n, **of_size(at / 3, at * 3)), only=(low, high), effort=AS_THEY_ARE)
    (cross,) = found.crossovers
    assert (cross.below, cross.above) == (low, high)
    assert 0.98 * at < cross.size_bytes < 1.001 * at


def test_a_third_algorithm_that_is_best_only_between_two_sizes_of_the_grid_is_found():
    three = ("all_to_all", "recursive_doubling", "rabenseifner")
    found = compare(scenario(workers=16, **of_size(1024, 2**26)), only=three, effort=AS_THEY_ARE)
    assert [each.algorithm for each in found.ranges(16)] == list(three)
    assert [cross.size_bytes for cross in found.crossovers] == [
        pytest.approx(equal_bytes(16, *two), rel=1e-3) for two in pairwise(three)
    ]
    assert [cell.is_between for cell in found.cells] == [False, True, False]
    assert found.cells[1].size_bytes == pytest.approx(equal_bytes(16, three[0], three[2]), rel=1e-3)
    assert [row.best for row in found.rows] == list(three)
    assert {result.vector_bytes for result in found.results} >= {1024, 2**26, found.cells[1].size_bytes}


def test_a_third_algorithm_that_is_not_ahead_by_more_than_the_model_error_adds_nothing():
    three = ("all_to_all", "recursive_doubling", "rabenseifner")
    at = equal_bytes(16, three[0], three[2])
    times = {name: a * ALPHA + v * at * BETA for name, (a, v) in ((n, alphas_and_vectors(n, 16)) for n in three)}
    ahead = times["rabenseifner"] / times["recursive_doubling"] - 1
    for error, count in ((ahead - 0.01, 3), (ahead + 0.01, 2)):
        effort = Effort(budget=1, model_error=error)
        found = compare(scenario(workers=16, **of_size(1024, 2**26)), only=three, effort=effort)
        assert len(found.cells) == count


def test_a_parameter_server_never_wins():
    """α + (n−1)Sβ of the exchange of whole vectors is always less than its 2α + 2nSβ."""
    only = ("all_to_all", "parameter_server", "ring_all_reduce")
    found = compare(
        scenario(sweep={"workers": [3, 8], "size": ["1 KiB", "1 MiB", "64 MiB"]}), only=only, effort=AS_THEY_ARE
    )
    assert all("parameter_server" not in cell.names for cell in found.cells)
    assert all(sentence.endswith("never parameter_server") for sentence in found.sentences)


def test_it_refuses_to_rank_what_the_model_cannot_tell():
    at = round(equal_bytes(8))
    swept = {"size": [f"{size} B" for size in (at // 4, at, at * 4)]}
    found = compare(scenario(sweep=swept), only=TWO, effort=AS_THEY_ARE)
    assert [cell.is_clear for cell in found.cells] == [True, False, True]
    assert [row.distinguishable for row in found.rows] == [True, False, True]
    assert [row.equals != "" for row in found.rows] == [False, True, False]
    assert "recursive_doubling (as good at 1.05 MiB: ring_all_reduce); above, ring_all_reduce" in found.sentences[0]
    wide = compare(scenario(sweep=swept), only=TWO, effort=Effort(budget=1, model_error=0.9))
    assert sum(cell.is_clear for cell in wide.cells) < 2


def test_options_are_tuned_within_the_budget():
    keys = {"collective": "chain_broadcast", "sweep": {"size": ["1 KiB", "1 MiB", "64 MiB"], "workers": [5, 8]}}
    only = ("chain_broadcast", "binomial_broadcast")
    for budget, some, all_of_them in ((1, True, True), (3, True, False), (24, False, False)):
        found = compare(scenario(**keys), only=only, effort=Effort(budget=budget))
        at = {(cell.workers, cell.size_bytes) for cell in found.cells}
        count = Counter((r.collective, r.workers, r.vector_bytes) for r in found.results)
        assert max(number for where, number in count.items() if where[1:] in at) <= budget
        assert (found.ended_by_budget > 0, found.ended_by_budget == found.searches) == (some, all_of_them)
    row = next(row for row in found.rows if (row.workers, row.size_bytes) == (8, 2**26))
    chain = min(
        found.results.where(collective="chain_broadcast", workers=8, vector_bytes=2**26), key=lambda r: r.time_s
    )
    assert row.best == "chain_broadcast"
    assert row.time_s <= 1.01 * chain.time_s
    untuned = next(r for r in found.results if r.collective == "chain_broadcast" and not r.options and r.workers == 8)
    assert "segments=" in row.options
    assert untuned.options == ""


def test_by_default_the_sizes_are_from_1_kib_to_1_gib():
    task = task_of(from_mapping(scenario(size="12 MB", sweep={"workers": [2, 3]}, dtype="float64")))
    assert [elements * 8 for n, elements in task.grid if n == 3] == [2**exponent for exponent in range(10, 31)]
    assert {n for n, _ in task.grid} == {2, 3}


def test_a_size_that_is_given_as_an_override_is_the_one():
    grids = [task_of(from_mapping(scenario(size="12 MB", sweep={"workers": [2]}), over)).grid for over in ((), WORD)]
    assert [len(grid) for grid in grids] == [21, 1]
    assert grids[1] == ((2, 2**18),)


def test_shards_of_a_parameter_server_are_tuned():
    """Through one server's port goes nSβ twice, through s of them 2nSβ/s: with large vectors the most are best."""
    keys = scenario(workers=6, sweep={"size": ["16 MiB"]})
    found = compare(keys, only=("parameter_server", "binomial_all_reduce"))
    tuned = next(entry for entry in found.cells[0].entries if entry.algorithm == "parameter_server")
    assert tuned.words == "placement=colocated servers=workers"
    tried = {r.options for r in found.results if r.collective == "parameter_server" and "segments" not in r.options}
    assert tried >= {
        f"placement=colocated{servers}" for servers in ("", " servers=2", " servers=4", " servers=workers")
    }


def test_who_takes_further_hosts_is_compared_without_them_unless_it_is_named():
    """As many servers again as workers, and their ports, would beat all that do with n hosts."""
    keys = scenario(workers=4, sweep={"size": ["16 MiB"]})
    others = tuple(each for each in task_of(from_mapping(keys)).algorithms if each not in (*TWO, PS))
    found = compare(keys, without=others)
    tuned = next(entry for entry in found.cells[0].entries if entry.algorithm == PS)
    assert ("placement", "colocated") in tuned.options
    (left,) = (each for each in found.untried if each.algorithm == PS)
    assert (left.workers, left.reason) == ((4,), MORE_HOSTS)
    named = compare(keys, only=(*TWO, PS))
    assert not named.untried
    dedicated = [
        [r for r in each.results if r.collective == PS and "placement=colocated" not in r.options]
        for each in (found, named)
    ]
    assert (len(dedicated[0]), len(dedicated[1]) > 0) == (0, True)


class Stops:
    """Progress that breaks the run off, as Ctrl-C does, after so many points."""

    def __init__(self, after: int) -> None:
        self.left = after

    def started(self, total: int, done: int) -> None: ...

    def came_to(self, identity: str, so_far: object) -> None: ...

    def finished(self) -> None: ...

    def advanced(self, identity: str, seconds: float) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def written(found: Comparison, folder: Path) -> list[bytes]:
    found.table.to_csv(folder / "t.csv")
    found.to_json(folder / "t.json")
    return [(folder / name).read_bytes() for name in ("t.csv", "t.json", "results.csv")]


FEW = Effort(budget=5)
TREES = ("binomial_broadcast", "chain_broadcast")
SMALL = {"collective": "binomial_broadcast", "sweep": {"size": ["1 KiB", "64 KiB", "4 MiB"], "workers": [4, 6]}}


def test_a_comparison_that_was_stopped_or_killed_goes_on_and_says_the_same(tmp_path):
    whole = compare(scenario(**SMALL), effort=FEW, only=TREES, out=tmp_path / "whole")
    stopped = compare(scenario(**SMALL), effort=FEW, only=TREES, out=tmp_path / "out", progress=Stops(17))
    assert (stopped.results.interrupted, len(stopped.results)) == (True, 17)
    again = compare(scenario(**SMALL), effort=FEW, only=TREES, out=tmp_path / "out")
    assert again.results.reused == 17
    assert again.results.ran == whole.results.ran - 17
    assert written(again, tmp_path / "out") == written(whole, tmp_path / "whole")

    journal = tmp_path / "whole" / JOURNAL_FILE
    journal.write_bytes(journal.read_bytes()[:-5000])  # what a kill leaves: fewer lines, the last one torn
    killed = compare(scenario(**SMALL), effort=FEW, only=TREES, out=tmp_path / "whole")
    assert 0 < killed.results.ran < whole.results.ran / 2
    assert written(killed, tmp_path / "whole") == written(again, tmp_path / "out")


def test_processes_make_no_difference(tmp_path):
    one = compare(scenario(**SMALL), effort=FEW, only=TREES, out=tmp_path / "one")
    two = compare(scenario(**SMALL), effort=FEW, only=TREES, out=tmp_path / "two", jobs=2)
    assert written(one, tmp_path / "one") == written(two, tmp_path / "two")
    assert len(load_results(tmp_path / "two")) == one.results.ran


def test_rows_cover_every_size_once_and_json_says_all():
    found = compare(
        scenario(sweep={"workers": [6, 8], "size": {"log2": ["16 KiB", "4 MiB"]}}), only=TWO, effort=AS_THEY_ARE
    )
    for n in (6, 8):
        rows = [row for row in found.rows if row.workers == n]
        assert (rows[0].from_bytes, rows[-1].until_bytes) == (0, None)
        assert all(a.until_bytes == b.from_bytes for a, b in pairwise(rows))
        assert all(row.from_bytes <= row.size_bytes for row in rows)
        assert all(row.until_bytes is None or row.size_bytes < row.until_bytes for row in rows)
    data = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert [row["best"] for row in data["rows"]] == [row.best for row in found.rows]
    assert [" ".join(row["equals"]) for row in data["rows"]] == [row.equals for row in found.rows]
    assert all(row["options"] == row["runner_up_options"] == {} for row in data["rows"])
    assert [(row["workers"], row["size_bytes"]) for row in data["rows"]] == [
        (cell.workers, cell.size_bytes) for cell in found.cells
    ]
    assert data["cluster"]["network"]["model"] == "loggp"
    assert data["crossovers"][0]["size_bytes"] == found.crossovers[0].size_bytes
    assert data["sentences"] == list(found.sentences)


def test_what_cannot_run_is_left_out_with_the_reason():
    only = ("recursive_doubling_all_gather", "ring_all_gather", "bruck_all_gather")
    keys = {"collective": "ring_all_gather", "sweep": {"workers": [4, 6], "size": ["1 KiB"]}}
    found = compare(scenario(**keys), only=only)
    (left,) = found.left_out
    assert left[:3] == ("recursive_doubling_all_gather", (6,), 1)
    assert "expected a power of two" in left.reason
    assert [len(cell.entries) for cell in found.cells] == [3, 2]


def test_what_the_cluster_cannot_do_is_left_out_by_name():
    keys = scenario(sweep={"size": ["1 MiB"]})
    found = compare(keys, without=("all_to_all",), only=(*TWO, "all_to_all"), effort=AS_THEY_ARE)
    assert {result.collective for result in found.results} == set(TWO)
    assert found.left_out == (("all_to_all", (), 0, "not wanted (--without)"),)


def test_what_is_too_large_is_left_out_with_the_reason():
    effort = Effort(most_messages=50)
    keys = {"sweep": {"size": ["1 MiB"]}, "engine": "compiled"}
    found = compare(scenario(**keys), only=(*TWO, "rabenseifner"), effort=effort)
    (left,) = found.left_out
    assert left.algorithm == "ring_all_reduce"
    assert left.reason.startswith("112 messages to look at; at most 50 are")
    assert any(each.algorithm == "recursive_doubling segments=4" for each in found.untried)
    with pytest.raises(InputError, match=r"no algorithm can run: .* messages to look at; at most 1 are"):
        compare(scenario(**keys), only=TWO, effort=Effort(most_messages=1))


def test_what_does_not_fit_into_memory_is_left_out_with_the_reason(monkeypatch):
    monkeypatch.setenv("SIMCOMM_MEMORY", "250 kB")
    keys = {"workers": 16, "sweep": {"size": ["1 MiB"]}, "engine": "compiled"}
    found = compare(
        scenario(**keys), only=("ring_all_reduce", "recursive_doubling", "parameter_server"), effort=AS_THEY_ARE
    )
    assert [left.algorithm for left in found.left_out] == ["ring_all_reduce"]
    assert "480 messages, which need about" in found.left_out[0].reason


def test_there_are_no_more_segments_than_elements():
    keys = {"collective": "chain_broadcast", "sweep": {"parameters": [2, 3]}}
    found = compare(scenario(**keys), only=TREES)
    assert not found.untried
    assert max(int(r.options.partition("segments=")[2] or 1) for r in found.results) == 2


def test_a_schedule_from_a_file_has_no_algorithm_to_compare(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    schedule = collectives.get("ring_all_reduce").schedule(2)
    formats.dump(schedule, tmp_path / "ring.goal", workers=2, name="ring", goal=goals.ALL_REDUCE, vector=Vector(16))
    keys = scenario(collective={"file": "ring.goal"}, workers=2)
    with pytest.raises(InputError, match="a schedule from a file; expected an algorithm, or --operation NAME"):
        compare(keys)


def test_a_root_is_part_of_the_task():
    keys = {"collective": {"name": "binomial_broadcast", "root": 3}, "sweep": {"size": ["1 KiB"]}}
    found = compare(scenario(**keys), effort=Effort(budget=2))
    assert all("root=3" in result.options for result in found.results)
    (row,) = found.as_json()["rows"]
    assert (row["options"]["root"], row["runner_up_options"]["root"]) == (3, 3)


def test_lists_of_hosts_fit_some_and_not_others():
    keys = {"workers": 2, "placement": [1, 0], "sweep": {"size": ["1 KiB"]}}
    only = ("all_to_all", "parameter_server", "ring_all_reduce")
    found = compare(scenario(**keys), only=only, effort=Effort(budget=1))
    assert [(each.algorithm, each.reason) for each in found.untried] == [
        ("parameter_server", "placement: 2 hosts for 3 ranks"),
        ("parameter_server servers=workers", "placement: 2 hosts for 4 ranks"),
    ]
    assert all("placement=colocated" in r.options for r in found.results if r.collective == "parameter_server")
    odd = {"workers": 2, "stragglers": {2: {"start": "1 ms"}}, "collective": "parameter_server"}
    found = compare(scenario(**odd, sweep={"size": ["1 KiB"]}), effort=Effort(budget=1))
    assert {left.reason for left in found.left_out} >= {"stragglers: there is no rank 2 of 2"}
    assert found.sentences == ("n = 2: parameter_server",)


def test_of_one_worker_nothing_takes_any_time():
    found = compare(scenario(workers=1, sweep={"size": ["1 KiB"]}), only=TWO)
    assert [cell.margin for cell in found.cells] == [None]
    assert "no difference that the model can tell" in found.sentences[0]


@pytest.mark.parametrize(
    ("keys", "options", "message"),
    [
        (
            {},
            {"operation": "all_redcue"},
            "unknown operation 'all_redcue'; expected one of .*did you mean 'all_reduce'",
        ),
        ({}, {"only": ("ring_all_reduce",)}, "ring_all_reduce: nothing to compare; expected two algorithms or more"),
        ({}, {"only": ("ring_allreduce",)}, "--only ring_allreduce: no algorithm of all_reduce.*did you mean"),
        ({}, {"only": TWO, "without": TWO[:1]}, "all_reduce: ring_all_reduce: nothing to compare"),
        ({}, {"without": ("in_netwrk",)}, "--without in_netwrk: no algorithm of all_reduce; expected"),
        ({"collective": "gossip"}, {}, "gossip: nothing to compare"),
        ({"collective": "all_to_all_v"}, {}, "all_to_all_v: nothing to compare"),
        ({"sweep": {"link.latency": ["1 us", "2 us"]}, "size": "1 MB"}, {}, "link.latency swept; compare takes one"),
        (
            {"sweep": {"collective": [*TWO, "ring_all_gather"]}, "size": "1 MB"},
            {},
            "several operations: all_reduce, all_g",
        ),
        (
            {"sweep": {"collective": [{"name": "binomial_broadcast", "root": r} for r in (0, 1)]}, "size": "1 MB"},
            {},
            "its points do different things",
        ),
    ],
)
def test_bad_input_is_refused_before_anything_runs(keys, options, message):
    with pytest.raises(InputError, match=message):
        compare(scenario(**keys), **options)


@pytest.mark.parametrize("wrong", [{"model_error": 1.0}, {"model_error": -0.1}, {"tolerance": 2}, {"budget": 0}])
def test_limits_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InputError, match=f"{next(iter(wrong))}: .*; expected at least"):
        Effort(**wrong)
