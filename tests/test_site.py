"""The built site, as files and in Chromium: links, hosts, sets, weight, search."""

import gzip
import re
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit

import pytest

import labkit.layers
from docs.tools.reference import family_of
from labkit.engine.base_layer import Layer
from tests.browser import SITE, open_page, serve
from tests.fences import ROOT, fences

HOST = "http://site.test/"
LAYER_PAGES = sorted((ROOT / "docs/layers").glob("*/*.md"))
RECIPE = ["看图", "参考", "数学", "动手试", "实现", "常见疑问", "练习", "参考文献"]
REFERENCE = ["签名", "参数", "输入与输出尺寸", "权重", "掩码-masking", "与其他版本的差别"]
LAYERS = {
    thing
    for thing in (getattr(labkit.layers, name) for name in labkit.layers.__all__)
    if isinstance(thing, type) and issubclass(thing, Layer) and thing is not Layer
}
PAGE_BYTES = 400_000  # compressed, before Run is pressed


def html_files():
    assert SITE.exists(), "make site comes first"
    return sorted(path for path in SITE.rglob("*.html") if "runtime" not in path.parts)


def name(path):
    return str(path.relative_to(ROOT))


def url_of(path):
    return urljoin(HOST, str(path.relative_to(SITE)).removesuffix("index.html"))


class Document(HTMLParser):
    """Ids, headings, links and loaded resources of one page."""

    def __init__(self, path):
        super().__init__()
        self.path, self.ids, self.headings, self.links, self.loads = path, set(), [], [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "id" in attributes:
            self.ids.add(attributes["id"])
            if tag in ("h1", "h2", "h3"):
                self.headings.append((tag, attributes["id"]))
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        elif tag in ("link", "use", "image") and "href" in attributes:
            self.loads.append(attributes["href"])
        self.loads += [attributes[key] for key in ("src", "poster", "data") if attributes.get(key)]
        self.loads += re.findall(r"[^\s,]+(?= \S+)", attributes.get("srcset") or "")
        self.loads += stylesheet_urls(attributes.get("style") or "")


def stylesheet_urls(text):
    return re.findall(r"""(?:url\(\s*|@import\s+)["']?([^"')\s]+)""", text)


def target(link, source):
    """The file and the fragment that a browser arrives at."""
    parts = urlsplit(urljoin(url_of(source), link))
    path = SITE / unquote(parts.path).lstrip("/")
    return path / "index.html" if path.is_dir() else path, parts.fragment


@pytest.fixture(scope="module")
def documents():
    return {path: Document(path) for path in html_files()}


def test_no_dead_link_or_anchor(documents):
    dead = []
    for path, document in documents.items():
        for link in document.links + document.loads:
            if urljoin(url_of(path), link).startswith(HOST):
                file, fragment = target(link, path)
                # A browser looks for the fragment as it stands, then percent-decoded: byte by byte.
                # A link into the panel is read by docs/live/lab-link.js.
                into_panel = fragment.startswith("lab&") and "<layer-lab>" in file.read_text()
                if not file.is_file() or (
                    fragment not in ("", "__top")
                    and not into_panel
                    and file in documents
                    and not {fragment, unquote(fragment)} & documents[file].ids
                ):
                    dead.append(f"{name(path)}: {link}")
    assert not dead


def test_stylesheets_load_only_what_is_there(documents):
    for path in SITE.rglob("*.css"):
        for link in stylesheet_urls(path.read_text()):
            if not link.startswith(("data:", "#")):
                assert urljoin(url_of(path), link).startswith(HOST), f"{name(path)}: {link}"
                assert target(link, path)[0].is_file(), f"{name(path)}: {link}"


def test_pages_load_from_no_other_host(documents):
    for path, document in documents.items():
        for link in document.loads:
            assert urljoin(url_of(path), link).startswith((HOST, "data:")), f"{name(path)}: {link}"


def test_every_page_is_of_a_layer_and_every_layer_has_golden_cases():
    layers = {cls.__name__: f"{family_of(cls)}/{cls.__name__}" for cls in LAYERS}
    assert {f"{page.parent.name}/{page.stem}" for page in LAYER_PAGES} <= set(layers.values())
    # Groups in small letters are of functions: activations, losses, training, ...
    golden = {file.stem for file in (ROOT / "tests/golden").glob("*.npz") if file.stem[0].isupper()}
    assert golden <= set(layers)


@pytest.mark.parametrize("page", ["index.html", "layers/index.html"])
def test_every_layer_is_in_the_tables(page, documents):
    linked = {target(link, SITE / page)[0].parent for link in documents[SITE / page].links}
    pages = {SITE / "layers" / layer.parent.name / layer.stem for layer in LAYER_PAGES}
    assert pages <= linked


@pytest.mark.parametrize("page", LAYER_PAGES, ids=name)
def test_layer_page_follows_the_recipe(page):
    document = Document(SITE / page.relative_to(ROOT / "docs").with_suffix("") / "index.html")
    sections = [anchor for tag, anchor in document.headings if tag == "h2"]
    assert sections == RECIPE
    place = document.headings.index
    reference = document.headings[place(("h2", "参考")) + 1 : place(("h2", "数学"))]
    assert reference == [("h3", anchor) for anchor in REFERENCE]


def test_headings_have_readable_anchors(documents):
    for path, document in documents.items():
        for _, anchor in document.headings:
            assert not re.fullmatch(r"_\d+|.*%[0-9A-F]{2}.*", anchor), f"{name(path)}#{anchor}"


def test_every_page_has_its_own_description(documents):
    found = {}
    for path in documents:
        if path.name == "index.html":
            description = re.search('<meta name="description" content="([^"]*)"', path.read_text())
            assert description and len(description[1]) > 10, name(path)
            found.setdefault(description[1], name(path))
    assert len(found) == sum(path.name == "index.html" for path in documents)


# ---- in Chromium; the site lies below a path, as it may on any host ----


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    root = tmp_path_factory.mktemp("host")
    (root / "some" / "where").mkdir(parents=True)
    (root / "some" / "where" / "site").symlink_to(SITE)
    with serve(root) as host:
        yield f"{host}/some/where/site/"


def public_pages():
    return [path for path in html_files() if path.name == "index.html"] if SITE.exists() else []


@pytest.mark.parametrize("path", public_pages(), ids=name)
def test_page_on_a_phone(path, browser, address):
    phone = {"width": 390, "height": 844}
    with open_page(browser, address + url_of(path).removeprefix(HOST), viewport=phone) as page:
        requested = set()
        page.on("request", lambda request: requested.add(request.url))
        page.reload()
        # A cell becomes an editor when it scrolls into view.
        for cell in page.locator("live-code").all()[:1]:
            cell.scroll_into_view_if_needed()
        page.wait_for_load_state("networkidle")
        width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, f"{width} px wide"
    own = [url.removeprefix(address) for url in requested if not url.startswith("blob:")]
    files = [target(url, SITE / "index.html")[0] for url in own]
    weight = sum(len(gzip.compress(file.read_bytes())) for file in files)
    assert weight <= PAGE_BYTES, f"{weight:,} bytes"


@pytest.mark.parametrize("page", LAYER_PAGES, ids=name)
def test_layer_page_reads_without_javascript(page, browser, address):
    url = f"{address}layers/{page.parent.name}/{page.stem}/"
    with open_page(browser, url, java_script_enabled=False) as reader:
        article = reader.locator("article")
        article.evaluate("all => all.querySelectorAll('details').forEach(one => one.open = true)")
        shown = squeeze(article.inner_text())
        assert article.locator("svg.shape-diagram").first.is_visible()
    for fence in fences(page):
        assert squeeze(fence.code) in shown, f"{page}:{fence.line}"


def squeeze(text):
    return re.sub(r"\s+", "", text)


SEARCHES = {
    "卷积": "layers/convolutional/Conv2D/",
    "Conv2D": "layers/convolutional/Conv2D/",
    "conv2d": "layers/convolutional/Conv2D/",
    "长短期记忆": "layers/recurrent/LSTM/",
    "LSTM": "layers/recurrent/LSTM/",
    "return_sequences": "layers/recurrent/LSTM/",
    "最大池化": "layers/pooling/MaxPooling2D/",
    "批归一化": "layers/normalization/BatchNormalization/",
    "全连接": "layers/core/Dense/",
    "mask_zero": "layers/embeddings/Embedding/",
}


@pytest.mark.parametrize(("words", "expected"), SEARCHES.items(), ids=SEARCHES)
def test_search_finds(words, expected, browser, address):
    with open_page(browser, address) as page:
        page.get_by_role("textbox", name="搜索").click()
        page.keyboard.type(words)
        results = page.locator(".md-search-result__item")
        results.first.wait_for()
        link = results.first.locator("a").first.get_attribute("href")
        assert urlsplit(link).path.endswith(expected)
        assert results.first.locator("mark").count(), "the words are marked where they were found"


def test_search_uses_every_word_of_a_query(browser, address):
    with open_page(browser, address) as page:
        page.get_by_role("textbox", name="搜索").click()
        page.keyboard.type("二维最大池化")
        title = page.locator(".md-search-result__item h1").first
        title.wait_for()
        assert title.locator("mark").all_inner_texts() == ["二维", "最大", "池化"]


def test_search_index_loads_only_for_a_search(browser, address):
    with open_page(browser, address) as page:
        requested = []
        page.on("request", lambda request: requested.append(request.url))
        page.reload(wait_until="networkidle")
        assert not any("search_index" in url for url in requested)
        with page.expect_request("**/search_index.json"):
            page.get_by_role("textbox", name="搜索").click()
