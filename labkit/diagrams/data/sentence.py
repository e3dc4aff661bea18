"""看数据 for Embedding: every word of a sentence becomes a row of the table."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import svg
from . import pixels, samples
from .maps import captioned
from .running import run

MOST = 12  # numbers of a vector that are drawn


def view(subject) -> dict[str, Any]:
    words = samples.words(subject.state.get("sample"))
    numbers = {word: i for i, word in enumerate(dict.fromkeys(words))}
    x = np.array([numbers[word] for word in words])
    y = run(subject.layer, x).y
    most = pixels.extent(y)
    shown = y[:, :MOST]
    rows = []
    for word, number, vector in zip(words, x, shown, strict=True):
        name = svg.boxed(
            svg.words(word[:6], size=12, mono=True), pad=3, radius=4, fill=svg.DATA, least=46
        )
        at = svg.words(f"→ {number} →", size=11, mono=True, fill=svg.FAINT)
        picture = pixels.image(vector[None], 22 * len(vector), 22, most)
        group = (
            f'<g class="map" data-map="y" data-channel=":" data-rows="1" '
            f'data-columns="{len(vector)}" data-width="{picture.width:g}" '
            f'data-height="22">{picture.svg}</g>'
        )
        rows.append(svg.beside([name, at, picture._replace(svg=group)], 6))
    block = svg.below(
        [
            captioned(f"输入 x ({len(x)},)：词 → 编号 → 向量", svg.below(rows, 3)),
            svg.words(f"输出 y {y.shape[0], y.shape[1]}", size=11, mono=True, fill=svg.FAINT),
            pixels.scale_bar(most, True),
        ],
        8,
    )
    title = f"Embedding 层看数据：{len(words)} 个词"
    listed = "，".join(f"{word} 是 {number} 号" for word, number in numbers.items())
    description = f"{listed}；同一个词得到同一个向量，每个向量 {y.shape[-1]} 个数。"
    notes = ["词按第一次出现的次序编号；同一个词得到同一行。表里的数还没有训练过，是随机的。"]
    if y.shape[-1] > MOST:
        notes.append(f"只画每个向量的前 {MOST} 个数，一共 {y.shape[-1]} 个。")
    data = {"kind": "words", "sample": "text", "text": " ".join(words), "y": pixels.packed(y)}
    drawn = svg.document("data-view", title, description, block, label=False)
    return {
        "svg": drawn,
        "data": {**data, "x": [len(x)], "reach": None, "kernel": None},
        "notes": notes,
    }
