"""The package: which plots suit which results, and matplotlib only where something is drawn."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from matplotlib.figure import Figure
from plot_runs import run, simulated

from simcomm import plots
from simcomm.errors import InputError
from simcomm.plots import plots_for, plots_of_run


def test_plots_suit_what_varies() -> None:
    over_n = simulated(sweep={"workers": [2, 4]})
    over_size = simulated(sweep={"parameters": [10, 1000]})
    assert list(plots_for(over_n)) == ["bandwidth_vs_n", "time_vs_n"]
    assert list(plots_for(over_size)) == ["time_vs_size"]
    assert list(plots_for([*over_n, *over_size])) == ["bandwidth_vs_n", "time_vs_n", "time_vs_size"]
    assert list(plots_for(simulated())) == ["time_parts"]


def test_plots_are_drawn_when_they_are_called() -> None:
    for draw in plots_for(simulated(sweep={"workers": [2, 4], "parameters": [10, 1000]})).values():
        assert isinstance(draw(), Figure)
    impossible = plots_for(simulated(sweep={"parameters": list(range(1, 14)), "workers": [2, 3]}))
    with pytest.raises(InputError, match="filter with the column vector_bytes"):
        impossible["time_vs_n"]()


def test_each_draws_its_own_plot() -> None:
    drawn = plots_for(simulated(sweep={"workers": [2, 4], "parameters": [10, 1000]}))
    assert len(drawn["bandwidth_vs_n"]().axes) == 4
    assert drawn["time_vs_n"]().axes[0].get_xlabel() == "number of workers n"
    assert "size" in drawn["time_vs_size"]().axes[0].get_xlabel()


def test_one_run_is_drawn_by_ranks_over_the_topology_and_by_links() -> None:
    result = run(network="fair_share")
    found = plots_of_run(result)
    assert list(found) == ["gantt", "traffic", "link_heat", "link_gantt", "link_utilisation", "link_queues"]
    titles = [draw().texts[0].get_text() for draw in found.values()]
    assert len(set(titles)) == 6
    assert titles[0].startswith("Timeline: ring_all_reduce")
    missing: list[dict[str, Any]] = [{"timeline": None}, {"links": None}, {"cluster": None}]
    for without in missing:
        with pytest.raises(InputError, match="no timeline or no links to draw"):
            plots_of_run(replace(result, **without))


def test_every_public_name_is_a_function_whatever_was_imported_before() -> None:
    from simcomm.plots import bandwidth, gantt_chart, heat_map, link_plots, link_timeline, times, topology  # noqa: F401

    assert all(callable(getattr(plots, name)) for name in plots.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'histogram'"):
        _ = plots.histogram


def ran(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_importing_the_package_does_not_import_matplotlib() -> None:
    assert ran("import sys, simcomm.plots as p; p.plots_for([]); print('matplotlib' in sys.modules)") == "False"


def test_drawing_opens_no_window_and_keeps_no_global_figure() -> None:
    code = (
        "import sys, networkx\n"
        "from simcomm.plots import traffic\n"
        "from simcomm.plots.saving import rendered\n"
        "from simcomm.topology import build\n"
        "rendered(traffic(build('star', 2, '1 GB/s', '1 us'), {}, {}), 'png')\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    assert ran(code) == "False"
