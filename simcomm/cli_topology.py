"""The command that shows a topology: its numbers, routes and picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simcomm.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import networkx as nx

    from simcomm.topology.routes import Route
    from simcomm.topology.summary import Summary

#: What a topology is built with, where nothing else is asked for.
HOSTS, BANDWIDTH, LATENCY = 8, "100 Gbit/s", "5 us"


@click.command(short_help="Describe and draw a topology, built or from a file.")
@click.argument("what", metavar="FILE|KIND")
@click.argument("options", nargs=-1, metavar="[OPTION=VALUE]...")
@click.option("-n", "--hosts", type=click.IntRange(min=1), help=f"At least so many hosts in a KIND [{HOSTS}].")
@click.option("--bandwidth", help=f"Bandwidth of every link of a KIND [{BANDWIDTH}].")
@click.option("--latency", help=f"Latency of every link of a KIND [{LATENCY}].")
@click.option("--routing", default="shortest", show_default=True, metavar="NAME", help="How routes are chosen.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of a routing that hashes [0].")
@click.option(
    "--route", "ends", nargs=2, multiple=True, metavar="SRC DST", help="Print a route; hosts by name or number."
)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder of the picture [results/NAME].")
@click.option("-f", "--format", "formats", multiple=True, type=click.Choice(["png", "svg"]), help="[png and svg]")
@click.option("--plots/--no-plots", default=True, help="Draw the topology.")
def topology(
    what: str,
    options: tuple[str, ...],
    hosts: int | None,
    bandwidth: str | None,
    latency: str | None,
    routing: str,
    seed: int | None,
    ends: tuple[tuple[str, str], ...],
    out: Path | None,
    formats: tuple[str, ...],
    plots: bool,
) -> None:
    """Describe and draw a topology: a FILE (.graphml, .gexf, .json, NCCL's .xml) or a KIND that is built.

    OPTION=VALUE are options of the KIND: fat_tree k=4, torus dims=[4,4], leaf_spine leaves=4 oversubscription=2.
    """
    from simcomm.topology import kinds
    from simcomm.topology.routing import find
    from simcomm.topology.summary import summarise

    given = {"-n": hosts, "--bandwidth": bandwidth, "--latency": latency}
    if what in kinds():
        graph = _built(what, options, hosts, bandwidth or BANDWIDTH, latency or LATENCY)
    else:
        graph = _loaded(what, [*options, *(name for name, value in given.items() if value is not None)])
    chosen = {} if seed is None else {"seed": seed}
    pairs = [(_host(graph, src), _host(graph, dst)) for src, dst in ends]
    routes = find(routing, graph, pairs, **chosen)
    _show(what, summarise(graph, routing, **chosen))
    for pair in pairs:
        _show_route(graph, routes[pair])
    if plots:
        _draw(graph, Path(what).stem, out, formats)


def _loaded(what: str, given: list[str]) -> nx.DiGraph[Any]:
    from simcomm.topology import kinds
    from simcomm.topology.files import load

    if not Path(what).suffix and not Path(what).exists():
        known = kinds()
        expected = f"expected {', '.join(known)}, or a graph file{did_you_mean(what, known)}"
        raise InputError(f"unknown topology {what!r}; {expected}")
    if given:
        raise InputError(f"{given[0]}: is of a KIND that is built; a topology from a file is as it is")
    return load(what)


def _built(what: str, options: tuple[str, ...], hosts: int | None, bandwidth: str, latency: str) -> nx.DiGraph[Any]:
    from simcomm.topology import build, check_options
    from simcomm.units import parse_bandwidth, parse_time

    chosen = dict(_option(text) for text in options)
    check_options(what, chosen)
    speeds = _quantity("--bandwidth", bandwidth, parse_bandwidth), _quantity("--latency", latency, parse_time)
    try:
        return build(what, hosts or HOSTS, *speeds, **chosen)
    except InputError:
        if hosts is not None or not chosen:
            raise
        return build(what, 1, *speeds, **chosen)  # the options may be those of a smaller one


def _quantity(option: str, text: str, parse: Callable[[object], float]) -> float:
    try:
        return parse(text)
    except InputError as error:
        raise InputError(f"{option}: {error}") from None


def _option(text: str) -> tuple[str, Any]:
    """KEY=VALUE; the value is read as YAML, and with commas it is a list."""
    from simcomm.scenario.yaml_text import parse

    key, _, value = (part.strip() for part in text.partition("="))
    read = parse(f"[{value}]", text)
    if not key or read.problems or not read.data:
        raise InputError(f"{text}: expected OPTION=VALUE, such as k=4 or dims=[4,4]")
    return key, read.data[0] if len(read.data) == 1 else read.data


def _host(graph: nx.DiGraph[Any], text: str) -> Any:
    """The host of this name, or else of this number."""
    from simcomm.topology.check import hosts
    from simcomm.topology.names import Names

    every = hosts(graph)
    names = Names(every, "host")
    if text not in names.nodes and text.isdecimal() and int(text) < len(every):
        return every[int(text)]
    return names.find(text, "--route")


def _show(what: str, found: Summary) -> None:
    from simcomm import terminal
    from simcomm.units import format_bandwidth, format_time

    nodes = f"{_many(found.hosts, 'host')}{_groups(found.groups)}, {_many(found.switches, 'switch')}"
    click.echo(f"{what}: {nodes}, {_many(found.links, 'link')}")
    click.echo(f"diameter: {_many(found.diameter, 'link')}")
    if found.bisection is not None:
        bound = "" if found.bisection.exact else "at most "
        click.echo(f"bisection bandwidth: {bound}{format_bandwidth(float(found.bisection.bandwidth_Bps))}")
    if found.latency_s is not None:
        least, greatest = (format_time(float(latency_s)) for latency_s in found.latency_s)
        click.echo(f"latency of a route: {least}" + (f" to {greatest}" if least != greatest else ""))
    table = terminal.table("link", "cables", "bandwidth", "latency", "how many")
    for kind in found.kinds:
        bandwidth, latency = format_bandwidth(float(kind.bandwidth_Bps)), format_time(float(kind.latency_s))
        table.add_row(kind.name, str(kind.cables), bandwidth, latency, str(kind.links))
    terminal.show(table)


def _groups(sizes: tuple[int, ...]) -> str:
    if not sizes:
        return ""
    each = f"{min(sizes)}" if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"
    return f" in {_many(len(sizes), 'group')} of {each}"


def _many(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "es" if what.endswith("ch") else "s")


def _show_route(graph: nx.DiGraph[Any], route: Route) -> None:
    from simcomm import terminal
    from simcomm.topology.summary import link_name
    from simcomm.units import format_bandwidth, format_time

    table = terminal.table(f"route {route.nodes[0]} to {route.nodes[-1]}", "link", "bandwidth", "latency")
    for link in route.links:
        speed = format_bandwidth(float(link.bandwidth_Bps)), format_time(float(link.latency_s))
        table.add_row(f"{_named(graph, link.src)} -> {_named(graph, link.dst)}", link_name(graph, *link.ends), *speed)
    speed = format_bandwidth(float(route.bandwidth_Bps)), format_time(float(route.latency_s))
    table.add_row("in all", _many(len(route.links), "link"), *speed)
    terminal.show(table)


def _named(graph: nx.DiGraph[Any], node: Any) -> str:
    """A node's name, and its place on the PCI bus if it has one."""
    busid = graph.nodes[node].get("busid")
    return f"{node} ({busid})" if busid else str(node)


def _draw(graph: nx.DiGraph[Any], name: str, out: Path | None, formats: tuple[str, ...]) -> None:
    from simcomm.plots import drawn, save

    try:
        figure = drawn(graph, name)
    except InputError as error:  # too large for a picture: the numbers are still an answer
        click.echo(f"no plot topology: {error}", err=True)
        return
    for path in save(figure, (out or Path("results") / name) / "topology", formats or ("png", "svg")):
        click.echo(f"plot {path}")
