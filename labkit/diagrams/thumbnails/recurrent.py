"""Thumbnails of recurrent layers, their cells and the wrappers over time."""

from __future__ import annotations

from .pen import BLUE, FAINT, GREEN, ORANGE, PAPER, STROKE, box, frame, grid, line, node, said

STATE, CARRY = BLUE, ORANGE


def chain(content, lines=(STATE,), back=False, inside=None):
    """Three steps of one cell: what comes in below, what goes out above, states through them."""
    parts = []
    xs = (6, 47, 88)
    width, top, height = 27, 27, 28
    for k, colour in enumerate(lines):
        y = top + height / 2 + (k - (len(lines) - 1) / 2) * 13
        for a in (33, 74):
            head = (
                f"M{a + 13} {y:g}h-12m3 -3l-3 3l3 3"
                if back
                else f"M{a + 1} {y:g}h12m-3 -3l3 3l-3 3"
            )
            parts.append(line(head, colour, 1.8))
    for x in xs:
        middle = x + width / 2
        parts += [line(f"M{middle} 65V57m-3 3l3 -3l3 3M{middle} 26V17m-3 3l3 -3l3 3", FAINT)]
        parts += [inside(x, top) if inside else box(x, top, width, height, content)]
        parts += [node(middle, 71, 5), node(middle, 11, 5, GREEN)]
    return "".join(parts)


def gates(letters, lines):
    """A cell with a valve for each of its gates, named as Keras names them."""

    def inside(x, y):
        parts = [box(x, y, 27, 28)]
        step = 27 / (len(letters) + 1)
        for k, letter in enumerate(letters):
            a = x + (k + 1) * step
            parts.append(said(a, y + 17.2, letter, 9 if len(letters) < 3 else 8.5, True))
        return "".join(parts)

    return chain("", lines, inside=inside)


def chip(drawn):
    """On the GPU."""
    place = f'<rect x="28" y="70" width="25" height="9" fill="{PAPER}"/>'
    return frame(1.5, 1.5, 117, 73, FAINT, dash="3 2") + place + said(40.5, 77, "GPU") + drawn


def rolled():
    """A cell whose state comes back to it."""
    return "".join(
        [
            box(38, 26, 44, 28, "cell", size=11),
            node(60, 71, 5),
            node(60, 9, 5, GREEN),
            line("M60 66V56m-3 3l3 -3l3 3M60 26V16m-3 3l3 -3l3 3", FAINT),
            line("M82 40h14c10 0 10 24 0 24H24c-10 0 -10 -24 0 -24h13m-4 -4l4 4l-4 4", STATE, 1.8),
        ]
    )


def cell(letters="", states=(("h", STATE),)):
    """One step: x below, states from the left to the right."""
    parts = [box(36, 20, 48, 38), node(60, 74, 4.5), line("M60 69V60m-3 3l3 -3l3 3", FAINT)]
    for k, (name, colour) in enumerate(states):
        y = 39 + (k - (len(states) - 1) / 2) * 20
        parts += [line(f"M14 {y:g}h21m-4 -4l4 4l-4 4M85 {y:g}h14m-4 -4l4 4l-4 4", colour, 1.8)]
        parts += [
            said(8, y + 3, name, 10, True, colour),
            said(108, y + 3, name + "′", 10, True, colour),
        ]
    middle = 42.2
    for k, letter in enumerate(letters.split()):
        a = 60 + (k - (len(letters.split()) - 1) / 2) * (14 if len(letters) < 4 else 13)
        parts.append(said(a, middle, letter, 10, True))
    return "".join([*parts, line("M60 20v-9m-3 3l3 -3l3 3", FAINT), node(60, 6, 4.5, GREEN)])


def stacked():
    return "".join(
        [
            box(38, 44, 44, 17, "LSTM"),
            box(38, 17, 44, 17, "RNN"),
            node(60, 75, 4),
            node(60, 5, 4, GREEN),
            line("M60 71V63m-3 3l3 -3l3 3M60 44V36m-3 3l3 -3l3 3M60 17V10m-3 3l3 -3l3 3", FAINT),
            line(
                "".join(f"M{x} {y}h19m-4 -4l4 4l-4 4" for x in (18, 83) for y in (25, 52)),
                STATE,
                1.8,
            ),
        ]
    )


def both_ways():
    """One chain from left to right, another from right to left; their outputs are joined."""
    parts = []
    for k, x in enumerate((10, 49, 88)):
        a, b, middle = x - 3, x + 5, x + 11
        parts += [box(a, 42, 19, 14), box(b, 22, 19, 14, fill="var(--diagram-batch, #eef1f2)")]
        parts += [line(f"M{middle - 5} 67V57M{middle + 5} 67V37", FAINT, 1)]
        parts += [line(f"M{middle - 5} 42V17M{middle + 5} 22V17", FAINT, 1)]
        parts += [node(middle, 72, 5), node(middle, 10, 5, GREEN)]
        if k < 2:
            parts += [line(f"M{a + 19} 49h19m-4 -4l4 4l-4 4", BLUE, 2)]
            parts += [line(f"M{b + 39} 29h-19m4 -4l-4 4l4 4", ORANGE, 2)]
    return "".join(parts)


def at_each_step():
    """The same layer at every step; nothing passes from one to the next."""
    parts = [line("M6 41h108", ORANGE, 1.4, "3 2")]
    for x in (3, 43, 83):
        parts += [node(x + 17, 72, 5), node(x + 17, 10, 5, GREEN), box(x, 31, 34, 20, "Dense")]
        parts += [line(f"M{x + 17} 66V53m-3 3l3 -3l3 3M{x + 17} 31V17m-3 3l3 -3l3 3", FAINT)]
    return "".join(parts)


def images_in_time(single=False):
    """States and inputs are maps, gates are convolutions."""
    frames = [STROKE[1:4, k : k + 3] for k in (0, 1, 2)]
    if single:
        return "".join(
            [
                box(40, 22, 40, 34, "conv", size=10),
                grid(STROKE[1:4, 1:4], 52, 63, 5.5),
                grid(STROKE[2:5, 1:4], 51, 0.5, 5.5, GREEN),
                line("M60 62v-5m-3 3l3 -3l3 3M60 22v-4", FAINT),
                grid(frames[0], 4, 22, 5, STATE),
                grid(frames[1], 4, 41, 5, CARRY),
                grid(frames[1], 101, 22, 5, STATE),
                grid(frames[2], 101, 41, 5, CARRY),
                line("M21 30h18m-4 -4l4 4l-4 4M81 30h18m-4 -4l4 4l-4 4", STATE, 1.8),
                line("M21 49h18m-4 -4l4 4l-4 4M81 49h18m-4 -4l4 4l-4 4", CARRY, 1.8),
            ]
        )
    parts = []
    for k, x in enumerate((6, 47, 88)):
        parts += [
            grid(frames[k], x + 6, 62, 5),
            grid(frames[k].T, x + 6, 2, 5, GREEN),
            box(x, 27, 27, 26, "conv", size=9),
        ]
        parts += [line(f"M{x + 13.5} 61V55m-3 3l3 -3l3 3M{x + 13.5} 27V20m-3 3l3 -3l3 3", FAINT)]
        if k < 2:
            parts += [
                line(f"M{x + 28} 34h11m-3 -3l3 3l-3 3", CARRY, 1.8),
                line(f"M{x + 28} 46h11m-3 -3l3 3l-3 3", STATE, 1.8),
            ]
    return "".join(parts)
