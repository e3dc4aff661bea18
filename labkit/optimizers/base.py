"""优化器的基类：梯度、裁剪、学习率的减小与状态。各优化器的规则在 rules.py。"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from numpy.typing import ArrayLike, NDArray

from .. import backend as K
from ..arguments.spellings import params_first
from ..backend.tape import for_reader, taping
from ..errors import explain
from ..manner import refuse
from ..utils.generic_utils import Configurable, check_keywords

Rule = Callable[..., tuple]


def clip_norm(g, c: float, n):
    """范数 `n` 不小于 `c` 时把 `g` 缩小到 g · c / n；`c` 是 0 表示不限制。"""
    if c <= 0:
        return g
    if isinstance(n, K.Symbol):
        return K.switch(K.greater_equal(n, c), g * c / n, g)
    return g * c / n if n >= c else g


class Optimizer(Configurable):
    """优化器的基类。

    `get_updates(loss, params)` 返回 (变量, 新值) 的列表，全部由旧值算出，一个都还没有写入。
    子类有两种写法：

    - 写 `rule()`，并用 `state_count` 说明每个权重有几个状态；
    - 同 Keras：改写 `get_updates` 或 `get_gradients`。第一次训练时调用一次，`loss` 是符号张量，
      这时用 `K.zeros` 建立状态、记在 `self.weights` 里；以后每一步只求得到的新值。

    属性：`iterations` 是已完成的更新次数；`weights` 是优化器的状态，第一次更新之后才有。
    """

    #: How many arrays of state, shaped like the weight, the rule keeps for each weight.
    state_count = 0
    #: RMSprop, Adagrad and Adadelta leave `iterations` out of their saved weights, as in Keras.
    saves_iterations = True

    # Variables; Any because their operators are attached at import.
    lr: Any
    decay: Any
    epsilon: float

    def __init__(self, **kwargs: float) -> None:
        own = [
            parameter.name
            for parameter in inspect.signature(type(self)).parameters.values()
            if parameter.kind is not parameter.VAR_KEYWORD
        ]
        check_keywords(type(self).__name__, kwargs, ["clipnorm", "clipvalue", *own])
        self._clipping = self._checked(**kwargs)
        vars(self).update(kwargs)
        self.initial_decay = 0.0
        self.updates: list[tuple] = []
        self.weights: list = []
        #: The weights of a model, and the state of each.
        self._states: list[tuple[list, list[list]]] = []

    @cached_property
    def iterations(self) -> Any:
        """已完成的更新次数。"""
        return K.variable(0, dtype="int64", name="iterations")

    def _checked(self, **settings: float) -> dict[str, float]:
        for name, value in settings.items():
            below_one = name in ("beta_1", "beta_2", "rho")
            if value < 0 or (below_one and value >= 1):
                refuse(
                    ValueError(
                        explain(
                            type(self).__name__,
                            received=f"{name}={value}",
                            rule=f"0 ≤ {name} < 1，它是旧值在滑动平均中的比重"
                            if below_one
                            else f"{name} ≥ 0",
                            suggestion=f"{name}={0.9 if below_one else abs(value)}",
                        )
                    )
                )
        return settings

    def _set(self, **settings: float) -> None:
        """Settings that may change in training are variables: K.set_value(optimizer.lr, 0.1)."""
        for name, value in self._checked(**settings).items():
            setattr(self, name, K.variable(value, name=name))
        self.initial_decay = settings.get("decay", 0.0)

    def _set_epsilon(self, epsilon: float | None) -> None:
        self.epsilon = K.epsilon() if epsilon is None else epsilon
        self._checked(epsilon=self.epsilon)

    def get_gradients(self, loss, params: Sequence) -> list:
        """loss 对每个权重的梯度，按 `clipnorm`、`clipvalue` 裁剪；loss 是符号张量时，梯度也是。"""
        gradients = K.gradients(loss, params)
        for param, gradient in zip(params, gradients, strict=True):
            if gradient is None:
                raise ValueError(
                    explain(
                        type(self).__name__,
                        received=f"权重 {param.name} 没有梯度",
                        rule="损失要由每个可训练的权重经过可微的运算得出；"
                        "K.argmax、K.round、K.eval 没有梯度，没用到的权重也没有",
                        suggestion="在 call 中用上这个权重，或者在 add_weight 中写 trainable=False",
                    )
                )
        gs = [g if isinstance(g, K.Symbol) else K.eval(g) for g in gradients]
        if limit := self._clipping.get("clipnorm"):
            norm = K.sqrt(sum(K.sum(K.square(g)) for g in gs))
            gs = [clip_norm(g, limit, norm) for g in gs]
        if limit := self._clipping.get("clipvalue"):
            gs = [K.clip(g, -limit, limit) for g in gs]
        return gs

    def rule(self) -> Rule:
        """这一次更新的规则：函数 (p, g, *状态) → (新的 p, *新的状态)。"""
        raise NotImplementedError(f"{type(self).__name__} 没有 rule(self)")

    @params_first
    def get_updates(self, loss, params: Sequence) -> list:
        """(变量, 新值) 的列表。权重有 `constraint` 时，新值已经满足约束。

        loss 是符号张量时，新值也是，交给 `K.function(…, updates=…)`，每次调用时才计算。
        """
        gs = self.get_gradients(loss, params)
        states = self.state_of(params)
        later = isinstance(loss, K.Symbol)

        def now(variable):
            return variable if later else variable.value

        # What is to be computed later goes on the tape also where it needs no gradient.
        with taping(later):
            self.updates = [K.update_add(self.iterations, 1)]
            rule = self.rule()
            for param, g, state in zip(params, gs, states, strict=True):
                new_p, *new_state = rule(now(param), g, *map(now, state))
                if getattr(param, "constraint", None) is not None:
                    new_p = for_reader(param.constraint)(new_p)
                self.updates += map(K.update, state, new_state)
                self.updates.append(K.update(param, new_p))
        return self.updates

    def state_of(self, params: Sequence) -> list[list]:
        """The state variables of each weight, made at its first update.

        Kept by the list of weights, so that two models that share an optimizer keep apart.
        """
        for owners, states in self._states:
            if len(owners) == len(params) and all(map(operator.is_, owners, params)):
                return states
        states = [self.new_state(param) for param in params]
        self._states.append((list(params), states))
        self.weights = [self.iterations] if self.saves_iterations else []
        self.weights += [state[i] for i in range(self.state_count) for state in states]
        return states

    def new_state(self, param) -> list:
        """一个权重的初始状态，默认全是 0。"""
        return [K.zeros(param.shape, K.dtype(param)) for _ in range(self.state_count)]

    def decayed_lr(self):
        """这一次更新的学习率：lr / (1 + decay · iterations)。"""
        if self.initial_decay > 0:
            return self.lr * (1.0 / (1.0 + self.decay * K.cast(self.iterations, K.floatx())))
        return self.lr

    def step_number(self):
        """t = iterations + 1。"""
        return K.cast(self.iterations, K.floatx()) + 1

    def get_weights(self) -> list[NDArray]:
        """优化器的状态。"""
        return K.batch_get_value(self.weights)

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """写入优化器的状态，个数与形状同 `get_weights()`。"""
        expected = [variable.shape for variable in self.weights]
        received = [K.int_shape(K.constant(weight)) for weight in weights]
        if expected != received:
            raise ValueError(
                explain(
                    f"{type(self).__name__}.set_weights",
                    received=f"形状 {received}",
                    rule=f"个数与形状要与 get_weights() 相同：{expected}；第一次更新之前还没有状态",
                    suggestion="先用 train_on_batch 训练一步，再 set_weights",
                )
            )
        K.batch_set_value(zip(self.weights, weights, strict=True))

    def get_config(self) -> dict[str, Any]:
        config = dict(self._clipping)
        for parameter in inspect.signature(type(self)).parameters.values():
            # A reader's own get_config adds the parameters that it keeps under another name.
            if parameter.kind is not parameter.VAR_KEYWORD and hasattr(self, parameter.name):
                value = getattr(self, parameter.name)
                config[parameter.name] = float(K.get_value(value)) if K.is_tensor(value) else value
        return config
