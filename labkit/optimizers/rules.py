"""各优化器的规则：权重、梯度与状态的旧值 → 新值；记号见 labkit.optimizers。"""

from __future__ import annotations

from typing import Any

from .. import backend as K
from ..errors import explain
from .base import Optimizer, Rule


class SGD(Optimizer):
    """随机梯度下降 (stochastic gradient descent)，可以带动量 (momentum)。

    vₜ = momentum · v - lr · g

    pₜ = p + vₜ；`nesterov` 时 pₜ = p + momentum · vₜ - lr · g

    来源：Polyak (1964)；Sutskever 等 (2013),
    On the importance of initialization and momentum in deep learning.
    """

    state_count = 1
    momentum: Any

    def __init__(
        self,
        lr: float = 0.01,
        momentum: float = 0.0,
        decay: float = 0.0,
        nesterov: bool = False,
        **kwargs: float,
    ) -> None:
        super().__init__(**kwargs)
        self._set(lr=lr, momentum=momentum, decay=decay)
        self.nesterov = nesterov

    def rule(self) -> Rule:
        lr, momentum = self.decayed_lr(), self.momentum

        def update(p, g, v):
            new_v = momentum * v - lr * g
            return (p + momentum * new_v - lr * g if self.nesterov else p + new_v), new_v

        return update


class RMSprop(Optimizer):
    """每个权重的学习率除以近期梯度的均方根。

    aₜ = rho · a + (1 - rho) · g²

    pₜ = p - lr · g / (√aₜ + ε)

    来源：Tieleman, Hinton (2012), Coursera: Neural Networks for Machine Learning, 第 6 讲。
    """

    state_count = 1
    saves_iterations = False
    rho: Any

    def __init__(
        self,
        lr: float = 0.001,
        rho: float = 0.9,
        epsilon: float | None = None,
        decay: float = 0.0,
        **kwargs: float,
    ) -> None:
        super().__init__(**kwargs)
        self._set(lr=lr, rho=rho, decay=decay)
        self._set_epsilon(epsilon)

    def rule(self) -> Rule:
        lr, rho = self.decayed_lr(), self.rho

        def update(p, g, a):
            new_a = rho * a + (1.0 - rho) * K.square(g)
            return p - lr * g / (K.sqrt(new_a) + self.epsilon), new_a

        return update


class Adagrad(Optimizer):
    """每个权重的学习率除以至今全部梯度的平方和的根，所以更新越多的权重走得越慢。

    aₜ = a + g²

    pₜ = p - lr · g / (√aₜ + ε)

    来源：Duchi, Hazan, Singer (2011),
    Adaptive Subgradient Methods for Online Learning and Stochastic Optimization.
    """

    state_count = 1
    saves_iterations = False

    def __init__(
        self, lr: float = 0.01, epsilon: float | None = None, decay: float = 0.0, **kwargs: float
    ) -> None:
        super().__init__(**kwargs)
        self._set(lr=lr, decay=decay)
        self._set_epsilon(epsilon)

    def rule(self) -> Rule:
        lr = self.decayed_lr()

        def update(p, g, a):
            new_a = a + K.square(g)
            return p - lr * g / (K.sqrt(new_a) + self.epsilon), new_a

        return update


class Adadelta(Optimizer):
    """步长由近期步长与近期梯度之比决定，`lr` 一般保持 1。

    aₜ = rho · a + (1 - rho) · g²

    u = g · √(d + ε) / √(aₜ + ε)，pₜ = p - lr · u

    dₜ = rho · d + (1 - rho) · u²

    来源：Zeiler (2012), https://arxiv.org/abs/1212.5701
    """

    state_count = 2
    saves_iterations = False
    rho: Any

    def __init__(
        self,
        lr: float = 1.0,
        rho: float = 0.95,
        epsilon: float | None = None,
        decay: float = 0.0,
        **kwargs: float,
    ) -> None:
        super().__init__(**kwargs)
        self._set(lr=lr, rho=rho, decay=decay)
        self._set_epsilon(epsilon)

    def rule(self) -> Rule:
        lr, rho, epsilon = self.decayed_lr(), self.rho, self.epsilon

        def update(p, g, a, d):
            new_a = rho * a + (1.0 - rho) * K.square(g)
            step = g * K.sqrt(d + epsilon) / K.sqrt(new_a + epsilon)
            return p - lr * step, new_a, rho * d + (1.0 - rho) * K.square(step)

        return update


class Adam(Optimizer):
    """动量加上 RMSprop 式的缩放，并修正两个滑动平均从 0 开始的偏差。

    mₜ = β₁ · m + (1 - β₁) · g

    vₜ = β₂ · v + (1 - β₂) · g²

    pₜ = p - lr · √(1 - β₂ᵗ) / (1 - β₁ᵗ) · mₜ / (√vₜ + ε)

    `amsgrad` 时分母用至今最大的 v：v̂ₜ = max(v̂, vₜ)。

    来源：Kingma, Ba (2014), https://arxiv.org/abs/1412.6980 ；
    Reddi, Kale, Kumar (2018), On the Convergence of Adam and Beyond.
    """

    state_count = 3
    beta_1: Any
    beta_2: Any

    def __init__(
        self,
        lr: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        decay: float = 0.0,
        amsgrad: bool = False,
        **kwargs: float,
    ) -> None:
        super().__init__(**kwargs)
        self._set(lr=lr, beta_1=beta_1, beta_2=beta_2, decay=decay)
        self._set_epsilon(epsilon)
        self.amsgrad = amsgrad

    def new_state(self, param) -> list:
        m, v, v_hat = super().new_state(param)
        # Keras keeps a single number in the place of an unused v_hat.
        return [m, v, v_hat if self.amsgrad else K.zeros(1)]

    def rule(self) -> Rule:
        beta_1, beta_2, t = self.beta_1, self.beta_2, self.step_number()
        lr = self.decayed_lr() * (K.sqrt(1.0 - K.pow(beta_2, t)) / (1.0 - K.pow(beta_1, t)))

        def update(p, g, m, v, v_hat):
            new_m = beta_1 * m + (1.0 - beta_1) * g
            new_v = beta_2 * v + (1.0 - beta_2) * K.square(g)
            new_v_hat = K.maximum(v_hat, new_v) if self.amsgrad else v_hat
            scale = K.sqrt(new_v_hat if self.amsgrad else new_v) + self.epsilon
            return p - lr * new_m / scale, new_m, new_v, new_v_hat

        return update


class Adamax(Optimizer):
    """Adam 的无穷范数形式。

    mₜ = β₁ · m + (1 - β₁) · g，uₜ = max(β₂ · u, |g|)

    pₜ = p - lr / (1 - β₁ᵗ) · mₜ / (uₜ + ε)

    来源：Kingma, Ba (2014), 第 7.1 节, https://arxiv.org/abs/1412.6980
    """

    state_count = 2
    beta_1: Any
    beta_2: Any

    def __init__(
        self,
        lr: float = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        decay: float = 0.0,
        **kwargs: float,
    ) -> None:
        super().__init__(**kwargs)
        self._set(lr=lr, beta_1=beta_1, beta_2=beta_2, decay=decay)
        self._set_epsilon(epsilon)

    def rule(self) -> Rule:
        beta_1, beta_2 = self.beta_1, self.beta_2
        lr = self.decayed_lr() / (1.0 - K.pow(beta_1, self.step_number()))

        def update(p, g, m, u):
            new_m = beta_1 * m + (1.0 - beta_1) * g
            new_u = K.maximum(beta_2 * u, K.abs(g))
            return p - lr * new_m / (new_u + self.epsilon), new_m, new_u

        return update


class Nadam(Optimizer):
    """带 Nesterov 动量的 Adam，动量系数逐渐增大。

    μₜ = β₁ · (1 - 0.5 · 0.96^(t · schedule_decay))，Πₜ = μ₁ · μ₂ ⋯ μₜ

    mₜ = β₁ · m + (1 - β₁) · g，vₜ = β₂ · v + (1 - β₂) · g²

    m̄ = (1 - μₜ) · g / (1 - Πₜ) + μₜ₊₁ · mₜ / (1 - Πₜ₊₁)

    pₜ = p - lr · m̄ / (√(vₜ / (1 - β₂ᵗ)) + ε)

    来源：Dozat (2016), Incorporating Nesterov Momentum into Adam.
    """

    state_count = 2
    beta_1: Any
    beta_2: Any

    def __init__(
        self,
        lr: float = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        schedule_decay: float = 0.004,
        **kwargs: float,
    ) -> None:
        super().__init__(**kwargs)
        self._set(lr=lr, beta_1=beta_1, beta_2=beta_2)
        self._set_epsilon(epsilon)
        self.schedule_decay = schedule_decay
        self.m_schedule = K.variable(1.0, name="m_schedule")

    def rule(self) -> Rule:
        beta_1, beta_2, t = self.beta_1, self.beta_2, self.step_number()
        mu, next_mu = (
            beta_1 * (1.0 - 0.5 * K.pow(0.96, i * self.schedule_decay)) for i in (t, t + 1)
        )
        product = self.m_schedule * mu
        next_product = product * next_mu
        self.updates.append(K.update(self.m_schedule, product))
        lr = self.decayed_lr()

        def update(p, g, m, v):
            new_m = beta_1 * m + (1.0 - beta_1) * g
            new_v = beta_2 * v + (1.0 - beta_2) * K.square(g)
            now = (1.0 - mu) * g / (1.0 - product)
            ahead = next_mu * new_m / (1.0 - next_product)
            scale = K.sqrt(new_v / (1.0 - K.pow(beta_2, t))) + self.epsilon
            return p - lr * (now + ahead) / scale, new_m, new_v

        return update


class TFOptimizer(Optimizer):
    """Keras 用它包装 TensorFlow 的优化器；labkit 没有 TensorFlow，建立时说明并拒绝。"""

    weights: list = []

    def __init__(self, optimizer):
        raise NotImplementedError(
            explain(
                "TFOptimizer",
                f"{type(optimizer).__name__}",
                "它包装 TensorFlow 的优化器，labkit 不依赖 TensorFlow",
                "labkit 自己的优化器，例如 Adam(lr=0.001)",
            )
        )
