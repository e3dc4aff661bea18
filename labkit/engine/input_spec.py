"""What a layer demands of its inputs, and the check."""

from __future__ import annotations

from typing import Any

from .. import backend as K
from ..errors import explain
from ..utils.generic_utils import to_list


class InputSpec:
    """一层对输入的要求：dtype、shape、ndim、max_ndim、min_ndim、axes（某些轴的长度）。"""

    def __init__(self, dtype=None, shape=None, ndim=None, max_ndim=None, min_ndim=None, axes=None):
        self.dtype = dtype
        self.shape = shape
        self.ndim = len(shape) if shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = axes or {}


class Checked:
    """A layer as the receiver of inputs that must fit its input_spec."""

    input_spec: Any

    def _label(self) -> str:
        raise NotImplementedError

    def assert_input_compatibility(self, inputs) -> None:
        """按 input_spec 检查输入的个数、维数与各轴长度，不合就抛出 ValueError。"""
        if self.input_spec is None:
            return
        inputs, specs = to_list(inputs), to_list(self.input_spec)
        if len(inputs) != len(specs):
            raise ValueError(
                explain(
                    self._label(),
                    f"{len(inputs)} 个输入",
                    f"这一层需要 {len(specs)} 个输入",
                    "改成相同的个数",
                )
            )
        for x, spec in zip(inputs, specs, strict=True):
            if spec is not None:
                self._check_spec(K.int_shape(x), spec)

    def _check_spec(self, shape, spec) -> None:
        ndim = len(shape)
        rule = None
        if spec.ndim is not None and ndim != spec.ndim:
            rule = f"输入必须是 {spec.ndim} 维（含 batch 轴）"
        elif spec.max_ndim is not None and ndim > spec.max_ndim:
            rule = f"输入最多 {spec.max_ndim} 维（含 batch 轴）"
        elif spec.min_ndim is not None and ndim < spec.min_ndim:
            rule = f"输入至少 {spec.min_ndim} 维（含 batch 轴）"
        if rule:
            raise ValueError(
                explain(
                    self._label(),
                    f"{ndim} 维的输入，形状 {shape}",
                    rule,
                    self._suggest_rank(shape, spec),
                )
            )
        wanted = dict(spec.axes) | {i: n for i, n in enumerate(spec.shape or ()) if n is not None}
        for axis, n in wanted.items():
            if n is not None and shape[int(axis)] not in {n, None}:
                raise ValueError(
                    explain(
                        self._label(),
                        f"形状 {shape}，第 {axis} 轴长 {shape[int(axis)]}",
                        f"建层时这一轴长 {n}，权重已按它建好",
                        f"第 {axis} 轴长 {n} 的输入，或新建一层",
                    )
                )

    @staticmethod
    def _suggest_rank(shape, spec) -> str:
        wanted = spec.ndim or spec.min_ndim or spec.max_ndim
        if len(shape) < wanted:
            return "补上缺少的轴，例如 x[..., np.newaxis] 或 x.reshape(…)"
        return "先用 Flatten 或 reshape 去掉多余的轴"
