"""Films: every chunk where the engine has it at that moment, every rank holding what it then has."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure
from PIL import Image

from simcomm.cli import cli
from simcomm.errors import InputError
from simcomm.plots.film import Film, film, whose
from simcomm.plots.film_gif import figures, gif, moments, place
from simcomm.plots.film_html import html
from simcomm.results import Result
from simcomm.simulation import simulate

LINK = {"bandwidth": "1 B/s", "latency": "125 ms"}


def ran(name: Any, workers: int, chunks: int) -> Result:
    return simulate(name, workers, parameters=chunks, dtype="int8", link=LINK, timeline=True)


def filmed(name: Any, workers: int, chunks: int) -> Film:
    result = ran(name, workers, chunks)
    return film(result.timeline, result.goal, workers, "a title")


def words(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_a_ring_step_by_step() -> None:
    """After step s of the reduce-scatter a sum of s + 1 gradients is at the next rank."""
    ring = filmed("ring_all_reduce", 3, 3)
    assert ring.makespan_s == 4 * 1.25
    assert {one.whose for one in ring.holdings(0).values()} == {"0", "1", "2"}
    assert ring.holdings(1.25)[1, 2].whose == "0+1"
    assert ring.holdings(1.24)[1, 2].whose == "1"
    assert ring.holdings(2.5)[0, 0] == (2.5, 0, 0, 1.0, "0+1+2")
    assert all(one.whose == "0+1+2" and one.share == 1 for one in ring.holdings(5).values())
    under_way = ring.under_way(0.625)
    assert [(move.src, move.dst, move.chunks, move.adds, move.whose, part) for move, part in under_way] == [
        (0, 1, (2,), True, ("0",), 0.5),
        (1, 2, (0,), True, ("1",), 0.5),
        (2, 0, (1,), True, ("2",), 0.5),
    ]
    assert [ring.arrived(time_s) for time_s in (0, 1.25, 3, 5)] == [0, 3, 6, 12]
    assert not ring.under_way(5)


def test_shares_are_of_what_there_is() -> None:
    spread = filmed({"name": "binomial_broadcast", "root": 1}, 4, 1)
    assert [spread.holdings(0)[rank, 0].share for rank in range(4)] == [0, 1, 0, 0]
    blocks = filmed("all_to_all_blocks", 2, 2)
    assert blocks.holdings(blocks.makespan_s)[1, 1].whose == "0"
    assert blocks.holdings(blocks.makespan_s)[1, 0].whose == ""


def test_multiples_are_named() -> None:
    mixed = filmed({"name": "gossip", "rounds": 2}, 3, 1)
    assert mixed.holdings(mixed.makespan_s)[0, 0].whose == "3·0+3·1+3·2"
    assert whose(0) == ""


def test_what_cannot_be_seen_is_refused() -> None:
    result = simulate("ring_all_reduce", 17, parameters=17, link=LINK, timeline=True)
    with pytest.raises(InputError, match="a film of 17 workers; expected at most 16"):
        film(result.timeline, result.goal, 17, "")


def test_frames_show_what_is_held_and_under_way() -> None:
    ring = filmed("ring_all_reduce", 4, 4)
    times = moments(ring, 0.625)
    assert times == pytest.approx([0.625 * step for step in range(13)])
    drawn = list(figures(ring, 0.625))
    assert len(drawn) == 13
    assert [text for text in words(drawn[1]) if text[0] == "+"] == ["+3", "+0", "+1", "+2"]
    assert [text for text in words(drawn[7]) if text[0] == "="] == ["=0", "=1", "=2", "=3"]
    assert not [text for text in words(drawn[-1]) if text[0] in "+="]
    assert {f"rank {rank}" for rank in range(4)} <= set(words(drawn[0]))
    assert "t = 7.5 s, 24 of 24 messages have arrived (end)" in [text.get_text() for text in drawn[-1].texts]
    assert place(ring, 0) == (0.0, 1.0)
    assert place(ring, 1) == pytest.approx((1.0, 0.0))


def test_a_gif_has_every_frame_and_is_the_same_every_time() -> None:
    tree = filmed({"name": "double_binary_tree_all_reduce", "segments": 2}, 3, 4)
    data = gif(tree)
    image: Any = Image.open(io.BytesIO(data))
    assert image.n_frames == len(moments(tree))
    assert image.info["loop"] == 0
    assert gif(tree) == data


def test_a_page_is_whole_and_needs_no_network() -> None:
    page = html(filmed("parameter_server", 2, 1)).decode()
    assert not re.search(r"https?://|<link|src=|import ", page)
    found = re.search(r"const film = (\{.*\});", page)
    assert found
    data = json.loads(found[1])
    assert (data["ranks"], data["workers"], len(data["moves"])) == (3, 2, 4)
    assert data["moves"][-1]["whose"] == ["0+1"]
    assert "FILM" not in page
    assert "<title>a title</title>" in page


def test_the_command_writes_both(tmp_path: Path) -> None:
    paths = [tmp_path / "x.gif", tmp_path / "x.html"]
    done = CliRunner().invoke(cli, ["animate", "chain_broadcast", "segments=2", "-n", "3", *(f"-o{p}" for p in paths)])
    assert done.exit_code == 0, done.output
    assert done.output == "".join(f"film {path}: 4 messages\n" for path in paths)
    assert paths[0].read_bytes().startswith(b"GIF89a")
    assert "chain_broadcast segments=2, 3 workers" in paths[1].read_text()


def test_the_command_films_a_scenario(tmp_path: Path) -> None:
    scenario = tmp_path / "x.yaml"
    scenario.write_text(
        "workers: 4\nparameters: 8\ncollective: rabenseifner\nlink: {bandwidth: 1 GB/s, latency: 1 us}\n"
        "network: fair_share\ntopology: ring\n"
    )
    page = tmp_path / "x.html"
    done = CliRunner().invoke(cli, ["animate", str(scenario), "-o", str(page)])
    assert done.exit_code == 0, done.output
    assert "rabenseifner, 4 workers" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ring_all_reduce", "-o", "x.mp4"], "x.mp4: unknown kind of film '.mp4'; expected .gif or .html"),
        (["ring_allreduce"], "did you mean 'ring_all_reduce'?"),
        (["ring_all_reduce", "-n", "20"], "a film of 20 workers; expected at most 16"),
        (["x.yaml", "-n", "4"], "x.yaml: a scenario says how many workers and which plugins; expected KEY=VALUE"),
    ],
)
def test_the_command_refuses(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(cli, ["animate", *arguments])
    assert isinstance(done.exception, InputError)
    assert message in str(done.exception)
