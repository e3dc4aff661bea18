"""Markdown blocks that show labkit as it is, so that a page cannot disagree with the code.

::: signature Dense      import line and signature
::: parameters Dense     each parameter: type, default, meaning (below, else docs/glossary.md,
                         else the class's docstring)
    units: 输出的维数
::: source Dense         the class, its bases below Layer, the primitives it reaches
    with: relu           functions of K that it calls through a parameter
::: shape Dense(4)       pictures of the layer; the first of a page with the parameter panel
    input: (None, 3)
::: boxes lenet          a model of docs/live/models as boxes, before Python draws the reader's own
::: floors labkit        the rooms of the library, floor by floor
::: licences editor      what others wrote (licences.py)
::: gallery 卷积层         the layers of a family by their pictures (gallery.py)
::: families all         the families, too
::: explorable 110       a picture that answers without Python (explorable.py)
"""

import ast
import collections.abc
import inspect
import json
import posixpath
import re
import types
import typing
from functools import cache
from html import escape
from pathlib import Path
from textwrap import dedent
from urllib.parse import urlencode

from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor

import labkit.layers
from labkit import backend as K
from labkit.arguments import signatures
from labkit.backend.evaluation import Feed
from labkit.diagrams import box_view, panel
from labkit.diagrams.examples import EXAMPLES
from labkit.diagrams.states import example, state_of
from labkit.diagrams.views import VIEWS, Subject, views_of
from labkit.engine.base_layer import Layer
from labkit.layers.settings import take

from . import explorable, floors, gallery, licences

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GLOSSARY = "glossary.md"
#: The engine under all layers, which belongs to none.
ENGINE = {part.__module__ for part in (K.Tensor, K.primitive, K.gradients, Feed)}
SETTINGS = take.__module__  # what the constructors of all families call
TYPES = {
    int: "整数",
    float: "浮点数",
    bool: "布尔值",
    str: "字符串",
    dict: "字典",
    list: "列表",
    tuple: "元组",
    collections.abc.Callable: "函数",
}


KINDS = (
    "signature parameters source shape boxes floors licences gallery families explorable".split()
)


class BlockError(ValueError):
    """A block that cannot be shown; fails the build."""


class Reference(Preprocessor):
    shapes = 0  # blocks of this kind seen on the page

    def run(self, lines):
        self.shapes = 0
        output, waiting, ticks = [], list(lines), None
        while waiting:
            line = waiting.pop(0)
            # A fence may show this very syntax; it ends with the ticks that opened it.
            if edge := re.match(r"\s*(`{3,}|~{3,})", line):
                ticks = edge[1] if ticks is None else None if ticks == edge[1] else ticks
            block = None if ticks else re.match(r"::: (\w+) (.+)", line)
            if not block:
                output.append(line)
                continue
            body = []
            while waiting and (waiting[0].startswith("    ") or not waiting[0].strip()):
                body.append(waiting.pop(0))
            try:
                text = self.show(block[1], block[2].strip(), dedent("\n".join(body)).strip())
            except Exception as error:
                raise BlockError(f"{self.place(line)}: {line}\n{error}") from error
            output += ["", *text.splitlines(), ""]
        return output

    def show(self, kind, argument, body):
        match kind:
            case "signature":
                return signature(find(argument))
            case "parameters":
                page = self.file.src_uri if self.file else ""
                return parameters(find(argument), meanings(body), page)
            case "source":
                return source(find(argument), chosen(body))
            case "shape":
                self.shapes += 1
                return self.md.htmlStash.store(shape(argument, body, first=self.shapes == 1))
            case "boxes":
                return self.md.htmlStash.store(boxes(argument))
            case "floors":
                return self.md.htmlStash.store(floors.picture())
            case "licences":
                return licences.show(argument, body)
            case "gallery":
                here, pages = self.address, self.pages
                return self.md.htmlStash.store(gallery.show(argument, here, pages, family_of))
            case "families":
                return self.md.htmlStash.store(gallery.families(self.address))
            case "explorable":
                return self.md.htmlStash.store(explorable.show(argument))
        rule = f"::: 之后只能是 {'、'.join(KINDS)}"
        raise BlockError(f"{rule}，收到 {kind!r}")

    @property
    def file(self):
        """The page, which MkDocs keeps for its link rewriting; None under other builders."""
        known = "relpath" in self.md.treeprocessors
        return self.md.treeprocessors["relpath"].file if known else None

    @property
    def address(self):
        """Of the page, relative to the site's root."""
        return self.file.url if self.file else ""

    @property
    def pages(self):
        """The sources of all pages of the site."""
        return {page.relative_to(DOCS).as_posix() for page in DOCS.glob("layers/*/*.md")}

    def place(self, line):
        if not self.file:
            return "page"
        # Counted in the file: MkDocs has cut the front matter off.
        lines = Path(self.file.abs_src_path).read_text().splitlines()
        return f"{self.file.src_uri}:{lines.index(line) + 1}"


def find(name):
    if name not in labkit.layers.__all__:
        raise BlockError(f"labkit.layers 里没有 {name}")
    return getattr(labkit.layers, name)


def fence(code, options=""):
    return f"```python {options}\n{code.rstrip()}\n```"


def own_parameters(cls):
    _, *parameters = inspect.signature(cls.__init__).parameters.values()
    return {p.name: p for p in parameters if p.kind is not p.VAR_KEYWORD}


def literal(value):
    """As the pages write it: strings in double quotes."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


def signature(cls):
    arguments = [
        name if parameter.default is parameter.empty else f"{name}={literal(parameter.default)}"
        for name, parameter in own_parameters(cls).items()
    ]
    call = f"{cls.__name__}({', '.join(arguments)})"
    if len(call) > 72:
        call = f"{cls.__name__}(\n" + "".join(f"    {a},\n" for a in arguments) + ")"
    code = fence(f"from labkit.layers import {cls.__name__}\n\n{call}")
    return f'<div class="signature" markdown="1">\n\n{code}\n\n</div>'


def meanings(body):
    """`name: meaning` lines; a line without a name continues the one before."""
    found = {}
    for line in body.splitlines():
        if entry := re.match(r"(\w+): *(.+)", line):
            name, found[entry[1]] = entry[1], entry[2]
        elif line.strip():
            if not found:
                raise BlockError(f"应写成“参数名: 说明”，收到 {line!r}")
            found[name] += "\n    " + line.strip()
    return found


def glossary():
    """First paragraph of each `## name` entry."""
    text = (ROOT / "docs" / GLOSSARY).read_text()
    return dict(re.findall(r"^## (\w+)\n+((?:.+\n)+)", text + "\n", re.MULTILINE))


def parameters(cls, given, page):
    own, shared, documented = own_parameters(cls), glossary(), signatures.meanings(cls)
    if unknown := sorted(set(given) - set(own)):
        raise BlockError(f"{cls.__name__} 没有参数 {'、'.join(unknown)}；它有 {'、'.join(own)}")
    if missing := [name for name in own if name not in {**given, **shared, **documented}]:
        raise BlockError(
            f"参数 {'、'.join(missing)} 没有说明：写在这一块里，或写在类的说明里“参数：”下面"
        )
    home = posixpath.relpath(".", posixpath.dirname(page) or ".")
    entries, annotations = [], signatures.types_of(cls)
    for name, parameter in own.items():
        term = f"`{name}`"
        if name in given:
            meaning = given[name]
        elif name in shared:
            term = f"[{term}]({home}/{GLOSSARY}#{name.lower()})"
            meaning = relocate(shared[name].strip(), home).replace("\n", "\n    ")
        else:
            meaning = on_one_line(documented[name])
        default = parameter.default
        kind = describe(annotations[name]) if name in annotations else ""
        note = "必填" if default is parameter.empty else f"默认 `{literal(default)}`"
        facts = " · ".join(filter(None, [kind, note]))
        entries.append(f'{term} <span class="facts">{facts}</span> {{: #{name} }}\n:   {meaning}\n')
    if not own:
        return ""
    return '<div class="parameters" markdown="1">\n\n' + "\n".join(entries) + "\n</div>"


def on_one_line(text):
    """Joined without a space where a line ends with Chinese punctuation."""
    return re.sub(r"\s*\n\s*", " ", re.sub(r"(?<=[，。；：、）])\n\s*", "", text))


def relocate(text, home):
    """Make the glossary's relative links right for a page elsewhere."""

    def target(match):
        link = match[1]
        return f"]({home}/{GLOSSARY if link.startswith('#') else ''}{link})"

    return re.sub(r"\]\((?!\w+:)([^)]+)\)", target, text)


def describe(annotation):
    """An annotation in words: `Literal` choices as they are typed, types in Chinese."""
    if annotation is None or annotation is types.NoneType:
        return "`None`"
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return " / ".join(f"`{literal(choice)}`" for choice in arguments)
    if origin in (typing.Union, types.UnionType):
        return " / ".join(dict.fromkeys(describe(a) for a in arguments))
    kind = origin or annotation
    return TYPES.get(kind) or f"`{kind.__name__}`"


def chosen(body):
    """The functions of K that a `with:` line names."""
    key, _, names = body.partition(":")
    if body and key != "with":
        raise BlockError(f"源码之后只能有一行 with: relu，收到 {body!r}")
    if unknown := [name for name in names.split() if not hasattr(K, name)]:
        raise BlockError(f"labkit.backend 里没有 {'、'.join(unknown)}")
    return [getattr(K, name) for name in names.split()]


def source(cls, functions=()):
    """The class open, then folded: bases, cells, and the functions that compute, in call order."""
    first, *others = dict.fromkeys([*reached(cls), *functions])
    # Left in the search index, every name would be found on every page.
    hidden = 'class="source" data-search-exclude="true" markdown="1"'
    text = [f"<section {hidden}>\n\n{listing(first)}\n\n</section>"]
    for thing in others:
        if inspect.isclass(thing):
            label = "基类" if issubclass(cls, thing) else "用到的类"
        else:
            label = "原语，前向与反向" if is_primitive(thing) else "辅助函数"
        summary = f"<summary><code>{thing.__name__}</code> {label}</summary>"
        text.append(f"<details {hidden}>\n{summary}\n\n{listing(thing)}\n\n</details>")
    return "\n\n".join(text)


def listing(thing):
    file = Path(inspect.getsourcefile(inspect.unwrap(thing))).relative_to(ROOT).as_posix()
    return fence(inspect.getsource(thing), f'title="{file}"')


def reached(cls):
    """The class, the classes it is made of, then primitives and their helpers, in call order."""
    bases = cls.__mro__[: cls.__mro__.index(Layer)]
    found = list(dict.fromkeys([*bases, *(thing for base in bases for thing in closure(base))]))
    within = {part for thing in found if is_primitive(thing) for part in closure(thing)}
    classes = [thing for thing in found if inspect.isclass(thing)]
    # Of the helpers those that lead to a primitive or work for one; not the likes of K.ndim.
    return classes + [
        thing
        for thing in found
        if not inspect.isclass(thing)
        and (
            is_primitive(thing)
            or thing in within
            or family(thing.__module__) in (family(cls.__module__), SETTINGS)
            or any(is_primitive(part) for part in closure(thing))
        )
    ]


def is_primitive(thing):
    return hasattr(thing, "is_primitive")


def closure(thing):
    """All that is named by the source of `thing`, by what that names, and so on: depth first."""
    found = {}

    def follow(part):
        for name in named(part):
            if name not in found:
                found[name] = None
                follow(name)

    follow(thing)
    return list(found)


@cache
def named(thing):
    """Layers of the same family, its functions, `take` and those of labkit.backend, in order."""
    plain = inspect.unwrap(thing)
    module = inspect.getmodule(plain)
    tree = ast.parse(dedent(inspect.getsource(plain)))
    nodes = [
        node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute | ast.arg)
    ]
    nodes.sort(key=lambda node: (node.lineno, node.col_offset))
    # Parameters and local variables may be called like a function of their module.
    local = {node.arg if isinstance(node, ast.arg) else node.id for node in nodes if is_bound(node)}
    names = {name: value for name, value in vars(module).items() if name not in local}
    values = [resolve(node, names) for node in nodes]
    return list(dict.fromkeys(value for value in values if is_shown(value, module.__name__)))


def family(module):
    """labkit.layers.<family>, whether that is a module or a package of several."""
    return ".".join(module.split(".")[:3])


def is_bound(node):
    return (
        isinstance(node, ast.arg) or isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )


def resolve(node, names):
    """The value of a name, or of a dotted one that starts at a module, without running code."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    owner = resolve(node.value, names) if isinstance(node, ast.Attribute) else None
    return getattr(owner, node.attr, None) if inspect.ismodule(owner) else None


def is_shown(value, origin):
    if inspect.isclass(value):
        return issubclass(value, Layer) and family(value.__module__) == family(origin)
    if not inspect.isfunction(value):
        return False
    module = inspect.unwrap(value).__module__
    return family(module) in (family(origin), SETTINGS) or (
        module.startswith("labkit.backend.") and module not in ENGINE
    )


def shape(call, body, first=True):
    """The panel with the pictures of its default, which a reader without JavaScript sees as they
    are; further blocks of a page are one picture with a link into the panel."""
    given = dict(re.findall(r"^\s*(\w+):\s*(.*?)\s*$", body, re.MULTILINE))
    if "input" not in given or set(given) - {"input", "layers" if first else "view"}:
        raise BlockError("形状图需要一行 input: (None, 3)，另外只能有 layers: all 或 view: gates")
    inputs = ast.literal_eval(given["input"])
    state = state_of(call, inputs)
    try:
        subject = Subject(state)
    except Exception as error:
        raise BlockError(panel.sentence(error)) from error
    views = views_of(subject.layer)
    if not first:
        view = given.get("view", "shape")
        if view not in views:
            raise BlockError(f"view 可以是 {'、'.join(views)}")
        svg = panel.drawn(subject, view)["svg"]
        return f'<figure class="lab-figure">{svg}{link_into_panel(state, view)}</figure>'
    started = panel.start(subject)
    started |= {"families": families(), "chooses": "layers" in given}
    if state != (own := example(state["layer"])):
        started["example"] = own
    figures = []
    for view in views:
        if not VIEWS[view].still:
            continue
        drawn = panel.both_widths(subject, view)
        # The picture itself stands beside them, for those without JavaScript.
        data = {key: value for key, value in drawn.items() if key not in ("svg", "wide")}
        caption = "".join([f"{VIEWS[view].title}图。", *drawn["notes"]])
        svg = drawn["svg"]
        if "wide" in drawn:
            svg = f'<div class="lab-narrow">{svg}</div><div class="lab-wide">{drawn["wide"]}</div>'
        figures.append(
            f'<figure data-view="{view}">{svg}<figcaption>{escape(caption)}</figcaption>'
            f"{as_json(data)}</figure>"
        )
    content = "".join([*figures, as_json(started)])
    # In a div: Markdown would put an element that it does not know into a paragraph.
    return f'<div data-search-exclude="true"><layer-lab>{content}</layer-lab></div>'


def boxes(name):
    """The model that a script of docs/live/models builds, for a phone and for a wider screen."""
    script = (ROOT / "docs/live/models" / f"{name}.py").read_text()
    namespace = {}
    exec(script.replace("from keras.", "from labkit."), namespace)
    drawn = "".join(box_view(namespace["model"], width) for width in (360, 640))
    return f'<figure class="lab-figure model-still">{drawn}</figure>'


def as_json(data):
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json">{text}</script>'


def link_into_panel(state, view):
    """The address that docs/live/lab-link.js reads."""
    pairs = [("view", view), *state["settings"].items()]
    pairs += [("input", ",".join(str(n) for n in shape)) for shape in state["inputs"]]
    address = escape("#lab&" + urlencode(pairs))
    return f'<figcaption><a href="{address}">在面板中打开</a></figcaption>'


def families():
    """[heading, names] of all layers that have an example, in the order of the modules."""
    found = {}
    for name in EXAMPLES:
        found.setdefault(family_of(getattr(labkit.layers, name)), []).append(name)
    return list(found.items())


def family_of(layer):
    """The module of labkit.layers that a class is in, as in Keras: core for Dense.

    One whose code lies elsewhere, as that of InputLayer in the engine, is in the module that lists
    it in `__all__`.
    """
    if own := re.match(r"labkit\.layers\.(\w+)", layer.__module__):
        return own[1]
    modules = inspect.getmembers(labkit.layers, inspect.ismodule)
    return next(name for name, m in modules if layer.__name__ in getattr(m, "__all__", ()))


class ReferenceExtension(Extension):
    def extendMarkdown(self, md):
        # Above superfences (25), which highlights the fences made here.
        md.preprocessors.register(Reference(md), "reference", 26)


def makeExtension(**options):
    return ReferenceExtension(**options)
