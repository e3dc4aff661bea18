"""The Markdown extensions: blocks that show labkit, and formulas."""

import inspect
import json
import re
import subprocess
import sys
from html import unescape
from urllib.parse import parse_qsl

import markdown
import pytest

import labkit.layers
from docs.tools.reference import family_of, reached
from labkit.layers import GRU, LSTM, Add, Conv2D, Dense, InputLayer, Layer, MaxPooling2D
from tests.fences import ROOT

EXTENSIONS = [
    "attr_list",
    "def_list",
    "md_in_html",
    "pymdownx.superfences",
    "pymdownx.arithmatex",
    "docs.tools.reference",
    "docs.tools.math",
]


def convert(text):
    options = {"pymdownx.arithmatex": {"generic": True}}
    return markdown.markdown(text, extensions=EXTENSIONS, extension_configs=options)


def plain(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html)).replace("&quot;", '"')


def test_signature_is_what_one_types():
    text = plain(convert("::: signature MaxPooling2D"))
    assert "from labkit.layers import MaxPooling2D" in text
    assert 'pool_size=(2, 2), strides=None, padding="valid", data_format=None,' in text


def test_parameters_join_signature_page_and_glossary():
    html = convert("::: parameters Dense\n    units: 见 [下文](#x)，$y$。")
    assert '<dt id="units"><code>units</code> <span class="facts">整数 · 必填</span></dt>' in html
    assert '见 <a href="#x">下文</a>' in html and "<math" in html
    # Not explained on the page, therefore from the glossary, with a link to its entry.
    assert 'href="./glossary.md#use_bias"' in html and "是否加偏置" in html
    assert len(re.findall("<dt", html)) == 10


def test_parameters_that_no_page_explains_come_from_the_docstring():
    text = plain(convert("::: parameters Embedding\n    output_dim: 页上写的。"))
    assert "表的行数，即最大的索引加 1。" in text
    assert "页上写的。" in text and "每个向量的长度" not in text
    # Broken into two lines there.
    assert "必须小于 strides。<code>None</code> 表示" in convert("::: parameters Conv2DTranspose")


def test_a_layer_over_a_cell_explains_what_its_cell_does():
    assert "重置门乘在矩阵乘法之后" in convert("::: parameters GRU")
    assert "reset_after：布尔值，重置门" in inspect.getdoc(GRU)


@pytest.mark.parametrize("indent", ["    ", ""])
def test_python_may_have_taken_the_indentation_off_a_docstring(indent):
    """As that of Python 3.13 and later does, which readers' browsers have."""
    lines = ["一层。", "", "参数：", "    knob：怎样拧，", "        向右。", "", "来源：某人。", ""]

    def __init__(self, knob: int = 1, **kwargs):
        Layer.__init__(self, **kwargs)

    members = {"__doc__": f"\n{indent}".join(lines), "__init__": __init__}
    assert inspect.getdoc(type(Layer)("Knob", (Layer,), members)) == "\n".join(lines[:-1])


def test_a_parameter_without_any_meaning_stops_the_build(monkeypatch):
    class Knob(Layer):
        """一层。"""

        def __init__(self, units: int, knob: int = 1, **kwargs):
            super().__init__(**kwargs)

    monkeypatch.setattr(labkit.layers, "Knob", Knob, raising=False)
    monkeypatch.setattr(labkit.layers, "__all__", [*labkit.layers.__all__, "Knob"])
    with pytest.raises(ValueError, match="参数 knob 没有说明"):
        convert("::: parameters Knob")
    assert "怎样拧" in convert("::: parameters Knob\n    knob: 怎样拧。")


def test_choices_come_from_the_types():
    html = plain(convert("::: parameters MaxPooling2D"))
    assert '"valid" / "same" · 默认 "valid"' in html
    assert "整数 / 元组 · 默认 (2, 2)" in html


def test_source_shows_functions_that_a_parameter_chooses():
    html = convert("::: source Activation\n    with: softmax")
    assert "<code>softmax</code> 原语，前向与反向" in html


def test_source_shows_the_class_its_bases_and_the_backward():
    html = convert("::: source MaxPooling2D")
    opened, folded = html.split("<details", 1)
    assert "class MaxPooling2D(Pooling)" in plain(opened)
    assert "labkit/layers/pooling.py" in opened
    for piece in ("class Pooling(Layer)", "def max_pool(", "def backward(dy)"):
        assert piece in plain(folded)
    assert "class Layer" not in plain(html)
    assert html.count("data-search-exclude") == html.count("<details") + 1


@pytest.mark.parametrize(
    ("layer", "primitives"),
    [
        (Dense, {"dot", "add"}),
        (Conv2D, {"conv", "add"}),
        (MaxPooling2D, {"max_pool"}),
        (Add, {"add"}),
        (LSTM, {"dot", "where", "unstack"}),
    ],
)
def test_primitives_are_found_without_a_list(layer, primitives):
    found = {thing.__name__ for thing in reached(layer) if hasattr(thing, "is_primitive")}
    assert primitives <= found


def test_a_family_is_the_module_that_a_layer_is_in(monkeypatch):
    found = [family_of(cls) for cls in (Dense, Conv2D, MaxPooling2D, LSTM, Add)]
    assert found == ["core", "convolutional", "pooling", "recurrent", "merge"]
    monkeypatch.setattr(InputLayer, "__module__", "labkit.engine.input_layer")
    assert family_of(InputLayer) == "core"


@pytest.mark.parametrize("layer", [Dense, Conv2D, LSTM])
def test_source_shows_how_the_arguments_are_kept(layer):
    assert "take" in {thing.__name__ for thing in reached(layer)}


def test_a_local_variable_is_not_taken_for_a_function():
    # LSTMCell's `shape` is a variable, labkit.backend's is a function.
    assert "shape" not in {thing.__name__ for thing in reached(LSTM)}


def test_shape_is_an_inline_picture():
    html = convert("::: shape Dense(4)\n    input: (None, 3)\n\n后文")
    assert '<svg class="diagram shape-diagram"' in html and "<p><" not in html
    assert "共 16 个参数" in html and "<p>后文</p>" in html


def test_the_first_shape_is_a_panel_with_every_view_and_its_data():
    html = convert("::: shape LSTM(2)\n    input: (None, 4, 3)")
    assert html.count("<layer-lab") == 1
    assert re.findall(r'data-view="(\w+)"', html) == [
        *("recurrent", "shape", "dependency", "data", "gates"),
    ]
    data = [
        json.loads(text)
        for text in re.findall(r'<script type="application/json">(.*?)</script>', html)
    ]
    assert data[2]["data"]["links"] == [list(range(12))] * 2
    assert data[-1]["state"]["settings"] == {"units": "2"}


def test_further_shapes_link_into_the_panel():
    block = '::: shape Conv1D({}, padding="same")\n    input: (None, 9, 2)\n\n'
    html = convert(block.format("2, 3") + block.format("4, 5"))
    assert html.count("<layer-lab") == 1
    address = re.search(r'href="#lab&amp;([^"]+)"', html)
    assert address
    given = parse_qsl(unescape(address[1]))
    assert given == [
        ("view", "shape"),
        ("filters", "4"),
        ("kernel_size", "5"),
        ("padding", '"same"'),
        ("input", "None,9,2"),
    ]


def test_a_fence_may_show_the_syntax():
    html = convert("````markdown\n```python\n1\n```\n::: signature Dense\n````")
    assert "::: signature Dense" in plain(html)


@pytest.mark.parametrize(
    ("block", "cause"),
    [
        ("::: signature Dens", "labkit.layers 里没有 Dens"),
        ("::: parameters Dense\n    unit: 错", "Dense 没有参数 unit；它有 units"),
        ("::: parameters Dense\n    没有冒号", "应写成“参数名: 说明”"),
        ("::: shape Dense(4)", "需要一行 input"),
        ("::: shape Dense(0)\n    input: (None, 3)", "units 是正整数"),
        ("::: picture Dense", "只能是 signature、parameters、source、shape"),
        ("::: source Dense\n    with: rellu", "labkit.backend 里没有 rellu"),
        ("::: source Dense\n    also: relu", "只能有一行 with"),
    ],
)
def test_a_mistake_stops_the_build(block, cause):
    with pytest.raises(ValueError) as failure:
        convert("# 标题\n\n" + block)
    assert cause in str(failure.value)
    assert block.splitlines()[0] in str(failure.value)


def test_the_build_names_page_line_and_cause(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text("---\ntitle: 首页\n---\n# 首页\n\n::: signature Dens\n")
    config = tmp_path / "mkdocs.yml"
    config.write_text("site_name: x\ntheme: mkdocs\nmarkdown_extensions: [docs.tools.reference]\n")
    build = subprocess.run(
        [sys.executable, *f"-m mkdocs build --strict -f {config} -d {tmp_path}/site".split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert build.returncode != 0
    assert "index.md:6: ::: signature Dens\nlabkit.layers 里没有 Dens" in build.stderr


def test_formulas_are_static_and_spoken():
    html = convert("行内 $x^2$。\n\n$$\ny = \\text{权重} \\cdot x\n$$")
    assert html.count('<tex-math data-search-exclude="true">') == 2
    assert html.count("<math") == 2 and html.count("katex-display") == 1
    assert "arithmatex" not in html and "<script" not in html


@pytest.mark.parametrize("formula", [r"\frac{1", r"\unknown", "中文"])
def test_a_wrong_formula_stops_the_build(formula):
    with pytest.raises(ValueError) as failure:
        convert(f"坏的 ${formula}$")
    assert "公式" in str(failure.value) and repr(formula) in str(failure.value)
