"""Every picture of every layer in Chromium: no text leaves its box, none lies over another."""

import base64
import json

import numpy as np
import pytest

from labkit import backend as K
from labkit.diagrams import box_view, model_diagram, panel
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.notebook import symbol_view, tensor_view
from labkit.diagrams.states import state_of
from labkit.layers import LSTM, Add, Conv2D, Dense, Embedding, Flatten, Input, TimeDistributed
from labkit.models import Model, Sequential
from tests.browser import SITE, open_page, serve
from tests.diagrams import test_boxes, test_models
from tests.fences import ROOT

# Chinese glyphs for a machine without a Chinese font; the widths are those of any such font.
FONT = next((SITE / "runtime/fonts").glob("*.ttf"), None)
HUGE = [
    ("Conv2D(512, (3, 3), strides=(2, 2), padding='same')", (None, 1024, 1024, 512)),
    ("Flatten()", (None, 1024, 1024, 512)),
    ("LSTM(100000, return_sequences=True, return_state=True)", (None, None, 123456)),
    ("Bidirectional(LSTM(64, return_sequences=True, go_backwards=True))", (None, None, 300)),
    ("TimeDistributed(Conv2D(64, 3))", (None, 16, 224, 224, 3)),
    ("Conv2D(8, 3, data_format='channels_first', dilation_rate=2)", (None, 3, 64, 64)),
    ("Add()", [(None, 4)] * 12),
]
MEASURE = """() => {
  const found = [];
  const pen = document.createElement("canvas").getContext("2d");
  // The box of the ink: the font's own box has room for accents above and below.
  const ink = (text) => {
    const style = getComputedStyle(text);
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const size = pen.measureText(text.textContent);
    const box = text.getBBox(), scale = text.getScreenCTM();
    const baseline = Number(text.getAttribute("y"));
    const at = (x, y) => new DOMPoint(x, y).matrixTransform(scale);
    const [a, b] = [
      at(box.x, baseline - size.actualBoundingBoxAscent),
      at(box.x + box.width, baseline + size.actualBoundingBoxDescent),
    ];
    return { left: a.x, top: a.y, right: b.x, bottom: b.y };
  };
  const within = (a, b, room) =>
    a.left >= b.left - room && a.right <= b.right + room &&
    a.top >= b.top - room && a.bottom <= b.bottom + room;
  for (const figure of document.querySelectorAll("figure")) {
    const svg = figure.querySelector("svg");
    const say = (what, text) => found.push(`${figure.id}: ${what}: ${text}`);
    const whole = svg.getBoundingClientRect();
    // Cells of a stack wait in the same place until they are chosen.
    const texts = [...svg.querySelectorAll("text")].filter(
      (t) => t.textContent.trim() && !t.closest("[display=none]"),
    );
    const boxes = texts.map(ink);
    texts.forEach((text, i) => {
      if (!within(boxes[i], whole, 1)) say("outside the picture", text.textContent);
      const box = text.closest(".box")?.querySelector("rect, circle, path, ellipse");
      if (box && !within(boxes[i], box.getBoundingClientRect(), 0.5))
        say("outside its box", text.textContent);
      for (let k = 0; k < i; k++) {
        const [a, b] = [boxes[i], boxes[k]];
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const along = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (across > 0.5 && along > 0.5)
          say("overlap", `${text.textContent} | ${texts[k].textContent}`);
      }
    });
  }
  return found;
}"""


def models():
    x = Input((8, 8, 3), name="image")
    left, right = Conv2D(4, 3, padding="same")(x), Conv2D(4, 5, padding="same")(x)
    yield Model(x, Dense(2)(Flatten()(Add()([left, right]))), name="branches")
    shared, a, b = Dense(4, name="shared_encoder"), Input((6,)), Input((6,))
    yield Model([a, b], Add()([shared(a), shared(b)]), name="siamese")
    inner = Sequential([Dense(4, input_shape=(3,)), Dense(2)], name="a_model_inside_of_a_model")
    steps = Input((None, 3))
    nested = TimeDistributed(inner)(steps)
    yield Model(steps, LSTM(3, return_state=True)(nested), name="nested")
    words = Sequential([Embedding(10000, 64, input_length=20), LSTM(32), Dense(1)], name="words")
    yield words


def costs_of(model):
    return model_diagram(model, expand_nested=True, show_costs=True)


def pictures():
    """(name, SVG) of all layers and views, wide ones too, of long texts, and of models."""
    found = []
    calls = dict(EXAMPLES)
    calls |= {f"huge{i}": call for i, call in enumerate(HUGE)}
    for name, (call, shape) in calls.items():
        state = state_of(call, shape)
        for view in panel.show(state)["views"]:
            narrow, wide = (panel.show(state, view, wide=wide) for wide in (False, True))
            assert "error" not in narrow, f"{call}: {narrow['error']}"
            found.append((f"{name}-{view}", narrow["svg"]))
            if wide["svg"] != narrow["svg"]:
                found.append((f"{name}-{view}-wide", wide["svg"]))
    for model in models():
        for options in ({}, {"expand_nested": True}, {"rankdir": "LR"}):
            label = "-".join(map(str, options)) or "usual"
            found.append((f"{model.name}-{label}", model_diagram(model, **options)))
    for make in [*test_boxes.MODELS, *test_models.MODELS]:
        model = make()
        found.append((f"{make.__module__}-{make.__name__}-costs", costs_of(model)))
        for width in (360, 640, 900):
            found.append((f"{make.__module__}-{make.__name__}-{width}", box_view(model, width)))
    for shape in ((), (3,), (40, 40), (5, 2, 9)):
        for scale in (1, 1e7, -1e-7):
            values = scale * np.random.RandomState(0).standard_normal(shape)
            found.append((f"tensor-{shape}-{scale}", tensor_view(K.variable(values))))
    found.append(("symbol", symbol_view(Input((1024, None, 100000, 3), name="image"))))
    return found


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    assert FONT, "make site comes first"
    folder = tmp_path_factory.mktemp("gallery")
    for part in ("assets", "live", "stylesheets", "runtime"):
        (folder / part).symlink_to(SITE / part)
    styles = sorted((SITE / "assets/stylesheets").glob("*.min.css"))
    styles += [SITE / "stylesheets/site.css", SITE / "live/layer-lab.css"]
    links = "".join(f'<link rel="stylesheet" href="{p.relative_to(SITE)}">' for p in styles)
    # In the page itself: a request can fail while Chromium is busy with a thousand pictures.
    content = base64.b64encode(FONT.read_bytes()).decode()
    font = (
        f"<style>@font-face{{font-family:Sans;src:url(data:font/ttf;base64,{content})}}"
        ".diagram text{font-family:system-ui,Sans,sans-serif}"
        ".diagram text[font-family*=mono]{font-family:monospace,Sans}</style>"
    )
    K.clear_session()
    found = pictures()
    for page, shown in (
        ("index.html", [(n, svg) for n, svg in found if not n.endswith("-wide")]),
        ("wide.html", [(n, svg) for n, svg in found if n.endswith("-wide")]),
    ):
        figures = "".join(f'<figure id="{name}">{svg}</figure>' for name, svg in shown)
        (folder / page).write_text(
            f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>图</title>'
            f'<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">'
            f'{links}{font}<body><article class="md-typeset"><div class="lab-figure">{figures}'
            "</div></article>"
        )
    with serve(folder) as host:
        yield host


@pytest.mark.parametrize(
    ("page", "scheme", "width"),
    [("", "default", 320), ("", "slate", 390), ("", "default", 1280), ("wide.html", "slate", 1280)],
)
def test_text_stays_in_its_box(browser, gallery, page, scheme, width):
    window = {"width": width, "height": 900}
    with open_page(browser, f"{gallery}/{page}", viewport=window) as tab:
        tab.evaluate(f'document.body.setAttribute("data-md-color-scheme", "{scheme}")')
        tab.evaluate("document.fonts.load('12px Sans', '形状').then(() => document.fonts.ready)")
        assert tab.evaluate("document.fonts.check('12px Sans', '形状')")
        assert tab.locator("figure").count() > (1 if page else 2) * len(EXAMPLES)
        problems = tab.evaluate(MEASURE)
        assert not problems, json.dumps(problems[:40], ensure_ascii=False, indent=1)


def test_the_measure_notices_a_text_that_is_too_long(browser, gallery):
    with open_page(browser, gallery) as tab:
        tab.evaluate("""document.querySelector('#Dense-shape .box text').textContent =
            '这一行字比它的框长得多'""")
        assert any("Dense-shape: outside its box" in problem for problem in tab.evaluate(MEASURE))


@pytest.mark.parametrize("scheme", ["default", "slate"])
def test_ink_stands_out(browser, gallery, scheme):
    """Texts against what they are written on: at least 4.5 to 1 (WCAG AA), also when lit up."""
    with open_page(browser, gallery) as tab:
        tab.evaluate(f'document.body.setAttribute("data-md-color-scheme", "{scheme}")')
        weak = tab.evaluate(
            """() => {
          const light = (colour) => {
            const [r, g, b] = colour.match(/[\\d.]+/g).map((v) => {
              v /= 255;
              return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const found = new Set();
          for (const text of document.querySelectorAll(".diagram .box text")) {
            const box = text.closest(".box").querySelector("rect");
            if (!box) continue;
            const [a, b] = [getComputedStyle(text).fill, getComputedStyle(box).fill].map(light);
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) found.add(`${ratio.toFixed(2)} ${text.closest("figure").id}`);
          }
          return [...found];
        }"""
        )
        assert not weak, weak[:20]


def test_the_page_that_is_measured_has_the_project_colours():
    assert "--diagram-group-0" in (ROOT / "docs/stylesheets/site.css").read_text()
