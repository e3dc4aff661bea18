"""labkit.utils: plots, queues of batches, sources of a graph."""

import pytest

from labkit import layers, utils
from labkit.layers import Dense, Input
from labkit.models import Model, Sequential
from labkit.utils.data_utils import GeneratorEnqueuer, OrderedEnqueuer, Sequence
from tests.mistakes import check
from tests.regression import Batches, forever, linear


def test_plots(tmp_path):
    x = Input((3,), name="x")
    inner = Sequential([Dense(2, input_shape=(3,), name="first")], name="inner")
    y = layers.add([inner(x), Dense(2, name="side")(x)], name="sum")
    model = Model(x, y)
    picture = utils.plot_model(model, tmp_path / "m.svg", show_shapes=True, expand_nested=True)
    text = (tmp_path / "m.svg").read_text()
    assert text == picture._repr_svg_() and "first: Dense" in text and "(None, 2)" in text
    assert '"side" -> "sum"' in picture.to_string() and "script" not in text
    with pytest.warns(UserWarning, match="m.svg"):
        utils.plot_model(model, str(tmp_path / "m.png"))
    check(ValueError, "还没有建好", lambda: utils.plot_model(Sequential([Dense(2)])))


def test_enqueuers_and_source_inputs():
    queue = OrderedEnqueuer(Batches())
    queue.start(workers=2)
    batches = queue.get()
    assert [len(next(batches)[0]) for _ in range(4)] == [4] * 4
    queue.stop()
    assert not queue.is_running()
    other = GeneratorEnqueuer(forever())
    other.start()
    assert next(other.get())[0].shape == (4, 3)
    x = Input((3,))
    assert utils.get_source_inputs(Dense(2)(Dense(3)(x))) == [x]


WRONG = [
    (lambda: utils.plot_model(linear(), rankdir="X"), ValueError, "rankdir='X'"),
    (lambda: Sequence()[0], NotImplementedError, "__getitem__"),
    (lambda: len(Sequence()), NotImplementedError, "__len__"),
]


@pytest.mark.parametrize(("use", "raises", "received"), WRONG)
def test_wrong_use(use, raises, received):
    check(raises, received, use)
