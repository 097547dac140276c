"""Models by name, each written from its layers; their totals are the published ones, to the parameter.

GPT-3's is published only as 175 billion; the layers of its paper give 174,604,259,328.

What two layers share is counted once, as it is sent once: the output layers of BERT and GPT are their input embedding.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from simcomm.training.layers import Tensors, batch_norm, conv, embedding, layer_norm, linear, rms_norm


def resnet50() -> Tensors:
    """ResNet-50 for 1,000 classes (He et al., arXiv 1512.03385, table 1; torchvision's order of tensors)."""
    tensors = [*conv(7, 3, 64), *batch_norm(64)]
    channels = 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for _ in range(blocks):
            tensors += _bottleneck(channels, width)
            channels = 4 * width
    return *tensors, *linear(channels, 1000)


def _bottleneck(channels: int, width: int) -> Tensors:
    out = 4 * width
    shortcut = (*conv(1, channels, out), *batch_norm(out)) if channels != out else ()
    return (
        *(*conv(1, channels, width), *batch_norm(width)),
        *(*conv(3, width, width), *batch_norm(width)),
        *(*conv(1, width, out), *batch_norm(out)),
        *shortcut,
    )


def vgg16() -> Tensors:
    """VGG-16 for 1,000 classes, configuration D (Simonyan and Zisserman, arXiv 1409.1556, table 1)."""
    widths = (3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
    convolutions = [tensor for in_, out in pairwise(widths) for tensor in conv(3, in_, out, bias=True)]
    return *convolutions, *linear(7 * 7 * 512, 4096), *linear(4096, 4096), *linear(4096, 1000)


def bert(layers: int, dim: int, vocabulary: int = 30522, positions: int = 512) -> Tensors:
    """BERT with its pooler (Devlin et al., arXiv 1810.04805, section 3)."""
    block = (
        *(linear(dim, dim) * 4),  # query, key, value, output
        *layer_norm(dim),
        *(*linear(dim, 4 * dim), *linear(4 * dim, dim)),
        *layer_norm(dim),
    )
    tables = (*embedding(vocabulary, dim), *embedding(positions, dim), *embedding(2, dim))
    return *tables, *layer_norm(dim), *(block * layers), *linear(dim, dim)


def gpt(layers: int, dim: int, vocabulary: int = 50257, positions: int = 1024) -> Tensors:
    """GPT-2 and GPT-3 (Radford et al. 2019, table 2; Brown et al., arXiv 2005.14165, table 2.1)."""
    block = (
        *layer_norm(dim),
        *(*linear(dim, 3 * dim), *linear(dim, dim)),  # query, key and value in one; output
        *layer_norm(dim),
        *(*linear(dim, 4 * dim), *linear(4 * dim, dim)),
    )
    return *embedding(vocabulary, dim), *embedding(positions, dim), *(block * layers), *layer_norm(dim)


def llama(layers: int, dim: int, hidden: int, vocabulary: int, kv_dim: int | None = None) -> Tensors:
    """Llama 2 and 3 (Touvron et al., arXiv 2307.09288; Grattafiori et al., arXiv 2407.21783, table 3).

    ``kv_dim`` is the width of keys and values, smaller than ``dim`` where groups of query heads share one.
    """
    keys_or_values = linear(dim, kv_dim or dim, bias=False)
    square = linear(dim, dim, bias=False)
    block = (
        *(*square, *keys_or_values, *keys_or_values, *square),
        *(linear(dim, hidden, bias=False) * 2),  # gate, up
        *linear(hidden, dim, bias=False),
        *(rms_norm(dim) * 2),
    )
    return *embedding(vocabulary, dim), *(block * layers), *rms_norm(dim), *linear(dim, vocabulary, bias=False)


MODELS: dict[str, Callable[[], Tensors]] = {
    "resnet50": resnet50,
    "vgg16": vgg16,
    "bert-base-uncased": partial(bert, layers=12, dim=768),
    "bert-large-uncased": partial(bert, layers=24, dim=1024),
    "gpt2": partial(gpt, layers=12, dim=768),
    "gpt2-medium": partial(gpt, layers=24, dim=1024),
    "gpt2-large": partial(gpt, layers=36, dim=1280),
    "gpt2-xl": partial(gpt, layers=48, dim=1600),
    "gpt3-175b": partial(gpt, layers=96, dim=12288, positions=2048),
    "llama2-7b": partial(llama, layers=32, dim=4096, hidden=11008, vocabulary=32000),
    "llama2-13b": partial(llama, layers=40, dim=5120, hidden=13824, vocabulary=32000),
    "llama2-70b": partial(llama, layers=80, dim=8192, hidden=28672, vocabulary=32000, kv_dim=1024),
    "llama3-8b": partial(llama, layers=32, dim=4096, hidden=14336, vocabulary=128256, kv_dim=1024),
    "llama3-70b": partial(llama, layers=80, dim=8192, hidden=28672, vocabulary=128256, kv_dim=1024),
    "llama3.1-405b": partial(llama, layers=126, dim=16384, hidden=53248, vocabulary=128256, kv_dim=1024),
}
