"""Sweeps: run what is missing, over local processes, and resume after whatever stopped it."""

from simcomm.sweep.progress import Progress, progress_on
from simcomm.sweep.runner import run

__all__ = ["Progress", "progress_on", "run"]
