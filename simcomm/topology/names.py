"""Nodes by what a person calls them: 3 and "3" are the same name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simcomm.errors import InputError, did_you_mean


class Names:
    """The nodes by their names as text.

    >>> Names([0, "leaf0"]).find("0"), Names([0, "leaf0"]).find("leaf0")
    (0, 'leaf0')
    """

    def __init__(self, nodes: Iterable[Any], what: str = "node") -> None:
        self.what = what
        self.nodes: dict[str, Any] = {}
        for node in nodes:
            if str(node) in self.nodes:
                raise InputError(f"topology: two nodes are called {str(node)!r}; expected different names")
            self.nodes[str(node)] = node

    def find(self, name: Any, where: str = "topology") -> Any:
        """The node of this name; InputError, begun with ``where``, names the nearest one."""
        if str(name) not in self.nodes:
            near = did_you_mean(name, self.nodes) or f"; expected {self._few()}"
            raise InputError(f"{where}: there is no {self.what} {name!r}{near}")
        return self.nodes[str(name)]

    def _few(self) -> str:
        """A few names, of which the last is the last of all."""
        texts = list(self.nodes)
        return ", ".join(texts) if len(texts) <= 6 else f"{', '.join(texts[:3])}, … {texts[-1]}"
