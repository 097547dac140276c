"""The strong id of a point: a hash of everything that affects the answer, and of nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

MODEL_VERSION = 2
"""Raised when the same scenario gets another answer: finished points of older versions are then run again."""

SHORT_DIGITS = 16
"""Digits of the id in the column ``point``; the journal keeps all 64."""


def point_id(canonical: Mapping[str, object], salt: str) -> str:
    """SHA-256 (64 hexadecimal digits) of the canonical JSON of a point and a salt; the order of keys does not matter.

    ``salt`` stands for what the scenario only names: the content of files (:func:`~simcomm.common.content_hash`).
    TypeError for a value that JSON cannot hold exactly.

    >>> point_id({"workers": 8, "seed": 0}, "") == point_id({"seed": 0, "workers": 8}, "")
    True
    >>> point_id({"workers": 8}, "") == point_id({"workers": 9}, "")
    False
    """
    text = canonical_json({"model_version": MODEL_VERSION, "salt": salt, "scenario": canonical})
    return hashlib.sha256(text.encode()).hexdigest()


def canonical_json(value: object) -> str:
    """JSON with sorted keys, no spaces and exact numbers: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
