"""The volume view: windows where the layer reads, numbers the layer's, blocks to scale."""

import itertools
import json
import re
import warnings

import numpy as np
import pytest

from labkit.diagrams import dependencies, panel, steps
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.states import example, input_of, layer_of, state_of
from labkit.diagrams.steps import short_number
from labkit.diagrams.views import views_of
from labkit.diagrams.volumes.blocks import covered, picked, picks
from labkit.diagrams.volumes.moving import last_steps, states_at
from labkit.diagrams.volumes.numbers import numbers_of
from labkit.diagrams.volumes.picture import planned, volume_picture
from labkit.diagrams.volumes.projection import ACROSS, UP
from labkit.diagrams.volumes.scenes import has_volume, scene
from labkit.layers import (
    AveragePooling1D,
    AveragePooling2D,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    ConvLSTM2D,
    Cropping2D,
    Cropping3D,
    Dense,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    LocallyConnected1D,
    LocallyConnected2D,
    MaxPooling2D,
    MaxPooling3D,
    SeparableConv1D,
    SeparableConv2D,
    SpatialDropout2D,
    TimeDistributed,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
)

# Layers whose steps write one output cell each: what it reads is its window.
READING = [
    (lambda: Conv1D(2, 3, padding="causal", dilation_rate=2), (None, 7, 2)),
    (lambda: Conv1D(1, 2, strides=2, padding="same"), (None, 7, 2)),
    (lambda: Conv1D(2, 3, data_format="channels_first"), (None, 2, 6)),
    (lambda: Conv2D(2, 3), (None, 6, 5, 2)),
    (lambda: Conv2D(2, 1), (None, 3, 3, 3)),
    (lambda: Conv2D(1, (4, 3), strides=(2, 3), padding="same"), (None, 6, 7, 2)),
    (lambda: Conv2D(2, 2, padding="same", data_format="channels_first"), (None, 2, 4, 5)),
    (lambda: Conv2D(1, 2, dilation_rate=(2, 3)), (None, 6, 6, 1)),
    (lambda: Conv2D(1, 3, dilation_rate=2, padding="same", activation="relu"), (None, 5, 5, 1)),
    (lambda: Conv3D(2, 2, padding="same"), (None, 3, 3, 3, 1)),
    (lambda: DepthwiseConv2D(3, padding="same"), (None, 5, 5, 2)),
    (lambda: DepthwiseConv2D(2, depth_multiplier=2, strides=2), (None, 5, 5, 2)),
    (lambda: DepthwiseConv2D(2, data_format="channels_first"), (None, 2, 4, 4)),
    (lambda: LocallyConnected1D(2, 3, strides=2), (None, 7, 2)),
    (lambda: LocallyConnected1D(2, 3, data_format="channels_first"), (None, 6, 2)),
    (lambda: LocallyConnected2D(1, 3), (None, 5, 5, 1)),
    (lambda: LocallyConnected2D(2, 2, data_format="channels_first"), (None, 2, 3, 4)),
    (lambda: MaxPooling2D(3, strides=2, padding="same"), (None, 6, 6, 1)),
    (lambda: AveragePooling1D(2, padding="same"), (None, 5, 2)),
    (lambda: AveragePooling2D(data_format="channels_first"), (None, 2, 4, 4)),
    (lambda: MaxPooling3D(), (None, 4, 4, 4, 2)),
    (lambda: GlobalMaxPooling1D(), (None, 5, 2)),
    (lambda: GlobalAveragePooling2D(), (None, 3, 4, 2)),
    (lambda: GlobalAveragePooling2D(data_format="channels_first"), (None, 2, 3, 4)),
    (lambda: TimeDistributed(Conv2D(1, 2)), (None, 3, 4, 3, 2)),
    (lambda: TimeDistributed(MaxPooling2D(2)), (None, 3, 4, 4, 2)),
]
# Layers whose steps take an input cell, or a place of the output with all its channels.
WRITING = [
    (lambda: Conv2DTranspose(1, 3, strides=2), (None, 3, 3, 1)),
    (lambda: Conv2DTranspose(2, 3, strides=2, padding="same"), (None, 3, 2, 2)),
    (lambda: Conv2DTranspose(1, 2, strides=3), (None, 2, 3, 2)),
    (lambda: Conv2DTranspose(2, 2, data_format="channels_first"), (None, 2, 3, 3)),
    (lambda: Conv2DTranspose(1, 3, strides=2, activation="tanh"), (None, 2, 2, 1)),
    (lambda: Conv3DTranspose(1, 2, strides=2), (None, 2, 2, 2, 1)),
    (lambda: UpSampling1D(3), (None, 4, 2)),
    (lambda: UpSampling2D((2, 1)), (None, 3, 3, 2)),
    (lambda: UpSampling2D(2, data_format="channels_first"), (None, 2, 2, 3)),
    (lambda: UpSampling3D(2), (None, 2, 2, 2, 1)),
    (lambda: ZeroPadding1D((1, 2)), (None, 4, 2)),
    (lambda: ZeroPadding2D(((1, 0), (2, 1))), (None, 3, 3, 2)),
    (lambda: Cropping2D(((1, 0), (1, 2)), data_format="channels_first"), (None, 2, 4, 5)),
    (lambda: Cropping3D(1), (None, 4, 4, 3, 1)),
]
OVER_TIME = [
    (lambda: ConvLSTM2D(1, 2, return_sequences=True), (None, 3, 4, 4, 1)),
    (lambda: ConvLSTM2D(2, 2, padding="same", go_backwards=True), (None, 2, 3, 3, 2)),
    (lambda: ConvLSTM2D(1, 2, data_format="channels_first"), (None, 2, 2, 4, 4)),
]
TWO_STAGES = [
    (lambda: SeparableConv1D(2, 3, padding="same"), (None, 6, 2)),
    (lambda: SeparableConv2D(3, 2, depth_multiplier=2, activation="relu"), (None, 4, 4, 2)),
    (lambda: SeparableConv2D(2, 2, data_format="channels_first"), (None, 2, 4, 4)),
]
cases = pytest.mark.parametrize


def read_at(about, tensors, move, box_number=0):
    """The numbers of the cells inside a box that a step places; those outside are zeros."""
    box = about.stages[move.stage].boxes[box_number]
    start, channel = move.at[box_number]
    ids = tensors[box.solid]
    places = covered(start, box, ids.shape[:3])
    if channel is None:
        return {int(n) for place in places for n in ids[place]}
    return {int(ids[(*place, channel)]) for place in places}


@cases("number", range(len(READING)))
def test_a_window_covers_what_its_output_is_computed_from(number):
    make, shape = READING[number]
    layer, about = make(), scene(make(), shape)
    links = dependencies(layer, shape)
    assert links.inputs[0][1] == shape[1:], "the layer itself, not a smaller sibling"
    tensors = {"v0": cells_by_place(layer, shape[1:], about.solids[0])}
    assert [move.cells for move in about.moves] == [[n] for n in range(len(links.links))]
    for move in about.moves:
        expected = set(np.flatnonzero(links.links[move.cells[0]]).tolist())
        assert read_at(about, tensors, move) == expected


def cells_by_place(layer, shape, solid):
    """(frame, row, column, channel) → number, from the layer's data format alone."""
    inner = getattr(layer, "layer", layer)
    first = getattr(inner, "data_format", "") == "channels_first"
    first &= not isinstance(inner, LocallyConnected1D)  # which does not use it
    numbers = np.arange(np.prod(shape)).reshape(shape)
    if first and len(shape) > 1:
        numbers = np.moveaxis(numbers, int(inner is not layer), -1)
    return numbers.reshape(*solid.space, solid.channels)


@cases("number", range(len(WRITING)))
def test_what_is_written_comes_from_what_is_read(number):
    make, shape = WRITING[number]
    layer, about = make(), scene(make(), shape)
    links = dependencies(layer, shape)
    assert links.inputs[0][1] == shape[1:]
    tensors = {"v0": cells_by_place(layer, shape[1:], about.solids[0])}
    found = np.zeros_like(links.links)
    for move in about.moves:
        read = read_at(about, tensors, move)
        for output in move.cells:
            same = {i for i in read if links.links[output, i]}
            assert same or not read, "a step writes only what depends on what it reads"
            found[output, list(same)] = True
    assert (found == links.links).all()


@cases("number", range(len(TWO_STAGES)))
def test_both_stages_together_read_what_the_layer_reads(number):
    make, shape = TWO_STAGES[number]
    layer, about = make(), scene(make(), shape)
    links = dependencies(layer, shape)
    assert links.inputs[0][1] == shape[1:]
    first = cells_by_place(layer, shape[1:], about.solids[0])
    middle = cells_by_place(layer, about.solids[1].shape, about.solids[1])
    tensors = {"v0": first, "v1": middle}
    reads = {m.cells[0]: read_at(about, tensors, m) for m in about.moves if m.stage == 0}
    assert len(reads) == middle.size
    for move in (m for m in about.moves if m.stage == 1):
        through = read_at(about, tensors, move)
        assert len(through) == about.solids[1].channels
        expected = set(np.flatnonzero(links.links[move.cells[0]]).tolist())
        assert set().union(*(reads[n] for n in through)) == expected


@cases("make,shape", OVER_TIME)
def test_two_windows_a_step_reach_all_that_a_convlstm_reads(make, shape):
    """What a step reads of x, and what the cells that it recalls were computed from."""
    layer, about = make(), scene(make(), shape)
    every = type(layer).from_config({**layer.get_config(), "return_sequences": True})
    links = dependencies(every, shape)
    assert links.inputs[0][1] == shape[1:]
    first = layer.data_format == "channels_first"
    tensors = {}
    for solid in about.solids:
        numbers = np.arange(np.prod(solid.shape)).reshape(solid.shape)
        tensors[solid.key] = np.moveaxis(numbers, 1 if first else -1, -1)
    reads: dict[int, set] = {}
    order = sorted(about.moves, key=lambda m: about.solids[1].cells[m.cells[0]][0])
    for move in order:
        recalled = read_at(about, tensors, move, 1)
        found = read_at(about, tensors, move, 0).union(*(reads[n] for n in recalled))
        assert found == set(np.flatnonzero(links.links[move.cells[0]]).tolist())
        reads[move.cells[0]] = found
    walk = steps(every, shape)
    for move in about.moves:
        assert move.texts["v1"].endswith(f"= {short_number(walk.y[move.cells[0]])}")


@cases("make,shape", READING + TWO_STAGES)
def test_numbers_are_the_layers(make, shape):
    """The same as step mode's, which asks the layer and its tape."""
    about, walk = scene(make(), shape), steps(make(), shape)
    last = len(about.stages) - 1
    moves = [m for m in about.moves if m.stage == last]
    assert len(moves) == len(walk.y)
    for move in moves:
        number = move.cells[0]
        y = short_number(walk.y[number])
        assert move.texts[move.target].endswith(f"] = {y}")
        assert f"得 {y}" in move.tell
        if walk.sums is not None:
            assert f"得 {short_number(walk.sums[number])}" in move.tell


@cases("make,shape", [case for case in WRITING if "Transpose" in type(case[0]()).__name__])
def test_a_stamped_cell_has_the_layers_number_when_it_is_full(make, shape):
    about, walk = scene(make(), shape), steps(make(), shape)
    told = {}
    for move in about.moves:
        told |= dict(re.findall(r"(y\[[\d, ]+\]) = (-?[\d.]+?)(?=[、。 ])", move.tell))
    assert told
    shape = walk.about.outputs[0][1]
    for name, value in told.items():
        index = tuple(map(int, re.findall(r"\d+", name)))
        assert value == short_number(walk.y.reshape(shape)[index])


def test_middle_numbers_are_those_of_the_depthwise_layer():
    layer, shape = SeparableConv2D(2, 2, use_bias=False), (None, 4, 4, 2)
    about, walk = scene(layer, shape), steps(SeparableConv2D(2, 2, use_bias=False), shape)
    depthwise = walk.W[: 2 * 2 * 2].reshape(2, 2, 2, 1)
    same = DepthwiseConv2D(2, use_bias=False, weights=[depthwise])
    expected = np.ravel(same(walk.x.reshape(1, 4, 4, 2)))
    for move in (m for m in about.moves if m.stage == 0):
        assert move.texts["v1"].endswith(f"= {short_number(expected[move.cells[0]])}")


def test_a_step_counts_the_products_and_the_zeros():
    about = scene(Conv2D(1, 3, padding="same"), (None, 4, 4, 3))
    corner, inside = about.moves[0], about.moves[5]
    assert "27 个乘积相加（其中 15 个乘的是补的零），加偏置" in corner.tell
    assert "行 −1–1、列 −1–1、全部 3 个通道" in corner.tell
    assert "27 个乘积相加，加偏置" in inside.tell
    pooling = scene(AveragePooling1D(3, strides=2, padding="same"), (None, 4, 1))
    assert "2 格里取平均（另有 1 格在外面，不算）" in pooling.moves[-1].tell


def test_dropped_channels_are_those_that_the_layer_drops():
    layer = SpatialDropout2D(0.5)
    kept = scene(layer, (None, 3, 3, 6), training=True)
    gone = {m.at[0][1] for m in kept.moves if "丢掉" in m.tell}
    assert 0 < len(gone) < 6
    zeros = {kept.solids[1].cells[n][3] for n in kept.solids[1].zeros}
    assert zeros == gone
    assert all("乘 1 / (1 − 0.5) = 2" in m.tell for m in kept.moves if m.at[0][1] not in gone)
    assert not scene(layer, (None, 3, 3, 6)).solids[1].zeros


def test_zeros_and_the_cells_of_a_border():
    padded = scene(ZeroPadding2D(1), (None, 2, 3, 2))
    numbers = np.zeros((4, 5, 2), bool)
    numbers[1:-1, 1:-1] = True
    assert padded.solids[1].zeros == set(np.flatnonzero(~numbers).tolist())


@cases("make,shape", READING + WRITING + OVER_TIME + TWO_STAGES)
def test_the_last_step_shows_every_output(make, shape):
    about = scene(make(), shape)
    last = states_at(about, len(about.moves) - 1)
    for solid in about.solids[1:]:
        marked = {int(key.split("-")[1]) for key in last if key.startswith(f"{solid.key}-")}
        assert marked == set(range(int(np.prod(solid.shape))))
    assert set(last.values()) <= {"done", "now"}
    # A cell is done from the step on that writes it last.
    for key, step in last_steps(about).items():
        assert step <= 0 or states_at(about, step - 1).get(key) != "done"


def corners(path):
    return [tuple(map(float, p.split())) for p in re.findall(r"[-\d.]+ [-\d.]+", path)]


@cases("wide", [False, True])
@cases("make,shape", [READING[3], READING[0], (lambda: Conv2D(8, 3), (None, 28, 28, 3))])
def test_blocks_are_drawn_to_scale(make, shape, wide):
    """Widths, heights and depths of all blocks, measured on the drawn faces, in one scale."""
    about = scene(make(), shape)
    picture, _ = volume_picture("x", about, wide)
    plan = planned(about, 680 if wide else 360)
    source = about.solids[0]
    plates = re.findall(r'<g class="plate" data-plate="v0-\d+".*?d="([^"]+)"', picture)
    assert len(plates) == source.channels
    points = [p for path in plates for p in corners(path)]
    front = corners(plates[-1])[:4]  # painted last
    cell, deep = plan.scale
    assert front[1][0] - front[0][0] == pytest.approx(source.space[2] * cell, abs=0.2)
    assert front[2][1] - front[1][1] == pytest.approx(source.space[1] * cell, abs=0.2)
    assert max(x for x, _ in points) - front[1][0] == pytest.approx(
        source.channels * deep * ACROSS, abs=0.3
    )
    assert front[0][1] - min(y for _, y in points) == pytest.approx(
        source.channels * deep * UP, abs=0.3
    )
    box = about.stages[0].boxes[0]
    (mover,) = re.findall(r'data-mover="b0-0".*?</g>', picture)
    reached = [p for d in re.findall(r' d="([^"]+)"', mover) for p in corners(d)]
    covers = [(k - 1) * d + 1 for k, d in zip(box.size, box.dilation, strict=True)]
    width = max(x for x, _ in reached) - min(x for x, _ in reached)
    into = source.channels * deep
    assert width == pytest.approx(max(covers[2] * cell, 4) + into * ACROSS, abs=0.3)


def test_a_step_moves_the_window_by_whole_cells():
    about = scene(Conv2D(1, 3, strides=2), (None, 7, 7, 2))
    picture, data = volume_picture("Conv2D", about, True)
    stands = [step["at"]["b0-0"] for step in data["walk"]]
    places = list(itertools.product(range(3), repeat=2))
    assert stands == [[0, 2 * r, 2 * c, 0] for r, c in places]
    # The drawn step: as far to the right and down as its rows and columns.
    cell = planned(about, 680).scale.cell
    _, row, column, _ = stands[data["middle"]]
    (drawn,) = re.findall(r'data-mover="b0-0".*?translate\(([\d.]+) ([\d.]+)\)', picture)
    np.testing.assert_allclose(tuple(map(float, drawn)), (column * cell, row * cell), atol=0.1)


def test_a_step_to_the_next_frame_and_channel_is_as_wide_as_these_are_apart():
    about = scene(MaxPooling3D(2), (None, 4, 4, 4, 3))
    picture, _ = volume_picture("MaxPooling3D", about, True)
    (steps_of,) = re.findall(r'data-mover="b0-0" data-steps="([^"]+)"', picture)
    pitch, cell, across, up = map(float, steps_of.split())
    fronts = {}
    for channel, inside in re.findall(r'data-plate="v0-(\d)"(.*?)</g>', picture):
        faces = re.findall(r'<path class="soft" d="([^"]+)"', inside)
        fronts[int(channel)] = [corners(path)[0] for path in faces]
    assert fronts[0][1][0] - fronts[0][0][0] == pytest.approx(pitch, abs=0.11)
    assert fronts[1][0][0] - fronts[0][0][0] == pytest.approx(across, abs=0.11)
    assert fronts[0][0][1] - fronts[1][0][1] == pytest.approx(up, abs=0.11)
    assert cell == pytest.approx(planned(about, 680).scale.cell, abs=0.01)


def test_a_large_layer_is_walked_evenly_and_says_so():
    about = scene(Conv2D(64, 3, padding="same"), (None, 224, 224, 3))
    assert len(about.moves) <= 160
    rows = {move.at[0][0][1] for move in about.moves}
    assert min(rows) == -1 and max(rows) == 222
    assert any("只走其中" in note for note in about.notes)
    assert any("不算出结果" in note for note in about.notes)
    middle = scene(Conv2D(8, 3), (None, 28, 28, 1))
    assert all(re.search(r"= -?\d", move.texts["v1"]) for move in middle.moves)
    for n, most in itertools.product(range(1, 30), range(1, 12)):
        chosen = picked(n, most)
        assert len(chosen) == min(n, most) and chosen[0] == 0
        assert most == 1 or chosen[-1] == n - 1
    assert picks([4, 5, 2]) == [list(range(4)), list(range(5)), [0, 1]]


def test_numbers_of_a_large_layer_are_the_layers():
    """Also where step mode draws a smaller sibling."""
    layer = Conv2D(8, 3)
    about = scene(layer, (None, 28, 28, 1))
    numbers = numbers_of(layer, (28, 28, 1), 1, False)
    assert numbers is not None
    for move in about.moves:
        place = re.search(r"y\[([\d, ]+)\] = (-?[\d.]+)$", move.texts["v1"])
        assert place
        index = tuple(map(int, place[1].split(", ")))
        assert place[2] == short_number(numbers.y[index])


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of layers from Keras 1
    LAYERS = [name for name in EXAMPLES if has_volume(layer_of(example(name)))]


def test_layers_over_space_have_the_view_and_others_not():
    assert {"Conv1D", "MaxPooling3D", "UpSampling2D", "SpatialDropout1D"} <= set(LAYERS)
    assert "volume" in views_of(Conv2D(1, 1))
    assert "volume" not in views_of(Dense(1)) + views_of(TimeDistributed(Dense(1)))


@cases("name", LAYERS)
@cases("wide", [False, True])
def test_every_example_is_drawn(name, wide):
    state = example(name)
    shown = panel.show(state, "volume", wide=wide)
    assert shown["view"] == "volume" and "walk" in shown["data"], shown["notes"]
    picture, data = shown["svg"], shown["data"]
    walk = scene(layer_of(state), input_of(state))
    assert len(data["walk"]) == len(walk.moves)
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture)
    assert size and float(size[1]) <= (680 if wide else 361)
    # Whatever a step names is there.
    names = set(re.findall(r'data-(?:mover|kernel|voxel|plate|text)="([^"]+)"', picture))
    for step in data["walk"]:
        used = {*step["at"], *step["cells"], *step["texts"], step["kernel"] or "v0"}
        used |= {f"{key}-{channel}" for key, channel in step["plates"].items()}
        assert used <= names
    assert len(json.dumps(data, ensure_ascii=False)) < 90_000


@cases("rank", [1, 2, 3])
def test_what_is_left_of_space_is_not_counted(rank):
    """The output of a global pooling has channels only."""
    picture = panel.show(example(f"GlobalMaxPooling{rank}D"), "volume", wide=True)["svg"]
    assert not re.search(r">(→ )?1 [步帧行列]?<", picture)
    assert picture.count(">2 通道<") == 2


def test_an_unknown_length_is_drawn_as_some_length():
    about = scene(Conv1D(2, 3), (None, None, 4))
    assert about.solids[0].shape == (6, 4)
    assert "长度未定的轴按 6 画" in "".join(about.notes)


def test_the_words_of_the_drawn_step_are_in_the_picture():
    state = state_of("Conv2D(2, 3)", (None, 6, 6, 1))
    shown = panel.show(state, "volume")
    step = shown["data"]["walk"][shown["data"]["middle"]]
    assert step["tell"] in shown["svg"]
    for text in step["texts"].values():
        assert f">{text}</text>" in shown["svg"]
