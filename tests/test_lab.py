"""<layer-lab> in Chromium: what it shows is what labkit computes, by mouse, touch and keyboard."""

import json
import re
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest

import labkit.layers
from labkit import backend as K
from labkit.diagrams import dependencies, steps
from labkit.diagrams.controls import controls
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.states import input_of, layer_of, state_of
from labkit.diagrams.steps import short_number
from labkit.diagrams.views import VIEWS
from labkit.layers import Conv2D, Dense
from tests.browser import START, open_page, record, run_cell
from tests.fences import ROOT

CONV = "layers/convolutional/Conv2D/"
DENSE = "layers/core/Dense/"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PARTS = "layer-lab, .lab-figure"


def lab_of(tab):
    lab = tab.locator("layer-lab").first
    lab.locator("[role=tab]").first.wait_for()
    return lab


def turn(lab, view):
    lab.get_by_role("tab", name=view, exact=True).click()
    lab.locator(f"[role=tab][aria-selected=true]:text-is('{view}')").wait_for(timeout=START)


def lit(lab, state):
    """The cells that are drawn in a state."""
    cells = lab.locator(f".cell[data-state={state}]")
    return set(cells.evaluate_all("cells => cells.map((cell) => cell.dataset.cell)"))


def numbers(lab, letter):
    """What is written into the cells of inputs (x), weights (w) or outputs (y), in order."""
    cells = lab.locator(f".cell[data-cell^={letter}]").evaluate_all(
        "cells => cells.map((cell) => [cell.dataset.cell, cell.textContent])"
    )
    return [text for _, text in sorted(cells, key=lambda cell: int(cell[0][1:]))]


def set_field(lab, name, value):
    field = lab.get_by_label(name, exact=True)
    if field.evaluate("field => field.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)


def test_hover_needs_no_python(browser, host):
    """The default's dependencies came with the page."""
    with open_page(browser, host + "/" + CONV) as tab:
        loads = []
        tab.on("request", lambda request: loads.append(request.url))
        lab = lab_of(tab)
        turn(lab, "依赖")
        about = dependencies(Conv2D(4, 3), (None, 6, 6, 3))
        for output in (0, 5, 31):
            lab.locator(f".cell[data-cell=y{output}]").hover()
            inputs = {f"x{i}" for i in np.flatnonzero(about.links[output])}
            weights = {f"w{w}" for w in np.flatnonzero(about.uses[output])}
            assert lit(lab, "used") == inputs | weights
            assert lit(lab, "chosen") == {f"y{output}"}
        lab.locator(".cell[data-cell=x14]").hover()
        assert lit(lab, "used") == {f"y{o}" for o in np.flatnonzero(about.links[:, 14])}
        lab.locator(".cell[data-cell=w3]").hover()
        assert lit(lab, "used") == {f"y{o}" for o in np.flatnonzero(about.uses[:, 3])}
        assert "16 个输出格" in lab.locator(".lab-tell").text_content()
        assert not [url for url in loads if "runtime" in url]


def test_without_javascript_all_pictures_are_there(browser, host):
    address = f"{host}/layers/recurrent/LSTM/"
    with open_page(browser, address, java_script_enabled=False) as tab:
        for view in ("shape", "dependency", "recurrent", "gates"):
            # Of a picture in two widths, the one that fits.
            drawn = tab.locator(f"layer-lab figure[data-view={view}] svg").all()
            assert [svg.is_visible() for svg in drawn].count(True) == 1


def test_a_change_redraws_at_once(browser, host):
    with open_page(browser, host + "/" + DENSE) as tab:
        lab = lab_of(tab)
        set_field(lab, "units", "5")
        lab.locator(".lab-cost", has_text="共 20 个参数。").wait_for(timeout=START)
        assert "(3, 5)" in lab.locator(".lab-picture").text_content()
        lab.get_by_label("use_bias", exact=True).uncheck()
        lab.locator(".lab-cost", has_text="kernel 3×5 = 15。").wait_for()
        lab.get_by_label("输入形状，轴 1").fill("7")
        lab.locator(".lab-cost", has_text="kernel 7×5 = 35。").wait_for()
        lab.get_by_role("button", name="输入形状：加一轴").click()
        lab.locator(".lab-cost", has_text="kernel 2×5 = 10。").wait_for()
        set_field(lab, "activation", '"relu"')
        lab.locator(".diagram text", has_text='activation="relu"').wait_for()
        # The legal numbers are asked of the layer itself.
        lab.get_by_text("不小于 1").wait_for()


def test_an_impossible_setting_explains_and_offers_a_way_out(browser, host):
    with open_page(browser, host + "/lab/") as tab:
        lab = lab_of(tab)
        turn(lab, "形状")
        set_field(lab, "kernel_size", "(9, 2)")
        alert = lab.get_by_role("alert")
        alert.get_by_text("窗口不能大于输入").wait_for(timeout=START)
        # What was typed stays, and so does the last picture.
        assert lab.get_by_label("kernel_size", exact=True).input_value() == "(9, 2)"
        assert lab.get_by_label("kernel_size", exact=True).get_attribute("aria-invalid") == "true"
        assert lab.locator(".lab-picture svg").count() == 1
        alert.get_by_role("button").first.click()
        lab.locator(".lab-error:empty").wait_for(state="attached")
        chosen = lab.get_by_label("kernel_size", exact=True).input_value()
        assert chosen == "(6, 2)"
        lab.locator(".diagram text", has_text=f"kernel_size={chosen}").wait_for()


def test_what_is_typed_is_never_run(browser, host):
    with open_page(browser, host + "/" + DENSE) as tab:
        lab = lab_of(tab)
        tab.evaluate("location.hash = '#lab&units=__import__(\"os\").getcwd()'")
        lab.get_by_role("alert").get_by_text("写成 Python 的数").wait_for(timeout=START)


def test_a_link_opens_one_setting(browser, host):
    link = '#lab&view=dependency&filters=1&padding="same"&strides=2&input=None,5,5,2&cell=y4'
    with open_page(browser, f"{host}/{CONV}{link}") as tab:
        lab = lab_of(tab)
        # Until Python is up, the default stands in.
        tab.locator("layer-lab .lab-side:not(.lab-stale)").wait_for(timeout=START)
        lab.locator(".cell[data-cell=y4][data-state=chosen]").wait_for()
        about = dependencies(Conv2D(1, 3, padding="same", strides=2), (None, 5, 5, 2))
        expected = {f"x{i}" for i in np.flatnonzero(about.links[4])}
        assert {cell for cell in lit(lab, "used") if cell[0] == "x"} == expected
        assert lab.get_by_label("padding", exact=True).input_value() == '"same"'
        assert lab.get_by_label("输入形状，轴 3").input_value() == "2"
        lab.locator(".cell[data-cell=y0]").click()
        again = tab.url
        assert parse_qs(urlsplit(again).fragment)["cell"] == ["y0"]
    with open_page(browser, again) as tab:
        lab_of(tab).locator(".cell[data-cell=y0][data-state=chosen]").wait_for(timeout=START)


def test_a_mask_of_time_steps(browser, host):
    with open_page(browser, host + "/layers/recurrent/LSTM/#lab&view=recurrent") as tab:
        lab = lab_of(tab)
        set_field(lab, "掩码遮住的时间步", "1，3")
        lab.locator(".lab-notes p", has_text="掩码跳过第 1、3 步").wait_for(timeout=START)
        again = tab.url
    with open_page(browser, again) as tab:
        lab_of(tab).locator(".lab-notes p", has_text="跳过第 1、3 步").wait_for(timeout=START)


def test_a_link_keeps_what_is_back_at_its_default(browser, host):
    with open_page(browser, host + "/layers/pooling/MaxPooling2D/") as tab:
        lab = lab_of(tab)
        assert lab.get_by_label("pool_size", exact=True).input_value() == "2"
        set_field(lab, "pool_size", "")
        again = tab.url
    with open_page(browser, again) as tab:
        assert lab_of(tab).get_by_label("pool_size", exact=True).input_value() == "(2, 2)"


PAGES = sorted((ROOT / "docs/layers").glob("*/*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_of_a_page_open_its_panel(browser, host, page):
    """In the view and the state that the sentence around them speaks of."""
    with open_page(browser, f"{host}/layers/{page.parent.name}/{page.stem}/") as tab:
        lab = lab_of(tab)
        own = {control["name"] for control in controls(getattr(labkit.layers, page.stem))}
        links = tab.locator("a[href^='#lab&']")
        assert links.count()
        for link in links.all():
            asked = parse_qs(urlsplit(link.get_attribute("href")).fragment)
            link.click()
            view = VIEWS[asked["view"][0]].title
            lab.locator(f"[role=tab][aria-selected=true]:text-is('{view}')").wait_for(timeout=START)
            lab.locator(".lab-error:empty").wait_for(state="attached")
            for name in asked.keys() & own:
                field = lab.get_by_label(name, exact=True)
                kind = field.get_attribute("type")
                shown = str(field.is_checked()) if kind == "checkbox" else field.input_value()
                assert shown == asked[name][0]
            assert lab.locator(".lab-phase input").first.is_checked() == ("training" in asked)
            if view == "逐步":
                backward = lab.locator(".lab-player select").input_value()
                assert backward == ("1" if "backward" in asked else "")


def test_the_second_picture_of_a_page_opens_in_the_panel(browser, host):
    with open_page(browser, host + "/" + CONV) as tab:
        lab = lab_of(tab)
        tab.get_by_role("link", name="在面板中打开").first.click()
        lab.locator(".diagram text", has_text='padding="same"').wait_for(timeout=START)


def test_the_copied_code_gives_the_picture(browser, host):
    options = {"permissions": ["clipboard-read", "clipboard-write"]}
    with open_page(browser, host + "/" + CONV, **options) as tab:
        lab = lab_of(tab)
        set_field(lab, "filters", "3")
        set_field(lab, "padding", '"same"')
        lab.locator(".lab-cost", has_text="共 84 个参数。").wait_for(timeout=START)
        lab.get_by_role("button", name="复制为代码").click()
        lab.get_by_text("已复制").wait_for()
        space = {}
        exec(tab.evaluate("navigator.clipboard.readText()"), space)
        assert space["y"].shape == (None, 6, 6, 3)
        assert space["layer"].count_params() == 84
        lab.get_by_role("button", name="复制链接").click()
        link = tab.evaluate("navigator.clipboard.readText()")
        assert parse_qs(urlsplit(link).fragment)["filters"] == ["3"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_as_files(browser, host, scheme):
    with open_page(browser, host + "/" + CONV, color_scheme=scheme) as tab:
        lab = lab_of(tab)
        turn(lab, "依赖")
        with tab.expect_download() as svg:
            lab.get_by_role("button", name="下载 SVG").click()
        assert svg.value.suggested_filename == "Conv2D-dependency.svg"
        text = svg.value.path().read_text()
        ElementTree.fromstring(text)
        assert "var(" not in text and "<script" not in text and "tabindex" not in text
        with tab.expect_download() as png:
            lab.get_by_role("button", name="下载 PNG").click()
        image = png.value.path().read_bytes()
        assert image[:8] == b"\x89PNG\r\n\x1a\n"
        view = re.search(r'viewBox="0 0 ([\d.]+)', text)
        assert view and int.from_bytes(image[16:20]) == int(2 * float(view[1]))


@pytest.mark.parametrize(
    ("layer", "call"),
    [
        ("Conv2D", 'Conv2D(2, 2, strides=2, activation="tanh")'),
        ("MaxPooling2D", "MaxPooling2D(3)"),
        ("LSTM", "LSTM(2, return_sequences=True)"),
        ("Embedding", "Embedding(5, 2)"),
    ],
)
def test_steps_show_the_layers_own_numbers(browser, host, layer, call):
    """After the last step of each direction: y, dx and dW as the tape computes them."""
    state = state_of(call, EXAMPLES[layer][1])
    walk = steps(layer_of(state), input_of(state))
    settings = "&".join(f"{name}={text}" for name, text in state["settings"].items())
    with open_page(browser, f"{host}/lab/#lab&view=steps&layer={layer}&{settings}") as tab:
        lab = lab_of(tab)
        lab.locator(".lab-player").wait_for(timeout=START)
        expect_numbers(lab, "y", walk.y, first=0)
        lab.get_by_label("第几步").fill(str(len(walk.y) - 1))
        assert numbers(lab, "x") == [short_number(n) for n in walk.x]
        assert numbers(lab, "w") == [short_number(n) for n in walk.W]
        assert numbers(lab, "y") == [short_number(n) for n in walk.y]
        lab.get_by_label("方向").select_option("1")
        assert numbers(lab, "y") == [short_number(n) for n in walk.dy]
        used = walk.about.gradient.any(axis=0)  # a number of a word gets none
        shown = numbers(lab, "x")
        assert [t or "0" for t in shown] == [short_number(n) for n in np.round(walk.dx, 9)]
        assert all(bool(text) == bool(u) for text, u in zip(shown, used, strict=True))
        shown = numbers(lab, "w")
        assert [t or "0" for t in shown] == [short_number(n) for n in np.round(walk.dW, 9)]


def expect_numbers(lab, letter, values, first):
    lab.locator(
        f".cell[data-cell={letter}{first}]", has_text=short_number(values[first])
    ).wait_for()


def test_a_step_adds_up(browser, host):
    """The products in the table are those of the definition, and so is their sum."""
    with open_page(browser, f"{host}/{DENSE}#lab&view=steps&units=2") as tab:
        lab = lab_of(tab)
        lab.locator(".lab-player").wait_for(timeout=START)
        lab.get_by_role("button", name="下一步").click()
        rows = [row.locator("td").all_text_contents() for row in lab.locator("tbody tr").all()]
        walk = steps(Dense(2), (None, 3))
        W = walk.W[:6].reshape(3, 2)
        assert [row[0] for row in rows] == ["x[0]", "x[1]", "x[2]"]
        assert [row[2] for row in rows] == ["kernel[0, 1]", "kernel[1, 1]", "kernel[2, 1]"]
        assert [float(row[4]) for row in rows] == pytest.approx(list(walk.x * W[:, 1]), abs=1e-3)
        text = lab.locator(".lab-account p").text_content()
        assert f"= {walk.y[1]:.3f}".rstrip("0") in text and "bias[1]" in text


def test_play_pause_and_scrub(browser, host):
    with open_page(browser, f"{host}/{DENSE}#lab&view=steps&units=4") as tab:
        lab = lab_of(tab)
        lab.locator(".lab-player").wait_for(timeout=START)
        lab.get_by_role("button", name="播放").click()
        lab.get_by_text("第 3 步，共 4 步").wait_for()
        lab.get_by_role("button", name="暂停").click()
        stopped = lab.locator("output").text_content()
        tab.wait_for_timeout(1500)
        assert lab.locator("output").text_content() == stopped
        lab.get_by_label("第几步").fill("0")
        assert lab.locator("output").text_content() == "第 1 步，共 4 步"
        # A cell of the picture is a step, too.
        lab.locator(".cell[data-cell=y3]").click()
        assert lab.locator("output").text_content() == "第 4 步，共 4 步"
        assert parse_qs(urlsplit(tab.url).fragment)["step"] == ["3"]


def test_keyboard_alone(browser, host):
    with open_page(browser, host + "/" + CONV) as tab:
        lab = lab_of(tab)
        lab.get_by_role("tab", name="立体").focus()
        tab.keyboard.press("ArrowRight")
        tab.keyboard.press("ArrowRight")
        assert lab.get_by_role("tab", name="依赖").get_attribute("aria-selected") == "true"
        focused = "document.activeElement.getAttribute('aria-label')"
        for _ in ("比较", "全屏", "图"):
            tab.keyboard.press("Tab")
        assert tab.evaluate(focused) == "x[0, 0, 0]"
        tab.keyboard.press("ArrowDown")
        tab.keyboard.press("ArrowRight")
        assert tab.evaluate(focused).startswith("x[1, 1, 0]")
        assert lit(lab, "chosen") == {"x21"}
        tell = lab.locator(".lab-tell")
        assert "x[1, 1, 0] 影响" in tell.text_content()
        assert tell.get_attribute("aria-live") == "polite"
        tab.keyboard.press("Tab")  # one stop a tensor
        assert tab.evaluate(focused).startswith("kernel[0, 0, 0, 0]")


def test_touch(browser, host):
    with open_page(browser, host + "/" + CONV, **PHONE) as tab:
        lab = lab_of(tab)
        lab.get_by_role("tab", name="依赖").tap()
        lab.locator(".cell[data-cell=y9]").tap()
        assert lit(lab, "chosen") == {"y9"}
        wide = tab.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390


def test_print_shows_the_picture_and_no_buttons(browser, host):
    with open_page(browser, host + "/" + CONV) as tab:
        lab = lab_of(tab)
        tab.emulate_media(media="print")
        assert lab.locator(".lab-picture svg").is_visible()
        assert not lab.locator(".lab-form").is_visible()
        assert not lab.locator(".lab-tools").is_visible()


def test_drawing_disturbs_no_cell(browser, host):
    """Names and random numbers of the reader's program go on as without the panel."""
    with open_page(browser, host + "/" + DENSE) as tab:
        before = run_cell(tab, 0)
        lab = lab_of(tab)
        for units in ("3", "4", "5"):
            set_field(lab, "units", units)
            lab.locator(".diagram text", has_text=f"units={units}").wait_for(timeout=START)
        assert run_cell(tab, 0) == before


def test_every_layer_and_every_view(browser, host):
    """On the page where a layer can be chosen: each draws, in every view, with what labkit says."""
    with open_page(browser, host + "/lab/") as tab:
        lab = lab_of(tab)
        tab.route("**/runtime/**", lambda route: pytest.fail("no default needs Python"))
        picker = lab.get_by_label("层", exact=True)
        names = picker.locator("option").all_text_contents()
        assert set(names) == set(EXAMPLES)
        K.clear_session()
        for name in names[::-1]:  # another one than the page's own comes first
            picker.select_option(name)
            label = f"{state_of(*EXAMPLES[name])['layer']}"
            kind = getattr(labkit.layers, label).__name__
            lab.locator(f".diagram[aria-label='{kind} 层的形状图']").wait_for(timeout=START)
            tab.wait_for_url(re.compile(f"layer={name}&"))
            kinds = lab.locator(".lab-form .lab-field").evaluate_all(
                "fields => fields.map((f) => [f.firstChild.textContent, f.className])"
            )
            own = controls(getattr(labkit.layers, label))
            assert dict(kinds) == {c["name"]: f"lab-field lab-{c['kind']}" for c in own}
            for tabs in lab.get_by_role("tab").all():
                label = tabs.text_content()
                turn(lab, label)
                assert lab.locator(".lab-error:empty").count() == 1, f"{name} {label}"
                assert lab.locator(".lab-picture svg").count() == 1
            turn(lab, "形状")


def test_nothing_is_asked_twice(browser, host):
    """Python would draw twice what is shown once."""
    with open_page(browser, host + "/lab/") as tab:
        lab = lab_of(tab)
        record(tab)
        lab.get_by_label("层", exact=True).select_option("Dense")
        lab.locator(".diagram[aria-label='Dense 层的形状图']").wait_for(timeout=START)
        tab.evaluate("""() => {
          const field = document.querySelector("layer-lab input[type=number]");
          for (const value of ["5", "6", "7", "8"]) {
            field.value = value;
            field.dispatchEvent(new Event("input", { bubbles: true }));
          }
        }""")
        lab.locator(".diagram text", has_text="units=8").wait_for()
        lab.get_by_text("不小于 1").wait_for()  # the ranges, asked last
        asked = tab.evaluate("asked.filter((job) => job.type === 'lab').map((job) => job.request)")
        assert len(asked) == len(set(asked))
        # The default came in a file. Of what was typed while Python was busy only the last is asked
        # for; 5 may be too.
        units = [json.loads(a)["state"]["settings"]["units"] for a in asked if '"show"' in a]
        assert units in (["5", "8"], ["8"])


def test_a_late_answer_is_not_shown(browser, host):
    """The worker draws the setting before once more, while the panel waits for the next."""
    with open_page(browser, host + "/" + DENSE) as tab:
        lab = lab_of(tab)
        record(tab)
        set_field(lab, "units", "5")
        lab.get_by_text("不小于 1").wait_for(timeout=START)  # the ranges, asked last
        tab.evaluate("""() => {
          worker.postMessage(asked.find((job) => job.request?.includes('"show"')));
          const field = document.querySelector("layer-lab input[type=number]");
          field.value = "6";
          field.dispatchEvent(new Event("input", { bubbles: true }));
        }""")
        lab.locator(".diagram text", has_text="units=6").wait_for()


def test_the_view_turned_to_last_stays(browser, host):
    """Also when Python answers later for a view that the reader has left."""
    with open_page(browser, host + "/" + DENSE) as tab:
        lab = lab_of(tab)
        lab.get_by_role("tab", name="逐步").click()
        turn(lab, "形状")
        # Until a question that comes after it has been answered.
        set_field(lab, "units", "5")
        lab.locator(".diagram text", has_text="units=5").wait_for(timeout=START)
        assert lab.get_by_role("tab", selected=True).text_content() == "形状"
        assert "view=shape" in tab.url


def test_another_layer_is_shown_in_the_same_view(browser, host):
    with open_page(browser, host + "/lab/") as tab:
        lab = lab_of(tab)
        turn(lab, "依赖")
        lab.get_by_label("层", exact=True).select_option("MaxPooling2D")
        lab.locator(".diagram[aria-label='MaxPooling2D 层的依赖图']").wait_for(timeout=START)


@pytest.mark.parametrize(
    ("address", "options"),
    [
        (DENSE, {}),
        (CONV, {"color_scheme": "dark"}),
        ("layers/recurrent/LSTM/", {}),
        ("lab/", {"color_scheme": "dark", **PHONE}),
    ],
)
def test_axe_finds_nothing(browser, host, address, options):
    axe = ROOT / "node_modules/axe-core/axe.min.js"
    with open_page(browser, f"{host}/{address}", **options) as tab:
        lab = lab_of(tab)
        tab.evaluate(axe.read_text())
        for view in lab.get_by_role("tab").all_text_contents():
            turn(lab, view)
            found = tab.evaluate(f"axe.run({json.dumps(PARTS)})")
            problems = [
                (rule["id"], rule["help"], [node["html"][:150] for node in rule["nodes"]][:3])
                for rule in found["violations"]
            ]
            assert not problems, f"{view}: {problems}"
