"""A model in the page: as boxes or as a graph, layers that answer, scripts that are pasted."""

import json
import re

import pytest

from labkit.layers import Conv2D, Dense, Flatten, MaxPooling2D
from labkit.models import Sequential
from tests.browser import SITE, START, cell, finish, open_page, run_cell, serve
from tests.live.pages import code, fence, live
from tests.test_accessibility import AXE, OPTIONS
from tests.test_payloads import PAYLOADS, RUN

CODE = """from labkit.layers import Conv2D, Dense, Flatten, MaxPooling2D
from labkit.models import Sequential
m = Sequential()
m.add(Conv2D(8, 3, activation="relu", input_shape=(28, 28, 1)))
m.add(MaxPooling2D())
m.add(Flatten())
m.add(Dense(10, kernel_initializer="he_normal"))
m"""
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def view_of(page, index=0):
    cell(page, index).locator("button[name=run]").click()
    view = cell(page, index).locator("model-view")
    view.wait_for(timeout=START)
    return view


def test_a_model_that_ends_a_cell_answers(open_cells):
    model = Sequential(
        [Conv2D(8, 3, input_shape=(28, 28, 1)), MaxPooling2D(), Flatten(), Dense(10)]
    )
    with open_cells(CODE) as page:
        view = view_of(page)
        said = view.locator(".model-totals").text_content()
        assert f"{model.count_params():,} 个参数" in said and "4 层" in said
        names = view.locator(".model-stage .node").evaluate_all(
            "all => all.map((one) => one.dataset.key)"
        )
        assert names[1:] == ["conv2d_1", "max_pooling2d_1", "flatten_1", "dense_1"]
        view.locator(".node[data-key=conv2d_1]").click()
        facts = view.locator(".model-facts").inner_text()
        assert 'filters=8, kernel_size=(3, 3), activation="relu"' in facts
        assert "(None, 28, 28, 1) → (None, 26, 26, 8)" in facts
        assert "kernel 3×3×1×8 = 72，bias 8，共 80 个参数。" in facts
        assert f"{26 * 26 * 72:,}" in facts
        address = view.locator(".model-facts a").get_attribute("href")
        link = "lab/#lab&layer=Conv2D&view=shape&filters=8&kernel_size=%283%2C+3%29"
        assert link in address and address.endswith("&input=None%2C28%2C28%2C1")
        # The same layer in the other picture, and the numbers of the table.
        view.get_by_role("tab", name="结构").click()
        assert view.locator(".node[aria-pressed=true]").get_attribute("data-key") == "conv2d_1"
        view.locator(".model-table summary").click()
        rows = view.locator("tbody tr").evaluate_all(
            "rows => rows.map((row) => [...row.cells].map((one) => one.textContent))"
        )
        counts = [layer.count_params() for layer in model.layers]
        assert [int(row[3].replace(",", "")) for row in rows[1:]] == [*counts, sum(counts)]
        assert "28,26,26" not in rows[1][2]
        page.locator("live-code .live-spoken", has_text="4 层").wait_for(state="attached")


def test_by_keyboard(open_cells):
    with open_cells(CODE) as page:
        view = view_of(page)
        view.get_by_role("tab", name="方块").focus()
        page.keyboard.press("Tab")
        focused = "document.activeElement.dataset.key"
        assert page.evaluate(focused) == "conv2d_1_input"
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        assert view.locator(".model-facts strong").text_content() == "MaxPooling2D"
        page.keyboard.press("End")
        page.keyboard.press(" ")
        assert 'kernel_initializer="he_normal"' in view.locator(".model-facts").inner_text()
        page.keyboard.press("Home")
        assert page.evaluate(focused) == "conv2d_1_input"


def test_it_fits_the_page(open_cells):
    with open_cells(CODE, **PHONE) as page:
        view = view_of(page)
        stage, drawing = view.locator(".model-stage"), view.locator(".model-stage svg")
        assert float(drawing.get_attribute("width")) == 360
        assert drawing.bounding_box()["width"] <= stage.bounding_box()["width"]
        page.set_viewport_size({"width": 1280, "height": 900})
        page.wait_for_function(
            "document.querySelector('.model-stage svg').width.baseVal.value > 400"
        )


# --- what the reader's code may send in labkit's name ---

HOSTILE = """import json
class Bad:
    def _repr_svg_(self):
        return '<svg xmlns="http://www.w3.org/2000/svg"/>'
    def _repr_model_(self):
        return json.dumps(GIVEN)
Bad()"""
PICTURES = ["360", "640", "900", "graph"]
EMPTY = '<svg width="10" height="10"><g class="node" data-key="a"></g></svg>'


def hostile(payload):
    """An outline in which every text is the payload, and every picture holds it."""
    picture = (
        f'<svg width="100" height="50" onload="{RUN}" style="position:fixed" class="md-dialog">'
        f'<g class="node" data-key="a" onclick="{RUN}" tabindex="0" autofocus onfocus="{RUN}">'
        f'<g class="md-header"></g>'
        f'<a href="javascript:{RUN}"><rect width="9" height="9" fill="url(THERE/fill)"/></a>'
        f'<text style="position:fixed" x="1" y="9">{payload}</text>{payload}</g>'
        f'<g class="node" data-key="b"><rect x="20" width="9" height="9" fill="#112233"/></g>'
        f'<foreignObject width="9" height="9"><div onclick="{RUN}">{payload}</div></foreignObject>'
        f'<use href="THERE/use"/><image href="THERE/image"/><script>{RUN}</script>'
        f'<style>* {{ background: url(THERE/style) }}</style><animate attributeName="href"/></svg>'
    )
    call = {
        "key": "a",
        "box": payload,
        "kind": payload,
        "settings": {payload: payload, "__proto__": payload},
        "inputs": [[None, payload]],
        "outputs": payload,
        "parameters": payload,
        "sum": payload,
        "multiplications": payload,
        "panel": {"layer": "Dense", "settings": {payload: payload}, "inputs": [[None, 3]]},
    }
    return {
        "name": payload,
        "kind": payload,
        "layers": payload,
        "parameters": 1,
        "calls": [call, {**call, "key": "b", "panel": {"layer": payload}}, payload, None],
        "pictures": dict.fromkeys(PICTURES, picture),
    }


def test_no_code_gets_into_the_page_through_a_model(browser, host, write):
    """Also where no policy of the page would stop it."""
    texts = list(PAYLOADS.values())
    name = write(
        "hostile-models.html",
        live(*(HOSTILE.replace("GIVEN", repr(hostile(text))) for text in texts)),
    )
    with browser.new_context(bypass_csp=True) as context:
        page, asked = context.new_page(), []
        context.on("request", lambda request: asked.append(request.url))
        page.goto(f"{host}/{name}")
        for index in range(len(texts)):
            view = view_of(page, index)
            for node in view.locator(".model-stage .node").all():
                node.dispatch_event("click")
            view.locator(".model-table summary").click()
            made = view.locator(".model-stage").evaluate(
                """stage => [...stage.querySelectorAll("*")].flatMap((one) => [
                    one.localName, ...one.getAttributeNames().map((name) => `@${name}`)])"""
            )
            elements = {one for one in made if one[0] != "@"}
            assert elements <= {"svg", "g", "rect", "text", "path"}
            assert set(made) - elements <= {
                f"@{name}"
                for name in """class viewBox width height role aria-label tabindex aria-pressed
                data-key x y fill""".split()
            }
            assert view.locator("[class*=md-]").count() == 0
            for address in view.locator("a").evaluate_all("all => all.map((one) => one.href)"):
                assert address.startswith(f"{host}/lab/#lab&layer=Dense&")
        assert page.evaluate("[globalThis.payload, ({}).innerHTML]") == [None, None]
        assert not [url for url in asked if "THERE" in url]


@pytest.mark.parametrize(
    "given",
    [
        "3",
        "'x' * 10 ** 6",
        "{}",
        "{'pictures': {'360': 3}}",
        repr({"pictures": dict.fromkeys(PICTURES, f"<p>{EMPTY}")}),
        repr({"pictures": dict.fromkeys(PICTURES, EMPTY.replace("10", "1e9"))}),
    ],
)
def test_what_is_no_model_stays_an_image(open_cells, given):
    with open_cells(HOSTILE.replace("GIVEN", given)) as page:
        assert len(run_cell(page, 0).figures) == 1
        assert page.locator("model-view").count() == 0


# --- scripts that are pasted ---

SCRIPT = "from keras.models import Sequential\nfrom keras.layers import Dense"
MODEL = f"{SCRIPT}\nmodel = Sequential([Dense(4, input_shape=(3,))])"


@pytest.fixture
def open_lab(open_cells):
    def open_lab(text=MODEL, **options):
        return open_cells(text=fence(text, ".live .model"), **options)

    return open_lab


def paste(page, text):
    cell(page, 0).locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def test_a_script_becomes_its_model(open_lab):
    with open_lab() as page:
        assert cell(page, 0).get_by_role("button", name="看模型").count() == 1
        view = view_of(page)
        assert "16 个参数" in view.locator(".model-totals").text_content()
        paste(page, MODEL + "\nmodel.fit([[1]], [[1]])\nprint('on')")
        cell(page, 0).locator("button[name=run]").click()
        cell(page, 0).locator(
            ".note", has_text="没有运行第 4 行（训练、评估、打印、保存、画图）。"
        ).wait_for()
        assert finish(page, 0).text == ["on"]


def test_an_error_marks_its_line(open_lab):
    with open_lab() as page:
        view_of(page)
        paste(page, MODEL + "\nmodel.add(Dens(3))")
        cell(page, 0).locator("button[name=run]").click()
        cell(page, 0).locator(".live-wrong", has_text="Dens(3)").wait_for()
        assert "没有名字 Dens，最像的是 Dense。" in finish(page, 0).error
        # The model as far as it came.
        assert page.locator("model-view").count() == 1


def test_a_script_without_end_can_be_stopped(open_lab):
    with open_lab() as page:
        view_of(page)
        paste(page, MODEL + "\nwhile True: pass")
        cell(page, 0).locator("button[name=run]").click()
        cell(page, 0).locator(".live-status", has_text="运行中").wait_for()
        cell(page, 0).locator("button[name=stop]").click()
        assert "已停止，停在第 4 行" in finish(page, 0).error


@pytest.mark.parametrize("number", range(5))
def test_examples(open_lab, number):
    with open_lab() as page:
        page.locator("model-lab select").select_option(str(number))
        view_of(page)
        assert finish(page, 0).error is None


def test_nothing_typed_is_lost(open_lab):
    mine = MODEL + "  # mine"
    with open_lab() as page:
        paste(page, mine)
        page.locator("model-lab select").select_option("1")
        assert "VGG" not in code(page, 0) and "128, 256" in code(page, 0)
        page.locator("model-lab [role=status]", has_text="找回我的代码").wait_for()
        page.reload()
        cell(page, 0).get_by_role("button", name="找回我的代码").click()
        assert code(page, 0).endswith("# mine")


def test_a_link_holds_the_code_and_runs_nothing(open_lab):
    mine = MODEL + "  # 链接里的 ＋ 汉字 &=#%"
    with open_lab() as page:
        page.evaluate(
            """() => Object.defineProperty(navigator, "clipboard", {
                value: { writeText: async (text) => (window.copied = text) },
            })"""
        )
        page.locator("model-lab select").wait_for()
        paste(page, mine)
        page.get_by_role("button", name="复制这段代码的链接").click()
        page.locator("model-lab [role=status]", has_text="已复制").wait_for()
        link = page.evaluate("copied")
        assert re.search(r"#model=[\w-]+$", link)
        paste(page, "mine = 1")
        page.evaluate("link => location.hash = new URL(link).hash", link)
        page.locator("model-lab [role=status]", has_text="这是链接里的代码").wait_for()
        assert code(page, 0).endswith("汉字 &=#%")
        assert page.locator(".live-output").text_content() == ""
        cell(page, 0).get_by_role("button", name="找回我的代码").click()
        assert code(page, 0) == "mine = 1"
        for bad in ("#model=", "#model=!!!", "#model=AAAA", "#model=" + "A" * 9000):
            page.evaluate("hash => location.hash = hash", bad)
            page.locator("model-lab [role=status]", has_text="读不出来").wait_for()
            page.evaluate("document.querySelector('model-lab [role=status]').textContent = ''")
        assert code(page, 0) == "mine = 1"


def test_a_link_too_long_is_not_made_and_a_bomb_not_opened(open_lab):
    with open_lab() as page:
        page.locator("model-lab select").wait_for()
        paste(page, "".join(f"x{n} = {n * 7919 % 104729}\n" for n in range(4000)))
        page.get_by_role("button", name="复制这段代码的链接").click()
        page.locator("model-lab [role=status]", has_text="代码太长").wait_for()
        bomb = page.evaluate(
            """async () => {
                const big = new Blob(["#".repeat(3e6)]).stream();
                const packed = big.pipeThrough(new CompressionStream("deflate-raw"));
                const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
                return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
            }"""
        )
        assert len(bomb) < 8000
        page.evaluate("hash => location.hash = hash", f"#model={bomb}")
        page.locator("model-lab [role=status]", has_text="读不出来").wait_for()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_picture_is_there_before_python_and_without_scripts(browser, width):
    options = {"viewport": {"width": width, "height": 844}, "java_script_enabled": False}
    with serve(SITE) as host, open_page(browser, f"{host}/lab/", **options) as page:
        shown = [svg for svg in page.locator(".model-still svg").all() if svg.is_visible()]
        assert len(shown) == 1 and "28×28×6" in shown[0].text_content()
        assert shown[0].bounding_box()["width"] <= page.locator("article").bounding_box()["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, scheme):
    with (
        serve(SITE) as host,
        open_page(browser, f"{host}/lab/", color_scheme=scheme, **PHONE) as page,
    ):
        page.locator("model-lab select").wait_for()
        assert page.locator(".model-still").is_visible()
        page.locator("model-lab select").select_option("3")
        assert not page.locator(".model-still").is_visible()
        view = view_of(page)
        assert not page.locator(".model-still").is_visible()
        page.evaluate(AXE.read_text())
        view.locator(".model-table summary").click()
        for tab in ("方块", "结构"):
            view.get_by_role("tab", name=tab).click()
            view.locator(".model-stage .node[role=button]").nth(1).click()
            problems = [
                (rule["id"], [node["html"][:200] for node in rule["nodes"]][:3])
                for rule in page.evaluate(f"axe.run('article', {json.dumps(OPTIONS)})")[
                    "violations"
                ]
            ]
            assert not problems, problems
        # The link leads into the panel above.
        view.locator(".model-facts a").click()
        lab = page.locator("layer-lab")
        lab.locator("select").first.wait_for()
        page.wait_for_function("document.querySelector('layer-lab select').value === 'Conv2D'")
