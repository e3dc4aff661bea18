"""Layered layout of graphs without cycles: boxes in rows by rank, arrows from row to row.

Arrows bend only between rows, and pass a row where an empty slot keeps room for them: so no arrow
runs through a box. A label is such a slot too: so no label lies on anything.
"Across" is along a row, "along" is the direction of the arrows: x and y where the graph runs down.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from operator import mul
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from .svg import FAINT, Block, below, beside, moved, path, rect, words

BESIDE, BETWEEN, BEND, SWEEPS, STRAIGHT = 20.0, 28.0, 40.0, 12, 100


class Box(NamedTuple):
    """A drawing, and where across it arrows meet it: {name of the end of an arrow: place}."""

    block: Block
    ports: dict[str, float]


class Edge(NamedTuple):
    """An arrow between two ports."""

    source: str
    target: str
    label: str = ""


@dataclass(eq=False)
class Slot:
    """A place in a row: of a box, or of an arrow that passes the row."""

    block: Block
    ports: dict[str, float]
    across: float
    along: float
    passing: bool = False  # an arrow's, not a box's
    at: float = 0.0
    before: list[tuple[Slot, float]] = field(default_factory=list)  # what to add to its `at`
    after: list[tuple[Slot, float]] = field(default_factory=list)


def graph(boxes: dict[str, Box], edges: Iterable[Edge], down=True) -> Block:
    """Boxes and arrows, from top to bottom or from left to right."""
    edges = list(edges)
    return placed(boxes, edges, ranks(boxes, links_of(boxes, edges)), down)[0]


def links_of(boxes: dict[str, Box], edges: list[Edge]) -> list[tuple[str, str, int]]:
    """(box, box, rows from one to the other: a label takes one)."""
    home = {port: key for key, box in boxes.items() for port in box.ports}
    return [(home[e.source], home[e.target], 2 if e.label else 1) for e in edges]


def placed(
    boxes: dict[str, Box], edges: list[Edge], rank: dict[str, int], down: bool, heads=True
) -> tuple[Block, dict[str, tuple[float, float]]]:
    """The graph with these ranks, and where the left upper corner of each box is."""
    links = links_of(boxes, edges)
    rows: list[list[Slot]] = [[] for _ in range(max(rank.values(), default=0) + 1)]
    slots: dict[str, Slot] = {}
    for key, (block, ports) in boxes.items():
        size = (block.width, block.height) if down else (block.height, block.width)
        slots[key] = Slot(block, ports, *size)
        rows[rank[key]].append(slots[key])

    # Arrows from one port share their way for as long as they can.
    passing: dict[tuple, Slot] = {}
    routes: list[list[tuple[Slot, float]]] = []
    for edge, (start, end, _) in zip(edges, links, strict=True):
        route = [(slots[start], boxes[start].ports[edge.source])]
        for number in range(rank[start] + 1, rank[end]):
            label = edge.label if number == rank[start] + 1 else ""
            place = (edge.source, edge.label, number)
            if place not in passing:
                passing[place] = passing_slot(label, down)
                rows[number].append(passing[place])
            route.append((passing[place], passing[place].ports[""]))
        routes.append([*route, (slots[end], boxes[end].ports[edge.target])])
    joined = set()
    for a, b in (pair for route in routes for pair in pairwise(route)):
        if (a, b) not in joined:
            joined.add((a, b))
            a[0].after.append((b[0], b[1] - a[1]))
            b[0].before.append((a[0], a[1] - b[1]))
    arrange(rows)

    parts, bands, along = [], {}, 0.0
    for row in rows:
        height = max((slot.along for slot in row), default=0)
        widest = max((abs(b.at + d - a.at) for a in row for b, d in a.after), default=0)
        bands |= dict.fromkeys(row, (along, along + height))
        along += height + BETWEEN + min(BEND, widest / 8)
    for edge, route in zip(edges, routes, strict=True):
        ends = f"data-from={quoteattr(edge.source)} data-to={quoteattr(edge.target)}"
        parts.append(f'<g class="edge" {ends}>{path(way(route, bands, down, heads))}</g>')
    named = {slot: f'<g class="node" data-key={quoteattr(key)}>' for key, slot in slots.items()}
    corners = {}
    for slot, (start, end) in bands.items():
        place = (slot.at, (start + end - slot.along) / 2)
        corners[slot] = place if down else place[::-1]
        if slot.block.svg:
            drawn = moved(slot.block, *corners[slot])
            parts.append(f"{named[slot]}{drawn}</g>" if slot in named else drawn)
    size = (
        max((slot.at + slot.across for slot in bands), default=0),
        max((end for _, end in bands.values()), default=0),
    )
    whole = Block("".join(parts), *(size if down else size[::-1]))
    return whole, {key: corners[slot] for key, slot in slots.items()}


def framed(title: Block, inside: Block, fill: str, pad=8.0) -> Block:
    """A graph in a dashed frame with a title."""
    width = max(title.width, inside.width) + 2 * pad
    height = title.height + inside.height + 3 * pad
    frame = rect(0.5, 0.5, width - 1, height - 1, fill=fill, radius=8, dashed=True)
    svg = f'<g class="box">{frame}{moved(title, pad, pad)}</g>'
    place = ((width - inside.width) / 2, title.height + 2 * pad)
    return Block(f'<g class="group">{svg}{moved(inside, *place)}</g>', width, height)


def split(head: Block, parts: dict[str, Block], down: bool) -> Box:
    """A drawing with several ports: each part is one."""
    inside = below([head, (beside if down else below)(parts.values(), 10, 0)])
    ports, at = {}, 0.0 if down else head.height + 8
    for name, part in parts.items():
        size = part.width if down else part.height
        ports[name] = at + size / 2
        at += size + 10
    return Box(inside, ports)


def passing_slot(label: str, down: bool) -> Slot:
    if not label:
        return Slot(Block("", 0, 0), {"": 4.0}, 8, 0, True)
    text = words(label, size=11, fill=FAINT, anchor="start" if down else "middle")
    shown = Block(moved(text, 8 if down else 4, 0), text.width + 8, text.height)
    if down:
        return Slot(shown, {"": 4.0}, shown.width, shown.height, True)
    return Slot(shown, {"": text.height + 3}, text.height + 7, shown.width, True)


def in_order(keys: Iterable[str], links) -> list[str]:
    """Every key after its sources; what lies on a cycle, or behind one, is left out."""
    after: dict[str, list[str]] = {key: [] for key in keys}
    waits = dict.fromkeys(after, 0)
    for source, target, *_ in links:
        after[source].append(target)
        waits[target] += 1
    found = [key for key, count in waits.items() if not count]
    for key in found:
        for target in after[key]:
            waits[target] -= 1
            if not waits[target]:
                found.append(target)
    return found


def ranks(keys: Iterable[str], links) -> dict[str, int]:
    """The longest way to each key; what has no source stands next to what it leads to."""
    rank = dict.fromkeys(keys, 0)
    after: dict[str, list[tuple[str, int]]] = {key: [] for key in rank}
    for source, target, length in links:
        after[source].append((target, length))
    for key in in_order(rank, links):
        for target, length in after[key]:
            rank[target] = max(rank[target], rank[key] + length)
    for key in rank.keys() - {target for _, target, _ in links}:
        rank[key] = min((rank[target] - length for target, length in after[key]), default=0)
    return rank


def arrange(rows: list[list[Slot]]) -> None:
    """Orders each row for few crossings, then gives every slot its place."""
    for row in rows:
        spread(row, [0.0] * len(row))
    best, fewest = [list(row) for row in rows], crossings(rows)
    for sweep in range(SWEEPS if fewest else 0):
        forwards = sweep % 2 == 0
        for row in rows if forwards else reversed(rows):
            wish = {s: s.across / 2 + wanted(s, s.before if forwards else s.after) for s in row}
            row.sort(key=lambda slot, wish=wish: wish[slot])
            spread(row, [0.0] * len(row))
        if (found := crossings(rows)) < fewest:
            best, fewest = [list(row) for row in rows], found
    for row, ordered in zip(rows, best, strict=True):
        row[:] = ordered
        spread(row, [0.0] * len(row))
    for sweep in range(SWEEPS):
        for row in reversed(rows) if sweep % 2 else rows:
            spread(row, [wanted(s, s.after if sweep % 2 else s.before) for s in row])
    least = min((slot.at for row in rows for slot in row), default=0)
    for row in rows:
        for slot in row:
            slot.at -= least


def wanted(slot: Slot, near: list[tuple[Slot, float]]) -> float:
    """Where its arrows would be straight, on average; those between like slots matter most."""
    if not near:
        return slot.at
    weights = [STRAIGHT if other.passing == slot.passing else 1 for other, _ in near]
    places = [other.at + shift for other, shift in near]
    return sum(map(mul, weights, places)) / sum(weights)


def spread(row: list[Slot], wishes: list[float]) -> None:
    """As near to their wishes as their order and sizes allow, in the sense of least squares."""
    offsets, at = [], 0.0
    for slot in row:
        offsets.append(at)
        at += slot.across + BESIDE
    runs: list[tuple[float, int, int]] = []  # mean, weight, number of slots that stand together
    for slot, wish, offset in zip(row, wishes, offsets, strict=True):
        mean, weight, count = wish - offset, 1 if slot.passing else STRAIGHT, 1
        while runs and runs[-1][0] > mean:
            other, more, slots = runs.pop()
            mean = (mean * weight + other * more) / (weight + more)
            weight, count = weight + more, count + slots
        runs.append((mean, weight, count))
    means = [mean for mean, _, count in runs for _ in range(count)]
    for slot, mean, offset in zip(row, means, offsets, strict=True):
        slot.at = mean + offset


def crossings(rows: list[list[Slot]]) -> int:
    found = 0
    for row in rows:
        ends: list[float] = []
        for a in row:
            for end in sorted(b.at + shift for b, shift in a.after):
                found += len(ends) - bisect_right(ends, end)
                insort(ends, end)
    return found


def way(route: list[tuple[Slot, float]], bands: dict, down: bool, head=True) -> str:
    """The path of an arrow: straight inside rows, curved between them."""

    def point(across: float, along: float) -> str:
        return f"{across:.1f} {along:.1f}" if down else f"{along:.1f} {across:.1f}"

    (first, port), (last, _) = route[0], route[-1]
    top, bottom = bands[first]
    pieces = ["M" + point(first.at + port, (top + bottom + first.along) / 2)]
    for (a, out), (b, into) in pairwise(route):
        x, u, start, (end, bottom) = a.at + out, b.at + into, bands[a][1], bands[b]
        pieces.append("L" + point(x, start))
        bend = [point(x, (start + end) / 2), point(u, (start + end) / 2), point(u, end)]
        pieces.append("L" + bend[2] if abs(x - u) < 0.1 else "C" + " ".join(bend))
        pieces.append("L" + point(u, (end + bottom - last.along) / 2 if b is last else bottom))
    tip = "m-4 -4l4 4l4 -4" if down else "m-4 -4l4 4l-4 4"
    return "".join([*pieces, tip if head else ""])
