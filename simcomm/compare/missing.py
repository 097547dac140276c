"""What is not in a ranking, and why: algorithms that cannot run, and single settings that were not tried."""

from __future__ import annotations

from collections.abc import Collection

from simcomm.compare.book import MORE_HOSTS, TOO_MANY_SEGMENTS, Book, Key
from simcomm.compare.ranking import LeftOut, words_of
from simcomm.compare.task import Task

Place = tuple[int, int]
"""Workers and elements."""


def left_out(task: Task, book: Book, timed: Collection[tuple[str, Place]]) -> tuple[LeftOut, ...]:
    """The algorithms without a time, with the numbers of workers for which they have none at some sizes."""
    found = [LeftOut(name, (), 0, reason) for name, reason in task.excluded.items()]
    why: dict[tuple[str, Place], str] = {}
    for key, reason in book.reasons.items():
        why.setdefault((key.algorithm, (key.workers, key.elements)), reason)
    missing: dict[tuple[str, str], list[Place]] = {}
    for name in task.algorithms:
        for place in task.grid:
            if (name, place) not in timed:
                missing.setdefault((name, why.get((name, place), "not run")), []).append(place)
    for (name, reason), places in missing.items():
        workers = tuple(dict.fromkeys(workers for workers, _ in places))
        found.append(LeftOut(name, workers, len(places), reason))
    return tuple(found)


def untried(book: Book, timed: Collection[tuple[str, Place]]) -> tuple[LeftOut, ...]:
    """Of algorithms that have a time, the settings that do not fit or were refused: the first reason of each."""
    missing: dict[tuple[str, str], list[Key]] = {}
    for key, reason in book.reasons.items():
        if reason != TOO_MANY_SEGMENTS and (key.algorithm, (key.workers, key.elements)) in timed:
            words = "" if reason == MORE_HOSTS else words_of(dict(key.setting))
            missing.setdefault((key.algorithm, words), []).append(key)
    found = []
    for (name, words), keys in sorted(missing.items()):
        workers = tuple(sorted({key.workers for key in keys}))
        found.append(LeftOut(f"{name} {words}".strip(), workers, len(keys), book.reasons[keys[0]]))
    return tuple(found)
