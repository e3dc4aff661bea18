"""What the browser may load and do: `python -m docs.tools.policy site`.

Each page gets its Content-Security-Policy as a <meta>, so that it holds on a host that sends no
headers. For hosts that do, the same policy and the other headers are written into the built site:
`_headers` as Netlify and Cloudflare Pages read it, and `hosting/` for nginx and Apache.
"""

import base64
import hashlib
import re
import sys
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

POLICY = {
    "default-src": ["'self'"],  # Firefox fetches the next page ahead
    # The hashes of the page's inline scripts follow, most of them the theme's.
    "script-src": ["'self'", "'wasm-unsafe-eval'"],
    # Formulas and diagrams carry styles of their own, and the editor makes some.
    "style-src": ["'self'", "'unsafe-inline'"],
    # The readers' figures are blobs; the theme's icons stand in its styles.
    "img-src": ["'self'", "blob:", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'", "blob:"],  # blob: docs/live/lifeline.js
    # A worker from a blob inherits this policy. From an address it would not, and ask any host.
    "worker-src": ["blob:"],
    "object-src": ["'none'"],
    "base-uri": ["'self'"],
    "form-action": ["'self'"],
}
# Anyone may show a page in a frame: there is nothing to sign in to, and nothing to be clicked that
# leaves the frame. So neither frame-ancestors nor X-Frame-Options.
HEADERS = {
    # Shared memory, which lets the page interrupt a running cell, needs these two.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    # So that pages under the same rule may show ours in a frame.
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
POLICY_HEADER = "Content-Security-Policy"
# A folder for JupyterLite, which needs a laxer policy of its own.
LAXER = "lite"

SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.DOTALL)
CHARSET = '<meta charset="utf-8">'
# In the page for wrong addresses, until its script has found the root.
NO_BASE = '<base href="about:blank">'


def hashes(page: str) -> list[str]:
    """Of the inline scripts that run; data says by its type that it does not."""
    inline = [
        text
        for mark, text in SCRIPT.findall(page)
        if " src=" not in mark and 'type="application/json"' not in mark
    ]
    digests = {hashlib.sha256(text.encode()).digest() for text in inline}
    return sorted(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def policy_of(pages: Iterable[str]) -> str:
    """The policy under which these pages work."""
    pages = list(pages)
    added = {
        "script-src": sorted({digest for page in pages for digest in hashes(page)}),
        "base-uri": ["about:"] if any(NO_BASE in page for page in pages) else [],
    }
    return "; ".join(
        " ".join([name, *sources, *added.get(name, [])]) for name, sources in POLICY.items()
    )


def with_policy(page: str) -> str:
    """The page with its policy before all that it loads; the charset must come first of all."""
    head, charset, rest = page.partition(CHARSET)
    if not charset or "<script" in head or "<link" in head or POLICY_HEADER in page:
        raise ValueError(f"the policy has no place: {CHARSET} must be the first in <head>, once")
    meta = f'<meta http-equiv="{POLICY_HEADER}" content="{policy_of([page])}">'
    return f"{head}{charset}\n      {meta}{rest}"


def rules(policy: str, folders: Iterable[str]) -> str:
    """`_headers`: all that a path matches is sent, so the policy goes to named folders only."""
    lines = ["/*", *(f"  {name}: {value}" for name, value in HEADERS.items())]
    for folder in ["/", *(f"/{folder}/*" for folder in folders if folder != LAXER)]:
        lines += [folder, f"  {POLICY_HEADER}: {policy}"]
    return "\n".join(lines) + "\n"


def headers_of(site: Path, path: str) -> dict[str, str]:
    """What ``_headers`` of the built site says for a path; the plain ones where there is none."""
    file = site / "_headers"
    if not file.is_file():
        return HEADERS
    found, applies = {}, False
    for line in file.read_text().splitlines():
        if not line.startswith(" "):
            applies = fnmatch(path.partition("?")[0], line)
        elif applies:
            name, value = line.strip().split(": ", 1)
            found[name] = value
    return found


def nginx(headers: dict[str, str]) -> str:
    """For the inside of a ``server`` block."""
    return "\n".join(
        [
            "# 放进 server { … }：include …/hosting/nginx.conf;",
            *(f'add_header {name} "{value}" always;' for name, value in headers.items()),
            "error_page 404 /404.html;",
            "# 旧的 mime.types 里没有 .mjs。",
            "location ~ \\.mjs$ { types { } default_type text/javascript; }",
            "",
        ]
    )


def apache(headers: dict[str, str]) -> str:
    """For ``.htaccess``, or the inside of a ``Directory`` block."""
    return "\n".join(
        [
            "# 改名为 .htaccess 放在网站的根目录，或者写进 <Directory>。需要 mod_headers。",
            *(f'Header always set {name} "{value}"' for name, value in headers.items()),
            "AddType text/javascript .js .mjs",
            "AddType application/wasm .wasm",
            "",
        ]
    )


def install(site: Path) -> None:
    pages = {path: path.read_text() for path in site.rglob("*.html") if LAXER not in path.parts}
    for path, page in pages.items():
        path.write_text(with_policy(page))
    policy = policy_of(pages.values())
    folders = sorted(path.name for path in site.iterdir() if path.is_dir())
    (site / "_headers").write_text(rules(policy, folders))
    headers = {**HEADERS, POLICY_HEADER: policy}
    (site / "hosting").mkdir()
    (site / "hosting/nginx.conf").write_text(nginx(headers))
    (site / "hosting/apache.conf").write_text(apache(headers))


if __name__ == "__main__":
    install(Path(sys.argv[1]))
