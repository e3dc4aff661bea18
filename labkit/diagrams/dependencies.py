"""Which cells an output is computed from, found by asking the layer: its gradients on the tape.

Every input is generic and drawn several times, so that a zero by accident hides nothing. Where an
output chooses among its inputs (a maximum), most draws show one of them only: those links are
looked for one by one, with an input that makes the choice fall on the cell in question.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from .. import backend as K
from ..engine.base_layer import Layer
from .copies import TIES, Sketch, cells, copied, small, undisturbed
from .probe import Probe
from .shapes import weight_shapes

TINY = 1e-9  # of numbers about 1 in float64: rounding is far below, a link far above
EXTREMES = (3.0, -3.0, 40.0, -40.0)
SAMPLES = 24  # of which a ReLU lets some through: all zero by accident once in 16 million
DRAWS = 6  # in which a product has the same slopes, and nothing else has
ROWS = 1500  # samples in one run


@dataclass
class Dependencies:
    """一层的依赖关系：每个输出格由哪些输入格、哪些权重算出。

    inputs、outputs、weights：(名字, 形状) 的列表，形状不含批次轴（逐批次计算的层含 3 个样本）。
    links：布尔数组 (输出格, 输入格)，改变这个输入格会改变这个输出格。
    gradient：布尔数组 (输出格, 输入格)，梯度沿这条连线传回去。
    uses：布尔数组 (输出格, 权重格)，各个权重按次序排成一列。
    products：整数数组 (输出格, 输入格)，输入乘的是第几个权重，-1 是没有；不是乘积之和的层为 None。
    groups：整数数组 (输出格,)，共用权重的输出格编号相同；没有权重时每格一个编号。
    notes：给读者的说明。batch：画了几个样本，只有样本之间有联系的层才大于 1。
    random：这一层此刻带随机数（训练时的 Dropout 等）。probe：问过的那一层，逐步图接着问。
    """

    layer: Layer
    inputs: list[tuple[str, tuple]]
    outputs: list[tuple[str, tuple]]
    weights: list[tuple[str, tuple]]
    links: np.ndarray
    gradient: np.ndarray
    uses: np.ndarray
    products: np.ndarray | None
    groups: np.ndarray
    notes: list[str] = field(default_factory=list)
    batch: int = 1
    random: bool = False
    probe: Probe | None = field(default=None, repr=False)


def dependencies(layer: Layer, input_shape, training: bool = False, seed: int = 0) -> Dependencies:
    """层的依赖关系，由磁带上的梯度得出；太大的层换成缩小的（见 notes）。

    input_shape 含批次轴，多个输入时是列表。training：按训练阶段计算。
    出错：形状不合要求时，抛出这一层自己的错误；怎么缩小都画不下时抛出 ValueError。
    """
    return traced(layer, input_shape, training, seed)


def traced(
    layer: Layer, input_shape, training=False, seed=0, sketched: Sketch | None = None
) -> Dependencies:
    """dependencies(); sketched: sketch(layer, input_shape), where it is there already."""
    several = isinstance(input_shape, list)
    drawn, shapes = small(layer, input_shape, sketched)
    with undisturbed("float64", training):
        probe = built(drawn, shapes, several, seed)
        links, gradient, seen, notes = input_links(probe)
        known = products_of(drawn, shapes, several, seed, probe, links)
        products, uses = known or (None, weight_links(probe, len(links), seen))
    if note := reduced(layer, input_shape, drawn, shapes):
        notes.insert(0, note)
    if probe.batch > 1:
        notes.append("训练时按整批的均值与方差计算，所以样本之间也有连线；这里画了 3 个样本。")
    return Dependencies(
        drawn,
        named("x", probe.shapes),
        named("y", probe.outputs),
        weight_shapes(probe.layer),
        links,
        gradient,
        uses,
        products,
        grouped(uses),
        notes,
        probe.batch,
        probe.random,
        probe,
    )


def built(layer: Layer, shapes, several: bool, seed: int, batch: int = 0) -> Probe:
    probe = Probe(copied(layer), shapes, several, np.random.default_rng(seed), batch)
    probe.draw_weights()
    return probe


class Seen(NamedTuple):
    """What the search for links has seen of the weights: used by each output, if it was asked;
    whether one draw hides what another one shows."""

    uses: np.ndarray | None
    bent: bool


def input_links(probe: Probe):
    """(links, those that carry a gradient, what was seen of the weights, notes for the reader)."""
    outputs, inputs = cells(probe.outputs), cells(probe.shapes)
    links = np.zeros((outputs, inputs), bool)
    gradient = np.zeros((outputs, inputs), bool)
    uses, bent, agreed, differentiable = None, False, False, True
    # A kernel and a bias may be a product (products_of), which tells the weights by itself.
    together = len(probe.weights) > 2 and not probe.random
    for draws in range(SAMPLES if probe.random else 3):
        probe.draw_weights()
        found = weight_uses(probe, outputs) if together else None
        if found:
            dx, uses, bent = found
            together = False
        else:
            dx = input_slopes(probe, outputs)
        if dx is None:
            differentiable = False
            break
        met = np.abs(dx) > TINY
        gradient |= met.any(axis=0)
        usual = met[:2] if found else met  # then the last one was large
        bent = bent or draws > 0 or bool((usual != met[0]).any())
        if not probe.random:
            links |= changed(probe, outputs)
            agreed = bool((gradient == links).all())
        if agreed or probe.random_rows:
            break
    quiet = 0
    while quiet < 2 and not probe.random and not agreed:
        probe.draw_weights()
        news = changed(probe, outputs) & ~links
        links |= news
        quiet = 0 if news.any() else quiet + 1
    if differentiable:
        gradient |= sought(probe, links & ~gradient)
    links |= gradient
    notes = []
    if probe.random:
        notes.append("这一层训练时带随机数：连线是多次抽取合起来的，每次只用到其中一部分。")
    if not differentiable:
        notes.append("输入是编号，没有梯度：连线只表示“换了编号，输出就变”。")
    elif (links & ~gradient).any():
        notes.append("虚线的输入会改变输出，但没有梯度传回去。")
    return links, gradient, Seen(uses, bent or not agreed), notes


def input_slopes(probe: Probe, outputs: int) -> np.ndarray | None:
    """dx of every output in several draws: (draws, outputs, inputs).

    As many as there is room for where each sample has random numbers of its own.
    """
    draws = max(ROWS // outputs, SAMPLES) if probe.random_rows else 1 if probe.batch > 1 else 4
    dx = probe.backward(probe.draw(draws * outputs), np.tile(np.eye(outputs), (draws, 1)))
    return None if dx is None else dx.reshape(draws, outputs, -1)


def weight_uses(probe: Probe, outputs: int):
    """(dx, the weights that each output uses, whether a sample hides some of them) in one walk.

    The last of the three samples is large: it bends what can be bent. None where one walk cannot
    tell the weights.
    """
    rows = probe.draw(3 * outputs)
    rows[-outputs:] *= 3
    found = probe.slopes(rows, np.tile(np.eye(outputs), (3, 1)))
    if found is None:
        return None
    dx, dW = (slopes.reshape(3, outputs, -1) for slopes in found)
    one, other, large = np.abs(dW) > TINY
    hidden = bool((one != other).any() or (large & ~one).any())
    return dx, one | other | large, hidden


def changed(probe: Probe, outputs: int) -> np.ndarray:
    """Which outputs change when one input cell does: a little, to a large and to a small number."""
    x = probe.draw(1)
    inputs = x.shape[1]
    links = np.zeros((inputs, outputs), bool)
    if probe.vocabulary:
        moves = [np.eye(inputs) * step for step in range(1, probe.vocabulary)]
        rows = [(x + move) % probe.vocabulary for move in moves]
    else:
        rows = [np.where(np.eye(inputs) > 0, to, x) for to in (x + 0.1, 40.0, -40.0)]
    before, after = np.split(probe.forward(np.concatenate([x, *rows])), [1])
    for y in np.split(after, len(rows)):
        links |= np.abs(y - before) > TINY * (1 + np.abs(before))
    return links.T


def sought(probe: Probe, missing: np.ndarray) -> np.ndarray:
    """Of the missing links those with a gradient at some other size of their input.

    The largest and smallest win a maximum; the others lie on the slopes of a bent activation.
    """
    found = np.zeros_like(missing)
    each = np.eye(len(missing))
    others = probe.generator.uniform(-8, 8, (6, SAMPLES // 2))
    for group in [*([size] for size in EXTREMES), *others]:
        pairs = np.argwhere(missing & ~found)
        if not len(pairs):
            break
        probe.draw_weights()
        asked, sizes = np.repeat(pairs, len(group), axis=0), np.tile(group, len(pairs))
        for start in range(0, len(asked), ROWS):
            part, size = asked[start : start + ROWS], sizes[start : start + ROWS]
            cell = np.arange(len(part)), part[:, 1]
            rows = probe.draw(len(part))
            rows[cell] = size
            dx = probe.backward(rows, each[part[:, 0]])
            if dx is not None:
                hit = part[np.abs(dx[cell]) > TINY]
                found[hit[:, 0], hit[:, 1]] = True
    return found


def weight_links(probe: Probe, outputs: int, seen: Seen) -> np.ndarray:
    """Which weights each output uses.

    A draw may hide a weight, as a ReLU or a maximum does; such a layer is asked more often.
    """
    each = np.eye(outputs)
    if not probe.weights:
        return np.zeros((outputs, 0), bool)
    if probe.vocabulary:  # every word once
        words = np.arange(probe.vocabulary)[:, None]
        rows = np.repeat(words, cells(probe.shapes), axis=1)
        return np.abs(probe.weight_gradients(rows, each)) > TINY
    samples = SAMPLES if probe.batch == 1 else 2

    def used(rows, each=each) -> np.ndarray:
        """By several samples at once."""
        apart = np.repeat(rows, len(each), axis=0)
        found = probe.slopes(apart, np.tile(each, (len(rows), 1))) if len(apart) <= ROWS else None
        if found is None:
            return np.abs(probe.weight_gradients(rows, each)) > TINY
        largest = np.abs(found[1]).reshape(len(rows), len(each), -1).max(axis=0)
        return largest > TINY

    uses, bent = seen
    if uses is None and not probe.random and (found := weight_uses(probe, outputs)):
        uses, bent = found[1], bent or found[2]
    if uses is None:
        # Large inputs bend what can be bent: then one sample uses less than many.
        uses = used(3 * probe.draw(samples))
        bent = bent or bool((used(probe.draw(1), each[-1:]) != uses[-1:]).any())
    quiet = 0
    while bent and quiet < 4 and not uses.all():
        rows = probe.draw(samples)
        probe.draw_weights()
        if quiet == 1:  # positive weights with positive inputs leave no ReLU at zero
            for w in probe.weights:
                K.set_value(w, np.abs(w.value))
            rows[::2] = np.abs(rows[::2])
        news = used(rows) & ~uses
        uses = uses | news
        quiet = 0 if news.any() else quiet + 1
    return uses


def products_of(layer, shapes, several, seed, probe, links):
    """For a layer that multiplies inputs with weights and adds: which weight meets which input.

    The weights of one array are numbered: in such a layer the gradient by an input is then the
    number of its weight. Squares of the numbers must give squares, or it was a sum of products.
    Returns (products, uses), or None for other layers.
    """
    # A kernel and a bias: more weights are no single product.
    if not 0 < len(probe.weights) < 3 or probe.vocabulary or probe.batch > 1:
        return None
    if not links.any():
        return None
    linear = probe
    if layer.get_config().get("activation", "linear") != "linear":
        if mixes_units(layer):
            return None
        linear = built(copied(layer, activation="linear"), shapes, several, seed, 1)
    each = np.tile(np.eye(len(links)), (DRAWS, 1))

    def slopes() -> np.ndarray:
        """A maximum or a product of inputs has others in each draw: there they are no number."""
        dx = linear.backward(linear.draw(len(each)), each)
        if dx is None:
            return np.full(links.shape, np.nan)
        first, *others = dx.reshape(DRAWS, *links.shape)
        return np.where(np.abs(others - first).max(axis=0) > 1e-6, np.nan, first)

    kernel = max(range(len(linear.weights)), key=lambda i: linear.weights[i].value.size)
    first = sum(w.value.size for w in linear.weights[:kernel])
    numbers = numbered(linear.weights[kernel], slopes)
    if numbers is None or ((numbers > 0) != links).any():
        return None
    uses = [np.zeros((len(links), w.value.size), bool) for w in linear.weights]
    outputs, inputs = np.nonzero(numbers)
    uses[kernel][outputs, numbers[outputs, inputs] - 1] = True
    zero = np.zeros((1, links.shape[1]))
    for w in linear.weights:
        K.set_value(w, np.zeros(w.shape))
    # What is left when the input is 0 is added as it is: the bias.
    for i, w in enumerate(linear.weights):
        if i == kernel:
            continue
        added = numbered(w, lambda: linear.forward(zero)[0])
        if added is None:
            return None
        outputs = np.flatnonzero(added)
        uses[i][outputs, added[outputs] - 1] = True
    return np.where(links, numbers - 1 + first, -1), np.concatenate(uses, axis=1)


def mixes_units(layer: Layer) -> bool:
    """Whether the layer's activation uses the sums of other units too, as a softmax does."""
    activate = getattr(layer, "activation", None)
    two = np.array([[0.3, 0.8], [0.3, 0.5]])
    return activate is not None and bool(np.ptp(K.eval(activate(two))[:, 0]) > TINY)


def numbered(w, result) -> np.ndarray | None:
    """The numbers that come out when the cells of w are 1, 2, 3 …; None if they are not such."""
    numbers, before = np.arange(1.0, w.value.size + 1).reshape(w.shape), K.get_value(w)
    number = None
    for power in (1, 2):
        K.set_value(w, numbers**power)
        found = result()
        if number is None and np.isfinite(found).all():
            number = np.rint(found)
        if number is None or not np.abs(found - number**power).max() < 1e-6 or number.min() < 0:
            number = None
            break
    K.set_value(w, before)
    return None if number is None else number.astype(int)


def grouped(uses: np.ndarray) -> np.ndarray:
    """Outputs that share a weight share a number, counted from 0 in order of appearance."""
    numbers = np.full(len(uses), -1)
    for first in range(len(uses)):
        if numbers[first] >= 0:
            continue
        group = np.arange(len(uses)) == first
        while True:
            wider = group | (uses & uses[group].any(axis=0)).any(axis=1)
            if (wider == group).all():
                break
            group = wider
        numbers[group] = numbers.max() + 1
    return numbers


def reduced(layer: Layer, input_shape, drawn: Layer, shapes: list[tuple]) -> str:
    """What was made smaller than the reader's own layer."""
    given = input_shape if isinstance(input_shape, list) else [input_shape]
    changes = list(differences(layer.get_config(), drawn.get_config()))
    if [tuple(s)[1:] for s in given] != shapes:
        changes.append("输入 " + "、".join(map(str, shapes)))
    return f"太大，格子画不下：改成 {'，'.join(changes)} 来画。" if changes else ""


def differences(before: dict, after: dict) -> Iterator[str]:
    """The settings that are not as before, those of the layers inside too."""
    for name, value in after.items():
        old = before.get(name)
        if isinstance(value, dict) and "config" in value and isinstance(old, dict):
            inner = ", ".join(differences(old["config"], value["config"]))
            if inner:
                yield f"{value['class_name']}({inner})"
        elif isinstance(value, list) and name == "cells":
            for one, other in zip(old or [], value, strict=True):
                yield from differences({"cell": one}, {"cell": other})
        elif isinstance(value, int | tuple) and value != old and name not in TIES:
            yield f"{name}={value}"


def named(letter: str, shapes) -> list[tuple[str, tuple]]:
    several = len(shapes) > 1
    return [(f"{letter}{i + 1}" if several else letter, tuple(s)) for i, s in enumerate(shapes)]
