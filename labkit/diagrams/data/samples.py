"""What can be sent through a layer: real digits and photographs, a drawing, a series, words.

A page names the sample that it shows, and sends the pixels of a picture along: Python has no files
of photographs, and of the digits only what `mnist.load_data` finds.
"""

from __future__ import annotations

import base64
import re
from functools import cache
from typing import NamedTuple

import numpy as np

from ...datasets import mnist
from ...errors import explain

CREDITS = {
    "digit": "MNIST，LeCun 与 Cortes，CC\u00a0BY-SA\u00a03.0",
    "china": "照片：danielbuechele，CC\u00a0BY\u00a02.0，已缩小",
    "flower": "照片：vultilion，CC\u00a0BY\u00a02.0，已缩小",
}
TITLES = {"china": "照片：楼阁", "flower": "照片：花", "drawn": "你画的"}
LARGEST = 128  # pixels to a side

# Yearly numbers of sunspots from 1901 to 2000, National Geophysical Data Center; public domain.
SUNSPOTS = (
    *(2.7, 5.0, 24.4, 42.0, 63.5, 53.8, 62.0, 48.5, 43.9, 18.6, 5.7, 3.6, 1.4, 9.6, 47.4, 57.1),
    *(103.9, 80.6, 63.6, 37.6, 26.1, 14.2, 5.8, 16.7, 44.3, 63.9, 69.0, 77.8, 64.9, 35.7, 21.2),
    *(11.1, 5.7, 8.7, 36.1, 79.7, 114.4, 109.6, 88.8, 67.8, 47.5, 30.6, 16.3, 9.6, 33.2, 92.6),
    *(151.6, 136.3, 134.7, 83.9, 69.4, 31.5, 13.9, 4.4, 38.0, 141.7, 190.2, 184.8, 159.0, 112.3),
    *(53.9, 37.6, 27.9, 10.2, 15.1, 47.0, 93.8, 105.9, 105.5, 104.5, 66.6, 68.9, 38.0, 34.5),
    *(15.5, 12.6, 27.5, 92.5, 155.4, 154.6, 140.4, 115.9, 66.6, 45.9, 17.9, 13.4, 29.4, 100.2),
    *(157.6, 142.6, 145.7, 94.3, 54.6, 29.9, 17.5, 8.6, 21.5, 64.3, 93.3, 119.6),
)
SENTENCE = "看 山 是 山 看 水 是 水"


class Sample(NamedTuple):
    """A picture, (rows, columns, channels) from 0 to 1."""

    name: str
    title: str
    credit: str
    values: np.ndarray


def picture(asked: dict | None) -> Sample:
    """The picture that a page asks for; without one the first test digit of MNIST."""
    asked = asked or {}
    name = str(asked.get("name") or "digit0")
    number = re.fullmatch(r"digit(\d{1,5})", name)
    pixels = decoded(asked) if "pixels" in asked else digit(int(number[1]) if number else 0)
    title = f"MNIST 测试集第 {number[1]} 个" if number else TITLES.get(name, name)
    return Sample(name, title, CREDITS.get("digit" if number else name, ""), pixels / 255)


def decoded(asked: dict) -> np.ndarray:
    """The pixels that a page sends: uint8 in base64."""
    shape = tuple(asked["shape"])
    content = np.frombuffer(base64.b64decode(asked["pixels"]), np.uint8)
    if len(shape) != 3 or max(shape) > LARGEST or content.size != np.prod(shape):
        rule = f"是一幅每边最多 {LARGEST} 个像素的图，像素的个数与形状相符"
        raise ValueError(
            explain("看数据", f"形状 {shape}，{content.size} 个数", rule, "重新选一幅")
        )
    return content.reshape(shape).astype(np.float32)


def digit(number: int) -> np.ndarray:
    digits = all_digits()
    if number >= len(digits):
        received, rule = f"第 {number} 个数字", f"测试集里有 {len(digits)} 个，从 0 数起"
        raise ValueError(explain("看数据", received, rule, f"第 {len(digits) - 1} 个"))
    return digits[number][..., None].astype(np.float32)


@cache
def all_digits() -> np.ndarray:
    return mnist.load_data()[1][0]


def series() -> np.ndarray:
    """(years,), around 0: one unit is one standard deviation."""
    values = np.array(SUNSPOTS)
    return (values - values.mean()) / values.std()


def words(asked: dict | None) -> list[str]:
    """The words of a sentence; without spaces each character is one."""
    text = str((asked or {}).get("text") or SENTENCE).strip()[:60]
    return text.split() if re.search(r"\s", text) else list(text)


def points() -> tuple[np.ndarray, np.ndarray]:
    """Two classes of points as two half-moons, computed: (60, 2) and (60,)."""
    angle = np.linspace(0, np.pi, 30)
    wobble = 0.12 * np.stack([np.sin(7 * angle), np.cos(11 * angle)], axis=1)
    upper = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], axis=1)
    lower = np.stack([0.5 - np.cos(angle), 0.25 - np.sin(angle)], axis=1)
    return np.concatenate([upper + wobble, lower + wobble[::-1]]), np.repeat([0, 1], 30)
