"""Sliding windows: their output lengths, and the errors where they do not fit."""

from __future__ import annotations

from ..backend.windows import effective_size, output_length
from ..errors import explain


def window_outputs(where, name, space, sizes, padding, strides, dilation):
    """The output length of every spatial axis; ValueError where the window exceeds its input."""
    outputs = tuple(
        output_length(n, k, padding, s, d)
        for n, k, s, d in zip(space, sizes, strides, dilation, strict=True)
    )
    if all(n is None or n > 0 for n in outputs):
        return outputs
    covered = tuple(effective_size(k, d) for k, d in zip(sizes, dilation, strict=True))
    fitting = tuple(k if n is None else min(k, n) for k, n in zip(sizes, space, strict=True))
    raise ValueError(
        explain(
            where,
            f"空间尺寸 {tuple(space)}，{name}={sizes}（覆盖 {covered}），"
            f"strides={strides}，padding={padding!r}",
            f"窗口不能大于输入：输出长度 = ⌊(n − covered) / strides⌋ + 1 = {outputs}，"
            "必须至少为 1；每经过一层，尺寸都会变小",
            f"{name}={fitting}，或 padding='same'，或减少前面的层",
        )
    )


def stride_or_dilation(where: str, strides, dilation_rate) -> None:
    """ValueError where both are above 1 on any axes."""
    if max(strides) > 1 and max(dilation_rate) > 1:
        ones = (1,) * len(strides)
        raise ValueError(
            explain(
                where,
                f"strides={strides}，dilation_rate={dilation_rate}",
                "步幅与膨胀率不能同时大于 1",
                f"strides={ones} 或 dilation_rate={ones}",
            )
        )
