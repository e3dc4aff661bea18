"""The volume view in Chromium: steps by player, mouse and keys; links; no motion if asked."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from labkit.diagrams import panel
from labkit.diagrams.states import example, state_of
from tests.browser import START, open_page
from tests.fences import ROOT
from tests.test_lab import lab_of, turn

CALL, SHAPE = "Conv2D(2, 3)", (None, 6, 6, 1)  # of the page 层实验台
WIDE = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
AXE = ROOT / "node_modules/axe-core/axe.min.js"


def walk_of(call=CALL, shape=SHAPE):
    return panel.show(state_of(call, shape), "volume")["data"]


def place(lab):
    """(step, of how many)"""
    found = re.search(r"第 (\d+) 步，共 (\d+) 步", lab.locator("output").first.text_content())
    assert found
    return int(found[1]) - 1, int(found[2])


def marked(lab, state):
    cells = lab.locator(f".voxel[data-state={state}]")
    return set(cells.evaluate_all("cells => cells.map((cell) => cell.dataset.voxel)"))


def account(lab):
    return lab.locator(".lab-account").first.text_content()


def expect(lab, step, data):
    """Everything that the step changes is as Python says."""
    move = data["walk"][step]
    assert place(lab) == (step, len(data["walk"]))
    assert account(lab) == move["tell"]
    assert marked(lab, "now") == set(move["cells"])
    assert marked(lab, "done") == {c for m in data["walk"][:step] for c in m["cells"]}
    for key, text in move["texts"].items():
        assert lab.locator(f"[data-text={key}] text").text_content() == text
    assert lab.locator(".kernel[data-state=now]").get_attribute("data-kernel") == move["kernel"]
    # The window's own corner stands on the corner of its first cell.
    mover = lab.locator(".mover").first
    drawn = re.findall(r"-?[\d.]+", mover.get_attribute("transform"))
    pitch, cell, across, up = map(float, mover.get_attribute("data-steps").split())
    frame, row, column, channel = move["at"]["b0-0"]
    wanted = (frame * pitch + column * cell + channel * across, row * cell - channel * up)
    assert tuple(map(float, drawn)) == pytest.approx(wanted, abs=0.06)


@pytest.mark.parametrize("options", [WIDE, PHONE])
def test_every_step_is_shown_as_python_says(browser, host, options):
    data = walk_of()
    with open_page(browser, f"{host}/lab/#lab&view=volume", **options) as tab:
        lab = lab_of(tab)
        lab.locator(".voxel[data-state=now]").wait_for()
        expect(lab, data["middle"], data)
        for step in (0, 1, 9, len(data["walk"]) - 1):
            lab.get_by_label("第几步").fill(str(step))
            expect(lab, step, data)
        assert len(marked(lab, "done")) + 1 == 4 * 4 * 2  # the last step shows all outputs


def test_a_cell_is_a_step_by_mouse_and_keys(browser, host):
    data = walk_of()
    with open_page(browser, f"{host}/lab/#lab&view=volume", **WIDE) as tab:
        lab = lab_of(tab)
        lab.locator(".voxel[data-voxel=v1-0]").hover()
        assert account(lab) == data["walk"][0]["tell"]
        lab.locator(".voxel[data-voxel=v1-8]").click()
        expect(lab, 8, data)
        tab.mouse.move(5, 5)
        expect(lab, 8, data)
        assert parse_qs(urlsplit(tab.url).fragment)["step"] == ["8"]
        lab.locator(".voxel[data-voxel=v1-8]").focus()
        for key, number in [
            ("ArrowRight", 10),
            ("ArrowDown", 18),
            ("PageDown", 19),
            ("ArrowLeft", 17),
            ("ArrowUp", 9),
            ("PageUp", 8),
            ("ArrowLeft", 8),  # nothing beyond the edge
        ]:
            tab.keyboard.press(key)
            cell = tab.evaluate("document.activeElement.dataset.voxel")
            assert cell == f"v1-{number}"
            expect(lab, number, data)
        focused = lab.locator(".voxel[tabindex='0']")
        assert focused.count() == 1
        assert focused.get_attribute("aria-label") == "y[1, 0, 0]"
        assert focused.get_attribute("role") == "button"


def test_a_link_opens_the_step_that_was_seen(browser, host):
    data = walk_of()
    with open_page(browser, f"{host}/lab/#lab&view=volume&step=0", **WIDE) as tab:
        lab = lab_of(tab)
        lab.locator(".voxel[data-state=now]").wait_for()
        expect(lab, 0, data)
    with open_page(browser, f"{host}/lab/#lab&view=volume&step=9999", **WIDE) as tab:
        lab = lab_of(tab)
        lab.locator(".voxel[data-state=now]").wait_for()
        expect(lab, len(data["walk"]) - 1, data)


def test_another_view_stays_on_the_step(browser, host):
    with open_page(browser, f"{host}/lab/#lab&view=volume&step=7", **WIDE) as tab:
        lab = lab_of(tab)
        lab.locator(".voxel[data-state=now]").wait_for()
        turn(lab, "逐步")
        lab.locator(".cell[data-cell=y7][data-state=chosen]").wait_for(timeout=START)


def test_it_plays_and_a_click_stops_it(browser, host):
    with open_page(browser, f"{host}/lab/#lab&view=volume&step=0", **WIDE) as tab:
        lab = lab_of(tab)
        lab.locator(".voxel[data-state=now]").wait_for()
        said = lab.locator(".lab-account").first
        assert said.get_attribute("aria-live") == "polite"
        lab.get_by_role("button", name="播放").click()
        assert said.get_attribute("aria-live") == "off"
        lab.get_by_text("第 3 步，").wait_for()
        lab.locator(".voxel[data-voxel=v1-20]").click()
        tab.wait_for_timeout(1300)
        assert place(lab)[0] == 20
        assert said.get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_glides_where_motion_is_not_wanted(browser, host, motion):
    options = {**WIDE, "reduced_motion": motion}
    with open_page(browser, f"{host}/lab/#lab&view=volume&step=0", **options) as tab:
        lab = lab_of(tab)
        lab.locator(".voxel[data-state=now]").wait_for()
        tab.wait_for_timeout(400)
        glides = tab.evaluate(
            """() => {
          [...document.querySelectorAll("button")].find((b) => b.textContent === "下一步").click();
          return document.querySelectorAll(".mover")[0].getAnimations()
            .map((animation) => animation.effect.getTiming().duration);
        }"""
        )
        assert glides == ([] if motion == "reduce" else [180])


def test_a_change_redraws_it(browser, host):
    with open_page(browser, f"{host}/lab/#lab&view=volume", **WIDE) as tab:
        lab = lab_of(tab)
        lab.get_by_label("padding", exact=True).select_option('"same"')
        data = walk_of('Conv2D(2, 3, padding="same")')
        lab.get_by_text(f"共 {len(data['walk'])} 步").wait_for(timeout=START)
        expect(lab, data["middle"], data)
        assert lab.locator(".shell").count()


@pytest.mark.parametrize("layer", ["Conv2DTranspose", "SeparableConv2D", "MaxPooling3D"])
def test_what_is_partly_written_is_told_apart(browser, host, layer):
    data = panel.show(example(layer), "volume")["data"]
    last = {c: n for n, move in enumerate(data["walk"]) for c in move["cells"]}
    with open_page(browser, f"{host}/lab/#lab&view=volume&layer={layer}", **WIDE) as tab:
        lab = lab_of(tab)
        lab.locator(".voxel[data-state=now]").first.wait_for()
        for step in (0, len(data["walk"]) // 2, len(data["walk"]) - 1):
            lab.get_by_label("第几步").fill(str(step))
            now = set(data["walk"][step]["cells"])
            begun = {c for move in data["walk"][: step + 1] for c in move["cells"]}
            assert marked(lab, "now") == now
            assert marked(lab, "done") == {c for c in begun if last[c] <= step} - now
            assert marked(lab, "part") == {c for c in begun if last[c] > step} - now
            hidden = lab.locator(".mover[visibility=hidden]").count()
            boxes = lab.locator(".mover").count()
            assert boxes - hidden == len(data["walk"][step]["at"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(browser, host, scheme):
    options = {**WIDE, "color_scheme": scheme}
    with open_page(browser, f"{host}/lab/#lab&view=volume", **options) as tab:
        lab_of(tab).locator(".voxel[data-state=now]").wait_for()
        tab.evaluate(AXE.read_text())
        found = tab.evaluate(
            "axe.run('layer-lab').then((all) => all.violations.map((v) => `${v.id}: "
            "${v.nodes.map((n) => n.html.slice(0, 90)).slice(0, 3).join(' | ')}`))"
        )
        assert not found, found
