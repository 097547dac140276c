"""Which algorithm is best: every one of an operation, tuned, over a grid of workers and sizes on one cluster."""

from simcomm.compare.comparison import Choice, Comparison, TuningTable
from simcomm.compare.effort import Effort
from simcomm.compare.run import compare

__all__ = ["Choice", "Comparison", "Effort", "TuningTable", "compare"]
