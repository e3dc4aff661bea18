"""scikit-learn 的样子：KerasClassifier 与 KerasRegressor，能交给 GridSearchCV 等。"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import explain, nearest
from ..models import Sequential
from ..utils.generic_utils import has_arg, to_list
from ..utils.np_utils import to_categorical


class BaseWrapper:
    """两个包装共同的部分；不要直接用它。

    参数：
        build_fn：返回编译好的模型的函数，或带 __call__ 的对象；继承时也可以不给，自己写 __call__。
        sk_params：build_fn 的参数，以及 fit、predict、evaluate 的参数，用名字给出。
    出错：sk_params 里的名字哪个函数都不认识，抛出 ValueError。
    """

    model: Any = None

    def __init__(self, build_fn=None, **sk_params):
        self.build_fn = build_fn
        self.sk_params = sk_params
        self.check_params(sk_params)

    def _builder(self) -> Callable:
        if self.build_fn is not None:
            return self.build_fn
        if not callable(self):
            raise TypeError(
                explain(
                    type(self).__name__,
                    "build_fn=None",
                    "模型由 build_fn 建立；没有给出时，由子类的 __call__ 建立",
                    f"{type(self).__name__}(build_fn=建模型的函数)",
                )
            )
        return self

    def check_params(self, params) -> None:
        """检查 params 里的每个名字都有函数认识。"""
        functions = [
            Sequential.fit,
            Sequential.predict,
            Sequential.predict_classes,
            Sequential.evaluate,
            self._builder(),
        ]
        for name in params:
            if name != "nb_epoch" and not any(has_arg(f, name) for f in functions):
                known = sorted({p for f in functions for p in inspect.signature(f).parameters})
                raise ValueError(
                    explain(
                        type(self).__name__,
                        f"参数 {name!r}",
                        f"参数是 build_fn 的，或 fit、predict、evaluate 的：{'、'.join(known)}",
                        nearest(name, known),
                    )
                )

    def get_params(self, **params) -> dict:
        """全部参数；params 不起作用，scikit-learn 会给出 deep。"""
        return {**copy.deepcopy(self.sk_params), "build_fn": self.build_fn}

    def set_params(self, **params):
        """改参数，返回自己。"""
        self.check_params(params)
        self.sk_params.update(params)
        return self

    def fit(self, x, y, **kwargs):
        """用 build_fn 建一个新的模型，训练它，返回 History；kwargs 是 Sequential.fit 的参数。"""
        build = self._builder()
        self.model = build(**self.filter_sk_params(build))
        settings = {**copy.deepcopy(self.filter_sk_params(Sequential.fit)), **kwargs}
        return self.model.fit(x, self._labels(y), **settings)

    def _labels(self, y):
        """One-hot where the model's loss wants it."""
        loss = getattr(self.model.loss, "__name__", self.model.loss)
        return to_categorical(y) if loss == "categorical_crossentropy" and np.ndim(y) != 2 else y

    def _trained(self) -> Any:
        if self.model is None:
            raise ValueError(
                explain(
                    type(self).__name__,
                    "还没有训练的包装",
                    "模型在 fit 时才建立",
                    "先调用 fit(x, y)",
                )
            )
        return self.model

    def filter_sk_params(self, fn, override=None) -> dict:
        """sk_params 里函数 fn 认识的那些，override 里的优先。"""
        known = {name: value for name, value in self.sk_params.items() if has_arg(fn, name)}
        return {**known, **(override or {})}


class KerasClassifier(BaseWrapper):
    """分类：标签可以是整数、文字或 one-hot，predict 返回原来的标签。"""

    def fit(self, x, y, sample_weight=None, **kwargs):
        """建模型并训练；标签的种类记在 classes_。"""
        y = np.array(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        elif y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1):
            self.classes_, places = np.unique(y, return_inverse=True)
            y = places.reshape(y.shape)
        else:
            raise ValueError(
                explain(
                    f"{type(self).__name__}.fit",
                    f"形状为 {y.shape} 的 y",
                    "y 是一列标签 (样本数,)，或 one-hot (样本数, 类别数)",
                    "y.reshape(len(y), -1)",
                )
            )
        self.n_classes_ = len(self.classes_)
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        return super().fit(x, y, **kwargs)

    def predict(self, x, **kwargs) -> np.ndarray:
        """每个样本的标签。"""
        kwargs = self.filter_sk_params(Sequential.predict_classes, kwargs)
        y = self._trained().predict(x, **kwargs)
        chosen = y.argmax(axis=-1) if y.shape[-1] > 1 else (y > 0.5).astype("int32")
        return self.classes_[chosen]

    def predict_proba(self, x, **kwargs) -> np.ndarray:
        """每个样本属于每一类的概率；只有一个输出时，补成 [1 - p, p] 两列。"""
        kwargs = self.filter_sk_params(Sequential.predict_proba, kwargs)
        y = self._trained().predict(x, **kwargs)
        return np.hstack([1 - y, y]) if y.shape[1] == 1 else y

    def score(self, x, y, **kwargs) -> float:
        """准确率。出错：模型没有用 metrics=['accuracy'] 编译，抛出 ValueError。"""
        kwargs = self.filter_sk_params(Sequential.evaluate, kwargs)
        model = self._trained()
        found = model.evaluate(x, self._labels(np.searchsorted(self.classes_, y)), **kwargs)
        for name, value in zip(model.metrics_names, to_list(found), strict=True):
            if name == "acc":
                return value
        raise ValueError(
            explain(
                f"{type(self).__name__}.score",
                f"评价函数 {model.metrics_names}",
                "score 是准确率，编译时要有它",
                "model.compile(…, metrics=['accuracy'])",
            )
        )


class KerasRegressor(BaseWrapper):
    """回归：predict 返回数，score 是负的损失，越大越好。"""

    def predict(self, x, **kwargs) -> np.ndarray:
        """每个样本的预测；只有一个输出时是一列数 (样本数,)。"""
        kwargs = self.filter_sk_params(Sequential.predict, kwargs)
        y = np.array(self._trained().predict(x, **kwargs))
        return np.squeeze(y, axis=-1) if y.shape[-1] == 1 else y

    def score(self, x, y, **kwargs) -> float:
        """损失的相反数。"""
        kwargs = self.filter_sk_params(Sequential.evaluate, kwargs)
        return -to_list(self._trained().evaluate(x, y, **kwargs))[0]
