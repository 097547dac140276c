"""Writes the pages that are made from the code: ``python docs/generate.py``. A test compares them with the code.

``python docs/generate.py pictures`` draws the pictures of docs/scenarios.md again and makes the films of the README,
``… engines`` draws those of docs/engines.md.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from simcomm import collectives
from simcomm.closed_forms import Vector
from simcomm.conformance import suites
from simcomm.conformance.case import Outcome, Peer
from simcomm.conformance.tables import header, row, summary
from simcomm.errors import InputError
from simcomm.link_table import LINK_COLUMNS
from simcomm.planted import Teeth
from simcomm.results import COLUMNS, RESULTS_VERSION
from simcomm.tables import Column
from simcomm.testing import plant

DOCS = Path(__file__).parent
ROOT = DOCS.parent
#: For the page of collectives; the elements are divided by every cut of an algorithm.
EXAMPLE_WORKERS, EXAMPLE_ELEMENTS = 16, 2**8 * 3 * 5 * 7 * 11 * 13


def results() -> str:
    """The columns of a results file."""
    return f"""# Results

`simcomm run SCENARIO -o DIR` writes `DIR/results.csv`: one row per point, one column per quantity, its unit in its name; and `DIR/links.csv`: one row per link of every point.
`simcomm.load_results(DIR)` reads them back, `.to_pandas()` and `.to_parquet(path)` need pandas and pyarrow (`pip install simcomm[parquet]`).
`DIR/journal.jsonl` is the append-only record from which both are made and a stopped run resumes.

Version {RESULTS_VERSION} of the columns. Integers are exact whatever their size (beyond 64 bits, Parquet keeps them as decimals); times are seconds, sizes bytes, bandwidths bytes per second.
An empty cell means that there is no such number: no formula holds, or nothing was sent.

{_columns(COLUMNS)}

`algbw_Bps` and `busbw_Bps` are as nccl-tests defines them: algbw = vector_bytes / time, busbw = algbw · busbw_factor, where the factor is 2(n−1)/n for an
all-reduce, (n−1)/n for its halves, the all-to-all of blocks, scatter and gather, 1 for broadcast, reduce and shift; of others it says nothing. Compare busbw with the bandwidth of a link, algbw with nothing but itself.

## Links

`links.csv` has every directed link of the graph, in its order, for every point in the order of `results.csv`; `point` joins the two. `load_results(DIR).links` is this table, `result.links` the part of one point;
both have `to_csv`, `to_parquet` and `to_pandas`, and `busiest(5)` gives the links that their bytes keep busy longest.
For a sweep of thousands of points on a large graph, `--no-links` leaves the table out; running again without it simulates the points anew.

{_columns(LINK_COLUMNS)}
"""


def _columns(columns: Iterable[Column]) -> str:
    rows = [f"| `{c.name}` | {c.kind}{', may be empty' if c.optional else ''} | {c.meaning} |" for c in columns]
    return "\n".join(["| column | kind | meaning |", "|---|---|---|", *rows])


def planted_bugs() -> str:
    """What the checks catch."""
    total = Teeth(0, 0, 0, 0, 0, 0)
    rows = []
    for name in collectives.names():
        workers, teeth = plant(collectives.get(name))
        rows.append(_row(f"`{name}`", f"2 … {workers}", teeth))
        total += teeth
    table = "\n".join([*rows, _row("**all**", "", total)])
    return f"""# Planted bugs: do the checks have teeth?

Into the schedules of every collective, with every set of options that the tests use, for 2, 3 and more workers until there are 200 or more, one bug at a time, everywhere: a reduction becomes a copy or a copy a
reduction, a message carries another chunk, goes to another destination, or one dependency is dropped. An oracle that shares no code with the proof — it adds up random numbers, one message at a time —
says which bugs change what a worker ends with. (A bug need not: without a dependency of `rounds=True` the sums are the same, only earlier.)

| collective | workers | planted | change the result | of these the proof kills | counts kill | time kills |
|---|---|--:|--:|--:|--:|--:|
{table}

Counts are messages, bytes and steps, in total and per rank, against the closed form. They see a message that goes astray, but not a reduction that became a copy,
a wrong chunk of the same size or most dropped dependencies. Time is the exact makespan against the formula, with α, β and γ all different from 0; it sees a change on the critical path and nothing off it,
and nothing at all where there is no formula. The proof sees every bug that changes the result.

Made by `python docs/generate.py`; `simcomm.testing.plant` does the same to a collective of yours, and `check_collective` to its smaller schedules.
"""


def _row(name: str, workers: str, teeth: Teeth) -> str:
    caught = (teeth.changing_caught_by_proof, teeth.caught_by_counts, teeth.caught_by_time)
    return f"| {name} | {workers} | {teeth.planted} | {teeth.changing} | {' | '.join(map(str, caught))} |"


def conformance(text: str, folder: Path = ROOT.parent / "shared" / "conformance") -> str:
    """The page on conformance with a table for every file of reference cases, and a line on each."""
    lines = []
    for suite in suites(folder):
        outcomes = list(suite.outcomes())
        head = header(suite.peer)
        table = [_line(head), _line(["---", *["--:"] * (len(head) - 2), "---"])]
        table += [conformance_row(suite.peer, outcome) for outcome in outcomes]
        text = _between(text, f"cases of {suite.file}", table)
        lines.append("* " + summary(suite, outcomes))
    return _between(text, "summary", lines)


def conformance_row(peer: Peer, outcome: Outcome) -> str:
    """One case."""
    return _line(row(peer, outcome))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _between(text: str, what: str, lines: list[str]) -> str:
    """The text with what stands between two marks replaced."""
    begin, rest = text.split(f"<!-- {what} -->\n", 1)
    _, end = rest.split("<!-- end -->", 1)
    return "\n".join([f"{begin}<!-- {what} -->", *lines, f"<!-- end -->{end}"])


def readme(text: str) -> str:
    """The README with every command that stands behind a ``$`` run, and what it prints below it."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "scenarios", Path(folder) / "scenarios")

        def filled(block: re.Match[str]) -> str:
            words = shlex.split(block[1])
            ran = subprocess.run([sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, check=True)
            shown = "\n".join(line.rstrip() for line in ran.stdout.splitlines() if line.strip())
            return f"```console\n$ {block[1]}\n{shown}\n```"

        return re.sub(r"```console\n\$ (simcomm .*)\n(?:.*\n)*?```", filled, text)


def algorithms() -> str:
    """Every collective by what it does, with its closed form for so many workers."""
    sections = []
    for operation, names in _by_operation().items():
        rows = [row for name in names for row in _claims(name)]
        head = ["| collective | messages | bytes | busiest worker | steps | options |", "|---|--:|--:|--:|--:|---|"]
        about = [
            f"* `{name}`: {collectives.get(name).summary} Source: {collectives.get(name).source}." for name in names
        ]
        sections.append("\n".join([f"## {operation}", "", *head, *rows, "", *about]))
    text = "\n\n".join(sections)
    return f"""# Collectives

Every algorithm with what it claims for n = {EXAMPLE_WORKERS} workers with a vector of S bytes each that all cuts divide evenly; "busiest worker" is the most bytes that one of them sends. A schedule is counted against this in every
run, for any n and S, to the message and byte; and it is proven to do what its heading says. The formulas for every n, with the time, stand in the file of each collective, on one screen with its code.

{text}

`segments: k` cuts the vector into k parts that go one behind the other through the same algorithm (pipelining); `window: w` lets a part wait until the w-th before it has come through. `simcomm show NAME -n 4` prints
a schedule, `simcomm animate NAME -n 4 -o film.gif` makes a film of it, `simcomm compare SCENARIO` says which is best where.

Made by `python docs/generate.py`.
"""


def _by_operation() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in collectives.names():
        found.setdefault(collectives.get(name).goal_of(EXAMPLE_WORKERS, {}).operation, []).append(name)
    return found


def _claims(name: str) -> Iterator[str]:
    """A row for every variant that is possible for so many workers."""
    collective, vector = collectives.get(name), Vector(EXAMPLE_ELEMENTS, 1)
    for options in collective.variants:
        try:
            claim = collective.claim(EXAMPLE_WORKERS, vector, **options)
        except InputError:
            continue
        busiest = max(claim.sent(worker).bytes for worker in range(EXAMPLE_WORKERS))
        what = " ".join([f"`{name}`", *(f"{key}={value}" for key, value in options.items())])
        own = ", ".join(f"`{key}`" for key in collective.options if key not in ("segments", "window"))
        sizes = " | ".join(f"{times:.4g} S" for times in (claim.total.bytes / vector.bytes, busiest / vector.bytes))
        yield f"| {what} | {claim.total.messages} | {sizes} | {claim.steps} | {own if not options else ''} |"


PAGES = {"results.md": results, "planted_bugs.md": planted_bugs, "collectives.md": algorithms}


def pictures() -> None:
    """The pictures of docs/scenarios.md: each command is run, and the file behind its # is kept."""
    page = (DOCS / "scenarios.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "scenarios", Path(folder) / "scenarios")
        for command, figure in re.findall(r"^\$ (simcomm .*?)  # (.*)$", page, flags=re.MULTILINE):
            words = shlex.split(command)
            subprocess.run([sys.executable, "-m", *words], cwd=folder, stdout=subprocess.DEVNULL, check=True)
            out = Path(folder) / words[words.index("-o") + 1]
            shutil.copy(out / figure, DOCS / "pictures" / f"{out.name}.png")
    for words in film_commands():
        subprocess.run([sys.executable, "-m", *words], cwd=DOCS / "pictures", check=True)


def film_commands() -> list[list[str]]:
    """The commands of the README that make its films."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [shlex.split(command) for command in re.findall(r"simcomm animate .* -o \w+\.gif", text)]


if __name__ == "__main__":
    if sys.argv[1:] == ["conformance"]:
        page = DOCS / "conformance.md"
        page.write_text(conformance(page.read_text(encoding="utf-8")), encoding="utf-8")
        sys.exit()
    if sys.argv[1:] == ["pictures"]:
        sys.exit(pictures())
    if sys.argv[1:] == ["engines"]:
        from engine_pictures import draw

        sys.exit(draw(DOCS / "pictures"))
    for page, make in PAGES.items():
        (DOCS / page).write_text(make(), encoding="utf-8")
    for page in (ROOT / "README.md", DOCS / "compare.md"):
        page.write_text(readme(page.read_text(encoding="utf-8")), encoding="utf-8")
