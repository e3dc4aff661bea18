"""All layers by their pictures, for docs/layers/index.md and docs/index.md.

::: gallery 卷积层      the layers of a family: picture, name, what it does, where it is explained
::: families all       the families by a picture each, with links into the page of all layers
"""

import inspect
import posixpath
import re
from html import escape
from typing import NamedTuple

import labkit.layers
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.thumbnails import THUMBNAILS, thumbnail

HOME = "layers/"  # the address of the page that lists all layers


class Family(NamedTuple):
    modules: tuple[str, ...]  # of labkit.layers
    face: str  # the layer whose picture stands for all
    summary: str


# By their headings in docs/layers/index.md, in the order of the course.
FAMILIES = {
    "核心层": Family(("core",), "Dense", "全连接、改变形状、随机失活"),
    "激活层": Family(("advanced_activations",), "ELU", "让网络能弯曲的函数"),
    "卷积层": Family(("convolutional",), "Conv2D", "用小窗口找同一种图案"),
    "局部连接层": Family(("local",), "LocallyConnected2D", "每个位置有自己的权重"),
    "池化层": Family(("pooling",), "MaxPooling2D", "把一小块概括成一个数"),
    "循环层": Family(
        ("recurrent", "convolutional_recurrent", "cudnn_recurrent"),
        "LSTM",
        "逐步读序列，记在状态里",
    ),
    "嵌入层": Family(("embeddings",), "Embedding", "把编号变成向量"),
    "合并层": Family(("merge",), "Add", "把几条支路合成一条"),
    "归一化层": Family(("normalization",), "BatchNormalization", "把数值拉到合适的尺度"),
    "噪声层": Family(("noise",), "GaussianNoise", "训练时加噪声，防止过拟合"),
    "包装层": Family(("wrappers",), "Bidirectional", "改变别的层怎样用"),
    "早期的层": Family(("legacy",), "Highway", "Keras 1 留下来的"),
}

# What else a layer is called, for those who search.
SYNONYMS = {
    "InputLayer": "Input、输入",
    "Lambda": "自定义函数",
    "Permute": "转置、交换轴",
    "Reshape": "改变形状",
    "RepeatVector": "编码器与解码器之间的重复",
    "Masking": "遮罩、变长序列",
    "ReLU": "线性整流单元、修正线性单元",
    "LeakyReLU": "泄漏线性整流",
    "ELU": "指数线性单元",
    "Softmax": "归一化指数函数",
    "Conv1D": "AtrousConvolution1D、空洞卷积、膨胀卷积、因果卷积、时序卷积、TCN",
    "Conv3D": "视频卷积、体卷积",
    "SeparableConv1D": "深度可分离卷积",
    "SeparableConv2D": "深度可分离卷积",
    "DepthwiseConv2D": "深度卷积、分组卷积的一种",
    "Conv2DTranspose": "反卷积、转置卷积、上卷积",
    "Conv3DTranspose": "三维反卷积、转置卷积",
    "UpSampling1D": "上采样",
    "UpSampling2D": "上采样、最近邻插值、双线性插值",
    "UpSampling3D": "上采样",
    "ZeroPadding1D": "填充",
    "ZeroPadding2D": "填充",
    "ZeroPadding3D": "填充",
    "Cropping2D": "裁切、剪裁",
    "LocallyConnected1D": "不共享权重的卷积",
    "LocallyConnected2D": "不共享权重的卷积",
    "AveragePooling2D": "均值池化",
    "GlobalAveragePooling2D": "GAP、全局均值池化",
    "RNN": "循环神经网络、自定义循环",
    "SimpleRNN": "循环神经网络、Elman 网络",
    "GRU": "门控循环单元",
    "GRUCell": "门控循环单元",
    "LSTMCell": "长短期记忆单元",
    "ConvLSTM2D": "卷积长短期记忆、时空预测",
    "CuDNNGRU": "显卡上的 GRU",
    "CuDNNLSTM": "显卡上的 LSTM",
    "Concatenate": "连接、串联、concat",
    "Multiply": "逐元素积、Hadamard 积",
    "Dot": "内积、余弦相似度",
    "GaussianNoise": "加噪声、数据增强",
    "Bidirectional": "双向循环层、双向 LSTM、BiLSTM",
    "TimeDistributed": "时间分布、逐时间步",
    "Highway": "高速网络",
}


def summary_of(name: str) -> tuple[str, str]:
    """The first line of a class's docstring: its Chinese name, and the rest."""
    line = (inspect.getdoc(getattr(labkit.layers, name)) or "").split("\n")[0]
    found = re.match(r"(.+?)([：（；，。])(.*)", line)
    assert found, f"{name}: {line!r}"
    # What stands in brackets is the name once more.
    rest = line[len(found[1]) :] if found[2] == "（" else found[3]
    return found[1], rest.rstrip("。") and rest


def aliases(name: str) -> list[str]:
    cls = getattr(labkit.layers, name)
    return [n for n in labkit.layers.__all__ if n != name and getattr(labkit.layers, n) is cls]


def members(heading: str, family_of) -> list[str]:
    modules = FAMILIES[heading].modules
    own = [name for name in THUMBNAILS if family_of(getattr(labkit.layers, name)) in modules]
    return sorted(own, key=lambda n: modules.index(family_of(getattr(labkit.layers, n))))


def picture(name: str) -> str:
    return f'<span class="layer-picture" data-search-exclude="true">{thumbnail(name)}</span>'


def card(name: str, page: str | None, here: str) -> str:
    """`page`: the source of the layer's own page, which the search finds by itself."""
    chinese, rest = summary_of(name)
    title = f"{name} <span>{escape(chinese)}</span>"
    address = None
    if page:
        address = posixpath.relpath(page.removesuffix(".md"), here) + "/"
    elif name in EXAMPLES:
        address = posixpath.relpath("lab", here) + f"/#lab&amp;layer={name}"
    title = picture(name) + f'<span class="layer-name">{title}</span>'
    head = f'<a href="{address}">{title}</a>' if address else title
    others = [*aliases(name), *filter(None, [SYNONYMS.get(name)])]
    also = f'<p class="layer-also">也叫 {escape("、".join(others))}</p>' if others else ""
    where = "" if page else '<span class="layer-lab-only">实验台</span>' if address else ""
    anchor = name.lower()
    # With an anchor, the heading is an entry of the search; without one, it is text of a card that
    # the search leaves out: the layer's own page is to be found.
    opening = (
        f'<li id="{anchor}" data-search-exclude="true"><h3>' if page else f'<li><h3 id="{anchor}">'
    )
    return f"{opening}{head}</h3><p>{escape(rest)}</p>{also}{where}</li>"


def show(heading: str, here: str, pages: set[str], family_of) -> str:
    """`pages`: the sources of all pages."""
    if heading not in FAMILIES:
        raise ValueError(f"::: gallery 之后只能是 {'、'.join(FAMILIES)}，收到 {heading!r}")
    cards = []
    for name in members(heading, family_of):
        own = f"layers/{family_of(getattr(labkit.layers, name))}/{name}.md"
        cards.append(card(name, own if own in pages else None, here))
    return f'<ul class="gallery">{"".join(cards)}</ul>'


def families(here: str) -> str:
    home = posixpath.relpath(HOME, here or ".") + "/"
    cards = [
        f'<li><a href="{home}#{heading}">{picture(family.face)}'
        f'<span class="layer-name">{heading}</span></a><p>{family.summary}</p></li>'
        for heading, family in FAMILIES.items()
    ]
    return f'<ul class="gallery families" data-search-exclude="true">{"".join(cards)}</ul>'
