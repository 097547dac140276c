"""Graphs from files: GraphML and networkx's node-link JSON."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import networkx as nx

from simcomm.errors import InputError
from simcomm.topology.check import checked

SUFFIXES = (".graphml", ".json")


def load(path: str | Path) -> nx.DiGraph[Any]:
    """The topology in a file, checked; raises InputError naming the file and what is wrong in it.

    ``.graphml`` is GraphML; ``.json`` node-link JSON as networkx writes it (older files call the edges ``links``).
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: unknown kind of graph file; expected {' or '.join(SUFFIXES)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # networkx's remarks on what it leaves out
            return checked(_read(path), str(path))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; expected a graph file") from None
    except (ParseError, nx.NetworkXError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: not a readable graph ({type(error).__name__}: {error})") from None


def _read(path: Path) -> nx.Graph[Any]:
    if path.suffix.lower() == ".graphml":
        return nx.read_graphml(path)
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise ValueError("expected an object with nodes and edges at the top")
    graph: nx.Graph[Any] = nx.node_link_graph(data, edges="links" if "links" in data else "edges")
    return graph
