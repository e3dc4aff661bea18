"""回调的基类、回调的列表、由函数组成的回调。"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..utils.generic_utils import check_keywords

Logs = dict[str, Any]


class Callback:
    """回调的基类，每个时刻什么都不做；子类改写需要的方法。

    属性：`model` 是正在训练的模型，把 `model.stop_training` 设为 True 就停止训练；
    `params` 是字典，有 batch_size、epochs、steps、samples、verbose、do_validation、metrics。
    """

    model: Any = None
    validation_data: Any = None
    params: dict[str, Any]

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def set_model(self, model: Any) -> None:
        self.model = model

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """训练开始。"""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """训练结束。"""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """一轮开始，`epoch` 从 0 数起。"""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """一轮结束；`logs` 是这一轮的损失与评价，验证集的带前缀 val_。"""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """一批训练数据开始；`logs` 有 batch（序号）与 size（样本数）。"""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """一批训练数据结束；`logs` 加上这一批的损失与评价。"""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """同 `on_batch_begin`。"""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """同 `on_batch_end`。"""
        self.on_batch_end(batch, logs=logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """评估开始。"""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """评估结束。"""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """一批评估数据开始。"""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """一批评估数据结束。"""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """预测开始。"""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """预测结束。"""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """一批预测数据开始。"""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """一批预测数据结束。"""


class CallbackList:
    """把每次调用依次转给列表中的各个回调：它有 `Callback` 的全部 `on_...` 方法。"""

    def __init__(self, callbacks: Iterable[Callback] | None = None, queue_length: int = 10) -> None:
        self.queue_length = queue_length  # Keras' measure of slow callbacks; of no effect here
        self.callbacks = list(callbacks or ())

    def append(self, callback: Callback) -> None:
        self.callbacks.append(callback)

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        self.model = model
        for callback in self.callbacks:
            callback.set_model(model)

    def __iter__(self) -> Iterator[Callback]:
        return iter(self.callbacks)

    def __getattr__(self, hook: str) -> Callable[..., None]:
        if not hook.startswith("on_"):
            raise AttributeError(hook)
        # on_train_batch_... calls on_batch_..., so callbacks that override either are reached.
        method = hook.replace("on_batch", "on_train_batch")

        def once(logs: Logs | None = None) -> None:
            for callback in self.callbacks:
                getattr(callback, method)(logs)

        def each(index: int, logs: Logs | None = None) -> None:
            logs = {} if logs is None else logs
            for callback in self.callbacks:
                getattr(callback, method)(index, logs)

        return each if "batch" in hook or "epoch" in hook else once


class LambdaCallback(Callback):
    """由函数组成的回调，参数名就是 `Callback` 的方法名。

    on_epoch_... 与 on_batch_... 的函数接受 (序号, logs)，on_train_... 的函数接受 (logs)。

    ```python
    LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    ```
    """

    def __init__(
        self,
        on_epoch_begin: Callable | None = None,
        on_epoch_end: Callable | None = None,
        on_batch_begin: Callable | None = None,
        on_batch_end: Callable | None = None,
        on_train_begin: Callable | None = None,
        on_train_end: Callable | None = None,
        **kwargs: Callable,
    ) -> None:
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_batch_begin": on_batch_begin,
            "on_batch_end": on_batch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
        }
        known = [name for name in dir(Callback) if name.startswith("on_")]
        check_keywords("LambdaCallback", kwargs, known)
        given = {name: function for name, function in (hooks | kwargs).items() if function}
        self.__dict__.update(given)
