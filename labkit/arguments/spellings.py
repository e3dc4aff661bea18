"""Keras 1 spellings that Keras 2.2.5 still accepted: old name → today's name, by class.

The rules are those of Keras 2.2.5's own converters; every conversion warns with today's spelling.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

from ..errors import explain, nearest

PENALTIES = {
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
}
WINDOW = {"border_mode": "padding", "dim_ordering": "data_format"}
CONV = {"nb_filter": "filters", "subsample": "strides", "init": "kernel_initializer"}
RECURRENT = {
    "init": "kernel_initializer",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "W_regularizer": "kernel_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "b_regularizer": "bias_regularizer",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
}
IMAGE = {"dim_ordering": "data_format"}
DROP = {"p": "rate"}


def by_class(**groups: tuple[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """{class name: spellings} from groups of classes, written as one string of names."""
    return {name: names for classes, names in groups.values() for name in classes.split()}


SPELLINGS = by_class(
    dense=("Dense", {"output_dim": "units", "init": "kernel_initializer", **PENALTIES}),
    embedding=(
        "Embedding",
        {
            "init": "embeddings_initializer",
            "W_regularizer": "embeddings_regularizer",
            "W_constraint": "embeddings_constraint",
        },
    ),
    dropout=("Dropout SpatialDropout1D GaussianDropout", DROP),
    spatial=("SpatialDropout2D SpatialDropout3D", DROP | IMAGE),
    noise=("GaussianNoise", {"sigma": "stddev"}),
    prelu=("PReLU", {"init": "alpha_initializer"}),
    normalization=(
        "BatchNormalization",
        {"beta_init": "beta_initializer", "gamma_init": "gamma_initializer"},
    ),
    one=(
        "Conv1D LocallyConnected1D",
        {
            "nb_filter": "filters",
            "filter_length": "kernel_size",
            "subsample_length": "strides",
            "border_mode": "padding",
            "init": "kernel_initializer",
            **PENALTIES,
        },
    ),
    more=(
        "Conv2D Conv3D Conv2DTranspose LocallyConnected2D",
        CONV | WINDOW | PENALTIES,
    ),
    separable=(
        "SeparableConv2D",
        WINDOW
        | {
            "nb_filter": "filters",
            "subsample": "strides",
            "b_regularizer": "bias_regularizer",
            "b_constraint": "bias_constraint",
            "bias": "use_bias",
        },
    ),
    lstm2d=("ConvLSTM2D", CONV | WINDOW | RECURRENT | {"bias": "use_bias"}),
    recurrent=(
        "SimpleRNN GRU LSTM",
        RECURRENT | {"output_dim": "units", "consume_less": "implementation"},
    ),
    pool1=(
        "MaxPooling1D AveragePooling1D",
        {"pool_length": "pool_size", "stride": "strides", "border_mode": "padding"},
    ),
    pool=("MaxPooling2D AveragePooling2D MaxPooling3D AveragePooling3D", WINDOW),
    upsampling=("UpSampling1D", {"length": "size"}),
    image=(
        "GlobalMaxPooling2D GlobalAveragePooling2D GlobalMaxPooling3D GlobalAveragePooling3D "
        "UpSampling2D UpSampling3D ZeroPadding2D ZeroPadding3D Cropping2D Cropping3D",
        IMAGE,
    ),
)
VALUES = {
    "dim_ordering": {"tf": "channels_last", "th": "channels_first", "default": None},
    "consume_less": {"cpu": 0, "mem": 1, "gpu": 2},
}
GENERATOR = {
    "samples_per_epoch": "steps_per_epoch",
    "val_samples": "steps",
    "nb_epoch": "epochs",
    "nb_val_samples": "validation_steps",
    "nb_worker": "workers",
    "pickle_safe": "use_multiprocessing",
    "max_q_size": "max_queue_size",
}
#: The window's side lengths, one integer each, as positional or keyword arguments.
SIDES = {
    **dict.fromkeys(
        ("Conv2D", "Conv2DTranspose", "SeparableConv2D", "LocallyConnected2D", "ConvLSTM2D"),
        ("nb_row", "nb_col"),
    ),
    "Conv3D": ("kernel_dim1", "kernel_dim2", "kernel_dim3"),
}


def modernize(name: str, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """The arguments of a layer's constructor in today's spelling; a warning where they changed."""
    before = dict(kwargs)
    converted = len(args)
    kwargs = dict(kwargs)
    if name == "Conv2DTranspose" and len(args) == 4 and isinstance(args[3], list | tuple):
        args = args[:3]  # Keras 1 wanted the output's shape there; Keras 2 works it out
    if name in SIDES:
        args = _join_sides(SIDES[name], args, kwargs)
    _convert_special(name, kwargs)
    _rename(name, SPELLINGS.get(name, {}), kwargs)
    if kwargs != before or len(args) != converted:
        _announce(name, args, kwargs)
    return args, kwargs


def _join_sides(sides: tuple[str, ...], args: tuple, kwargs: dict[str, Any]) -> tuple:
    """Conv2D(64, 3, 3), Conv2D(64, 3, nb_col=3), Conv2D(64, nb_row=3, nb_col=3)."""
    given = args[1:]
    rest = sides[len(given) :]
    if not all(isinstance(n, int) for n in given) or not all(side in kwargs for side in rest):
        return args
    if len(given) > len(sides):
        return args
    if not rest and (clash := {"padding", "strides", "data_format"} & set(kwargs)):
        raise ValueError(
            explain(
                "卷积层",
                f"位置参数 {args}，又有 {sorted(clash)}",
                "几个整数的位置参数是 Keras 1 的写法，即核的各边长；"
                "与 Keras 2 的参数一起用时，分不清后一个是边长还是步幅",
                "kernel_size 写成元组，strides 用关键字给出",
            )
        )
    kernel_size = (*given, *[kwargs.pop(side) for side in rest])
    if given:
        return (args[0], kernel_size)
    kwargs["kernel_size"] = kernel_size
    return args


def _convert_special(name: str, kwargs: dict[str, Any]) -> None:
    """What is more than another name."""
    recurrent = name in {"SimpleRNN", "GRU", "LSTM", "ConvLSTM2D"}
    if recurrent and "forget_bias_init" in kwargs:
        if kwargs.pop("forget_bias_init") == "one":
            kwargs["unit_forget_bias"] = True
    if name in {"Conv1D", "LocallyConnected1D"} and "input_dim" in kwargs:
        length = kwargs.pop("input_length", None)
        kwargs["input_shape"] = (length, kwargs.pop("input_dim"))
    if name == "Embedding":
        kwargs.pop("dropout", None)
    if name == "SeparableConv2D" and "init" in kwargs:
        init = kwargs.pop("init")
        kwargs |= {"depthwise_initializer": init, "pointwise_initializer": init}
    if name == "Conv2DTranspose":
        kwargs.pop("output_shape", None)
    if name == "BatchNormalization" and kwargs.get("mode") == 0:
        del kwargs["mode"]
    padding = kwargs.get("padding")
    if name == "ZeroPadding2D" and isinstance(padding, dict):
        sides = [padding.get(f"{side}_pad", 0) for side in ("top", "bottom", "left", "right")]
        kwargs["padding"] = (tuple(sides[:2]), tuple(sides[2:]))
    if "input_dtype" in kwargs:
        kwargs["dtype"] = kwargs.pop("input_dtype")


def _rename(name: str, spellings: dict[str, str], kwargs: dict[str, Any]) -> None:
    for old, new in spellings.items():
        if old not in kwargs:
            continue
        value = kwargs.pop(old)
        if new in kwargs:
            raise TypeError(
                explain(
                    name,
                    f"{old} 和 {new} 两个参数",
                    f"{old} 是 Keras 1 的写法，与 {new} 是同一个参数，只能给出一个",
                    f"只写 {new}",
                )
            )
        choices = VALUES.get(old, {})
        kwargs[new] = choices.get(value, value) if isinstance(value, str) else value


def _announce(name: str, args: tuple, kwargs: dict[str, Any]) -> None:
    shown = [_short(a) for a in args] + [f"{key}={_short(a)}" for key, a in kwargs.items()]
    warnings.warn(f"Keras 1 的写法，今后请写成 {name}({', '.join(shown)})。", stacklevel=4)


def _short(value: Any) -> str:
    text = f"形状 {value.shape} 的数组" if hasattr(value, "shape") else repr(value)
    return text if len(text) <= 40 else text[:37] + "…"


def shape_first(method: Callable) -> Callable:
    """Let add_weight take Keras 1's order: the shape, then perhaps the name."""

    @functools.wraps(method)
    def add_weight(self, *args, **kwargs):
        if args and isinstance(args[0], list | tuple):
            kwargs = {"shape": args[0], **kwargs}
            args = args[1:]
            if args and isinstance(args[0], str):
                kwargs = {"name": args[0], **kwargs}
                args = args[1:]
        return method(self, *args, **kwargs)

    return add_weight


def params_first(method: Callable) -> Callable:
    """Let get_updates take Keras 1's order: the weights, their constraints, then the loss.

    The constraints are the weights' own since Keras 2.
    """

    @functools.wraps(method)
    def get_updates(self, *args, **kwargs):
        if len(args) == 3:
            params, _, loss = args
            return method(self, loss, params, **kwargs)
        kwargs.pop("constraints", None)
        if len(args) == 2 and "loss" in kwargs:
            return method(self, params=args[0], **kwargs)
        return method(self, *args, **kwargs)

    return get_updates


def renamed(**spellings: str) -> Callable[[Callable], Callable]:
    """Let a method take Keras 1's names, given as old=new."""

    def decorate(method: Callable) -> Callable:
        signature = inspect.signature(method)
        names = [name for name in signature.parameters if name != "self"]

        @functools.wraps(method)
        def call(self, *args, **kwargs):
            if any(old in kwargs for old in spellings):
                kwargs = dict(kwargs)
                if "samples_per_epoch" in kwargs:
                    # Keras 1 counted samples. Keras 2.2.5 divides only where it knows the size.
                    generator = args[0] if args else kwargs.get("generator")
                    size = getattr(generator, "batch_size", 1)
                    kwargs["samples_per_epoch"] //= size
                _rename(method.__name__, spellings, kwargs)
                _announce(method.__name__, args, kwargs)
            if unknown := [name for name in kwargs if name not in names]:
                raise TypeError(
                    explain(
                        f"{type(self).__name__}.{method.__name__}",
                        f"不认识的参数 {unknown[0]!r}",
                        f"参数是 {'、'.join(names)}",
                        nearest(unknown[0], names),
                    )
                )
            return method(self, *args, **kwargs)

        return call

    return decorate
