"""Direct scatter and gather: the root talks to every worker itself.

Scatter: the root sends chunk r of its vector to worker r, the next one first. Gather: worker r sends its chunk r to the
root. Each is one message for every worker but the root, whose own chunk, c bytes, stays where it is:

    n−1 messages of S/n,  S − c bytes,  1 step,  α + (S − c)·β  exactly, however the vector is cut

As few bytes as can be, all of them through one port, which sends (or receives) one after the other, also in segments.
"""

from __future__ import annotations

import numpy as np

from simcomm.closed_forms import Claim, Traffic, Vector, chunks_except, one_message
from simcomm.collectives.base import Collective
from simcomm.collectives.rooted import ROOTS, gather, rooted, scatter
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build_scatter(workers: int, *, root: int = 0) -> Schedule:
    """Direct scatter: the root sends every worker its chunk, one after the other."""
    record = Recorder(workers, workers)
    receiver = (root + np.arange(1, workers)) % workers
    record.copy(src=root, dst=receiver, chunk=receiver)
    return record.schedule()


def build_gather(workers: int, *, root: int = 0) -> Schedule:
    """Direct gather: every worker sends its chunk to the root, all at once."""
    record = Recorder(workers, workers)
    sender = (root + np.arange(1, workers)) % workers
    record.copy(src=sender, dst=root, chunk=sender)
    return record.schedule()


def _claim(n: int, vector: Vector, root: int, from_root: bool) -> Claim:
    others = chunks_except(vector, n, root)

    def root_s(rank: int) -> Traffic:
        return others if rank == root else Traffic(0, 0)

    def workers(rank: int) -> Traffic:
        return Traffic(0, 0) if rank == root else one_message(vector, n, rank, rank + 1)

    return Claim(
        total=others,
        steps=min(n - 1, 1),
        sent=root_s if from_root else workers,
        received=workers if from_root else root_s,
        time=lambda alpha, beta, gamma: min(others.messages, 1) * alpha + others.bytes * beta,
    )


def claim_scatter(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """n−1 messages of S/n: the root sends every chunk but its own."""
    return _claim(n, vector, root, from_root=True)


def claim_gather(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """n−1 messages of S/n: the root receives every chunk but its own."""
    return _claim(n, vector, root, from_root=False)


_CHAN = "Chan, Heimlich, Purkayastha and van de Geijn, Collective communication: theory, practice, and experience, 2007"
direct_scatter = Collective(
    "direct_scatter",
    scatter,
    build_scatter,
    claim_scatter,
    source=_CHAN,
    ranks=rooted,
    variants=ROOTS,
    segmented_time=lambda n, vector, _, **root: claim_scatter(n, vector, **root).time,
)
direct_gather = Collective(
    "direct_gather",
    gather,
    build_gather,
    claim_gather,
    source=_CHAN,
    ranks=rooted,
    variants=ROOTS,
    segmented_time=lambda n, vector, _, **root: claim_gather(n, vector, **root).time,
)
