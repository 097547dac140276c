"""Schedules in and out: ``simcomm import`` and ``simcomm export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simcomm import formats
from simcomm.errors import InputError

if TYPE_CHECKING:
    from simcomm.closed_forms import Vector
    from simcomm.formats.base import Imported
    from simcomm.scenario import Document
    from simcomm.schedule import Ints

_FORMAT = click.Choice(formats.names())
_SIZE = "Bytes of one worker's vector, such as '1 MB'."


@click.command("import", short_help="Read a schedule of another program: count, prove, time it.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-f", "--format", "kind", type=_FORMAT, help="Format of the file [by the ending of its name].")
@click.option("-s", "--size", help=f"{_SIZE} The schedule is timed.")
@click.option("--bandwidth", default="100 Gbit/s", show_default=True, help="Of every link of the star that times it.")
@click.option("--latency", default="5 us", show_default=True, help="Of every link.")
@click.option("--network", default="loggp", show_default=True, help="The network model that times it.")
@click.option("--show", is_flag=True, help="Print the schedule, step by step.")
def import_(
    file: Path, kind: str | None, size: str | None, bandwidth: str, latency: str, network: str, show: bool
) -> None:
    """Read a schedule of another program: count it, prove it, and time it if its size is known.

    Exit code 1 if it is not what it says that it is for. In a scenario: collective: {file: FILE}.
    """
    from simcomm import networks, topology
    from simcomm.closed_forms import Vector
    from simcomm.execution import execute
    from simcomm.units import format_size, format_time

    found = formats.load(_named(file), kind)
    schedule, sized = found.schedule, _sized(found, size)
    star = topology.build("star", schedule.ranks, bandwidth, latency)
    networks.get(network)  # a wrong one is refused before anything is printed, as a wrong link is
    click.echo(f"{found.name}: {found.workers} workers, {schedule.messages} messages, {schedule.steps} steps")
    if show:
        click.echo("\n".join(schedule.lines()))
    click.echo(_proven(found))
    if sized is not None:
        ran = execute(schedule, sized, star, network=network, timeline=False)
        what = f" for {format_size(sized.bytes)}" if isinstance(sized, Vector) else ""
        time = format_time(float(ran.summary.makespan_s))
        click.echo(f"time{what} on a star of {bandwidth} and {latency} by {network}: {time}")


@click.command(short_help="Write a schedule for another program.")
@click.argument("source", metavar="COLLECTIVE|SCENARIO|FILE")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("-f", "--format", "kind", type=_FORMAT, help="Format to write [by the ending of the file's name].")
@click.option("-n", "--workers", type=click.IntRange(min=1), help="Number of workers of a COLLECTIVE [4].")
@click.option("-s", "--size", help=f"{_SIZE} For formats that have bytes [the SOURCE's, or 1 MiB].")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="File to write.")
def export(
    source: str, overrides: tuple[str, ...], kind: str | None, workers: int | None, size: str | None, out: Path
) -> None:
    """Write a schedule for another program: of a collective, of the point of a scenario, or of a file.

    KEY=VALUE sets an option of the COLLECTIVE (servers=2), or a key of the SCENARIO (workers=8).
    """
    from simcomm.closed_forms import Vector
    from simcomm.units import parse_size

    size_bytes = None if size is None else parse_size(size)
    suffix = Path(source).suffix.lower()
    if suffix in formats.SUFFIXES:
        if workers is not None or overrides:
            raise InputError(f"{source}: a file has its own workers and options; expected neither -n nor KEY=VALUE")
        found = formats.load(source)
        found.check_chunks()
        vector = found.vector or Vector(2**20, 1)
        schedule, name, goal, of_workers = found.schedule, found.name, found.goal, found.workers
    else:
        from simcomm.simulation import collective_of

        document = _document(source, suffix, overrides, workers)
        point = document.points[0]
        collective, options = collective_of(point, document.collectives), point.collective.options
        schedule, name = collective.schedule(point.workers, **options), collective.name
        of_workers, goal = point.workers, collective.goal_of(point.workers, options)
        vector = Vector(point.elements, point.itemsize)
    vector = vector if size_bytes is None else Vector(size_bytes, 1)
    formats.dump(schedule, _named(out), kind, workers=of_workers, name=name, goal=goal, vector=vector)
    click.echo(f"{out}: {schedule.messages} messages of {of_workers} workers")


def _named(file: Path) -> Path:
    """The file; InputError for the name by which other programs mean standard input or output."""
    if str(file) == "-":
        raise InputError("-: expected the name of a file; that of a stream, such as /dev/stdin, needs --format")
    return file


def _document(source: str, suffix: str, overrides: tuple[str, ...], workers: int | None) -> Document:
    """The scenario, or one that is made of the name of a collective; of one point."""
    from simcomm import scenario as scenarios

    if suffix in (".yaml", ".yml"):
        if workers is not None:
            raise InputError(f"{source}: -n is for a collective by name; expected workers={workers}")
        document = scenarios.load(source, overrides)
    else:
        point: dict[str, Any] = {"workers": workers or 4, "size": "1 MiB", "collective": source}
        point["link"] = {"bandwidth": "1 B/s", "latency": "0 s"}
        document = scenarios.from_mapping(point, [f"collective.{option}" for option in overrides], source="export")
    if len(document.points) != 1:
        many = f"{len(document.points)} points; expected one: pick it by KEY=VALUE for {', '.join(document.swept)}"
        raise InputError(f"{source}: {many}")
    return document


def _proven(found: Imported) -> str:
    if found.goal is None:
        return "not proven: the file does not say what it is for"
    proof = found.prove()
    return f"proven: {found.goal.operation}, {proof.places} places, by {proof.method}"


def _sized(found: Imported, size: str | None) -> Vector | Ints | None:
    """The vector that was asked for, or what the file says: its vector, or the bytes of its messages."""
    from simcomm.closed_forms import Vector
    from simcomm.units import parse_size

    if size is None:
        return found.vector if found.size_bytes is None else found.size_bytes
    if found.size_bytes is not None:
        raise InputError(f"{found.source}: the messages have their bytes; expected no size")
    return Vector(parse_size(size), 1)
