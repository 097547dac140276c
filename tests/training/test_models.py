"""Models from layers against published totals, and against tables of every parameter tensor where those are at hand."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from simcomm import training
from simcomm.errors import InputError

HERE = Path(__file__)
TENSOR_TABLES = HERE.parents[2].parent / "shared" / "measured" / "models"


def published() -> list[dict[str, str]]:
    lines = (HERE.parents[1] / "data" / "model_parameters.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def test_every_model_is_tested_and_every_published_total_is_offered() -> None:
    assert list(training.models()) == [row["model"] for row in published()]


@pytest.mark.parametrize("row", published(), ids=lambda row: row["model"])
def test_totals_are_the_published_ones(row: dict[str, str]) -> None:
    assert training.parameters_of_model(row["model"]) == int(row["parameters"])
    assert len(training.tensors_of_model(row["model"])) == int(row["tensors"])


@pytest.mark.parametrize(
    "model",
    [
        "resnet50",
        "vgg16",
        "bert-base-uncased",
        "bert-large-uncased",
        "gpt2",
        "gpt2-xl",
        "llama2-7b",
        "llama3-8b",
    ],
)
def test_tensors_come_in_the_order_and_size_of_the_reference_implementation(model: str) -> None:
    table = TENSOR_TABLES / f"{model}.csv"
    if not table.exists():
        pytest.skip(f"needs the shared table of {model}'s tensors beside the repository")
    with table.open(encoding="utf-8") as lines:
        expected = [int(row["numel"]) for row in csv.DictReader(lines)]
    assert [tensor.numel for tensor in training.tensors_of_model(model)] == expected


def test_resnet50_begins_and_ends_as_its_authors_draw_it() -> None:
    shapes = [tensor.shape for tensor in training.tensors_of_model("resnet50")]
    assert shapes[:3] == [(64, 3, 7, 7), (64,), (64,)]
    assert shapes[-2:] == [(1000, 2048), (1000,)]


@pytest.mark.parametrize(
    ("written", "meant"), [("resnet-50", "resnet50"), ("gpt2_medium", "gpt2-medium"), ("llama-2-7b", "llama2-7b")]
)
def test_an_unknown_model_is_refused_with_the_nearest_name(written: str, meant: str) -> None:
    with pytest.raises(InputError, match=f"unknown model '{written}'.*did you mean '{meant}'"):
        training.parameters_of_model(written)
