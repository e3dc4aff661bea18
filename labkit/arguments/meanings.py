"""What a parameter that many layers share means: the one home of these sentences.

help() of every layer shows them, and docs/glossary.md opens each of its entries with them.
"""

# ruff: noqa: E501
SHARED = {
    "units": "正整数，输出最后一个轴的长度，也就是这一层有多少个单元。它和输入的长度、样本数、时间步数都没有关系。",
    "filters": "正整数，卷积核的个数，等于输出的通道数。每个卷积核给出一张特征图。",
    "kernel_size": "整数或整数元组，卷积窗口在每个空间轴上的长度。二维时的顺序是（高，宽）；只写一个整数表示各轴相同。",
    "pool_size": "整数或整数元组，池化窗口在每个空间轴上的长度。二维时的顺序是（高，宽）；只写一个整数表示各轴相同。",
    "strides": "整数或整数元组，窗口每次移动的格数（步幅）。池化层的 `None` 表示与窗口一样长，窗口之间不重叠。",
    "dilation_rate": "整数或整数元组，卷积核相邻两个取样点之间的距离（膨胀率），1 表示紧挨着。不能与大于 1 的 `strides` 同用。",
    "padding": '边界怎样处理（不分大小写）：`"valid"` 不补，窗口必须完全落在输入之内；`"same"` 补到输出长度为 ⌈n / s⌉，步幅为 1 时长度不变。',
    "data_format": (
        '通道轴的位置：`"channels_last"` 放在最后，`"channels_first"` 放在批次轴之后。'
        '`None` 表示使用 `K.image_data_format()`，它的初始值是 `"channels_last"`。'
    ),
    "activation": '作用在输出上的激活函数：名字（如 `"relu"`）或任何可调用对象。`None` 表示不用，即线性 a(x) = x。',
    "use_bias": "布尔值，是否加偏置 `b`。为 `False` 时这一层没有偏置权重，`bias_` 开头的参数都不起作用。",
    "kernel_initializer": (
        "权重 `W`（kernel）的初始值怎样产生：初始化器的名字、实例，或接受形状并返回数组的函数。"
        '默认的 `"glorot_uniform"` 从 ±√(6 / (fan_in + fan_out)) 之间均匀抽取。'
    ),
    "recurrent_initializer": (
        "循环权重 `U`（recurrent_kernel，从上一时刻的隐状态到这一时刻）的初始值怎样产生。"
        '默认的 `"orthogonal"` 给出正交矩阵，反复相乘时向量的长度不变。'
    ),
    "bias_initializer": "偏置 `b` 的初始值怎样产生，默认全是 0。",
    "kernel_regularizer": (
        "加在损失上的一项，由权重 `W` 算出，使权重不要太大。例如 `regularizers.l2(0.01)` 加上 0.01·ΣW²；"
        "`None` 表示不加。"
    ),
    "recurrent_regularizer": "加在损失上的一项，由循环权重 `U` 算出；写法与 `kernel_regularizer` 相同。",
    "bias_regularizer": "加在损失上的一项，由偏置 `b` 算出；写法与 `kernel_regularizer` 相同。",
    "activity_regularizer": "加在损失上的一项，由这一层的输出算出（激活函数之后）。Keras 2.2.5 对整个批次求和，批越大，这一项越大。",
    "kernel_constraint": "每次更新之后对权重 `W` 做的投影，例如 `constraints.non_neg()` 把负数变成 0。`None` 表示不限制。",
    "recurrent_constraint": "每次更新之后对循环权重 `U` 做的投影；写法与 `kernel_constraint` 相同。",
    "bias_constraint": "每次更新之后对偏置 `b` 做的投影；写法与 `kernel_constraint` 相同。",
    "rate": "0 到 1 之间的数，被丢弃的比例。0.2 表示丢掉 20 %，不是保留 20 %。",
    "noise_shape": "随机掩码的形状，与输入的轴数相同。长度为 1 的轴共用一次抽签，`None` 表示取输入在该轴的长度。",
    "seed": "整数，随机数的种子，使同一段程序每次得到同样的随机数。`None` 表示从 NumPy 的全局生成器取，可以用 `np.random.seed` 固定。",
    "recurrent_activation": (
        '门（gate）用的激活函数。Keras 2.2.5 的默认值是 `"hard_sigmoid"`，'
        "即把 0.2·x + 0.5 截断到 0 和 1 之间。"
    ),
    "unit_forget_bias": "布尔值，初始化时是否把遗忘门的偏置设为 1。这样训练开始时细胞状态倾向于保留。",
    "dropout": "0 到 1 之间的数，训练时丢弃输入的比例。一次调用之内，所有时间步使用同一个掩码。",
    "recurrent_dropout": "0 到 1 之间的数，训练时丢弃上一时刻隐状态的比例。一次调用之内，所有时间步使用同一个掩码。",
    "implementation": "1 或 2，计算的排法。1 把各个门分开算，2 把它们合成一次大的矩阵乘法；不用 Dropout 时结果相同。",
    "return_sequences": (
        "布尔值。`False` 只返回最后一个时间步的输出，形状 `(batch, units)`；`True` 返回每一步的输出，"
        "形状 `(batch, steps, units)`。"
    ),
    "return_state": "布尔值，是否在输出之外再返回最后的状态。`LSTM` 返回 `[输出, h, c]`。",
    "go_backwards": "布尔值，是否从最后一个时间步开始读。输出按读的顺序排列，不会翻转回来。",
    "stateful": (
        "布尔值，是否把这一批结束时的状态用作下一批的初始状态，第 i 个样本接着上一批的第 i 个样本。需要固定批的大小，"
        "用 `reset_states()` 清零。"
    ),
    "unroll": "布尔值，是否把循环按时间步展开成一串运算。只影响怎样执行，不影响结果；此时时间步数必须已知。",
    "name": "字符串，层的名字，在一个模型里不能重复。不写时按类名编号，例如 `dense_1`。",
    "trainable": "布尔值，训练时是否更新这一层的权重。编译之后才修改的，要再调用一次 `compile` 才起作用。",
    "dtype": '字符串，这一层的权重和输入使用的数值类型。`None` 表示 `K.floatx()`，它的初始值是 `"float32"`。',
    "input_shape": "整数元组，一个样本的形状，不含批次轴，只在模型的第一层需要。可以变长的轴写 `None`。",
    "batch_input_shape": "整数元组，含批次轴的输入形状，例如 `(32, 10, 8)`。有状态的循环层（`stateful=True`）要用它固定批的大小。",
    "batch_size": (
        "整数，与 `input_shape` 一起给出，固定批的大小，"
        "相当于写 `batch_input_shape=(batch_size, *input_shape)`。"
    ),
    "weights": "数组的列表，用作权重的初始值，顺序和形状与 `get_weights()` 的结果相同。",
}
