"""The picture of recurrent layers in the panel: walked, played backwards, lengthened, linked."""

from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from labkit.diagrams.gauges import number
from labkit.diagrams.passage import passage, sizes
from labkit.diagrams.states import example, input_of, layer_of
from labkit.diagrams.timeline import brief
from tests.browser import START, open_page

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def panel_of(tab):
    lab = tab.locator("layer-lab").first
    lab.locator(".lab-player").wait_for(timeout=START)
    return lab


def run_of(name, **state):
    found = {**example(name), **state}
    return passage(layer_of(found), input_of(found), found["masked"])


def drawn(lab, part, name):
    return lab.locator(
        f'[data-inside="{part}"] [data-gauge="{name}"] [data-number]'
    ).all_text_contents()


def expect_step(lab, run, part, step):
    for name, values in run.parts[part].values.items():
        if found := drawn(lab, part, name):
            assert found == [number(v) for v in np.round(values[step], 4)], (name, step)


def strip(lab, name):
    return lab.locator(f'[data-sizes="{name}"] text[data-order]').all_text_contents()


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN", "CuDNNGRU"])
def test_every_step_shows_the_numbers_of_the_run(browser, host, name):
    run = run_of(name)
    with open_page(browser, f"{host}/lab/#lab&view=recurrent&layer={name}") as tab:
        lab = panel_of(tab)
        last = run.shape[1] - 1
        expect_step(lab, run, 0, last)  # as the still picture
        assert lab.get_by_label("第几步").input_value() == str(last)
        for step in range(last + 1):
            lab.get_by_label("第几步").fill(str(step))
            expect_step(lab, run, 0, step)
            chosen = lab.locator("[data-step][data-state=chosen]")
            assert chosen.get_attribute("data-order") == str(step)
            said = lab.locator(".lab-account").text_content()
            assert f"第 {step + 1} 步读 x_{step}" in said
            assert number(round(float(run.parts[0].values["h′"][step][0]), 4)) in said


def test_backwards_the_bars_are_the_gradients(browser, host):
    run = run_of("LSTM")
    with open_page(browser, f"{host}/lab/#lab&view=recurrent&layer=LSTM") as tab:
        lab = panel_of(tab)
        size = sizes(run.parts[0])
        for name in "hcx":
            assert strip(lab, name) == [brief(float(f"{v:.4g}")) for v in size["forward"][name]]
        lab.get_by_label("方向").select_option("1")
        for name in "hcx":
            assert strip(lab, name) == [brief(float(f"{v:.4g}")) for v in size["backward"][name]]
        said = lab.locator(".lab-account").text_content()
        ends = [brief(float(f"{size['backward']['h'][k]:.4g}")) for k in (-1, 0)]
        assert f"从 {ends[0]} 变成 {ends[1]}" in said
        assert f"遗忘门平均 {run.parts[0].values['f'].mean():.2f}" in said


def test_a_link_keeps_step_direction_and_cell(browser, host):
    with open_page(browser, f"{host}/lab/#lab&view=recurrent&layer=Bidirectional") as tab:
        lab = panel_of(tab)
        lab.get_by_label("单元", exact=True).select_option("1")
        lab.get_by_label("第几步").fill("1")
        lab.get_by_label("方向").select_option("1")
        again = tab.url
        kept = parse_qs(urlsplit(again).fragment)
        assert (kept["cell"], kept["step"], kept["backward"]) == (["p1"], ["1"], ["1"])
    run = run_of("Bidirectional")
    with open_page(browser, again) as tab:
        lab = panel_of(tab)
        assert lab.get_by_label("方向").input_value() == "1"
        assert not lab.locator('[data-inside="0"]').is_visible()
        expect_step(lab, run, 1, 1)
        chosen = lab.locator("[data-chain=backward] [data-step][data-state=chosen]")
        assert chosen.get_attribute("data-step") == str(run.orders[1][1])


def test_a_longer_chain_can_be_chosen(browser, host):
    with open_page(browser, f"{host}/lab/#lab&view=recurrent&layer=SimpleRNN") as tab:
        lab = panel_of(tab)
        lab.get_by_label("方向").select_option("1")
        lab.get_by_label("步数", exact=True).select_option(label="20 步")
        lab.locator('[data-step="19"]').wait_for(timeout=START)
        assert lab.get_by_label("输入形状，轴 1").input_value() == "20"
        assert lab.get_by_label("方向").input_value() == "1"
        run = run_of("SimpleRNN", inputs=[[None, 20, 2]])
        size = sizes(run.parts[0])["backward"]["h"]
        assert (
            f"退 19 步，从 {brief(float(f'{size[-1]:.4g}'))}"
            in lab.locator(".lab-account").text_content()
        )
        assert parse_qs(urlsplit(tab.url).fragment)["input"] == ["None,20,2"]


def test_masked_steps_say_that_they_are_skipped(browser, host):
    run = run_of("GRU", masked=[1])
    with open_page(browser, f"{host}/lab/#lab&view=recurrent&layer=GRU&masked=1") as tab:
        lab = panel_of(tab)
        lab.locator("[data-masked]").wait_for(timeout=START)
        lab.get_by_label("第几步").fill("1")
        assert drawn(lab, 0, "z") == ["–", "–"]
        assert "跳过" in lab.locator(".lab-account").text_content()
        assert drawn(lab, 0, "h′") == [number(v) for v in run.parts[0].values["h′"][0]]


def test_gates_can_be_reached_by_keys_and_are_read_out(browser, host):
    run = run_of("LSTM")
    with open_page(browser, f"{host}/lab/#lab&view=recurrent&layer=LSTM") as tab:
        lab = panel_of(tab)
        lab.get_by_label("第几步").fill("2")
        gate = lab.locator('[data-gauge="f"]')
        values = ", ".join(number(v) for v in run.parts[0].values["f"][2])
        assert gate.get_attribute("aria-label") == f"遗忘门 f_t：{values}"
        # From the first gauge, the arrow keys reach all of them.
        lab.locator(".gauge[tabindex='0']:visible").first.focus()
        seen = set()
        for key in [*["Right"] * 3, *["Up"] * 3, *["Left"] * 4, *["Down"] * 3]:
            tab.keyboard.press(f"Arrow{key}")
            seen.add(tab.evaluate("document.activeElement.dataset.gauge"))
        assert {"i", "c̃", "o", "c′", "h"} <= seen
        gate.hover()
        said = lab.locator(".lab-tell").text_content()
        assert said.startswith(f"遗忘门 f_t：{values}。f = hard_sigmoid(x_t·W_f")
        # Steps, too.
        lab.locator("[data-step][data-state=chosen]").focus()
        tab.keyboard.press("ArrowLeft")
        tab.keyboard.press("Enter")
        assert lab.get_by_label("第几步").input_value() == "1"


def test_pixels_follow_the_steps(browser, host):
    run = run_of("ConvLSTM2D")
    with open_page(browser, f"{host}/lab/#lab&view=recurrent&layer=ConvLSTM2D") as tab:
        lab = panel_of(tab)
        lab.get_by_label("第几步").fill("1")
        gauge = lab.locator('[data-gauge="h′"]').last
        side = float(gauge.get_attribute("data-side"))
        high = float(gauge.get_attribute("data-high"))
        pixels = gauge.locator("[data-unit]")
        value = run.parts[0].values["h′"][1][..., 0].ravel()
        for n, v in enumerate(value):
            width = float(pixels.nth(n).get_attribute("width"))
            assert width == pytest.approx((side - 1.5) * np.sqrt(abs(v) / high), abs=0.02)
            assert ("negative" in (pixels.nth(n).get_attribute("class") or "")) == (v < 0)


def test_a_finger_chooses_a_step(browser, host):
    address = f"{host}/layers/recurrent/LSTM/#lab&view=recurrent"
    with open_page(browser, address, **PHONE) as tab:
        lab = panel_of(tab)
        lab.locator('[data-step="1"]').tap()
        assert lab.get_by_label("第几步").input_value() == "1"
        lab.locator('.node[data-gauge="kept"]').tap()
        assert "f ⊙ c_(t−1)" in lab.locator(".lab-tell").text_content()
