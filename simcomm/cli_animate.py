"""The command that shows a collective as a film."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simcomm.errors import InputError

if TYPE_CHECKING:
    from simcomm.collectives.base import Collective
    from simcomm.plots.film import Film
    from simcomm.scenario import Document

#: Without a scenario, on a star: a chunk takes a second through a port, and a quarter of one on the wire (two links).
LINK = {"bandwidth": "1 B/s", "latency": "125 ms"}

SUFFIXES = (".gif", ".html")


@click.command(short_help="Make a film of a collective or of a scenario.")
@click.argument("what", metavar="COLLECTIVE|SCENARIO")
@click.argument("options", nargs=-1, metavar="[OPTION=VALUE]...")
@click.option("-n", "--workers", type=click.IntRange(min=1), help="Number of workers of a COLLECTIVE [4].")
@click.option("--plugin", "plugins", multiple=True, metavar="MODULE:NAME", help="A collective of your own.")
@click.option(
    "-o", "--out", "paths", multiple=True, type=click.Path(path_type=Path), help="FILE.gif or FILE.html [NAME.gif]."
)
def animate(
    what: str, options: tuple[str, ...], workers: int | None, plugins: tuple[str, ...], paths: tuple[Path, ...]
) -> None:
    """Make a film of a collective, or of the one point of a SCENARIO (.yaml): chunks on their way, and what ranks hold.

    OPTION=VALUE are options of the COLLECTIVE (segments=4), or keys of the SCENARIO. For up to 16 workers. A page
    (.html) needs no network and has a slider. A collective alone has one byte in a chunk, a byte takes a second.
    """
    from simcomm.tables import write_file

    wanted = paths or (Path(f"{Path(what).stem}.gif"),)
    for path in wanted:
        if path.suffix not in SUFFIXES:
            raise InputError(f"{path}: unknown kind of film {path.suffix!r}; expected {' or '.join(SUFFIXES)}")
    made = _film(what, options, workers, plugins)
    for path in wanted:
        write_file(path, _drawn(made, path.suffix))
        click.echo(f"film {path}: {len(made.moves)} messages")


def _drawn(film: Film, suffix: str) -> bytes:
    if suffix == ".html":
        from simcomm.plots.film_html import html

        return html(film)
    from simcomm.plots.film_gif import gif

    return gif(film)


def _film(what: str, options: tuple[str, ...], workers: int | None, plugins: tuple[str, ...]) -> Film:
    from simcomm.plots.film import film
    from simcomm.simulation import collective_of, preflight, simulate_point

    document = _document(what, options, workers, plugins)
    if len(document.points) != 1:
        many = f"{len(document.points)} points; expected one: pick it by KEY=VALUE for {', '.join(document.swept)}"
        raise InputError(f"{what}: {many}")
    (point,) = document.points
    preflight(document, timeline=True)
    ran = simulate_point(point, document.collectives, timeline=True)
    if ran.timeline is None or ran.goal is None:
        raise InputError(f"{what}: the run keeps no times; expected an engine that does")
    title = f"{ran.collective} {ran.options}".strip() + f", {ran.workers} worker{'s' * (ran.workers != 1)}"
    hosts = collective_of(point, document.collectives).hosts(ran.workers, point.collective.options)
    others = "switch" if hosts == ran.workers else "server"
    return film(ran.timeline, ran.goal, ran.workers, title, others)


def _document(what: str, options: tuple[str, ...], workers: int | None, plugins: tuple[str, ...]) -> Document:
    from simcomm import scenario as scenarios

    if Path(what).suffix.lower() in (".yaml", ".yml"):
        if workers is not None or plugins:
            raise InputError(f"{what}: a scenario says how many workers and which plugins; expected KEY=VALUE")
        return scenarios.load(Path(what), options)
    point: dict[str, Any] = {"workers": workers or 4, "parameters": 1, "dtype": "int8", "plugins": list(plugins)}
    point |= {"collective": what, "link": LINK}
    overrides = [f"collective.{option}" for option in options]
    one = scenarios.from_mapping(point, overrides, source="animate")
    chunks = _chunks(one)
    return scenarios.from_mapping(point | {"parameters": chunks}, overrides, source="animate")


def _chunks(document: Document) -> int:
    """How many chunks a vector is cut into."""
    from simcomm.simulation import collective_of

    point = document.points[0]
    collective: Collective = collective_of(point, document.collectives)
    return collective.schedule(point.workers, **point.collective.options).chunks_per_vector
