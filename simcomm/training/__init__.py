"""From layers to parameter counts: the models known by name, and layers listed by the user."""

from __future__ import annotations

from simcomm.errors import InputError, did_you_mean
from simcomm.training.layers import KINDS, Tensor, Tensors, parameters_in
from simcomm.training.listed import LayersError, Problem, keys_of_kind, parameters_of_layers, tensors_of_layers
from simcomm.training.models import MODELS

__all__ = [
    "KINDS",
    "LayersError",
    "Problem",
    "Tensor",
    "Tensors",
    "keys_of_kind",
    "models",
    "parameters_of_layers",
    "parameters_of_model",
    "tensors_of_layers",
    "tensors_of_model",
]


def models() -> tuple[str, ...]:
    """Name the models that a scenario may use.

    >>> models()[:4]
    ('resnet50', 'vgg16', 'bert-base-uncased', 'bert-large-uncased')
    """
    return tuple(MODELS)


def tensors_of_model(name: str) -> Tensors:
    """Return a model's parameter tensors in the order of its layers; an unknown name is an ``InputError``.

    >>> [tensor.numel for tensor in tensors_of_model("resnet50")[:3]]
    [9408, 64, 64]
    """
    if name not in MODELS:
        raise InputError(f"unknown model {name!r}, expected {', '.join(MODELS)}{did_you_mean(name, MODELS)}")
    return MODELS[name]()


def parameters_of_model(name: str) -> int:
    """Add up a model's parameters; an unknown name is an ``InputError``.

    >>> parameters_of_model("resnet50")
    25557032
    >>> parameters_of_model("resnet-50")
    Traceback (most recent call last):
    simcomm.errors.InputError: unknown model 'resnet-50', expected resnet50, vgg16, bert-base-uncased, \
bert-large-uncased, gpt2, gpt2-medium, gpt2-large, gpt2-xl, gpt3-175b, llama2-7b, llama2-13b, llama2-70b, llama3-8b, \
llama3-70b, llama3.1-405b; did you mean 'resnet50'?
    """
    return parameters_in(tensors_of_model(name))
