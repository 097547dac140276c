"""Layers as users list them: read strictly, and refused with the place, the value and what was expected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcomm import training
from simcomm.errors import InputError
from simcomm.training import LayersError, parameters_of_layers, tensors_of_layers

LINEAR = {"linear": {"in": 2, "out": 3}}


def message(layers: object) -> str:
    with pytest.raises(LayersError) as caught:
        parameters_of_layers(layers)
    return str(caught.value)


def test_a_perceptron() -> None:
    layers = [{"linear": {"in": 784, "out": 128}}, {"linear": {"in": 128, "out": 10, "bias": False}}]
    assert parameters_of_layers(layers) == 784 * 128 + 128 + 1280
    assert [tensor.shape for tensor in tensors_of_layers(layers)] == [(128, 784), (128,), (10, 128)]


def test_bert_base_listed_is_bert_base_by_name() -> None:
    block = [
        {"linear": {"in": 768, "out": 768}, "repeat": 4},
        {"layer_norm": {"dim": 768}},
        {"linear": {"in": 768, "out": 3072}},
        {"linear": {"in": 3072, "out": 768}},
        {"layer_norm": {"dim": 768}},
    ]
    layers = [
        *({"embedding": {"count": count, "dim": 768}} for count in (30522, 512, 2)),
        {"layer_norm": {"dim": 768}},
        {"layers": block, "repeat": 12},
        {"linear": {"in": 768, "out": 768}},
    ]
    assert tensors_of_layers(layers) == training.tensors_of_model("bert-base-uncased")


@given(times=st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_blocks_within_blocks_multiply(times: list[int]) -> None:
    layers: list[object] = [LINEAR]
    expected = 9
    for repeat in times:
        layers = [{"layers": layers, "repeat": repeat}]
        expected *= repeat
    assert parameters_of_layers(layers) == expected
    assert sum(tensor.numel for tensor in tensors_of_layers(layers)) == expected


def test_totals_are_exact_beyond_every_machine_integer() -> None:
    assert parameters_of_layers([{**LINEAR, "repeat": 10**30}]) == 9 * 10**30


@pytest.mark.parametrize("kind", training.KINDS)
def test_every_kind_can_be_listed_with_the_keys_that_it_names(kind: str) -> None:
    values = {key: 2 if default is None else default for key, default in training.keys_of_kind(kind).items()}
    assert parameters_of_layers([{kind: values}]) > 0


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (None, "layers: got None, expected a list of one or more layers"),
        ([], "layers: got [], expected a list of one or more layers"),
        ("conv", "layers: got 'conv', expected a list of one or more layers"),
        (["conv"], "layers[0]: got 'conv', expected one layer kind with its keys"),
        ([LINEAR, {}], "layers[1]: got {}, expected one layer kind with its keys"),
        ([{"repeat": 2}], "layers[0]: got {'repeat': 2}, expected one layer kind"),
        (
            [{**LINEAR, "rms_norm": {"dim": 2}}],
            "layers[0]: got {'linear': {'in': 2, 'out': 3}, 'rms_norm': {'dim': 2}}",
        ),
        ([{"liner": {"in": 2, "out": 3}}], "layers[0].liner: unknown layer kind, expected conv, depthwise"),
        ([{"liner": {"in": 2, "out": 3}}], "did you mean 'linear'?"),
        ([{**LINEAR, "repeats": 2}], "layers[0].repeats: unknown layer kind"),
        ([{**LINEAR, "repeats": 2}], "did you mean 'repeat'?"),
        ([{1: 2}], "layers[0].1: unknown layer kind"),
        ([{**LINEAR, "repeat": 0}], "layers[0].repeat: got 0, expected a positive integer"),
        ([{**LINEAR, "repeat": True}], "layers[0].repeat: got True, expected a positive integer"),
        ([{"linear": None}], "layers[0].linear: got None, expected a mapping with the keys in, out, bias"),
        ([{"linear": {"in": 2}}], "layers[0].linear: key 'out' is missing, expected a positive integer"),
        ([{"linear": {"in": -1, "out": 3}}], "layers[0].linear.in: got -1, expected a positive integer"),
        ([{"linear": {"in": 1.5, "out": 3}}], "layers[0].linear.in: got 1.5, expected a positive integer"),
        ([{"linear": {"in": "eight", "out": 3}}], "layers[0].linear.in: got 'eight', expected a positive integer"),
        ([{"linear": {"in": 2, "out": 3, "bias": 1}}], "layers[0].linear.bias: got 1, expected true or false"),
        ([{"conv": {"kernal": 3, "in": 2, "out": 3}}], "layers[0].conv.kernal: unknown key, expected kernel, in, out"),
        ([{"conv": {"kernal": 3, "in": 2, "out": 3}}], "did you mean 'kernel'?"),
        ([{"conv": {"kernel": 1, "in": 3, "out": 4, "groups": 2}}], "layers[0].conv: groups is 2, expected a divisor"),
        ([{"layers": [LINEAR, {"layers": []}]}], "layers[0].layers[1].layers: got [], expected a list"),
        (["x" * 100], f"layers[0]: got '{'x' * 56}..., expected one layer kind"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(layers: object, expected: str) -> None:
    assert expected in message(layers)


def test_everything_wrong_is_said_at_once_with_places_that_a_file_position_can_be_found_for() -> None:
    layers = [LINEAR, {"linear": {"in": 0, "output": 3}}, {"pool": {}}]
    with pytest.raises(InputError) as caught:
        tensors_of_layers(layers)
    assert isinstance(caught.value, LayersError)
    assert caught.value.exit_code == 2
    places = [problem.where for problem in caught.value.problems]
    assert places == [(1, "linear", "in"), (1, "linear", "output"), (1, "linear"), (2, "pool")]
    assert len(str(caught.value).splitlines()) == 4


def test_a_list_within_itself_is_refused() -> None:
    endless: list[object] = [LINEAR]
    endless.append({"layers": endless})
    assert "blocks within blocks, expected at most 16 levels" in message(endless)
