"""How fast simcomm is, in units that machines can be compared by: ``python -m benchmarks``; see README.md here."""
