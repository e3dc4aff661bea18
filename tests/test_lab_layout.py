"""The panel in Chromium: picture first, two layers beside each other, the whole screen."""

import pytest
from playwright.sync_api import expect

from labkit.diagrams import panel
from labkit.diagrams.contrasts import contrasts
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.fixes import works
from labkit.diagrams.states import example, state_of
from tests.browser import START, open_page
from tests.test_lab import CONV, PHONE, lab_of, lit, turn
from tests.test_site import LAYER_PAGES

SIZES = {"desk": {"viewport": {"width": 1280, "height": 800}}, "phone": PHONE}
PAGES = [f"layers/{page.parent.name}/{page.stem}/" for page in LAYER_PAGES]
WITHOUT = "&with=Dropout&with.rate=0.5&with.training=0"
COMPARED = (
    "#lab&view=dependency&input=None,6,6,1&filters=1"
    '&with=Conv2D&with.filters=1&with.kernel_size=3&with.padding="same"'
)


@pytest.mark.parametrize("size", SIZES)
def test_the_picture_is_on_the_first_screen(browser, host, size):
    for page in ["lab/", *PAGES]:
        with open_page(browser, f"{host}/{page}", **SIZES[size]) as tab:
            drawn = lab_of(tab).locator(".lab-picture svg").bounding_box()
            height = SIZES[size]["viewport"]["height"]
            assert drawn["y"] + min(drawn["height"], 200) < height, page
            form = tab.locator("layer-lab .lab-form").first.bounding_box()
            if size == "desk":
                assert form["x"] > drawn["x"] + drawn["width"]
            else:
                assert form["y"] > drawn["y"] + drawn["height"]


def test_the_panel_takes_the_column_of_the_contents_while_in_sight(browser, host):
    with open_page(browser, f"{host}/{CONV}", **SIZES["desk"]) as tab:
        lab = lab_of(tab)
        contents = tab.locator(".md-sidebar--secondary")
        assert lab.bounding_box()["width"] > 900
        assert not contents.is_visible()
        tab.locator("h2#实现").scroll_into_view_if_needed()
        tab.evaluate("scrollBy(0, 2000)")
        contents.wait_for(state="visible")


def test_full_screen_and_back(browser, host):
    with open_page(browser, f"{host}/lab/", **SIZES["desk"]) as tab:
        lab = lab_of(tab)
        width = lab.locator(".lab-picture svg").bounding_box()["width"]
        lab.get_by_role("button", name="全屏", exact=True).click()
        leave = lab.get_by_role("button", name="退出全屏")
        leave.wait_for()
        assert lab.bounding_box()["width"] == 1280
        assert lab.locator(".lab-picture svg").bounding_box()["width"] > 1.2 * width
        leave.click()
        lab.get_by_role("button", name="全屏", exact=True).wait_for()
        assert lab.bounding_box()["width"] < 1280


def test_two_settings_side_by_side_by_link(browser, host):
    with open_page(browser, f"{host}/{CONV}{COMPARED}", **SIZES["desk"]) as tab:
        lab = lab_of(tab)
        lab.locator(".lab-facts tr", has_text="输出").wait_for(timeout=START)
        states = [
            state_of("Conv2D(1, 3)", (None, 6, 6, 1)),
            state_of('Conv2D(1, 3, padding="same")', (None, 6, 6, 1)),
        ]
        expected = panel.compare(states, "dependency", ["", ""])
        told = lab.locator(".lab-facts tbody tr").evaluate_all(
            "rows => rows.map((row) => [...row.children].map((cell) => cell.textContent))"
        )
        assert told == [
            [title, one, "相同" if one == two else f"≠ {two}"]
            for title, one, two in expected["facts"]
        ]
        assert [row[0] for row in told if row[2] != "相同"] == ["输出", "每个样本的乘加"]
        marked = lab.locator(".lab-field.lab-differs label").all_text_contents()
        assert marked == ["padding"]
        first, second = lab.locator(".lab-main").all()
        assert second.bounding_box()["x"] > first.bounding_box()["x"] + 300
        # Both pictures look at the same cell.
        first.locator(".cell[data-cell=y3]").click()
        second.locator(".cell[data-cell=y3][data-state=chosen]").wait_for()
        assert lit(first, "chosen") == lit(second, "chosen") == {"y3"}
        assert "with=Conv2D" in tab.url and "cell=y3" in tab.url
        lab.get_by_role("button", name="不再比较").click()
        second.wait_for(state="detached")
        assert "with" not in tab.url


def test_a_link_keeps_the_phase_and_the_mask_of_both(browser, host):
    with open_page(browser, f"{host}/lab/#lab&layer=LSTM&view=recurrent&masked=2") as tab:
        lab = lab_of(tab)
        lab.get_by_role("button", name="比较", exact=True).click()
        lab.get_by_label("掩码遮住的时间步").nth(1).fill("1", timeout=START)
        lab.locator(".lab-side").nth(1).get_by_label("units", exact=True).fill("3")
        assert "masked=2" in tab.url and "with.masked=1" in tab.url
        address = tab.url
    with open_page(browser, address) as tab:
        masks = lab_of(tab).get_by_label("掩码遮住的时间步")
        expect(masks.nth(1)).to_have_value("1", timeout=START)
        expect(masks.nth(0)).to_have_value("2")
        # Where both are the same, the second one follows.
        masks.nth(1).fill("2")
        masks.nth(0).fill("3")
        expect(masks.nth(1)).to_have_value("3")
    with open_page(browser, f"{host}/lab/#lab&layer=Dropout&training=1{WITHOUT}") as tab:
        phases = lab_of(tab).get_by_label("训练阶段")
        expect(phases.nth(1)).to_be_visible(timeout=START)
        assert [phases.nth(i).is_checked() for i in (0, 1)] == [True, False]


def test_another_layer_with_the_same_input(browser, host):
    with open_page(browser, f"{host}/lab/#lab&layer=LSTM&view=shape") as tab:
        lab = lab_of(tab)
        lab.locator(".diagram[aria-label='LSTM 层的形状图']").wait_for(timeout=START)
        lab.get_by_role("button", name="比较", exact=True).click()
        lab.get_by_role("button", name="GRU", exact=True).click(timeout=START)
        other = lab.locator(".lab-side").nth(1)
        other.locator(".diagram[aria-label='GRU 层的形状图']").wait_for(timeout=START)
        lab.get_by_label("units", exact=True).first.fill("5")
        lab.get_by_label("输入形状，轴 1").first.fill("9")
        lab.locator(".lab-facts tr", has_text="输入(None, 9, 2)相同").wait_for()
        row = lab.locator(".lab-facts tr", has_text="参数量").text_content()
        lstm, gru = 4 * (2 * 5 + 5 * 5 + 5), 3 * (2 * 2 + 2 * 2 + 2)
        assert row == f"参数量{lstm}≠ {gru}"


def test_an_error_of_one_stays_with_it(browser, host):
    with open_page(browser, f"{host}/{CONV}{COMPARED}") as tab:
        lab = lab_of(tab)
        lab.locator(".lab-facts tr", has_text="输出").wait_for(timeout=START)
        lab.get_by_label("kernel_size", exact=True).nth(1).fill("0")
        first, second = lab.locator(".lab-error").all()
        second.get_by_role("button").first.wait_for()
        assert first.text_content() == ""
        assert lab.locator(".lab-facts tr").count() == 0
        turn(lab, "形状")
        second.get_by_role("button").first.click()
        lab.locator(".lab-facts tr", has_text="输出").wait_for()


def test_compared_layers_get_the_same_numbers():
    """The same input; also the same weights, where they have the same shapes."""
    calls = ["Conv2D(1, 3)", 'Conv2D(1, 3, padding="same")', "MaxPooling2D(2)"]
    states = [state_of(call, (None, 6, 6, 1)) for call in calls]
    first, second, third = (panel.show(state, "steps")["data"] for state in states)
    assert first["x"] == second["x"] == third["x"]
    assert first["W"] == second["W"] != third["W"]


def test_what_is_offered_for_comparison_works():
    for name in EXAMPLES:
        for one in contrasts(name):
            other = example(one["layer"])
            if one["settings"]:
                other = {**other, "settings": {**other["settings"], **one["settings"]}}
            assert works(other), f"{name}: {one['label']}"
    labels = [one["label"] for one in contrasts("Conv2D")]
    assert "strides=2" in labels and 'padding="same"' in labels and "DepthwiseConv2D" in labels
    assert 'padding="causal"' not in labels
