"""labkit：Keras 2.2.5 的层，用 NumPy 写成，前向与反向都看得见。"""

__version__ = "0.1.0"
