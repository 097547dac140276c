"""The event loop of the compiled engine, over arrays: compiled by Numba, readable as Python."""
