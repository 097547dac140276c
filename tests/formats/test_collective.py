"""Schedules from files in scenarios: run, swept, proven with the file's goal, and no closed form made up."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT

import simcomm
from simcomm import formats
from simcomm.closed_forms import Vector
from simcomm.collectives import get
from simcomm.errors import InputError, ProofError
from simcomm.formats.collective import collective_in
from simcomm.scenario import ScenarioError, load
from simcomm.schedule import Operation, Schedule
from simcomm.simulation import simulate
from simcomm.sweep.points import points_of

LINK = "link: {bandwidth: 8 Gbit/s, latency: 5 us}\n"


@pytest.fixture
def ring(tmp_path):
    """A ring of four in a file beside the scenario."""
    path = tmp_path / "ring.xml"
    collective = get("ring_all_reduce")
    formats.dump(collective.schedule(4), path, name="ring", goal=collective.goal_of(4, {}))
    return path


def scenario(path, text):
    file = path.parent / "s.yaml"
    file.write_text(text + LINK)
    return file


def test_it_takes_as_long_as_the_collective_that_it_was(ring):
    text = "collective: {file: ring.xml}\nsize: 1 MB\n"
    (result,) = simcomm.run(scenario(ring, text))
    ours = simulate("ring_all_reduce", 4, size="1 MB", link={"bandwidth": "8 Gbit/s", "latency": "5 us"})
    same = ("workers", "ranks", "messages", "total_bytes", "steps", "time_s", "busbw_Bps", "lower_bound_s", "proven")
    assert [getattr(result, name) for name in same] == [getattr(ours, name) for name in same]
    assert (result.collective, result.counts_match, result.formula_s) == ("ring.xml", None, None)
    assert (ours.counts_match, ours.formula_s is None) == (True, False)


def test_it_is_swept_beside_others_and_read_back(ring, tmp_path):
    text = """\
workers: 4
sweep: {collective: [ring_all_reduce, {file: ring.xml}], size: [1 kB, 1 MB], network: [loggp, fair_share]}
"""
    results = simcomm.run(scenario(ring, text), tmp_path / "out")
    assert len(results) == 8
    assert not results.failed
    table = simcomm.load_results(tmp_path / "out")
    assert [row.expected_messages for row in table.where(collective="ring.xml")] == [None] * 4
    assert {row.expected_messages for row in table.where(collective="ring_all_reduce")} == {24}
    again = simcomm.run(scenario(ring, text), tmp_path / "out")
    assert (again.ran, again.reused) == (0, 8)


def test_segments_pipeline_it(ring):
    (result,) = simcomm.run(scenario(ring, "collective: {file: ring.xml, segments: 3}\nsize: 1 MB\n"))
    assert (result.messages, result.proven, result.options) == (72, True, "segments=3")


def test_another_content_is_another_point(ring):
    document = load(scenario(ring, "collective: {file: ring.xml}\nsize: 1 MB\n"))
    assert document.files == (ring,)
    (point,) = points_of(document)
    assert "ring.xml" in point.label
    ring.write_text(ring.read_text() + "\n")
    (other,) = points_of(document)
    assert other.id != point.id
    collective = get("recursive_doubling")
    formats.dump(collective.schedule(4), ring, goal=collective.goal_of(4, {}))
    assert collective_in(ring).schedule(4).steps == 2


def test_where_the_file_is_does_not_matter(ring, tmp_path):
    (one,) = points_of(load(scenario(ring, "collective: {file: ring.xml}\nsize: 1 MB\n")))
    (tmp_path / "elsewhere").mkdir()
    moved = ring.rename(tmp_path / "elsewhere" / "ring.xml")
    (other,) = points_of(load(scenario(moved, "collective: {file: ring.xml}\nsize: 1 MB\n")))
    assert one.id == other.id


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("workers: 8\ncollective: {file: ring.xml}\n", "ring.xml is for 4 workers, not for 8"),
        ("collective: {file: none.xml}\n", "'none.xml' is not a file; expected a schedule: "),
        ("collective: {file: none.yaml}\n", "no format has the ending '.yaml'; expected "),
        ("collective: {file: 3}\n", "3 is not a file name; expected a schedule such as 'ring.xml'"),
        ("collective: {file: ring.xml, name: all_to_all}\n", "a name and a file; expected one of them"),
        (
            "collective: {file: ring.xml, servers: 2}\n",
            "unknown option 'servers' of ring.xml; expected one of segments, window",
        ),
        ("collective: {}\nworkers: 4\n", "missing; expected a name such as ring_all_reduce"),
        ("collective: {file: ring.xml}\nworkers: 4\nstragglers: {4: {start: 1 s}}\n", "there is no rank 4"),
    ],
)
def test_what_does_not_fit_is_refused(ring, text, message):
    with pytest.raises(ScenarioError, match=re.escape(message)):
        load(scenario(ring, text + "size: 1 MB\n"))


def test_a_file_that_is_wrong_is_refused_by_its_line(ring):
    ring.write_text(ring.read_text().replace('type="rrc"', 'type="rrx"', 1))
    with pytest.raises(ScenarioError, match=r"ring.xml:4: <step s=\"0\" type=\"rrx\" …>: type: 'rrx'; expected one of"):
        load(scenario(ring, "collective: {file: ring.xml}\nsize: 1 MB\n"))


def test_a_schedule_that_is_not_what_it_says_is_no_result(ring):
    ring.write_text(ring.read_text().replace('type="rrc"', 'type="r"', 1))
    results = simcomm.run(scenario(ring, "collective: {file: ring.xml}\nsize: 1 MB\n"))
    (failure,) = results.failed
    assert "is missing at the end" in failure.message
    assert re.search(r"the last that wrote chunk 2 of rank 0 is .*ring.xml:\d+: <step ", failure.message)


def test_what_nobody_says_the_goal_of_is_timed_and_not_proven(tmp_path):
    path = tmp_path / "half.xml"
    formats.dump(Schedule.of(2, 1, [Operation("reduce", 0, 1, 0)]), path)
    result = simulate({"file": path}, 2, size="1 MB", link={"bandwidth": "8 Gbit/s", "latency": "5 us"})
    assert (result.proven, result.proof, result.messages, result.lower_bound_s) == (False, "", 1, 0)
    assert result.time_s == pytest.approx(1e-3 + 1e-5)
    again = collective_in(path)
    formats.dump(again.schedule(2), path, goal=again.goal_of(2, {}))
    assert formats.load(path).goal is None
    fair = simulate(
        {"file": path}, 2, size="1 MB", network="fair_share", link={"bandwidth": "8 Gbit/s", "latency": "5 us"}
    )
    assert fair.time_s == pytest.approx(1e-3 + 1e-5)


def test_it_has_no_closed_form(ring):
    collective = collective_in(ring)
    assert collective.summary == "The schedule ring of ring.xml."
    with pytest.raises(InputError, match=r"ring.xml has no closed form"):
        collective.claim(4, Vector(4))


def test_one_that_ends_up_wrong_is_refused_before_it_runs(tmp_path):
    text = (ROOT / "tests" / "data" / "formats" / "rccl_alltoall-8n-0-9kb.xml").read_text()
    (tmp_path / "x.xml").write_text(text.replace('dstbuf="o" dstoff="3"', 'dstbuf="o" dstoff="4"', 1))
    with pytest.raises((ProofError, InputError), match=r"x\.xml:"):
        load(scenario(tmp_path / "x.xml", "collective: {file: x.xml}\nsize: 1 MB\n"))


def test_messages_of_bytes_have_no_vector_to_be_swept(ring, monkeypatch):
    found = formats.load(ring)
    monkeypatch.setattr(formats, "load", lambda path: replace(found, size_bytes=np.ones(24, np.int64)))
    ring.write_text(ring.read_text() + "\n\n")
    with pytest.raises(InputError, match="messages of so many bytes, of which nobody knows whose vector they are"):
        collective_in(ring)
