"""What an attacker would write, at every way into the page: shown as text, and nothing runs.

The pages' Content-Security-Policy is off here: it would hide a way in that only it holds shut.
"""

import html
import json
from contextlib import contextmanager
from urllib.parse import quote

import pytest

from tests.browser import SITE, START, cell, run_cell

PAGE = "layers/core/Dense/"
RUN = "globalThis.payload=1"
# `THERE` stands for another host.
PAYLOADS = {
    "script": f"<script>{RUN}</script>",
    "script of another host": "<script src=THERE/script></script>",
    "end of a script": f"</script><script>{RUN}</script>",
    "end of a text": f"</pre></textarea></title></style><img src=x onerror={RUN}>",
    "image": f"<img src=x onerror={RUN}>",
    "image of another host": "<img src=THERE/image>",
    "svg": f"<svg onload={RUN}><script>{RUN}</script></svg>",
    "style": "<style>@import 'THERE/style'; * {background: url(THERE/background)}</style>",
    "refresh": "<meta http-equiv=refresh content='0;url=THERE/refresh'>",
    "base": "<base href=THERE/base>",
    "frame": f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    "object": "<object data=THERE/object></object><embed src=THERE/embed>",
    "form": f"<form action=THERE/form><input autofocus onfocus={RUN}></form>",
    "link": f"<a href='javascript:{RUN}' onfocus={RUN} tabindex=0 autofocus>x</a>",
    "attribute": f'" onload="{RUN}" onerror=\'{RUN}\' autofocus onfocus={RUN} x="',
    "template": f"${{{RUN}}} {{{{ {RUN} }}}} `${{{RUN}}}`",
    "address": f"javascript:{RUN}",
    "prototype": "__proto__[innerHTML]=x",
}
TAGS = "iframe, object, embed, base, meta[http-equiv=refresh], [onerror], [onload], [onfocus]"


@contextmanager
def watched(browser, address, other):
    """At the end nothing has run, nothing has been asked for, and the page is the same."""
    with browser.new_context(bypass_csp=True) as context:
        page = context.new_page()
        seen = []
        page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
        context.on("weberror", lambda error: seen.append(str(error.error)))
        page.goto(address)
        tags = page.locator(TAGS).count()
        yield page
        page.wait_for_timeout(300)
        assert page.evaluate("[globalThis.payload, ({}).innerHTML]") == [None, None]
        assert seen == []
        assert page.locator(TAGS).count() == tags
        assert page.url.startswith(address.partition("#")[0].partition("?")[0])
        assert other.asked == []


def payloads(other):
    return [payload.replace("THERE", other.address) for payload in PAYLOADS.values()]


def test_they_would_run_as_html(browser, plain_host, other):
    with pytest.raises(AssertionError), watched(browser, f"{plain_host}/{PAGE}", other) as page:
        for name in ("image", "image of another host"):
            text = PAYLOADS[name].replace("THERE", other.address)
            page.evaluate("text => { document.body.innerHTML = text; }", text)
            page.wait_for_timeout(500)
        assert page.evaluate("globalThis.payload") == 1
    assert other.asked == ["image"]


# What a cell does with `text`, which is all of them in one.
CELLS = {
    "stdout": "print(text)",
    "stderr": "import sys; print(text, file=sys.stderr)",
    "warning": "import warnings; warnings.warn(text)",
    "value": "class A:\n    def __repr__(self): return text\nA()",
    "_repr_html_": "class B:\n    def __repr__(self): return text\n"
    "    def _repr_html_(self): return text\nB()",
    "message": "raise ValueError(text)",
    "group": "raise ExceptionGroup('x', [ValueError(text)])",
    "note": "e = ValueError()\ne.add_note(text)\nraise e",
    "name of the error": "raise type(text, (Exception,), {})()",
    "file": "compile('1 +', text, 'exec')",
    "assertion": "assert False, text",
    "exit": "raise SystemExit(text)",
}
TITLES = """import matplotlib.pyplot as plt
for line in text.replace('$', 'S').splitlines()[::6]:
    plt.figure(figsize=(1, 1))
    plt.title(line)
    plt.show()"""
SVG = """class C:
    def _repr_svg_(self):
        return f'<svg xmlns="http://www.w3.org/2000/svg" onload="{run}"><title>x</title>' \\
            f'<script>{run}</script><foreignObject><body xmlns="http://www.w3.org/1999/xhtml">' \\
            f'<script>{run}</script><iframe src="{there}/frame"/></body></foreignObject>' \\
            f'<image href="{there}/image"/><use href="{there}/use#x"/>' \\
            f'<style>@import "{there}/style";</style>' \\
            f'<a href="javascript:{run}"><text>x</text></a>' \\
            f'<animate onbegin="{run}" attributeName="x" dur="1s"/></svg>'
C()"""


def write_code(page, code):
    page.locator("live-code").first.wait_for()
    page.evaluate("code => { document.querySelector('live-code').versions.fill(code); }", code)


def squeeze(text):
    """Without what a traceback puts before lines."""
    return "".join(text.replace("|", "").split())


def test_output(browser, plain_host, other):
    text = "\n".join(payloads(other))
    names = f"text = {text!r}\nthere = {other.address!r}\nrun = {RUN!r}\n"
    with watched(browser, f"{plain_host}/{PAGE}", other) as page:
        place = cell(page, 0)
        for name, code in CELLS.items():
            write_code(page, names + code)
            run_cell(page, 0)
            shown = place.locator(".live-output").inner_text()
            assert squeeze(text) in squeeze(shown), name
            inside = "nodes => [...new Set(nodes.map((node) => node.localName))]"
            assert set(place.locator(".live-output *").evaluate_all(inside)) <= {"pre", "span"}
        write_code(page, names + TITLES)
        output = run_cell(page, 0)
        assert output.error is None
        alts = [image.get_attribute("alt") for image in output.figures]
        lines = text.replace("$", "S").splitlines()[::6]
        assert all(line in alt for line, alt in zip(lines, alts, strict=True))
        write_code(page, names + SVG)
        [image] = run_cell(page, 0).figures
        assert image.get_attribute("src").startswith("blob:")
        # An error that a cell has left behind.
        write_code(
            page,
            f"{names}import js\nfrom pyodide.ffi import create_proxy\n"
            "def late(): raise ValueError(' '.join(text.split()))\n"
            "js.setTimeout(create_proxy(late), 50)\nNone",
        )
        run_cell(page, 0)
        note = place.locator(".live-note", has_text="留在后台的代码出错了")
        note.wait_for()
        assert squeeze(text) in squeeze(note.inner_text())
        assert run_cell(page, 0).error is None


def test_the_panels_picture(browser, plain_host, other):
    """As if a link could make labkit draw what it likes."""
    inside = "".join(payloads(other))
    hostile = (
        f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RUN}"><text>MARK</text>'
        f'<image href="{other.address}/image"/><a href="javascript:{RUN}"><text>x</text></a>'
        f"<set onbegin={RUN} attributeName=x /><foreignObject>{inside}</foreignObject>"
        f"{inside}</svg>"
    )
    opening = json.loads((SITE / "live/openings/GRU.json").read_text())
    opening["pictures"]["shape"]["svg"] = hostile
    opening["pictures"]["shape"]["notes"] = opening["shown"]["cost"] = [hostile]
    with watched(browser, f"{plain_host}/lab/#lab&view=shape", other) as page:
        page.route("**/openings/GRU.json", lambda route: route.fulfill(json=opening))
        lab = page.locator("layer-lab").first
        lab.get_by_label("层", exact=True).select_option("GRU")
        lab.locator(".lab-picture svg text", has_text="MARK").wait_for(timeout=START)
        names = lab.locator(".lab-picture *").evaluate_all(
            "nodes => [...new Set(nodes.map((node) => node.localName))]"
        )
        drawn = {"svg", "title", "desc", "style", "g", "rect", "path", "circle", "text"}
        assert set(names) <= drawn
        assert squeeze(hostile) in squeeze(lab.inner_text())


def test_links_to_the_lab(browser, plain_host, other):
    with watched(browser, f"{plain_host}/lab/", other) as page:
        lab = page.locator("layer-lab").first
        for payload in payloads(other):
            value = quote(payload)
            page.evaluate(
                "hash => { location.hash = hash; }",
                f"lab&view={value}&cell={value}&step={value}&masked={value}&input={value}"
                f"&kernel_size={value}&{value}={value}",
            )
            # Messages show the beginning.
            lab.locator(".lab-error", has_text=payload[:20]).wait_for(timeout=START)
            field = lab.get_by_label("kernel_size", exact=True)
            assert field.input_value() == payload


def test_saved_code(browser, plain_host, other):
    """Whatever the form of the records: a word that the reader typed becomes each payload."""
    with watched(browser, f"{plain_host}/{PAGE}", other) as page:
        editor = cell(page, 0).locator(".cm-content")
        cell(page, 0).scroll_into_view_if_needed()
        editor.click()
        page.keyboard.press("Control+A")
        page.keyboard.type("MARK")
        page.reload()
        records = page.evaluate("Object.entries(localStorage)")
        assert any("MARK" in record for _, record in records)
        for payload in payloads(other):
            page.evaluate(
                """([records, payload]) => records.forEach(([key, record]) =>
                    localStorage.setItem(key, record.replaceAll('MARK', payload)))""",
                [records, json.dumps(payload)[1:-1]],
            )
            page.reload()
            cell(page, 0).scroll_into_view_if_needed()
            assert editor.inner_text() == payload


def test_search(browser, plain_host, other):
    words = payloads(other)
    text = html.escape(" ".join(words))  # as the theme's index holds what stands in code
    with watched(browser, f"{plain_host}/", other) as page:

        def with_payloads(route):
            index = json.loads((SITE / "search/search_index.json").read_text())
            index["docs"].append({"location": "lab/", "title": f"Qmark {text}", "text": text})
            route.fulfill(json=index)

        page.route("**/search_index.json", with_payloads)
        field = page.get_by_role("textbox", name="搜索")
        field.click()
        page.keyboard.type("Qmar")
        found = page.locator(".md-search-result__item", has_text="Qmark").first
        found.wait_for()
        title = found.locator("h1, h2").first.inner_text()
        assert squeeze(words[0]) in squeeze(title)
        for payload in words:
            field.fill(payload)
            page.wait_for_timeout(50)
        page.unroute_all()
        for payload in words:
            page.goto(f"{plain_host}/?q={quote(payload)}")
            assert field.input_value() == payload


def test_wrong_addresses(browser, plain_host, other):
    with watched(browser, f"{plain_host}/", other) as page:
        for payload in payloads(other):
            for address in (f"a/{quote(payload, safe='')}", f"a/#{quote(payload, safe='')}"):
                page.goto(f"{plain_host}/nowhere/{address}")
                button = page.locator(".not-found-search")
                button.wait_for()
                assert "搜索" in button.inner_text()
                assert page.evaluate("globalThis.payload") is None
                inside = page.locator(".not-found *").evaluate_all(
                    "nodes => nodes.map((node) => node.localName)"
                )
                assert set(inside) <= {"p", "a", "button"}
        page.goto(f"{plain_host}/nowhere/{quote(payloads(other)[4], safe='')}")
        assert payloads(other)[4] in page.locator(".not-found-search").inner_text()
        page.goto(f"{plain_host}/")
