"""``simcomm compare``: what it prints and writes, and how it refuses."""

from __future__ import annotations

import csv
import json

import pytest

SIZES = "sweep: {size: [1 KiB, 256 KiB, 16 MiB], workers: [4, 6]}"
TWO = ("--only", "recursive_doubling", "--only", "ring_all_reduce", "-j", "1", "--budget", "1")


@pytest.fixture
def cluster(tmp_path):
    def write(text: str = SIZES) -> str:
        path = tmp_path / "s.yaml"
        link = "link: {bandwidth: 100 Gbit/s, latency: 5 us}"
        given = "" if "workers" in text else "workers: 4\n"
        collective = "" if "collective" in text else "collective: ring_all_reduce\n"
        path.write_text(f"question: Which?\n{given}{collective}{link}\n{text}\n")
        return str(path)

    return write


def test_it_prints_a_table_crossovers_and_sentences_and_writes_the_tuning_table(command, cluster, tmp_path):
    ran = command("compare", cluster(), *TWO)
    assert ran.code == 0
    lines = [line.strip() for line in ran.out.splitlines()]
    assert lines[0] == "Which?"
    assert [line.split()[:3] for line in lines if line.startswith(("1  ", "2  "))] == [
        ["1", "4", "977"],
        ["2", "6", "366"],
    ]
    assert "n = 6: below 366 KiB recursive_doubling; above, ring_all_reduce" in lines
    folder = tmp_path / "results" / "s" / "compare"
    names = {"decision_map.png", "decision_map.svg", "journal.jsonl", "results.csv"}
    assert {file.name for file in folder.iterdir()} == names | {"tuning_table.csv", "tuning_table.json"}
    rows = list(csv.DictReader((folder / "tuning_table.csv").read_text().splitlines()))
    assert len(rows) == 6
    assert [row["from_bytes"] for row in rows[:3]] == ["0", "262144", rows[1]["until_bytes"]]
    table = json.loads((folder / "tuning_table.json").read_text())
    assert table["simcomm_tuning_table"] == 2
    assert table["effort"]["model_error"] == 0.1
    assert [row["best"] for row in table["rows"]] == [row["best"] for row in rows]


def test_again_it_simulates_nothing_and_without_plots_draws_nothing(command, cluster, tmp_path):
    arguments = ("compare", cluster(), *TWO, "--no-plots", "-o", "out")
    first = command(*arguments)
    again = command(*arguments)
    assert again.out == first.out
    assert again.err.splitlines()[0] == "12 of 12 points done"
    assert not list((tmp_path / "out").glob("*.png"))


def test_an_operation_by_name_needs_no_collective(command, cluster):
    text = "workers: 4\nsweep: {size: [1 KiB]}"
    ran = command("compare", cluster(text), "--operation", "all_gather", "--no-plots", "-j", "1", "--budget", "2")
    assert ran.code == 0
    assert "n = 4: direct_all_gather" in ran.out


def test_what_is_left_out_is_said_with_the_reason(command, cluster):
    ran = command("compare", cluster(), "--operation", "all_gather", "--no-plots", "-j", "1", "--budget", "1")
    assert "left out: recursive_doubling_all_gather for n = 6: workers: 6; " in ran.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--operation", "all_redcue"), "error: unknown operation 'all_redcue'; expected one of"),
        (("--operation", "shift"), "error: shift: ring_shift: nothing to compare; expected two algorithms or more"),
        (("--only", "rabenseifner"), "error: all_reduce: rabenseifner: nothing to compare"),
        (("--model-error", "100%"), "error: --model-error: 100%; expected at least 0% and less than 100%"),
        (("--model-error", "ten"), "error: --model-error: 'ten' is not a share; expected one such as 10% or 0.1"),
        (("--tolerance", "-1%"), "error: --tolerance: -1%; expected at least 0%"),
        (("--budget", "0"), "error: budget: 0; expected at least 1"),
        (("link.bandwidth=1 GB/s,2 GB/s",), "link.bandwidth swept; compare takes one cluster"),
    ],
)
def test_bad_input(command, cluster, arguments, message):
    ran = command("compare", cluster(), *arguments)
    assert ran.code == 2
    assert message in ran.err
    assert ran.out == "" or ran.out == "Which?\n"


def test_a_collective_of_ones_own_is_compared_and_one_that_is_wrong_is_an_error(command, cluster, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from dataclasses import replace\n"
        "from simcomm.collectives import get\n"
        "from simcomm.closed_forms import Traffic\n"
        "ring = get('ring_all_reduce')\n"
        "mine = replace(ring, name='mine')\n"
        "def claim(n, vector):\n"
        "    return replace(ring.closed_form(n, vector), total=Traffic(1, 1))\n"
        "wrong = replace(ring, name='wrong', closed_form=claim)\n"
    )
    text = "plugins: ['mine:mine', 'mine:wrong']\nworkers: 3\nsweep: {size: [3 KiB]}"
    only = [word for name in ("mine", "wrong", "ring_all_reduce") for word in ("--only", name)]
    ran = command("compare", cluster(text), *only, "--no-plots", "-j", "1", "--budget", "1")
    assert ran.code == 1
    assert "mine or ring_all_reduce: no difference that the model can tell" in ran.out
    assert "left out: wrong for n = 3: " in ran.out
    assert "error: point " in ran.err
    assert "counted 12 messages and 12288 bytes, the closed form says 1 and 1" in ran.err
