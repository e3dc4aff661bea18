"""The pages' policies and the header files of the built site, read as files and over HTTP."""

import base64
import hashlib
import http.client
import re
from html.parser import HTMLParser

import pytest

from docs.tools import policy
from tests.browser import SITE, serve


class Page(HTMLParser):
    """The order of what counts: the charset, the policy, what is loaded; and inline scripts."""

    def __init__(self, path):
        super().__init__()
        self.order, self.policy, self.handlers, self.inline = [], "", [], []
        self.reading = False
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.handlers += [name for name in given if name.startswith("on")]
        self.handlers += [v for v in given.values() if (v or "").startswith("javascript:")]
        if tag == "meta" and "charset" in given:
            self.order.append("charset")
        if given.get("http-equiv") == "Content-Security-Policy":
            self.order.append("policy")
            self.policy = given["content"]
        if tag in ("script", "link", "base", "style", "img"):
            self.order.append(tag)
        self.reading = tag == "script" and "src" not in given and "json" not in f"{given}"
        if self.reading:
            self.inline.append("")

    def handle_endtag(self, tag):
        self.reading = False

    def handle_data(self, text):
        if self.reading:
            self.inline[-1] += text


def directives(text):
    return {name: sources for name, *sources in (part.split() for part in text.split("; "))}


PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_its_policy_before_all_else(name):
    page = Page(SITE / name)
    assert page.order[:2] == ["charset", "policy"] and page.order.count("policy") == 1
    assert page.handlers == []
    found = directives(page.policy)
    digests = {hashlib.sha256(text.encode()).digest() for text in page.inline}
    hashes = {f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests}
    assert set(found.pop("script-src")) == {"'self'", "'wasm-unsafe-eval'"} | hashes
    base = ["about:"] if name == "404.html" else []
    assert found == {
        "default-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "blob:", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'", "blob:"],
        "worker-src": ["blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'", *base],
        "form-action": ["'self'"],
    }


def test_the_policy_of_all_is_no_stricter_than_any_pages():
    """Both count, so that the header must allow what some page needs."""
    [whole] = set(re.findall(r"Content-Security-Policy: (.*)", (SITE / "_headers").read_text()))
    for name in PAGES:
        for directive, sources in directives(Page(SITE / name).policy).items():
            assert set(sources) <= set(directives(whole)[directive]), name
    # Cloudflare Pages reads no longer lines, and no more than 100 rules.
    lines = (SITE / "_headers").read_text().splitlines()
    assert max(map(len, lines)) < 2000 and sum(line.startswith("/") for line in lines) < 100


@pytest.mark.parametrize("name", ["hosting/nginx.conf", "hosting/apache.conf"])
def test_other_hosts_send_the_same(name):
    text = (SITE / name).read_text()
    sent = dict(re.findall(r'^(?:add_header|Header always set) (\S+) "(.*?)"', text, re.M))
    assert sent == policy.headers_of(SITE, "/lab/")


def sent(host, path):
    connection = http.client.HTTPConnection(host.removeprefix("http://"), timeout=10)
    connection.request("HEAD", path)
    headers = connection.getresponse().headers
    connection.close()
    return headers


def test_the_local_server_sends_them():
    with serve(SITE) as host:
        for path in ("/", "/lab/?a=b", "/live/python-worker.js"):
            found = sent(host, path)
            assert directives(found["Content-Security-Policy"])["connect-src"] == [
                "'self'",
                "blob:",
            ]
            assert {name: found[name] for name in policy.HEADERS} == policy.HEADERS
            assert found["X-Frame-Options"] is None
        # Left free for JupyterLite.
        assert sent(host, "/lite/")["Content-Security-Policy"] is None
        assert sent(host, "/lite/")["X-Content-Type-Options"] == "nosniff"


def test_a_page_without_a_place_for_the_policy_stops_the_build():
    for page in ("<html><p>", '<script></script><meta charset="utf-8">'):
        with pytest.raises(ValueError, match="charset"):
            policy.with_policy(page)
    with pytest.raises(ValueError, match="once"):
        policy.with_policy(policy.with_policy('<meta charset="utf-8">'))


def test_the_worker_imports_no_file_as_it_starts():
    """A policy for workers counts that as starting one from an address; Firefox refuses it."""
    assert not re.search(r"\bimport\b[^(;]*\./", (SITE / "live/python-worker.js").read_text())
