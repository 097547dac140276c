"""Files: whole, the same bytes every time, and a clear message where they cannot be written."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib.figure import Figure
from PIL import Image
from plot_runs import run, simulated

from simcomm.errors import InputError, OutputError
from simcomm.plots import bandwidth_vs_n, gantt, save, saving, time_vs_n, traffic
from simcomm.plots.saving import rendered
from simcomm.topology import build


def figures() -> list[Figure]:
    results = simulated(sweep={"workers": [2, 4], "collective": ["all_to_all", "ring_all_reduce"]})
    return [
        bandwidth_vs_n(results),
        time_vs_n(results),
        gantt(run()),
        traffic(build("star", 3, "1 GB/s", "1 us"), {(0, "switch"): 1000}, {}),
    ]


@pytest.fixture(scope="module")
def drawn() -> list[Figure]:
    """Drawn once, and written again and again."""
    return figures()


def test_png_and_svg_are_written_into_a_new_folder(drawn: list[Figure], tmp_path: Path) -> None:
    written = save(drawn[0], tmp_path / "new" / "folder" / "bandwidth.vs.n")
    assert written == [tmp_path / "new/folder/bandwidth.vs.n.png", tmp_path / "new/folder/bandwidth.vs.n.svg"]
    assert sorted(os.listdir(tmp_path / "new/folder")) == ["bandwidth.vs.n.png", "bandwidth.vs.n.svg"]


@pytest.mark.parametrize("index", range(4))
def test_a_png_is_a_picture_and_not_a_blank_one(index: int, drawn: list[Figure]) -> None:
    image = Image.open(io.BytesIO(rendered(drawn[index], "png"))).convert("L")
    low, high = image.getextrema()
    assert (low, high) == (0, 255)
    assert min(image.size) > 300


@pytest.mark.parametrize("index", range(4))
def test_an_svg_is_xml_without_a_date(index: int, drawn: list[Figure]) -> None:
    data = rendered(drawn[index], "svg")
    root = ElementTree.fromstring(data)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > 10
    assert b"<dc:date>" not in data


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_same_figure_gives_the_same_bytes(kind: str, drawn: list[Figure]) -> None:
    for figure, again in zip(drawn, figures(), strict=True):
        first = rendered(figure, kind)
        assert rendered(figure, kind) == first
        assert rendered(again, kind) == first


def test_the_users_settings_change_nothing() -> None:
    plain = rendered(time_vs_n(simulated(sweep={"workers": [2, 4]})), "svg")
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "none", "savefig.dpi": 17}):
        assert rendered(time_vs_n(simulated(sweep={"workers": [2, 4]})), "svg") == plain


def test_a_format_can_be_chosen(drawn: list[Figure], tmp_path: Path) -> None:
    assert save(drawn[1], str(tmp_path / "time"), ["svg"]) == [tmp_path / "time.svg"]
    assert os.listdir(tmp_path) == ["time.svg"]


def test_an_unknown_format_is_refused_before_anything_is_written(drawn: list[Figure], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown format 'pnk'; expected png or svg; did you mean 'png'"):
        save(drawn[1], tmp_path / "time", ["svg", "pnk"])
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_a_file_is_refused(drawn: list[Figure], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="file: cannot be written: it is not a folder"):
        save(drawn[1], tmp_path / "file" / "time")
    with pytest.raises(InputError, match="cannot be written: Not a directory"):
        save(drawn[1], tmp_path / "file" / "folder" / "time")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_place_that_is_a_folder_is_refused(drawn: list[Figure], tmp_path: Path) -> None:
    (tmp_path / "time.png").mkdir()
    with pytest.raises(InputError, match=r"time\.png: cannot be written"):
        save(drawn[1], tmp_path / "time")


def test_a_full_disk_leaves_the_old_file(drawn: list[Figure], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "time.png").write_bytes(b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        saving.save(drawn[1], tmp_path / "time")
    assert os.listdir(tmp_path) == ["time.png"]
    assert (tmp_path / "time.png").read_bytes() == b"old"


def test_another_process_writes_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from plot_runs import simulated\n"
        "from simcomm.plots import save, time_vs_n\n"
        "save(time_vs_n(simulated(sweep={'workers': [2, 4]})), sys.argv[2])\n"
    )
    for seed in ("1", "2"):
        command = [sys.executable, "-c", code, str(Path(__file__).parents[1]), str(tmp_path / seed)]
        subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": seed})
    for kind in ("png", "svg"):
        assert (tmp_path / f"1.{kind}").read_bytes() == (tmp_path / f"2.{kind}").read_bytes()
