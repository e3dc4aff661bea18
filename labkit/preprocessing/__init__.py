"""把原始数据变成数组；目前有序列的工具。"""

from . import sequence

__all__ = ["sequence"]
