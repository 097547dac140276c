"""Layer kinds: for each, the parameter tensors that a worker has a gradient for, by formula.

A new kind is one function and one line in ``KINDS``; the names of its arguments are the keys of its YAML form (``in_``
is written ``in``): an argument with a true-or-false default is a flag, every other one is a positive integer.

Not modelled: what has no gradient (the running mean and variance of a batch normalisation, attention masks, positions
that are computed) and the sharing of one tensor by two layers (leave the second one out).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from simcomm.errors import InputError


@dataclass(frozen=True, slots=True)
class Tensor:
    """One parameter tensor, known by its shape.

    >>> Tensor((64, 3, 7, 7)).numel
    9408
    """

    shape: tuple[int, ...]

    @property
    def numel(self) -> int:
        """Its number of elements: the product of its shape."""
        return prod(self.shape)


Tensors = tuple[Tensor, ...]


def parameters_in(tensors: Tensors) -> int:
    """Add up the elements of all tensors."""
    return sum(tensor.numel for tensor in tensors)


def conv(kernel: int, in_: int, out: int, groups: int = 1, bias: bool = False) -> Tensors:
    """Square two-dimensional convolution: ``kernel² · in/groups · out`` weights, and ``out`` biases if asked for.

    There is no bias unless asked for, as in every convolution that a normalisation follows.

    >>> parameters_in(conv(kernel=3, in_=3, out=4))
    108
    >>> parameters_in(conv(kernel=3, in_=3, out=4, bias=True))
    112
    """
    if in_ % groups or out % groups:
        raise InputError(f"groups is {groups}, expected a divisor of both in ({in_}) and out ({out})")
    return Tensor((out, in_ // groups, kernel, kernel)), *_bias(out, bias)


def depthwise_separable_conv(kernel: int, in_: int, out: int, bias: bool = False) -> Tensors:
    """One filter per channel, then a 1 x 1 convolution: ``kernel² · in + in · out`` weights.

    Source: Howard et al., MobileNets, arXiv 1704.04861, section 3.1.

    >>> [tensor.numel for tensor in depthwise_separable_conv(kernel=3, in_=3, out=4)]
    [27, 12]
    >>> parameters_in(depthwise_separable_conv(kernel=3, in_=3, out=4))
    39
    """
    return *conv(kernel, in_, in_, groups=in_, bias=bias), *conv(1, in_, out, bias=bias)


def linear(in_: int, out: int, bias: bool = True) -> Tensors:
    """Fully connected layer: ``in · out`` weights, and ``out`` biases unless refused.

    >>> parameters_in(linear(in_=2048, out=1000))
    2049000
    """
    return Tensor((out, in_)), *_bias(out, bias)


def batch_norm(channels: int) -> Tensors:
    """Batch normalisation: a scale and a shift per channel, ``2 · channels``.

    >>> parameters_in(batch_norm(64))
    128
    """
    return Tensor((channels,)), Tensor((channels,))


def layer_norm(dim: int, bias: bool = True) -> Tensors:
    """Layer normalisation: a scale, and a shift unless refused, per feature.

    >>> parameters_in(layer_norm(768))
    1536
    """
    return Tensor((dim,)), *_bias(dim, bias)


def rms_norm(dim: int) -> Tensors:
    """Root-mean-square normalisation: a scale per feature.

    >>> parameters_in(rms_norm(4096))
    4096
    """
    return (Tensor((dim,)),)


def embedding(count: int, dim: int) -> Tensors:
    """Embedding table: ``count`` vectors of ``dim``.

    >>> parameters_in(embedding(count=50257, dim=768))
    38597376
    """
    return (Tensor((count, dim)),)


def _bias(length: int, wanted: bool) -> Tensors:
    return (Tensor((length,)),) if wanted else ()


KINDS: dict[str, Callable[..., Tensors]] = {
    "conv": conv,
    "depthwise_separable_conv": depthwise_separable_conv,
    "linear": linear,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "rms_norm": rms_norm,
    "embedding": embedding,
}
