"""Many more random programs than a test run has: ``python tests/nightly.py 10000``."""

from __future__ import annotations

import sys
from contextlib import suppress

from hypothesis import given, settings
from maxplus_runs import MODELS, agree
from random_runs import Case
from same_runs import MODELS as COMPILED
from same_runs import any_case, case_with_flows, check_collective, check_engines_agree
from symmetry_runs import FOLDING, check_equal
from symmetry_runs import MODELS as SYMMETRIC

from simcomm import collectives
from simcomm.errors import InputError


def main(programs: int) -> None:
    @settings(deadline=None, max_examples=programs, database=None)
    @given(any_case() | case_with_flows())
    def agree(case: Case) -> None:
        check_engines_agree(case)

    agree()
    print(f"{programs:,} random programs: des = compiled, operation by operation")  # noqa: T201


def collectives_in_the_kernel(most: int) -> None:
    """Every collective on 1 … ``most`` workers, under every model."""
    every = [(name, n, model) for model in COMPILED for name in collectives.names() for n in range(1, most + 1)]
    runs = sum(check_collective(*one) for one in every)
    print(f"{runs:,} runs of collectives: des = compiled, operation by operation")  # noqa: T201


def collectives_in_max_plus(most: int) -> None:
    """Every collective on 1 … ``most`` workers, in every surrounding."""
    accepted = []
    for name in collectives.names():
        for n in range(1, most + 1):
            with suppress(InputError):  # a number of workers that it is not for
                collectives.get(name).schedule(n)
                accepted += [x for model in ("plain", "overheads") for x in agree(name, n, MODELS[model], "compiled")]
    print(f"{len(accepted):,} runs of collectives, {sum(accepted):,} taken: maxplus = compiled")  # noqa: T201


def collectives_by_symmetry(most: int) -> None:
    """Every collective that folds, under every model, on 1 … ``most`` workers of a star: one rank for all = all."""
    runs = 0
    for name, options in FOLDING:
        for n in range(2, most + 1):
            if name != "recursive_doubling" or n & (n - 1) == 0:
                for network in SYMMETRIC:
                    check_equal(name, options, n, network)
                    runs += 1
    print(f"{runs:,} runs of collectives: symmetry = all operations, every column and link")  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    collectives_in_the_kernel(64)
    collectives_in_max_plus(64)
    collectives_by_symmetry(64)
