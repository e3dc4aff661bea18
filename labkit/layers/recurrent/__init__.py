"""循环层与单元；文件名与 Keras 的 layers/recurrent.py 对应。"""

from .cells import GRUCell, LSTMCell, SimpleRNNCell, _generate_dropout_mask
from .layers import GRU, LSTM, SimpleRNN
from .rnn import RNN
from .stacked import StackedRNNCells

# All that is imported here; written out, every name would stand here twice.
__all__ = sorted(  # pyright: ignore[reportUnsupportedDunderAll]
    name for name, value in globals().items() if callable(value) and not name.startswith("_")
)
