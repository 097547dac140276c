"""MSCCL XML (in work)."""
