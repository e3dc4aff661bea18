"""The Content-Security-Policy: the readers' Python, and any worker, reaches no other host."""

import pytest

from tests.browser import SITE, run_cell, serve

PAGE = "layers/core/Activation/"


@pytest.fixture
def open_tab(browser):
    """The browser complains in its console of what the policy forbids, so no open_page."""
    contexts = []

    def open_tab(address, **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.goto(address)
        return page

    yield open_tab
    for context in contexts:
        context.close()


# How Python in a worker asks another host; `there` is its address, the name what it is asked for.
WAYS = {
    "fetch": "await js.fetch(there)",
    "no-cors": 'await js.fetch(there, js.JSON.parse(\'{"mode": "no-cors"}\'))',
    "Request": "await js.fetch(js.Request.new(there))",
    "pyfetch": "await pyodide.http.pyfetch(there)",
    "open_url": "pyodide.http.open_url(there)",
    "pyxhr": "pyodide.http.pyxhr.get(there)",
    "urllib": "import urllib.request; urllib.request.urlopen(there)",
    "XMLHttpRequest": "r = js.XMLHttpRequest.new(); r.open('GET', there, False); r.send()",
    "WebSocket": "js.WebSocket.new(there.replace('http', 'ws'))",
    "EventSource": "js.EventSource.new(there)",
    "FontFace": "await js.FontFace.new('x', f'url({there})').load()",
    "Cache": "await (await js.caches.open('x')).add(there)",
    "loadPackage": "await pyodide_js.loadPackage(f'{there}/x-1.0-py3-none-any.whl')",
    "micropip": "import micropip; await micropip.install(f'{there}/x-1.0-py3-none-any.whl')",
    "socket": "import socket; socket.create_connection(there.split('/')[2].split(':'))",
    "eval": "js.eval(f'fetch(\"{there}\")')",
    "Function": "js.Function.new(f'fetch(\"{there}\")')()",
    "setTimeout": "js.setTimeout(f'fetch(\"{there}\")', 0)",
    "run_js": "pyodide.code.run_js(f'fetch(\"{there}\")')",
    "import": "await pyodide.code.run_js(f'import(\"{there}\")')",
    "importScripts": "js.importScripts(there)",
    "sendBeacon": "js.navigator.sendBeacon(there, 'x')",
    "Image": "js.Image.new().src = there",
    "Worker": "js.Worker.new(there)",
    "SharedWorker": "js.SharedWorker.new(there)",
    "serviceWorker": "await js.navigator.serviceWorker.register(there)",
}
# What does not exist in the worker, or not for a module.
NOWHERE = {
    *("micropip", "importScripts", "sendBeacon", "Image"),
    *("Worker", "SharedWorker", "serviceWorker"),
}
# Pyodide makes a WebSocket without a path of these.
SOCKETS = {"urllib", "socket"}


def attempts(address):
    """Code that tries every way and prints those that exist."""
    lines = ["import asyncio, js, pyodide, pyodide_js", "import pyodide.http, pyodide.code"]
    for index, (name, code) in enumerate(WAYS.items()):
        lines += [
            f"async def way{index}(there):",
            f"    {code}",
            "try:",
            f"    await asyncio.wait_for(way{index}('{address}/{name}'), 3)",
            "except BaseException as error:",
            f"    print('{name}', type(error).__name__)",
        ]
    return "\n".join([*lines, "await asyncio.sleep(1)", "print('over')"])


def run_code(page, code):
    page.locator("live-code").first.wait_for()
    page.evaluate("code => { document.querySelector('live-code').versions.fill(code); }", code)
    return run_cell(page, 0)


def test_python_reaches_no_other_host(open_tab, plain_host, other):
    page = open_tab(f"{plain_host}/{PAGE}")
    output = run_code(page, attempts(other.address))
    assert output.text[-1] == "over", output.error
    assert other.asked == []
    # The same Python goes on.
    assert run_code(page, "import numpy\nint(numpy.ones(2).sum())").text == ["2"]


def test_without_the_policy_python_would(open_tab, tmp_path, other):
    """The same attempts on a page without it: so it is the policy that holds them back."""
    for part in ("live", "runtime"):
        (tmp_path / part).symlink_to(SITE / part)
    (tmp_path / "index.html").write_text(
        '<!doctype html><meta charset="utf-8">'
        '<script type="module" src="live/live-code.js"></script><article>'
        '<div class="language-python live highlight"><pre><code>0</code></pre></div></article>'
    )
    with serve(tmp_path, isolation=False) as host:
        page = open_tab(host)
        output = run_code(page, attempts(other.address))
        assert output.text[-1] == "over", output.error
        wanted = WAYS.keys() - SOCKETS - NOWHERE | {""}
        for _ in range(100):  # a busy machine takes its time
            asked = {path.split("/")[0] for path in other.asked}
            if asked == wanted and other.asked.count("") >= len(SOCKETS):
                break
            page.wait_for_timeout(100)
    assert asked == wanted, output.text


# Workers in workers. Without the guard of python-worker.js: the policy alone holds these.
NESTED = """async ([there, addresses]) => {
    const address = (source) => URL.createObjectURL(new Blob([source], {type: 'text/javascript'}));
    const ask = `fetch('${there}/fetch').catch(() => 0);
        try { new WebSocket('${there}/socket'.replace('http', 'ws')); } catch {}
        try { importScripts('${there}/importScripts'); } catch {}
        import('${there}/import').catch(() => 0);`;
    const inner = address(`${ask} setTimeout(() => postMessage('inner ran'), 500);`);
    const outer = address(`${ask}
        const heard = [];
        const start = (name, address, options) => new Promise((resolve) => {
            try {
                const worker = new Worker(address, options);
                worker.onmessage = ({data}) => resolve(data);
                worker.onerror = () => resolve('refused');
                // The theme's search loads what it is told to from wherever it is told.
                worker.postMessage({type: 0, data: {config: {lang: ['zh']}, docs: []}});
                setTimeout(resolve, 3000, 'silent');
            } catch { resolve('refused'); }
        });
        onmessage = async ({data}) => {
            const found = [];
            for (const address of data)
                for (const type of ['classic', 'module'])
                    found.push(await start(address, address, {type}));
            postMessage(found);
        };`);
    const worker = new Worker(outer);
    const data = `data:text/javascript,${encodeURIComponent(ask)}`;
    worker.postMessage([inner, ...addresses, there, data]);
    const found = await new Promise((resolve) => { worker.onmessage = ({data}) => resolve(data); });
    worker.terminate();
    return found;
}"""


def test_workers_in_workers_reach_no_other_host(open_tab, plain_host, other):
    page = open_tab(f"{plain_host}/{PAGE}")
    [search] = (SITE / "assets/javascripts/workers").glob("search.*.js")
    ours = [f"{plain_host}/{search.relative_to(SITE)}", f"{plain_host}/live/python-worker.js"]
    found = page.evaluate(NESTED, [other.address, ours])
    assert found == ["inner ran"] * 2 + ["refused"] * 8
    assert other.asked == []
