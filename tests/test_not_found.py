"""The page for wrong addresses: at any depth, below any path, with and without JavaScript."""

import re

import pytest

from tests.browser import SITE, serve


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A host with the site below a path, which answers wrong addresses with the site's page."""
    root = tmp_path_factory.mktemp("host")
    (root / "some" / "where").mkdir(parents=True)
    (root / "some" / "where" / "site").symlink_to(SITE)
    (root / "404.html").symlink_to(SITE / "404.html")
    with serve(root, isolation=False) as host:
        yield f"{host}/some/where/site/"


@pytest.fixture(params=["at the root of a host", "below a path"])
def site(request, host, root):
    return f"{host}/" if request.param.startswith("at") else root


def opened(browser, address, **options):
    """The browser itself complains of the 404, so no open_page; what else fails is in `failed`."""
    page = browser.new_context(**options).new_page()
    page.failed = []
    page.on("response", lambda reply: reply.status >= 400 and page.failed.append(reply))
    page.on("pageerror", lambda error: page.failed.append(error))
    page.goto(address)
    return page


def failures(page):
    """Beside the page itself, and the questions where the site begins."""
    return [
        reply.url if hasattr(reply, "url") else reply
        for reply in page.failed
        if not hasattr(reply, "url")
        or not (reply.request.is_navigation_request() or reply.request.method == "HEAD")
    ]


@pytest.mark.parametrize(
    ("asked", "names", "target"),
    [
        ("layers/Conv2d", ["Conv2D 二维卷积层"], "layers/convolutional/Conv2D/"),
        ("GRU/", ["GRU（层实验台）"], "lab/#lab&layer=GRU"),
        ("layers/core/dens.html", ["Dense 全连接层"], "layers/core/Dense/"),
        ("layers/core/#max_pooling2d", ["MaxPooling2D 二维最大池化层"], None),
        ("a/b/c/d/glosary/", ["参数词典"], "glossary/"),
        ("Xqzwvk/%3Cimg%20src=x%3E%", [], None),
    ],
)
def test_nearest_name(browser, site, asked, names, target):
    page = opened(browser, site + asked)
    page.get_by_role("button", name="搜索“").wait_for()
    links = page.locator(".not-found a")
    assert links.all_text_contents()[:1] == names
    if target:
        assert links.first.evaluate("link => link.href") == site + target
    page.wait_for_load_state("networkidle")
    assert not failures(page)
    # The site's own look and colours.
    sheet = page.locator("ul.names").first.evaluate("list => getComputedStyle(list).display")
    assert sheet == "flex"
    page.context.close()


def test_links_search_and_colours(browser, site):
    page = opened(browser, site + "some/Embeding")
    links = page.locator("article a, .md-nav--primary a").evaluate_all(
        "all => all.map(a => a.href)"
    )
    pages = [link for link in dict.fromkeys(links) if "#lab" not in link]
    assert all(link.startswith(site) for link in links)
    assert len(pages) > 15 and {page.request.get(link).status for link in pages} == {200}
    page.get_by_role("button", name="搜索“Embeding”").click()
    page.get_by_role("textbox", name="搜索").fill("mask_zero")
    result = page.locator(".md-search-result__item a").first
    result.wait_for()
    assert result.evaluate("link => link.href").startswith(site + "layers/embeddings/Embedding/")
    page.get_by_role("link", name="GRU", exact=True).evaluate("link => link.click()")
    page.locator(".diagram[aria-label^='GRU ']").first.wait_for(timeout=60_000)
    # The reader's colours, chosen on another page.
    page.goto(site)
    page.evaluate("__md_set('__palette', {index: 2, color: {scheme: 'slate'}})")
    page.goto(site + "nowhere/else")
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
    page.context.close()


def test_an_address_with_two_slashes_leads_to_no_other_host(browser, host):
    page = opened(browser, f"{host}//elsewhere.test/layers/x")
    assert page.evaluate("document.baseURI") == f"{host}/"
    page.context.close()


def test_without_javascript_at_the_root_of_a_host(browser, host):
    page = opened(browser, f"{host}/layers/Conv2d", java_script_enabled=False)
    assert page.locator("h1").inner_text() == "没有这一页"
    assert page.locator("ul.names").first.is_visible()
    page.get_by_role("link", name="Conv2D 二维卷积层").last.click()
    page.wait_for_url(f"{host}/layers/convolutional/Conv2D/")
    page.context.close()


def test_every_layer_is_listed():
    """What the lab shows, and what has a page: from the code, not typed."""
    names = re.findall(r'data-name="(\w+)"', (SITE / "404.html").read_text())
    lab = (SITE / "lab/index.html").read_text()
    families = re.search(r'"families":(\[\[.*?\]\]\])', lab)
    shown = set(re.findall(r'"(\w+)"', families[1])) - set(re.findall(r'\["(\w+)",\[', families[1]))
    assert len(names) == len(set(names)) and set(names) == shown | {"Dense"}
