"""What a page holds in memory, as Chromium counts it."""

from playwright.sync_api import CDPSession

METRICS = {"Nodes": 1, "JSEventListeners": 1, "JSHeapUsedSize": 1e6}


def held(session: CDPSession) -> dict[str, float]:
    """Nodes and listeners, and the heap in MB, after a collection of garbage."""
    session.send("Performance.enable")
    session.send("HeapProfiler.collectGarbage")
    found = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    return {name: found[name] / unit for name, unit in METRICS.items()}
