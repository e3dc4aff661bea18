"""The loop over time."""

from __future__ import annotations

from ..errors import explain
from .elementwise import where
from .movement import expand_dims, int_shape, ndim, reverse, stack, unstack, zeros_like
from .tensors import Symbol, known, record_symbol


def rnn(
    step_function,
    inputs,
    initial_states,
    go_backwards=False,
    mask=None,
    constants=None,
    unroll=False,
    input_length=None,
):
    """沿时间轴逐步调用 step_function(x_t, states) → (output, new_states)。

    inputs: (batch, time, …)；mask: (batch, time)，为 False 的步照抄上一步的输出与状态；
    开头就为 False 的步，输出是 0。
    返回 (last_output, outputs, states)，outputs: (batch, time, …)，顺序是处理的顺序。
    """
    given = [inputs, mask, *initial_states, *(constants or [])]
    if any(isinstance(known(x), Symbol) for x in given):
        at = 2 + len(initial_states)

        def run(*values):
            inputs, mask, *rest = values
            last, outputs, states = rnn(
                step_function,
                inputs,
                rest[: at - 2],
                go_backwards=go_backwards,
                mask=mask,
                constants=rest[at - 2 :],
                unroll=unroll,
                input_length=input_length,
            )
            return last, outputs, *states

        last, outputs, *states = record_symbol(run, given, {})
        return last, outputs, states
    if ndim(inputs) < 3:
        raise ValueError(
            explain(
                "K.rnn",
                f"形状 {int_shape(inputs)}",
                "inputs 至少三维：(batch, time, …)",
                "先加上时间轴",
            )
        )
    if int_shape(inputs)[1] == 0:
        raise ValueError(
            explain("K.rnn", f"形状 {int_shape(inputs)}", "时间轴至少有一步", "去掉空的序列")
        )
    steps = int_shape(inputs)[:2]
    if mask is not None and int_shape(mask) != steps:
        raise ValueError(
            explain(
                "K.rnn",
                f"形状 {int_shape(mask)} 的 mask",
                f"mask 的形状是 (batch, time)，这里是 {steps}",
                f"np.ones({steps}, bool)，再把要跳过的步写成 False",
            )
        )
    if go_backwards:
        inputs = reverse(inputs, axes=1)
        mask = None if mask is None else reverse(mask, axes=1)
    kept = None if mask is None else unstack(mask, axis=1)

    states, outputs = list(initial_states), []
    for t, x in enumerate(unstack(inputs, axis=1)):
        output, new_states = step_function(x, [*states, *(constants or [])])
        if kept is not None:
            output = _keep(kept[t], output, outputs[-1] if outputs else zeros_like(output))
            new_states = [
                _keep(kept[t], new, old) for new, old in zip(new_states, states, strict=True)
            ]
        states, outputs = list(new_states), [*outputs, output]
    return outputs[-1], stack(outputs, axis=1), states


def _keep(mask, new, old):
    for _ in range(ndim(new) - ndim(mask)):
        mask = expand_dims(mask, -1)
    return where(mask, new, old)
