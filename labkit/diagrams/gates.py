"""One step of a recurrent cell from inside: its formulas as boxes, joined by the lines they use."""

from __future__ import annotations

import itertools

from ..layers.cudnn_recurrent import CuDNNCell
from . import svg
from .formulas import INPUTS, Equation, equations, gate_weights, in_words, one_step, shapes_of
from .svg import Block

CAPTIONS = {"i": "输入门", "f": "遗忘门", "o": "输出门", "z": "更新门", "r": "重置门"}
CAPTIONS |= {"c̃": "候选", "h̃": "候选", "inner": "给候选的状态", "h′": "新的状态"}
ENDS = {"x": "这一步的输入", "h": "上一步的状态", "c": "上一步的状态"}
ENDS |= {"h′": "输出，也是下一步的 h_(t−1)", "c′": "下一步的 c_(t−1)"}
LANE, REACH = 11, 16  # between two lines beside the boxes, and from the last one to the boxes


def gate_view(layer, input_shape) -> str:
    """一步之内的图：每个门的公式、权重、激活函数，每条线上张量的形状，SVG 文本。

    layer 是 LSTM、GRU、SimpleRNN、ConvLSTM2D、CuDNNLSTM、CuDNNGRU，或它们的单元；input_shape 含
    批次轴，给层时还含时间轴，例如 (None, 5, 3)。形状来自真的算一遍，不改动 layer。
    """
    cell, step = one_step(layer, tuple(input_shape))
    shapes, (labels, formulas) = shapes_of(cell, step), in_words(cell)
    weights = {name: weight.shape for name, weight in gate_weights(cell).items()}

    notes = ["⊙ 逐元素相乘，" + ("∗ 卷积" if len(step) == 4 else "· 矩阵乘法") + "；点是分叉。"]
    if isinstance(cell, CuDNNCell):
        summed = "，两份偏置已相加" if "c" in shapes else ""
        notes.append(f"权重按 CuDNN 的次序存放；图上换成了普通的次序{summed}。")
    if cell.uses_learning_phase:
        notes.append("训练时 x_t 与状态先乘 Dropout 的掩码；图上是预测时的计算。")
    said = [f"{labels[name]} 的形状 {shapes[name]}" for name in INPUTS if name in shapes]
    said += [f"{labels[name]} = {line}，{shapes[name]}" for name, line in formulas.items()]
    said += [f"权重 {name} {shape}" for name, shape in weights.items()]
    drawing = Wiring(equations(cell), labels, formulas, shapes, weights).block
    return svg.document(
        "gates",
        f"{type(layer).__name__} 一步之内的图",
        f"{'；'.join(said)}。{''.join(notes)}",
        svg.below([drawing, svg.legend(notes)]),
    )


class Wiring:
    """Boxes from top to bottom; inputs run down on their left, results on their right."""

    def __init__(self, todo: list[Equation], labels, formulas, shapes, weights):
        self.labels, self.formulas, self.shapes, self.weights = labels, formulas, shapes, weights
        inputs = [name for name in INPUTS if name in shapes]
        outputs = [name + "′" for name in reversed(inputs[1:])]
        lanes = lanes_of(todo, outputs)
        self.left = LANE * (len(inputs) - 1) + REACH + 3
        self.right = svg.WIDTH - LANE * max(lanes.values()) - REACH - 3
        self.room = self.right - self.left
        self.at = {name: self.left - REACH - LANE * k for k, name in enumerate(inputs)}
        self.at |= {name: svg.WIDTH - 3 - LANE * lane for name, lane in lanes.items()}
        self.starts: dict[str, tuple[float, float]] = {}
        self.taps: dict[str, list[tuple[float, float]]] = {name: [] for name in shapes}
        self.parts: list[str] = []
        self.y = 0.0

        for name in reversed(inputs):
            self.starts[name] = (self.left, self.put(self.tensor(name, ENDS[name]), self.left, 6))
        for one in todo:
            self.equation(one)
        for name in outputs:
            box = self.tensor(name, ENDS[name])
            self.taps[name].append((self.right, self.put(box, self.right - box.width, 6)))
        lines = [self.line(name) for name in shapes]
        self.block = Block("".join([*lines, *self.parts]), svg.WIDTH, self.y)

    def put(self, block: Block, x, gap) -> float:
        """Draws a block below the others; returns the height of its middle."""
        self.parts.append(svg.moved(block, x, self.y))
        self.y += block.height + gap
        return self.y - gap - block.height / 2

    def tensor(self, name, remark="") -> Block:
        shape, room = self.shapes[name], self.room - 12
        rows = [svg.paragraph(f"{self.labels[name]}：{shape}", room, size=10.5, mono=True)]
        if remark:
            rows.append(svg.words(remark, size=10.5, fill=svg.FAINT))
        fill = svg.RESULT if name.endswith("′") else svg.DATA
        box = svg.boxed(svg.flow(rows, room), pad=4, fill=fill)
        return box._replace(svg=f'<g data-tensor="{name}" data-shape="{shape}">{box.svg}</g>')

    def equation(self, one: Equation) -> None:
        box, middle = self.box(one), self.left + self.room / 2
        x = self.left + (self.room - box.width) / 2
        reads = self.at.keys() & set(one.factors)
        inputs = [name for name in INPUTS if name in reads]
        # The nearest line first: it may end here, and then the others do not cross it.
        results = sorted(reads - {*INPUTS}, key=lambda name: self.at[name])
        for names, edge in ((inputs, x), (results, x + box.width)):
            for number, name in enumerate(names, start=1):
                self.taps[name].append((edge, self.y + box.height * number / (len(names) + 1)))
        box = box._replace(svg=f'<g data-operation="{one.result}">{box.svg}</g>')
        self.put(box, x, 11)
        self.parts.append(svg.arrow_along([(middle, self.y - 11), (middle, self.y - 1)]))
        chip = self.tensor(one.result)
        y = self.put(chip, middle - chip.width / 2, 12)
        self.starts[one.result] = (middle + chip.width / 2, y)

    def box(self, one: Equation) -> Block:
        """An equation with weights in words, another as its sign."""
        formula, room = self.formulas[one.result], self.room - 14
        shapes = [f"{name} {self.weights[name]}" for name in one.factors if name in self.weights]
        if not shapes:
            sign = "+" if len(one.terms) > 1 else "⊙"
            if one.function:
                sign = "1 −" if one.function == "1−" else formula.split("(")[0]
            return svg.boxed(svg.words(sign, size=13, weight=600), pad=4, radius=8, least=46)
        lines = [svg.words(shape, size=10, mono=True) for shape in shapes]
        chips = [svg.boxed(line, pad=3, fill=svg.WEIGHT, radius=4) for line in lines]
        rows = [
            svg.words(CAPTIONS[one.result], size=11.5, weight=600),
            svg.paragraph(formula, room, size=10),
            svg.flow(chips, room, gap=4),
        ]
        return svg.boxed(svg.below(rows, 3, 0.5), pad=6, least=self.room)

    def line(self, name) -> str:
        lane, (x, y), taps = self.at[name], self.starts[name], self.taps[name]
        end = max(height for _, height in taps)
        drawn = [svg.path(f"M{x:g} {y:g}L{lane:g} {y:g}L{lane:g} {end:g}")]
        for edge, height in taps:
            drawn.append(svg.arrow_along([(lane, height), (edge, height)]))
            if height < end:
                drawn.append(f'<circle cx="{lane:g}" cy="{height:g}" r="2.5" fill="{svg.EDGE}"/>')
        return f'<g data-line="{name}">{"".join(drawn)}</g>'


def lanes_of(todo: list[Equation], outputs) -> dict[str, int]:
    """Which lane each result runs in, from the outermost; a lane is free after its last reader."""
    last = {name: row for row, one in enumerate(todo) for name in one.factors}
    last |= dict.fromkeys(outputs, len(todo))
    lanes: dict[str, int] = {}
    for row, one in enumerate(todo):
        busy = {lane for name, lane in lanes.items() if last[name] > row}
        lanes[one.result] = next(lane for lane in itertools.count() if lane not in busy)
    return lanes
