"""How long the panel takes from a change to the new picture, in Chromium: part of `make bench`."""

import os
import statistics
import time

from labkit.diagrams.examples import EXAMPLES
from tests.browser import SITE, START, chromium, open_page, serve

REPEATS = 3
GOAL = 50  # milliseconds
# The page's own clock: from the change, through the worker and back, until the picture is another.
# The batch's length is what every layer has; another one is a state that was never drawn before.
CHANGE = """async (repeats) => {
  const lab = document.querySelector("layer-lab");
  const turn = () => new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    port2.postMessage(0);
  });
  const found = [];
  for (let k = 0; k <= repeats; k++) {
    const before = lab.querySelector(".lab-picture svg");
    const start = performance.now();
    for (const batch of lab.querySelectorAll(".lab-shapes input[aria-label$='（批次）']")) {
      batch.value = `${(Number(batch.value) || 0) + 1}`;
      batch.dispatchEvent(new Event("input", { bubbles: true }));
    }
    while (lab.querySelector(".lab-picture svg") === before) await turn();
    if (k) found.push(performance.now() - start); // the first one warms up
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return found;
}"""


def measure(page) -> dict[tuple[str, str], float]:
    """Median milliseconds for every layer of the picker and every view, from its example."""
    lab = page.locator("layer-lab")
    picker = lab.get_by_label("层", exact=True)
    found = {}
    for name in picker.locator("option").all_text_contents():
        picker.select_option(name)
        kind = EXAMPLES[name][0].split("(")[0]
        lab.locator(f".diagram[aria-label='{kind} 层的形状图']").wait_for(timeout=START)
        for view in lab.get_by_role("tab").all_text_contents():
            lab.get_by_role("tab", name=view, exact=True).click()
            lab.locator(f"[role=tab][aria-selected=true]:text-is('{view}')").wait_for(timeout=START)
            found[name, view] = statistics.median(page.evaluate(CHANGE, REPEATS))
        lab.get_by_role("tab", name="形状").click()
    return found


def main() -> None:
    with chromium() as browser, serve(SITE) as host, open_page(browser, f"{host}/lab/") as page:
        page.locator("layer-lab [role=tab]").first.wait_for()
        field = page.locator("layer-lab").get_by_label("filters", exact=True)
        begin = time.perf_counter()
        field.fill("3")
        page.locator(".lab-cost", has_text="30 个参数").wait_for(timeout=START)
        first = time.perf_counter() - begin
        found = measure(page)
    print(f"第一次改动到画好 {first:.1f} 秒，其中大半是载入 Python。")
    print(f"层实验台：改一次到画好的毫秒数，{REPEATS} 次的中位数，目标 ≤ {GOAL}。")
    print(f"测完时系统负载 {os.getloadavg()[0]:.1f}（{os.cpu_count()} 核）。")
    for view in dict.fromkeys(view for _, view in found):
        times = {name: time for (name, own), time in found.items() if own == view}
        slow = sorted(times, key=lambda name: -times[name])[:4]
        print(
            f"{view}：{len(times)} 个层，中位数 {statistics.median(times.values()):.0f}，"
            f"{sum(time > GOAL for time in times.values())} 个超过目标；最慢的 "
            + "、".join(f"{name} {times[name]:.0f}" for name in slow)
        )


if __name__ == "__main__":
    main()
