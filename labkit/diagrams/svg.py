"""Pieces of SVG that know their size, laid out beside and below each other.

Colours are CSS variables, so that a page can follow light and dark; the fallbacks serve files and
notebooks (`standalone`). Every text that belongs to a box lies in a `<g class="box">` whose first
shape is that box, so that a test can measure in a browser that no text leaves its box.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

INK, FAINT = "var(--diagram-ink, #1d2b30)", "var(--diagram-faint, #526166)"
EDGE, PAPER = "var(--diagram-edge, #8fa7ab)", "var(--diagram-paper, #ffffff)"
DATA, BATCH = "var(--diagram-data, #dcecf7)", "var(--diagram-batch, #eef1f2)"
WEIGHT, RESULT = "var(--diagram-weight, #fdebd0)", "var(--diagram-result, #dff1e6)"
SANS = 'font-family="system-ui, sans-serif"'
MONO = 'font-family="ui-monospace, Consolas, monospace"'


class SVG(str):
    """SVG 文本。在笔记本和网页的代码格里显示成图；写进文件用 standalone(它)。"""

    def _repr_svg_(self) -> str:
        return standalone(self)


WIDTH = 360  # of a picture that is readable on a phone, in CSS pixels
WIDE = 680  # of one beside which a form has room on a desk
LINE = 17


class Block(NamedTuple):
    """SVG text drawn from (0, 0), and how much room it takes."""

    svg: str
    width: float
    height: float


def width_of(content, size: float, mono: bool = False) -> float:
    """An upper bound of the width of a text; a Chinese character is as wide as it is high."""
    latin = 0.62 if mono else 0.6
    return sum(size if ord(letter) > 0x2E7F else size * latin for letter in str(content))


def text(
    x, y, content, *, size=12.0, mono=False, weight=400, fill=INK, anchor="middle", css=""
) -> str:
    """One line of text on the baseline y."""
    kind = f'class="{css}" ' if css else ""
    bold = f'font-weight="{weight}" ' if weight != 400 else ""
    return (
        f'<text {kind}x="{x:g}" y="{y:g}" text-anchor="{anchor}" {MONO if mono else SANS} '
        f'font-size="{size:g}" {bold}fill="{fill}">{escape(str(content))}</text>'
    )


def rect(x, y, width, height, *, fill=PAPER, stroke=EDGE, radius=4.0, dashed=False) -> str:
    dash = ' stroke-dasharray="3 2"' if dashed else ""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" '
        f'fill="{fill}" stroke="{stroke}"{dash}/>'
    )


def path(d: str, *, stroke=EDGE, width=1.5, css="", dashed=False) -> str:
    kind = f'class="{css}" ' if css else ""
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    return f'<path {kind}d="{d}" fill="none" stroke="{stroke}" stroke-width="{width:g}"{dash}/>'


def arrow(x, y, length, down=False, stroke=EDGE) -> str:
    """A straight arrow to the right, or down."""
    if down:
        return path(f"M{x:g} {y:g}v{length - 1:g}m-4 -4l4 4l4 -4", stroke=stroke)
    return path(f"M{x:g} {y:g}h{length - 1:g}m-4 -4l4 4l-4 4", stroke=stroke)


def arrow_along(points, dashed=False) -> str:
    """A line through the points, with a head at its end."""
    (x0, y0), (x, y) = points[-2:]
    length = math.hypot(x - x0, y - y0)
    dx, dy = 4 * (x - x0) / length, 4 * (y - y0) / length
    line = "L".join(f"{x:g} {y:g}" for x, y in points)
    head = f"M{x - dx - dy:g} {y - dy + dx:g}L{x:g} {y:g}L{x - dx + dy:g} {y - dy - dx:g}"
    return path(f"M{line}", dashed=dashed) + path(head)


def moved(block: Block, x: float, y: float) -> str:
    return f'<g transform="translate({x:g} {y:g})">{block.svg}</g>'


def words(content, *, size=12.0, mono=False, weight=400, fill=INK, anchor="middle") -> Block:
    """A line of text as a block; in the middle of it, since a text is narrower than its bound."""
    width = width_of(content, size, mono)
    x = width / 2 if anchor == "middle" else 0
    line = text(
        x, size * 1.1, content, size=size, mono=mono, weight=weight, fill=fill, anchor=anchor
    )
    return Block(line, width, size * 1.5)


def folded(content: str, room: float, size: float, mono: bool = False) -> list[str]:
    """The text in lines that fit into `room`, cut after a comma or a space where possible."""
    lines, line = [], ""
    for piece in re.findall(r"[^，、；, ]*[，、；, ]*", content):
        if line and width_of((line + piece).rstrip(), size, mono) > room:
            lines.append(line.rstrip())
            line = ""
        line += piece
        while width_of(line.rstrip(), size, mono) > room:
            cut = max(
                1, next(n for n in range(len(line), 0, -1) if fits(line[:n], room, size, mono))
            )
            lines.append(line[:cut])
            line = line[cut:]
    return [*lines, line.rstrip()] if line.strip() else lines


def fits(content: str, room: float, size: float, mono: bool) -> bool:
    return len(content) == 1 or width_of(content, size, mono) <= room


def paragraph(content: str, room: float, *, size=12.0, mono=False, fill=INK) -> Block:
    lines = folded(content, room, size, mono)
    blocks = [words(line, size=size, mono=mono, fill=fill) for line in lines]
    return below(blocks, gap=1, align=0.5)


def boxed(
    block: Block, *, pad=8.0, fill=PAPER, stroke=EDGE, radius=6.0, least=0.0, dashed=False
) -> Block:
    """A block in the middle of a box of its own."""
    width, height = max(block.width + 2 * pad, least), block.height + 2 * pad
    frame = rect(
        0.5, 0.5, width - 1, height - 1, fill=fill, stroke=stroke, radius=radius, dashed=dashed
    )
    inside = moved(block, (width - block.width) / 2, pad)
    return Block(f'<g class="box">{frame}{inside}</g>', width, height)


def beside(blocks: Iterable[Block], gap=8.0, align=0.5) -> Block:
    """From left to right; `align` 0 is the top, 0.5 the middle, 1 the bottom."""
    blocks = list(blocks)
    height = max((b.height for b in blocks), default=0)
    parts, x = [], 0.0
    for block in blocks:
        parts.append(moved(block, x, (height - block.height) * align))
        x += block.width + gap
    return Block("".join(parts), max(x - gap, 0), height)


def below(blocks: Iterable[Block], gap=8.0, align=0.0) -> Block:
    """From top to bottom; `align` 0 is the left, 0.5 the middle."""
    blocks = list(blocks)
    width = max((b.width for b in blocks), default=0)
    parts, y = [], 0.0
    for block in blocks:
        parts.append(moved(block, (width - block.width) * align, y))
        y += block.height + gap
    return Block("".join(parts), width, max(y - gap, 0))


def flow(blocks: Iterable[Block], room=WIDTH, gap=8.0, align=0.0) -> Block:
    """Beside each other, and on further rows where `room` ends."""
    rows: list[list[Block]] = [[]]
    for block in blocks:
        if rows[-1] and sum(b.width + gap for b in rows[-1]) + block.width > room:
            rows.append([])
        rows[-1].append(block)
    return below([beside(row, gap, align) for row in rows], gap)


def legend(sentences) -> Block:
    """Sentences below a picture, each on lines of its own."""
    lines = [line for one in sentences for line in folded(one, WIDTH, 11.5)]
    return below([words(line, size=11.5, anchor="start") for line in lines], 2)


def document(css: str, title: str, description: str, block: Block, label: bool = True) -> SVG:
    """The whole picture, with its words for those who cannot see it.

    `label`: one image to a screen reader; otherwise its parts are met one by one.
    """
    role = 'role="img" ' if label else 'role="group" '
    width, height = max(block.width, WIDTH), f"{block.height:g}"
    inside = moved(block, (width - block.width) / 2, 0) if width > block.width else block.svg
    # On a phone a wide picture scrolls; shrunk to the screen nobody could read it.
    least = f' style="min-width:{0.9 * width:g}px"' if width > 1.1 * WIDTH else ""
    return SVG(
        f'<svg class="diagram {css}" xmlns="http://www.w3.org/2000/svg" {role}'
        f"aria-label={quoteattr(title)} "
        f'viewBox="0 0 {width:g} {height}" width="{width:g}" height="{height}"{least}>'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{inside}</svg>"
    )


def standalone(svg: str) -> str:
    """A picture for a file or a notebook: fixed colours on paper, readable on any background."""
    fixed = re.sub(r"var\(--[\w-]+, (#\w+)\)", r"\1", svg)
    paper = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return fixed.replace("</desc>", f"</desc>{paper}", 1)
