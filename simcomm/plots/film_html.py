"""A film as one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files

from simcomm.plots.film import Film
from simcomm.plots.style import time_unit

#: How long the page plays it: so many seconds for a moment when something arrives, within these limits.
SECONDS_PER_MOMENT, SHORTEST_S, LONGEST_S = 0.6, 4.0, 40.0


def html(film: Film) -> bytes:
    """The film as the bytes of a page with a slider, which tells whose gradients are in a cell or a message."""
    per_unit, unit = time_unit(film.makespan_s)
    moments = len({move.end_s for move in film.moves})
    data = {
        "workers": film.workers,
        "ranks": film.ranks,
        "chunks": film.chunks,
        "vectors": film.vectors,
        "makespan": film.makespan_s,
        "unit": unit,
        "per_unit": per_unit,
        "seconds": min(max(SECONDS_PER_MOMENT * moments, SHORTEST_S), LONGEST_S),
        "moves": [
            {
                "src": move.src,
                "dst": move.dst,
                "chunks": move.chunks,
                "sign": move.sign,
                "adds": move.adds,
                "start": move.start_s,
                "end": move.end_s,
                "whose": move.whose,
            }
            for move in film.moves
        ],
        "held": [
            {"time": one.time_s, "rank": one.rank, "chunk": one.chunk, "share": one.share, "whose": one.whose}
            for one in film.held
        ],
    }
    page = files("simcomm.plots").joinpath("film.html").read_text(encoding="utf-8")
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    return page.replace("TITLE", escape(film.title)).replace("FILM", text, 1).encode("utf-8")
