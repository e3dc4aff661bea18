"""回调 (callback)：训练中在固定时刻被调用的对象，用来记录、显示或干预训练。

`Model.fit` 依次调用：on_train_begin，每轮 on_epoch_begin，每批 on_batch_begin 与 on_batch_end，
每轮 on_epoch_end，最后 on_train_end。`logs` 是字典，各回调共用同一个，先来的可以为后来的添加内容。
"""

from __future__ import annotations

from ..utils.generic_utils import Progbar
from .base import Callback, CallbackList, LambdaCallback
from .control import EarlyStopping, LearningRateScheduler, ReduceLROnPlateau, TerminateOnNaN
from .loggers import BaseLogger, History, ProgbarLogger
from .recorders import CSVLogger, ModelCheckpoint, RemoteMonitor
from .tensorboard import TensorBoard

__all__ = [
    "BaseLogger",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "Progbar",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "TensorBoard",
    "TerminateOnNaN",
]
