"""真实的数据集；目前有 MNIST。"""

from . import mnist

__all__ = ["mnist"]
