"""Formulas found by pymdownx.arithmatex become static HTML and MathML, rendered by KaTeX.

`python -m docs.tools.math site` copies KaTeX's stylesheet and fonts into the built site.
"""

import atexit
import json
import re
import shutil
import subprocess
import sys
from functools import cache
from html import unescape
from pathlib import Path

from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

ROOT = Path(__file__).parents[2]


@cache
def katex():
    """One node process for a whole build; it ends with this one."""
    process = subprocess.Popen(
        ["node", Path(__file__).with_name("katex.mjs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(process.communicate)
    return process


@cache
def render(tex, display):
    process = katex()
    print(json.dumps({"tex": tex, "display": display}), file=process.stdin, flush=True)
    reply = json.loads(process.stdout.readline())
    if "error" in reply:
        raise ValueError(f"公式 {tex!r} 有误：{reply['error']}")
    return reply["html"]


class Math(Treeprocessor):
    def run(self, root):
        for element in root.iter():
            if element.get("class") == "arithmatex":
                formula = re.fullmatch(r"\\[(\[](.*)\\[)\]]", element.text.strip(), re.DOTALL)
                # arithmatex escapes for HTML: the & of an aligned formula arrives as &amp;.
                tex = unescape(formula[1]).strip()
                html = render(tex, display=element.tag == "div")
                # The search index stops excluding at the first inner element of the same name,
                # so the wrapper has a name that KaTeX never uses.
                element.tag, element.attrib = "tex-math", {"data-search-exclude": "true"}
                element.text = self.md.htmlStash.store(html)


class MathExtension(Extension):
    def extendMarkdown(self, md):
        # Below inline (20), which makes arithmatex' elements.
        md.treeprocessors.register(Math(md), "math", 15)


def makeExtension(**options):
    return MathExtension(**options)


def install(site):
    """Copy what the pages load: the stylesheet, without old browsers' fonts, and woff2."""
    source, target = ROOT / "node_modules/katex/dist", Path(site) / "katex"
    (target / "fonts").mkdir(parents=True, exist_ok=True)
    for font in source.glob("fonts/*.woff2"):
        shutil.copy(font, target / "fonts")
    styles = (source / "katex.min.css").read_text()
    styles = re.sub(r',url\([^)]*\.(woff|ttf)\) format\("\w+"\)', "", styles)
    (target / "katex.css").write_text(styles)


if __name__ == "__main__":
    install(sys.argv[1])
