"""The formulas of the layer kinds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcomm.errors import InputError
from simcomm.training import layers
from simcomm.training.layers import parameters_in

WIDTH = st.integers(1, 4096)
KERNEL = st.integers(1, 11)


def test_the_founding_worksheet() -> None:
    assert parameters_in(layers.conv(3, 3, 4)) == 108
    assert [tensor.numel for tensor in layers.depthwise_separable_conv(3, 3, 4)] == [27, 12]
    assert parameters_in(layers.depthwise_separable_conv(3, 3, 4)) == 39


@given(kernel=KERNEL, in_=WIDTH, out=WIDTH)
def test_a_separable_convolution_has_one_over_out_plus_one_over_kernel_squared_of_the_weights(
    kernel: int, in_: int, out: int
) -> None:
    whole = parameters_in(layers.conv(kernel, in_, out))
    separable = parameters_in(layers.depthwise_separable_conv(kernel, in_, out))
    assert separable * out * kernel**2 == whole * (out + kernel**2)


@given(kernel=KERNEL, in_=WIDTH, out=WIDTH, groups=st.integers(1, 8))
def test_groups_divide_the_weights_and_not_the_biases(kernel: int, in_: int, out: int, groups: int) -> None:
    whole = parameters_in(layers.conv(kernel, in_ * groups, out * groups))
    weight, bias = layers.conv(kernel, in_ * groups, out * groups, groups=groups, bias=True)
    assert weight.numel * groups == whole
    assert bias.numel == out * groups


@pytest.mark.parametrize(("in_", "out"), [(3, 4), (4, 3)])
def test_groups_must_divide_both_widths(in_: int, out: int) -> None:
    with pytest.raises(InputError, match=rf"groups is 2, expected a divisor of both in \({in_}\) and out \({out}\)"):
        layers.conv(1, in_, out, groups=2)


def test_biases_are_counted_when_asked_for() -> None:
    assert parameters_in(layers.depthwise_separable_conv(3, 3, 4, bias=True)) == 39 + 3 + 4
    assert parameters_in(layers.linear(10, 7)) == 77
    assert parameters_in(layers.linear(10, 7, bias=False)) == 70
    assert parameters_in(layers.layer_norm(9)) == 18
    assert parameters_in(layers.layer_norm(9, bias=False)) == 9


def test_normalisations_and_tables() -> None:
    assert parameters_in(layers.batch_norm(64)) == 128
    assert parameters_in(layers.rms_norm(64)) == 64
    assert parameters_in(layers.embedding(1000, 16)) == 16000
