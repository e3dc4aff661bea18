"""A graph from left to right that goes on below where a row is full, as text does.

An arrow into a later row leaves its row on the right, runs between the rows and comes in from the
left, on a lane that it shares with no other.
"""

from __future__ import annotations

from typing import NamedTuple

from .layout import Box, Edge, placed
from .svg import Block, moved, path

LANE, MARGIN, BEND, GAP = 7.0, 6.0, 4.0, 28.0


class Line(NamedTuple):
    """Some ranks in one row, and where its arrows leave and come in, by the end they start from."""

    block: Block
    leave: dict[str, tuple[float, float]]
    enter: dict[str, tuple[float, float]]


def in_rows(boxes: dict[str, Box], edges: list[Edge], rank: dict[str, int], room: float) -> Block:
    """Every box has one port, which has its name."""
    columns: list[list[str]] = [[] for _ in range(max(rank.values(), default=0) + 1)]
    for key, number in rank.items():
        columns[number].append(key)
    widths = [max(boxes[key].block.width for key in column) for column in columns]
    if sum(widths) + GAP * (len(widths) - 1) <= room:
        whole = line(boxes, edges, columns, 0, len(columns)).block
        if whole.width <= room:
            return whole
    lanes_room = room - 2 * (MARGIN + LANE * crossing(edges, rank))
    parts, start = [], 0
    while start < len(columns):
        stop, width = start, 0.0
        while stop < len(columns):
            width += widths[stop] + GAP
            # An open end on either side takes a gap too.
            if (
                stop > start
                and width + GAP * ((start > 0) + (stop < len(columns) - 1) - 1) > lanes_room
            ):
                break
            stop += 1
        made = line(boxes, edges, columns, start, stop)
        while made.block.width > lanes_room and stop > start + 1:
            stop -= 1
            made = line(boxes, edges, columns, start, stop)
        parts.append(made)
        start = stop
    return joined(parts)


def crossing(edges: list[Edge], rank: dict[str, int]) -> int:
    """The most arrows that a row can be cut at; those from one box are one."""
    ends: dict[str, int] = {}
    for edge in edges:
        ends[edge.source] = max(ends.get(edge.source, 0), rank[edge.target])
    spans = [(rank[source], end) for source, end in ends.items()]
    counts = [sum(start <= cut < end for start, end in spans) for cut in range(max(rank.values()))]
    return max(counts, default=1)


def line(
    boxes: dict[str, Box], edges: list[Edge], columns: list[list[str]], start: int, stop: int
) -> Line:
    """The ranks from `start` to before `stop`, with open ends for the arrows of other rows."""
    here = {key for column in columns[start:stop] for key in column}
    before = {key for column in columns[:start] for key in column}
    rank = {key: i for i, column in enumerate(columns[start:stop], 1) for key in column}
    shown = {key: boxes[key] for key in boxes if key in here}
    drawn: dict[Edge, None] = {}
    leave, enter = {}, {}
    for edge in edges:
        source, target = edge.source, edge.target
        if source in here and target in here:
            drawn[edge] = None
        elif source in here:
            leave[source] = f"{source} →"
            drawn[Edge(source, leave[source])] = None
        elif source in before and target in here:
            enter[source] = f"→ {source}"
            drawn[Edge(enter[source], target)] = None
    for key in enter.values():
        shown[key], rank[key] = open_end(key), 0
    for key in leave.values():
        shown[key], rank[key] = open_end(key), stop - start + 1
    least = min(rank.values(), default=0)
    rank = {key: number - least for key, number in rank.items()}
    block, corners = placed(shown, list(drawn), rank, down=False, heads=False)
    return Line(
        block,
        {source: corners[key] for source, key in leave.items()},
        {source: corners[key] for source, key in enter.items()},
    )


def open_end(key: str) -> Box:
    return Box(Block("", 0, 1), {key: 0.5})


def joined(parts: list[Line]) -> Block:
    """The rows below each other, and the arrows from one to another."""
    spans: dict[str, tuple[int, int]] = {}  # of every arrow its first row and its last
    for number, part in enumerate(parts):
        for source in part.leave:
            spans[source] = (number, number)
        for source in part.enter:
            spans[source] = (spans[source][0], number)
    lanes = lanes_of(spans)
    margin = MARGIN + LANE * (max(lanes.values(), default=-1) + 1)
    width = max(part.block.width for part in parts)
    tops, y = [], 0.0
    for number, part in enumerate(parts):
        tops.append(y)
        leaving = [lanes[source] for source, (first, _) in spans.items() if first == number]
        y += part.block.height + 2 * MARGIN + LANE * (max(leaving, default=0) + 1)
    drawn = []
    for source, (first, last) in spans.items():
        shift = MARGIN / 2 + LANE * lanes[source]
        x, at = parts[first].leave[source]
        right, left = margin + width + shift, margin - shift - 2
        between = tops[first] + parts[first].block.height + MARGIN + LANE * lanes[source]
        start = [(margin + x, tops[first] + at + 0.5), (right, tops[first] + at + 0.5)]
        start += [(right, between), (left, between)]
        for number in range(first + 1, last + 1):
            if source not in parts[number].enter:
                continue
            u, v = parts[number].enter[source]
            end = [(left, tops[number] + v + 0.5), (margin + u, tops[number] + v + 0.5)]
            drawn.append(f'<g class="lane">{path(rounded([*start, *end]))}</g>')
            start = [(left, between)]
    blocks = [moved(p.block, margin, top) for p, top in zip(parts, tops, strict=True)]
    height = tops[-1] + parts[-1].block.height
    return Block("".join([*drawn, *blocks]), width + 2 * margin, height)


def lanes_of(spans: dict[str, tuple[int, int]]) -> dict[str, int]:
    """The lowest lane that is free from below the first row of an arrow to its last."""
    lanes: dict[str, int] = {}
    for source, (first, last) in sorted(spans.items(), key=lambda span: span[1]):
        taken = {lanes[o] for o in lanes if spans[o][0] < last and first < spans[o][1]}
        lanes[source] = next(n for n in range(len(spans)) if n not in taken)
    return lanes


def rounded(points: list[tuple[float, float]]) -> str:
    """A line through the points whose corners are round."""
    pieces = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (a, b), (x, y), (u, v) in zip(points, points[1:], points[2:], strict=False):
        before, after = abs(x - a) + abs(y - b), abs(u - x) + abs(v - y)
        r = min(BEND, before / 2, after / 2)
        s, t = (r / before if before else 0), (r / after if after else 0)
        pieces.append(f"L{x + (a - x) * s:.1f} {y + (b - y) * s:.1f}")
        pieces.append(f"Q{x:.1f} {y:.1f} {x + (u - x) * t:.1f} {y + (v - y) * t:.1f}")
    pieces.append(f"L{points[-1][0]:.1f} {points[-1][1]:.1f}")
    return "".join(pieces)
