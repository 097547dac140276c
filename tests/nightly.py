"""Many more random programs than a test run has: ``python tests/nightly.py 10000``."""

from __future__ import annotations

import sys

from hypothesis import given, settings
from random_runs import Case
from same_runs import any_case, case_with_flows, check_engines_agree


def main(programs: int) -> None:
    @settings(deadline=None, max_examples=programs, database=None)
    @given(any_case() | case_with_flows())
    def agree(case: Case) -> None:
        check_engines_agree(case)

    agree()
    print(f"{programs:,} random programs: des = compiled, operation by operation")  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
