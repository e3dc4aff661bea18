"""Windows as they are drawn: padding as np.pad makes it, frames around what a window covers."""

import itertools
import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from labkit.backend.windows import edges
from labkit.diagrams import dependencies, dependency_view, step_view, steps, svg
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.grids import first_output
from labkit.diagrams.padding import padding
from labkit.diagrams.states import example, input_of
from labkit.diagrams.steps import short_number
from labkit.layers import (
    LSTM,
    AveragePooling1D,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Dense,
    DepthwiseConv2D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
    SeparableConv2D,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from tests.diagrams.test_steps import quiet

FIRST = "channels_first"
SLIDES = {
    "causal": (lambda: Conv1D(2, 3, padding="causal", dilation_rate=2), (None, 7, 2)),
    "1-D strided": (lambda: Conv1D(1, 2, strides=2, padding="same"), (None, 7, 2)),
    "1-D first": (lambda: Conv1D(1, 3, padding="same", data_format=FIRST), (None, 2, 6)),
    "2-D": (lambda: Conv2D(2, 3, padding="same"), (None, 4, 5, 2)),
    "2-D uneven": (lambda: Conv2D(1, (4, 3), (2, 3), "same"), (None, 6, 7, 1)),
    "2-D dilated": (lambda: Conv2D(1, 2, padding="same", dilation_rate=2), (None, 5, 4, 1)),
    "2-D first": (lambda: Conv2D(1, 2, padding="same", data_format=FIRST), (None, 2, 3, 4)),
    "valid": (lambda: Conv2D(1, 2), (None, 4, 4, 1)),
    "depthwise": (lambda: DepthwiseConv2D(3, padding="same"), (None, 4, 4, 2)),
    "separable": (lambda: SeparableConv2D(1, 3, padding="same"), (None, 4, 4, 2)),
    "3-D": (lambda: Conv3D(1, 2, padding="same"), (None, 3, 3, 3, 1)),
    "3-D strided": (lambda: Conv3D(1, 3, (1, 2, 2), "same"), (None, 2, 4, 4, 1)),
    "pooling": (lambda: MaxPooling2D(3, 2, "same"), (None, 6, 6, 1)),
    "pooling 1-D": (lambda: AveragePooling1D(2, padding="same"), (None, 5, 2)),
    "pooling 3-D": (lambda: MaxPooling3D(2, 2, "same"), (None, 3, 3, 3, 1)),
}
STAMPS = {
    "valid": (lambda: Conv2DTranspose(1, 3, strides=2), (None, 3, 3, 1)),
    "same": (lambda: Conv2DTranspose(2, 3, strides=2, padding="same"), (None, 3, 2, 1)),
    "two channels": (lambda: Conv2DTranspose(1, 3, padding="same"), (None, 3, 3, 2)),
    "gaps": (lambda: Conv2DTranspose(1, 2, strides=3), (None, 2, 3, 1)),
    "first": (
        lambda: Conv2DTranspose(1, 3, strides=2, padding="same", data_format=FIRST),
        (None, 1, 3, 3),
    ),
    "3-D": (lambda: Conv3DTranspose(1, 3, strides=2, padding="same"), (None, 2, 2, 2, 1)),
}
BORDERS = {
    "1-D": (lambda: ZeroPadding1D((1, 2)), (None, 4, 2), [(1, 2)]),
    "2-D": (lambda: ZeroPadding2D(((1, 0), (2, 1))), (None, 3, 3, 1), [(1, 0), (2, 1)]),
    "3-D": (lambda: ZeroPadding3D(1), (None, 2, 2, 2, 1), [(1, 1)] * 3),
}
CROPS = {
    "1-D": (lambda: Cropping1D((1, 2)), (None, 6, 2), [(1, 2)]),
    "2-D": (lambda: Cropping2D(((1, 0), (1, 2))), (None, 4, 5, 1), [(1, 0), (1, 2)]),
    "3-D": (lambda: Cropping3D(1), (None, 4, 4, 3, 1), [(1, 1)] * 3),
}
WORDS = {1: "前后", 2: "上下左右", 3: "前后上下左右"}


class Drawn:
    """A picture, read back: where every cell is, how it looks, and what is written."""

    def __init__(self, picture):
        self.root = ElementTree.fromstring(re.sub(r' xmlns="[^"]*"', "", picture))
        self.cells, self.states, self.texts, self.crossed, self.new = {}, {}, {}, set(), set()
        self.planes = []
        for plane in self.root.iterfind(".//g[@class='plane']"):
            keys = []
            for cell in plane.iterfind("g"):
                key = cell.get("data-cell") or cell.get("data-outside")
                rect = cell.find("rect")
                x, y, width, height = (float(rect.get(n)) for n in ("x", "y", "width", "height"))
                assert key not in self.cells
                self.cells[key] = x - 1, y - 1, width + 2, height + 2
                self.states[key] = cell.get("data-state")
                self.texts[key] = cell.find("text").text or ""
                if cell.find("path") is not None:
                    self.crossed.add(key)
                if "new" in cell.get("class"):
                    self.new.add(key)
                keys.append(key)
            self.planes.append(keys)
        self.words = " ".join(text.text or "" for text in self.root.iter("text"))
        width, height = map(float, self.root.get("viewBox").split()[2:])
        self.size = width, height

    def path(self, name):
        return next(p.get("d") for p in self.root.iter("path") if p.get("class") == name)

    def lit(self, *states):
        return {key for key, state in self.states.items() if state in states}

    def rows(self, keys):
        """The keys of a plane, by where they are drawn."""
        tops = sorted({self.cells[key][1] for key in keys})
        rows = [[key for key in keys if self.cells[key][1] == top] for top in tops]
        return [sorted(row, key=lambda key: self.cells[key][0]) for row in rows]


def space_of(layer, shape):
    return shape[2:] if getattr(layer, "data_format", "") == FIRST else shape[1:-1]


def around_of(layer, shape):
    """Zeros in front and behind, from the primitive."""
    space = space_of(layer, shape)
    size = getattr(layer, "kernel_size", None) or layer.pool_size
    dilation = getattr(layer, "dilation_rate", (1,) * len(space))
    return edges(space, size, layer.strides, layer.padding, dilation)[0]


def cut_of(layer, shape):
    """What of all stamps lies outside the output, by the definition of each axis."""
    found = []
    outputs = space_of(layer, layer.compute_output_shape(shape))
    for n, k, s, length in zip(
        space_of(layer, shape), layer.kernel_size, layer.strides, outputs, strict=True
    ):
        extent = (n - 1) * s + k
        before = max(extent - length, 0) // 2 if layer.padding == "same" else 0
        found.append((before, max(extent - before - length, 0)))
    return found


def padded_numbers(letter, layer, shape, around):
    """(number of the cell, or −1) as np.pad lays them out, channels last."""
    inside = np.arange(math.prod(shape)).reshape(shape)
    if getattr(layer, "data_format", "") == FIRST:
        return np.pad(inside, [(0, 0), *around], constant_values=-1), True
    return np.pad(inside, [*around, (0, 0)], constant_values=-1), False


def check_planes(drawn, letter, numbers, first):
    """Every plane of the picture is a plane of the array, cell by cell."""
    flat = np.arange(numbers.size).reshape(numbers.shape)
    keys = np.array(
        [
            f"{letter}{n}" if n >= 0 else f"z{p}"
            for n, p in zip(numbers.flat, flat.flat, strict=True)
        ]
    ).reshape(numbers.shape)
    channels_last = np.moveaxis(keys, 0, -1) if first else keys
    if keys.ndim == 2:  # time runs to the right, a row for every channel
        expected = [channels_last.T.tolist()]
    else:
        by_plane = np.moveaxis(channels_last, (-3, -2), (-2, -1))
        expected = [plane.tolist() for plane in by_plane.reshape(-1, *by_plane.shape[-2:])]
    found = [drawn.rows(plane) for plane in drawn.planes if plane[0][0] in letter + "z"]
    assert sorted(found) == sorted(expected)


def check_sides(drawn, word, around):
    letters = WORDS[len(around)]
    text = drawn.words.replace(" ", "")
    for (before, after), front, back in zip(around, letters[::2], letters[1::2], strict=True):
        for side, count in ((front, before), (back, after)):
            assert (f"{side}{word}{count}" in text) == (before + after > 0), (side, count)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("name", SLIDES)
def test_zeros_lie_where_the_primitive_puts_them(name, wide):
    make, shape = SLIDES[name]
    drawn = Drawn(dependency_view(make(), shape, wide=wide))
    around = around_of(make(), shape)
    numbers, first = padded_numbers("x", make(), shape[1:], around)
    check_planes(drawn, "x", numbers, first)
    check_sides(drawn, "补", around)


@pytest.mark.parametrize("name", STAMPS)
def test_what_is_cut_off_lies_around_the_output(name):
    make, shape = STAMPS[name]
    layer = make()
    drawn = Drawn(dependency_view(make(), shape))
    around = cut_of(layer, shape)
    numbers, first = padded_numbers("y", layer, layer.compute_output_shape(shape)[1:], around)
    check_planes(drawn, "y", numbers, first)
    check_sides(drawn, "裁", around)
    assert {k for k in drawn.crossed if k[0] == "z"} == {k for k in drawn.cells if k[0] == "z"}


@pytest.mark.parametrize("name", BORDERS)
def test_added_cells_are_dashed_in_the_output(name):
    make, shape, around = BORDERS[name]
    drawn = Drawn(dependency_view(make(), shape))
    numbers = np.pad(np.ones(shape[1:]), [*around, (0, 0)])
    assert drawn.new == {f"y{n}" for n in np.flatnonzero(numbers == 0)}
    check_sides(drawn, "补", around)


@pytest.mark.parametrize("name", CROPS)
def test_cut_cells_are_crossed_out_in_the_input(name):
    make, shape, around = CROPS[name]
    drawn = Drawn(dependency_view(make(), shape))
    kept = np.zeros(shape[1:], bool)
    kept[tuple(slice(b, n - a) for (b, a), n in zip(around, shape[1:], strict=False))] = True
    assert drawn.crossed == {f"x{n}" for n in np.flatnonzero(~kept)}
    check_sides(drawn, "裁", around)


# --- windows ---


def by_channel(layer):
    """Whether an output looks at its own channel only."""
    return type(layer) is DepthwiseConv2D or hasattr(layer, "pool_size")


def windows(layer, shape):
    """For every output place the places in the padded input that its window covers, and its tap."""
    space = space_of(layer, shape)
    outputs = space_of(layer, layer.compute_output_shape(shape))
    size = getattr(layer, "kernel_size", None) or layer.pool_size
    dilation = getattr(layer, "dilation_rate", (1,) * len(space))
    for place in itertools.product(*map(range, outputs)):
        yield (
            place,
            [
                (
                    tap,
                    tuple(
                        o * s + t * d
                        for o, s, t, d in zip(place, layer.strides, tap, dilation, strict=True)
                    ),
                )
                for tap in itertools.product(*map(range, size))
            ],
        )


@pytest.mark.parametrize("name", SLIDES)
def test_a_window_meets_the_zeros_by_brute_force(name):
    make, shape = SLIDES[name]
    layer, about = make(), dependencies(make(), shape)
    around = padding(about)
    assert around is not None
    cells, weights = around.outside
    numbers, first = padded_numbers("x", layer, shape[1:], around_of(layer, shape))
    flat = np.arange(numbers.size).reshape(numbers.shape)
    if first:
        numbers, flat = np.moveaxis(numbers, 0, -1), np.moveaxis(flat, 0, -1)
    outputs = about.outputs[0][1]
    order = np.arange(math.prod(outputs)).reshape(outputs)
    order = np.moveaxis(order, 0, -1) if first else order
    own_channel = by_channel(layer)
    kernel = about.weights[0][1] if about.products is not None else None
    for place, window in windows(layer, shape):
        for f in range(outputs[0 if first else -1]):
            expected = {}
            for tap, spot in window:
                for c in range(numbers.shape[-1]):
                    if numbers[(*spot, c)] >= 0 or (own_channel and c != f):
                        continue
                    last = (c, 0) if type(layer) is DepthwiseConv2D else (c, f)
                    met = -1 if kernel is None else np.ravel_multi_index((*tap, *last), kernel)
                    expected[int(flat[(*spot, c)])] = int(met)
            o = order[(*place, f)]
            assert dict(zip(cells[o], weights[o], strict=True)) == expected


@pytest.mark.parametrize("name", SLIDES)
def test_the_frame_is_the_window_with_its_zeros(name):
    make, shape = SLIDES[name]
    layer, about = make(), dependencies(make(), shape)
    drawn = Drawn(dependency_view(make(), shape, wide=True))
    around = padding(about)
    output = first_output(about, around)
    assert drawn.lit("chosen") == {f"y{output}"}
    numbers, first = padded_numbers("x", layer, shape[1:], around_of(layer, shape))
    lit = {k for k in drawn.lit("used", "weak", "zero") if k[0] in "xz"}
    assert lit == {f"x{i}" for i in np.flatnonzero(about.links[output])} | {
        f"z{n}" for n in padding(about).outside[0][output]
    }
    size = getattr(layer, "kernel_size", None) or layer.pool_size
    channels = {np.unravel_index(output, about.outputs[0][1])[0 if first else -1]}
    if not by_channel(layer):
        channels = range(numbers.shape[0 if first else -1])
    assert len(lit) == math.prod(size) * len(channels)
    frames = re.findall(r"M(\S+) (\S+)h(\S+)v(\S+)h", drawn.path("frames") + drawn.path("loose"))
    boxes = {tuple(map(float, frame)) for frame in frames}
    for plane in drawn.planes:
        cells = [drawn.cells[key] for key in plane if key in lit]
        if cells:
            x, y = min(c[0] for c in cells), min(c[1] for c in cells)
            right, bottom = max(c[0] + c[2] for c in cells), max(c[1] + c[3] for c in cells)
            assert (x, y, right - x, bottom - y) in boxes


def test_what_a_dilated_window_leaves_out_is_pale():
    drawn = Drawn(dependency_view(Conv2D(1, 2, dilation_rate=(2, 3)), (None, 6, 6, 1)))
    assert len(drawn.lit("skipped")) == 3 * 4 - 4
    assert drawn.path("loose") and len(re.findall("M", drawn.path("frames"))) == 2


def test_where_windows_start_is_marked():
    drawn = Drawn(dependency_view(Conv2D(1, 3, strides=(2, 1)), (None, 7, 5, 1)))
    marks = re.findall(r"M(\S+) (\S+)h7", drawn.path("starts"))
    corners = {(float(x) - 2, float(y) - 2) for x, y in marks}
    starts = {f"x{r * 5 + c}" for r in (0, 2, 4) for c in (0, 1, 2)}
    assert corners == {drawn.cells[key][:2] for key in starts}
    assert "斜线" not in drawn.words
    drawn = Drawn(dependency_view(Conv2D(1, 3, strides=2), (None, 6, 6, 1)))
    assert drawn.crossed == {f"x{n}" for n in range(36) if n // 6 == 5 or n % 6 == 5}
    assert "斜线" in drawn.words


@pytest.mark.parametrize(
    ("layer", "shape", "size"),
    [
        (UpSampling1D(3), (None, 3, 2), (1, 3)),
        (UpSampling2D((2, 1)), (None, 3, 3, 1), (2, 1)),
        (UpSampling3D((1, 2, 3)), (None, 2, 2, 2, 1), (2, 3)),
    ],
)
def test_repeats_are_outlined(layer, shape, size):
    drawn = Drawn(dependency_view(layer, shape))
    _, _, width, height = drawn.cells["y0"]
    outlines = re.findall(r"M\S+ \S+h(\S+)v(\S+)h", drawn.path("blocks"))
    assert {tuple(map(float, o)) for o in outlines} == {(size[1] * width, size[0] * height)}


# --- numbers ---


@pytest.mark.parametrize("name", SLIDES)
def test_zeros_are_written_where_they_count(name):
    make, shape = SLIDES[name]
    drawn = Drawn(step_view(make(), shape))
    outside = {drawn.texts[key] for key in drawn.cells if key[0] == "z"}
    counts = hasattr(make(), "kernel_size")
    assert outside <= {"0" if counts else ""}


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("name", ["Conv2D", "MaxPooling2D", "LSTM", "Embedding", "Add", "Dense"])
def test_numbers_are_the_layers_own(name, wide):
    state = example(name)
    walk = steps(quiet(state), input_of(state))
    drawn = Drawn(step_view(quiet(state), input_of(state), wide=wide))
    for letter, row in (("x", walk.x), ("w", walk.W), ("y", walk.y)):
        assert [drawn.texts[f"{letter}{n}"] for n in range(len(row))] == list(
            map(short_number, row)
        )


def test_the_largest_is_marked():
    for layer in (MaxPooling2D(), MaxPooling1D()):
        shape = (None, 4, 4, 1) if isinstance(layer, MaxPooling2D) else (None, 6, 2)
        walk, drawn = steps(layer, shape), Drawn(step_view(layer, shape))
        output = first_output(walk.about, padding(walk.about))
        marked = drawn.root.findall(".//g[@data-winner]")
        assert [cell.get("data-cell") for cell in marked] == [
            f"x{n}" for n in np.flatnonzero(walk.slopes[output])
        ]
        assert len(marked) == 1


# --- the sheet ---


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("view", [dependency_view, step_view])
@pytest.mark.parametrize("name", EXAMPLES)
def test_cells_do_not_touch_and_stay_in_the_picture(name, view, wide):
    state = example(name)
    drawn = Drawn(view(quiet(state), input_of(state), wide=wide))
    assert drawn.size[0] <= (svg.WIDE if wide else svg.WIDTH)
    cells = list(drawn.cells.values())
    # Half of the line of a frame lies outside its cell.
    assert "translate(2 2)" in {g.get("transform") for g in drawn.root.iter("g")}
    right, bottom = (length - 4 for length in drawn.size)
    for x, y, width, height in cells:
        assert 0 <= x and x + width <= right and 0 <= y and y + height <= bottom
        assert width >= 24 and height >= 24  # a finger finds it
    corners = np.array(cells)[:, :2]
    size = np.array(cells[0])[2:]
    apart = np.abs(corners[:, None] - corners[None]) >= size
    assert (apart.any(axis=-1) | np.eye(len(cells), dtype=bool)).all()


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(
    ("layer", "shape", "letter"),
    [
        (ZeroPadding3D(1), (None, 2, 2, 2, 1), "yz"),
        (Cropping3D(1), (None, 4, 4, 4, 1), "x"),
        (Conv2D(1, 3, padding="same"), (None, 4, 4, 3), "xz"),
    ],
)
def test_planes_stand_in_lines_beside_words(layer, shape, letter, wide):
    """The first plane has words at its sides; the others have the same room there."""
    root = Drawn(dependency_view(layer, shape, wide=wide)).root
    corners = []
    for plane in root.findall(".//g[@class='plane']"):
        cells = plane.findall("g[@data-cell]") + plane.findall("g[@data-outside]")
        keys = {(c.get("data-cell") or c.get("data-outside"))[0] for c in cells}
        if keys <= set(letter):
            rects = [cell.find("rect").attrib for cell in cells]
            corners.append(tuple(min(float(r[axis]) for r in rects) for axis in "xy"))
    lefts, tops = ({c[axis] for c in corners} for axis in (0, 1))
    assert len(corners) > 2 and len(lefts) * len(tops) < len(corners) + len(lefts)


def test_a_cut_leaves_its_number_readable():
    root = Drawn(step_view(Cropping2D(1), (None, 5, 5, 1))).root
    cut = [cell for cell in root.iter("g") if cell.find("path[@class='cut']") is not None]
    assert len(cut) == 25 - 9
    for cell in cut:
        x, y, width, height = (
            float(cell.find("rect").get(k)) for k in ("x", "y", "width", "height")
        )
        drawn = cell.find("path").get("d")
        for point in re.findall(r"M([\d.]+) ([\d.]+)", drawn):
            corner = abs(float(point[0]) - x - width / 2), abs(float(point[1]) - y - height / 2)
            assert corner[0] > width / 2 - 4 and corner[1] > height / 2 - 4
        assert re.findall(r"l(\S+) (\S+?)(?=M|$)", drawn) == [("5", "-5"), ("-5", "5")]


def test_a_wide_picture_runs_from_left_to_right():
    for layer, shape in (
        (Conv2D(2, 3, padding="same"), (None, 6, 6, 1)),
        (Conv3D(1, 2), (None, 4, 4, 4, 1)),
        (LSTM(2, return_sequences=True), (None, 4, 2)),
        (Dense(3), (None, 4)),
    ):
        drawn = Drawn(dependency_view(layer, shape, wide=True))
        right = {k: max(c[0] + c[2] for n, c in drawn.cells.items() if n[0] == k) for k in "xwy"}
        left = {k: min(c[0] for n, c in drawn.cells.items() if n[0] == k) for k in "xwy"}
        assert right["x"] < left["w"] < right["w"] < left["y"]


def test_few_cells_are_larger():
    few = Drawn(dependency_view(Dense(2), (None, 3))).cells["x0"][2]
    many = Drawn(dependency_view(Conv2D(2, 3), (None, 8, 8, 1))).cells["x0"][2]
    assert few > many


def test_time_runs_to_the_right_under_a_window_and_down_in_a_recurrent_layer():
    slid = Drawn(dependency_view(Conv1D(1, 3), (None, 6, 1))).cells
    assert slid["x0"][1] == slid["x5"][1] and slid["x0"][0] < slid["x5"][0]
    stepped = Drawn(dependency_view(LSTM(1), (None, 4, 1))).cells
    assert stepped["x0"][0] == stepped["x3"][0] and stepped["x0"][1] < stepped["x3"][1]


def test_padding_is_told_in_words():
    assert "上补 1、下补 1、左补 1、右补 1" in dependency_view(
        Conv2D(1, 3, padding="same"), (None, 4, 4, 1)
    )
