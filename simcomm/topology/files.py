"""Graphs from files: GraphML, GEXF, networkx's node-link JSON, and NCCL's topology XML."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError

import networkx as nx

from simcomm.errors import InputError
from simcomm.topology import nccl_xml
from simcomm.topology.check import checked


def load(path: str | Path) -> nx.DiGraph[Any]:
    """The topology in a file, checked; raises InputError naming the file and what is wrong in it.

    ``.graphml`` is GraphML, ``.gexf`` GEXF, ``.json`` node-link JSON as networkx writes it (older files call the edges
    ``links``); see :func:`~simcomm.topology.check.checked` for what nodes and links must carry. Parallel links become
    one with their summed bandwidth and ``count``. ``.xml`` is NCCL's topology: see :mod:`~simcomm.topology.nccl_xml`.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        *others, last = _READERS
        raise InputError(f"{path}: unknown kind of graph file; expected {', '.join(others)} or {last}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # networkx's remarks on what it leaves out
            return checked(_READERS[suffix](path), str(path))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; expected a graph file") from None
    except (ParseError, nx.NetworkXError, ValueError, LookupError, TypeError, AttributeError, RuntimeError) as error:
        raise InputError(f"{path}: not a readable graph ({type(error).__name__}: {error})") from None


def _graphml(path: Path) -> nx.Graph[Any]:
    return _with_defaults(nx.read_graphml(path))


def _gexf(path: Path) -> nx.Graph[Any]:
    return _with_defaults(nx.read_gexf(path))


def _with_defaults(graph: nx.Graph[Any]) -> nx.Graph[Any]:
    """What the file declares for all nodes or links that do not say otherwise; networkx only writes it down."""
    for attributes in (data for _, data in graph.nodes(data=True)):
        attributes.update(graph.graph.get("node_default", {}) | attributes)
    for attributes in (data for _, _, data in graph.edges(data=True)):
        attributes.update(graph.graph.get("edge_default", {}) | attributes)
    return graph


def _node_link(path: Path) -> nx.Graph[Any]:
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise ValueError("expected an object with nodes and edges at the top")
    graph: nx.Graph[Any] = nx.node_link_graph(data, edges="links" if "links" in data else "edges")
    return graph


_READERS: Final[dict[str, Callable[[Path], nx.Graph[Any]]]] = {
    ".graphml": _graphml,
    ".gexf": _gexf,
    ".json": _node_link,
    ".xml": nccl_xml.read,
}

#: The endings of files that can be read.
SUFFIXES: Final = tuple(_READERS)
