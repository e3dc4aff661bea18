"""Model diagrams tell the truth: shapes, edges and counts are those of the model itself."""

import re
import time
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest

from labkit import backend as K
from labkit.diagrams.models import model_diagram
from labkit.diagrams.svg import WIDTH, width_of
from labkit.engine.network import Network
from labkit.layers import (
    LSTM,
    Activation,
    Add,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    Masking,
    MaxPooling2D,
    Multiply,
    Subtract,
    TimeDistributed,
)
from labkit.models import Model, Sequential
from labkit.utils import plot_model

TIME = 4  # what stands for a None axis where real arrays are computed
LAYERS = 300


def line():
    return Sequential(
        [
            Conv2D(8, 3, activation="relu", input_shape=(12, 12, 1)),
            MaxPooling2D(),
            BatchNormalization(),
            Flatten(),
            Dropout(0.5),
            Dense(10, name="a_name_that_is_far_too_long_for_one_line_of_a_narrow_box"),
        ]
    )


def functional():
    x = Input((3,), name="x")
    return Model(x, Dense(2, name="last")(Dense(4, name="first")(x)))


def siamese():
    a, b = Input((5, 3), name="left"), Input((5, 3), name="right")
    encoder = LSTM(4, name="encoder")
    joined = Concatenate(name="join")([encoder(a), encoder(b)])
    return Model([a, b], [Dense(1, name="score")(joined), Multiply(name="square")([joined] * 2)])


def chained():
    """One layer is called on what came from itself, another beside it is shared too."""
    a, b = Input((3,), name="a"), Input((3,), name="b")
    again, beside = Dense(3, name="again"), Dense(3, name="beside")
    y = again(Activation("relu", name="between")(again(again(a))))
    return Model([b, a], Add(name="sum")([beside(y), beside(b)]))


def branches():
    x = Input((6, 6, 2), name="x")
    start = Conv2D(2, 3, padding="same", name="start")(x)
    y = start
    for block in range(3):
        short = y
        y = Conv2D(2, 3, padding="same", name=f"conv{block}")(y)
        y = BatchNormalization(name=f"norm{block}")(y)
        y = Add(name=f"sum{block}")([y, short])
    many = [Conv2D(n, 1, name=f"branch{n}")(y) for n in range(1, 6)]
    deep = Conv2D(3, 1, name="deep")(many[2])
    joined = Concatenate(name="join")([*many, deep, x, start])
    return Model(x, [Flatten(name="flat")(joined), deep, y])


def translator():
    source, target = Input((None, 7), name="source"), Input((None, 5), name="target")
    read, h, c = LSTM(6, return_state=True, name="read")(Masking(name="mask")(source))
    y = LSTM(6, return_sequences=True, name="write")(target, initial_state=[h, c])
    y = TimeDistributed(Dense(5), name="each")(y)
    return Model([source, target], [y, Bidirectional(LSTM(3), name="both")(y), read, c])


def nested():
    inner = Sequential([Dense(4, input_shape=(3,), name="d1"), Dense(2, name="d2")], name="inner")
    i, j = Input((2,), name="i"), Input((2,), name="j")
    deep = Model(i, Dense(2, name="deepest")(i), name="deep")
    two = Model(
        [i, j], [Add(name="plus")([deep(i), j]), Subtract(name="minus")([i, j])], name="two"
    )
    a, b = Input((3,), name="a"), Input((3,), name="b")
    plus, minus = two([inner(a), inner(b)])
    for layer in two.layers:
        layer.trainable = layer.name != "deep"
    return Model([a, b], [Dense(1, name="end")(plus), minus])


class Own(Model):
    """A K function between layers, and a layer that nothing uses."""

    def __init__(self):
        super().__init__(name="own")
        self.first, self.second, self.spare = Dense(4), Dense(2), Dense(9)

    def call(self, inputs):
        return self.second(K.relu(self.first(inputs)))


def own():
    model = Own()
    model.build((None, 3))
    return model


MODELS = [line, functional, siamese, chained, branches, translator, nested]


@pytest.fixture(params=MODELS, ids=lambda make: make.__name__)
def model(request):
    return request.param()


@pytest.fixture(params=["TB", "LR"])
def rankdir(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["collapsed", "expanded"])
def expand(request):
    return request.param


# --- reading the picture ---


class Read:
    """What stands where in a picture: everything in the coordinates of the whole."""

    def __init__(self, svg):
        self.nodes, self.texts, self.edges, self.frames = {}, [], [], set()
        self.root = ElementTree.fromstring(svg)
        self.walk(self.root, 0, 0, [], None)

    def walk(self, element, x, y, nodes, box):
        kind = element.get("class")
        if move := element.get("transform"):
            dx, dy = map(float, re.fullmatch(r"translate\((\S+) (\S+)\)", move).groups())
            x, y = x + dx, y + dy
        if kind == "node":
            nodes = [*nodes, element.get("data-key")]
            assert nodes[-1] not in self.nodes
            self.nodes[nodes[-1]] = None
        if kind == "group":
            self.frames.add(nodes[-1])
        if kind == "box":
            rect = next(iter(element))
            place = [float(rect.get(name)) for name in ("x", "y", "width", "height")]
            box = (x + place[0], y + place[1], x + place[0] + place[2], y + place[1] + place[3])
            self.nodes[nodes[-1]] = self.nodes[nodes[-1]] or box
        tag = element.tag.split("}")[1]
        if tag == "text":
            self.texts.append((extent(element, x, y), element.text, nodes, box))
        if kind == "edge":
            d = next(iter(element)).get("d")
            ends = element.get("data-from"), element.get("data-to")
            self.edges.append((*ends, [(u + x, v + y) for u, v in points(d)], nodes))
        for child in element:
            self.walk(child, x, y, nodes, box)

    def shown(self):
        """{call: all text of its box}: of a shared layer's box, that of the call's cell."""
        found = {}
        for _, text, nodes, box in self.texts:
            if box is not None:
                found.setdefault((nodes[-1], box), []).append(text)
        named = {}
        for (key, box), texts in found.items():
            cell = box != self.nodes[key]
            named[f"{key} {texts[0]}" if cell else key] = " ".join(texts)
        return named


def extent(element, x, y):
    """Left, top, right, bottom of a text by the widths that svg.py allows for."""
    size, mono = float(element.get("font-size")), "monospace" in element.get("font-family")
    left, base = x + float(element.get("x")), y + float(element.get("y"))
    width = width_of(element.text, size, mono)
    left -= {"start": 0.0, "middle": 0.5, "end": 1.0}[element.get("text-anchor")] * width
    return (left, base - 0.85 * size, left + width, base + 0.25 * size)


def points(d):
    """Many points on a path, without its arrow head."""
    body, found = d.split("m")[0], []
    for command, numbers in re.findall(r"([MLC])([^MLC]*)", body):
        values = list(map(float, numbers.split()))
        pairs = list(zip(values[::2], values[1::2], strict=True))
        if command == "M":
            found += pairs
            continue
        start = found[-1]
        bends = [start, *pairs] if command == "C" else [start, start, pairs[0], pairs[0]]
        for t in np.linspace(0, 1, 21)[1:]:
            parts = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3]
            found.append(tuple(np.dot(parts, np.array(bends))))
    return found


def overlap(a, b):
    return min(a[2], b[2]) - max(a[0], b[0]) > 0.6 and min(a[3], b[3]) - max(a[1], b[1]) > 0.6


def shapes(text, caption):
    """The shapes after a caption, with numbers in the place of None."""
    found = re.search(rf"{caption} ((?:\([^)]*\)[、 ]*)+)", text)
    sizes = [re.findall(r"None|\d+", part) for part in found[1].split(")")[:-1]] if found else []
    return [(2, *(TIME if n == "None" else int(n) for n in axes[1:])) for axes in sizes]


# --- the model itself ---


def calls(model, prefix=""):
    """{name in the picture: node} of a model's own layers."""
    found = {}
    for node in model._nodes:
        found.setdefault(node.outbound_layer.name, []).append(node)
    return {
        prefix + name + (f" 第 {i} 次调用" if len(nodes) > 1 else ""): node
        for name, nodes in found.items()
        for i, node in enumerate(nodes, 1)
    }


def parts(model, expand, prefix=""):
    """The model and, if expanded, the models in it, each with its prefix."""
    yield model, prefix
    for layer in model.layers if expand else ():
        if isinstance(layer, Network):
            yield from parts(layer, expand, f"{prefix}{layer.name}/")


def real_edges(model, prefix=""):
    """From the config, which knows nothing of pictures."""
    layers = Network.get_config(model)["layers"]
    count = {d["name"]: len(d["inbound_nodes"]) for d in layers}
    networks = {layer.name for layer in model.layers if isinstance(layer, Network)}

    def name(layer, call):
        return prefix + layer + (f" 第 {call + 1} 次调用" if count.get(layer, 1) > 1 else "")

    return {
        (name(source, call - (source in networks)), name(d["name"], i))
        for d in layers
        for i, places in enumerate(d["inbound_nodes"])
        for source, call, *_ in places
    }


def real_shapes(model):
    """{call: (shapes of inputs, of outputs)} of arrays that really went through the model."""
    rng = np.random.default_rng(0)
    fed = [rng.normal(size=(2, *(n or TIME for n in x.shape[1:]))) for x in model.inputs]
    found = {}
    for name, node in calls(model).items():
        arriving = [] if node.is_source else node.input_tensors
        tensors = [*arriving, *node.output_tensors]
        # Twice the first one, so that the result is a list in any case.
        values = Model(model.inputs, [tensors[0], *tensors]).predict(fed)[1:]
        sizes, cut = [np.shape(v) for v in values], len(arriving)
        found[name] = (sizes[:cut], sizes[cut:])
    return found


# --- the picture says what the model is ---


def test_shapes_are_those_of_real_arrays(model, rankdir):
    shown = Read(model_diagram(model, rankdir=rankdir)).shown()
    for name, (inputs, outputs) in real_shapes(model).items():
        assert (shapes(shown[name], "输入"), shapes(shown[name], "输出")) == (inputs, outputs)


def test_shapes_inside_nested_models():
    whole = nested()
    shown = Read(model_diagram(whole, expand_nested=True)).shown()
    inside = [p for p in parts(whole, True) if p[1]]
    assert {prefix for _, prefix in inside} == {"inner/", "two/", "two/deep/"}
    for part, prefix in inside:
        for name, (inputs, outputs) in real_shapes(part).items():
            text = shown[prefix + name]
            assert (shapes(text, "输入"), shapes(text, "输出")) == (inputs, outputs)


def test_every_edge_once_and_no_other(model, rankdir, expand):
    picture = Read(model_diagram(model, rankdir=rankdir, expand_nested=expand))
    drawn = [edge[:2] for edge in picture.edges]
    real = set().union(*(real_edges(*part) for part in parts(model, expand)))
    assert sorted(drawn) == sorted(real)


def test_every_layer_has_a_box_with_its_type_name_and_count(model, expand):
    picture = Read(model_diagram(model, expand_nested=expand))
    texts = {}
    for _, text, nodes, box in picture.texts:
        if box is not None:
            texts.setdefault(nodes[-1], []).append(text)
    for part, prefix in parts(model, expand):
        for name, node in calls(part, prefix).items():
            layer = node.outbound_layer
            lines = texts.get(name) or texts[prefix + layer.name]
            said = " ".join(lines)
            assert type(layer).__name__ in lines[0] and layer.name in "".join(lines)
            count = re.search(r"([\d,]+) 个参数|没有参数", said)
            assert int((count[1] or "0").replace(",", "")) == layer.count_params()
            frozen = re.search(r"其中 ([\d,]+) 个不训练", said)
            hidden = sum(K.count_params(w) for w in layer.non_trainable_weights)
            assert int(frozen[1].replace(",", "") if frozen else 0) == hidden
            if isinstance(layer, Network):
                assert f"模型 · {len(layer.layers)} 层" in said
    shown = {name.split(" 第 ")[0] for name in picture.nodes}
    assert shown == {n.split(" 第 ")[0] for p in parts(model, expand) for n in calls(*p)}


def test_expanded_is_collapsed_and_what_is_inside():
    whole = nested()
    small, large = (Read(model_diagram(whole, expand_nested=e)) for e in (False, True))
    assert {e[:2] for e in small.edges} < {e[:2] for e in large.edges}
    inner = {e[:2] for e in large.edges} - {e[:2] for e in small.edges}
    assert inner == set().union(*(real_edges(*part) for part in parts(whole, True) if part[1]))
    assert not small.frames and large.frames == {"inner", "two", "two/deep"}
    for key, place in large.nodes.items():
        for frame in large.frames - {key}:
            box = large.nodes[frame]
            within = box[0] < place[0] and box[1] < place[1]
            within = within and box[2] > place[2] and box[3] > place[3]
            assert within == key.startswith(f"{frame}/")


def test_a_shared_layer_is_one_layer():
    picture = Read(model_diagram(siamese()))
    assert [key for key in picture.nodes if "encoder" in key] == ["encoder"]
    assert {"encoder 第 1 次调用", "encoder 第 2 次调用"} <= picture.shown().keys()
    # Where one call uses another's result, one box would make a circle.
    picture = Read(model_diagram(chained()))
    assert sum("again" in key for key in picture.nodes) == 3
    assert sum("beside" in key for key in picture.nodes) == 1
    assert all("12 个参数，3 次调用共用" in t for k, t in picture.shown().items() if "again" in k)


def test_inputs_outputs_and_inner_layers_are_named():
    shown = Read(model_diagram(translator())).shown()
    assert "模型的第 2 个输入" in shown["target"] and "模型的第 3、4 个输出" in shown["read"]
    assert "模型的第 1 个输出" in shown["each"] and "输出" not in shown["mask"].split(")")[-1]
    assert "TimeDistributed(Dense)" in shown["each"] and "Bidirectional(LSTM)" in shown["both"]
    labels = [text for _, text, _, box in Read(model_diagram(translator())).texts if not box]
    assert labels == ["输出 2、3"]
    assert [t for _, t, _, box in Read(model_diagram(siamese())).texts if not box] == ["× 2"]


def test_k_functions_and_unused_layers():
    model = own()
    picture = Read(model_diagram(model))
    entry, first, second = model.inputs[0]._keras_history[0], model.first, model.second
    names = [(entry.name, first.name), (first.name, second.name)]
    assert [edge[:2] for edge in picture.edges] == names
    assert "没有用到" in picture.shown()[model.spare.name]


def test_description_tells_the_whole_graph(model, expand):
    root = Read(model_diagram(model, expand_nested=expand)).root
    said = root.find("{*}desc").text
    sentences = dict(part.split(": ", 1) for part in said.split("。")[1:-1])
    for part, prefix in parts(model, expand):
        for name, node in calls(part, prefix).items():
            sentence = sentences[prefix + node.outbound_layer.name]
            if " 第 " in name:
                call = name[name.rindex("第 ") :]
                sentence = next(s for s in sentence.split("；") if s.startswith(call))
            for shape in [*node.input_shapes, *node.output_shapes]:
                assert str(shape) in sentence
            before = {a for a, b in real_edges(part, prefix) if b == name}
            origins = re.search("来自 (.*?)(?=，|；|$)", re.sub("（[^）]*）", "", sentence))
            assert set(origins[1].split("、") if origins else []) == before


def test_options():
    bare = Read(model_diagram(functional(), show_shapes=False, show_layer_names=False)).shown()
    assert bare["last"] == "Dense 10 个参数 模型的输出"


# --- the picture can be read ---


def test_text_stays_in_its_box_and_apart(model, rankdir, expand):
    picture = Read(model_diagram(model, rankdir=rankdir, expand_nested=expand))
    size = (0, 0, *map(float, picture.root.get("viewBox").split()[2:]))
    for place, text, _, box in picture.texts:
        left, top, right, bottom = box or size
        assert left < place[0] and place[2] < right, text
        assert top < place[1] and place[3] < bottom, text
    for (one, text, *_), (other, *_) in combinations(picture.texts, 2):
        assert not overlap(one, other), text
    for place, text, nodes, box in picture.texts:
        for key, other in picture.nodes.items() if box is None else ():
            assert key in nodes or not overlap(place, other), text


def test_boxes_do_not_overlap(model, rankdir, expand):
    picture = Read(model_diagram(model, rankdir=rankdir, expand_nested=expand))
    width, height = map(float, picture.root.get("viewBox").split()[2:])
    for left, top, right, bottom in picture.nodes.values():
        assert 0 <= left < right <= width and 0 <= top < bottom <= height
    for (a, one), (b, other) in combinations(picture.nodes.items(), 2):
        inside = a.startswith(f"{b}/") or b.startswith(f"{a}/")
        assert inside or not overlap(one, other)


def test_edges_join_their_boxes_and_meet_no_other(model, rankdir, expand):
    picture = Read(model_diagram(model, rankdir=rankdir, expand_nested=expand))
    across, along = (0, 1) if rankdir == "TB" else (1, 0)
    owner = {k: k for k in picture.nodes} | {
        k: k.split(" 第 ")[0] for e in picture.edges for k in e[:2] if k not in picture.nodes
    }
    for source, target, way, nodes in picture.edges:
        start, end = picture.nodes[owner[source]], picture.nodes[owner[target]]
        assert way[0][along] == pytest.approx(start[along + 2], abs=1.1)
        assert way[-1][along] == pytest.approx(end[along], abs=1.1)
        assert start[across] < way[0][across] < start[across + 2]
        assert end[across] < way[-1][across] < end[across + 2]
        for key, box in picture.nodes.items():
            edge = 1.1 if key in (owner[source], owner[target]) else -1
            met = [
                p
                for p in way
                if box[0] + edge < p[0] < box[2] - edge and box[1] + edge < p[1] < box[3] - edge
            ]
            assert key in nodes or not met, (source, target, key)


def test_well_formed_and_harmless(model):
    hostile = '<script href="x">&'
    x = Input((2,), name=hostile)
    for svg in (model_diagram(model), model_diagram(Model(x, Dense(2)(x)))):
        tags = {element.tag.split("}")[1] for element in ElementTree.fromstring(svg).iter()}
        assert tags <= {"svg", "title", "desc", "g", "rect", "path", "text"}
        names = {name for element in ElementTree.fromstring(svg).iter() for name in element.keys()}
        assert not any("href" in name or name.startswith("on") for name in names)
        assert not re.search(r'(?:fill|stroke)="(?!none|var\(--diagram)', svg)


def test_a_chain_fits_a_phone():
    for make in (line, functional):
        picture = Read(model_diagram(make()))
        assert float(picture.root.get("width")) == WIDTH
        assert all(0 <= box[0] and box[2] <= WIDTH for box in picture.nodes.values())


def test_arrows_do_not_cross_without_need():
    """Only with b, a, c in this order do the four arrows stay apart."""
    a, b, c = (Input((2,), name=name) for name in "abc")
    model = Model([a, b, c], [Add(name="first")([a, b]), Add(name="second")([c, a])])
    ways = [edge[2] for edge in Read(model_diagram(model)).edges]
    ends = [(way[0][0], way[-1][0]) for way in ways]
    assert len(ends) == 4
    assert all((p - r) * (q - s) >= 0 for (p, q), (r, s) in combinations(ends, 2))


def test_chains_are_straight():
    ways = [edge[2] for edge in Read(model_diagram(line())).edges]
    assert np.ptp([x for way in ways for x, _ in way]) < 0.5


def test_a_huge_model_draws_at_once():
    x = y = short = Input((3,))
    shared = Dense(3)
    for i in range(LAYERS):
        y = Add()([y, short]) if i % 3 == 2 else Dense(3)(y)
        short = y if i % 3 == 2 else short
    model = Model(x, shared(shared(y)))
    start = time.process_time()
    svg = model_diagram(model)
    assert time.process_time() - start < 1
    assert svg.count('class="node"') == LAYERS + 3


# --- plot_model and mistakes ---


def test_files_hold_fixed_colours_on_paper(tmp_path):
    picture = plot_model(functional(), str(tmp_path / "m.svg"), show_shapes=True)
    text = (tmp_path / "m.svg").read_text(encoding="utf-8")
    assert text == picture._repr_svg_() and "var(" not in text and "var(" in picture.svg
    assert '"first" -> "last"' in picture.to_string()


def test_not_built():
    for call in (model_diagram, plot_model):
        with pytest.raises(ValueError, match="还没有建好的 Sequential"):
            call(Sequential([Dense(2)]))
    with pytest.raises(ValueError, match="rankdir"):
        model_diagram(functional(), rankdir="BT")
