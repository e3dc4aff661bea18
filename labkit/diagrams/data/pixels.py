"""Arrays as pictures of pixels inside an SVG: a PNG for each, written without other libraries.

Colours do not follow light and dark, since the numbers behind them do not: 0 is white. Negative
numbers are blue; positive ones orange, or black in what is itself a picture.
"""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

from .. import svg
from ..svg import Block

BLUE, ORANGE, INK = (33, 102, 172), (179, 88, 6), (24, 32, 36)
MIDDLE = 127  # the number of white in a palette; 0 and 254 are its ends


def ramp(low: tuple, high: tuple) -> bytes:
    """255 colours from `low` over white to `high`."""
    steps = np.linspace(0, 1, MIDDLE + 1)[:, None]
    white = np.full(3, 255)
    up = white + (np.array(high) - white) * steps
    down = white + (np.array(low) - white) * steps
    return np.round(np.concatenate([down[:0:-1], up])).astype(np.uint8).tobytes()


PALETTES = {"signed": ramp(BLUE, ORANGE), "picture": ramp(BLUE, INK)}


def png(pixels: np.ndarray, palette: bytes = b"") -> bytes:
    """A PNG of uint8: (rows, columns) numbers of colours in the palette, or (rows, columns, 3)."""
    height, width = pixels.shape[:2]
    lines = np.zeros((height, 1 + pixels[0].size), np.uint8)  # each line begins with a filter: none
    lines[:, 1:] = pixels.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, 3 if palette else 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(lines.tobytes(), 6))]
    chunks = [chunk(name, content) for name, content in [*parts, (b"IEND", b"")]]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks if palette else chunks[:1] + chunks[2:])


def chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def indices(values: np.ndarray, most: float) -> np.ndarray:
    """Numbers from −most to most as numbers of colours; what is not a number is white."""
    scaled = np.nan_to_num(values / (most or 1.0), nan=0.0, posinf=1.0, neginf=-1.0)
    return np.round(MIDDLE + MIDDLE * np.clip(scaled, -1, 1)).astype(np.uint8)


def coded(values: np.ndarray, most: float, kind: str) -> bytes:
    """The PNG of (rows, columns) numbers, or of (rows, columns, 3) colours from 0 to `most`."""
    if values.ndim == 3:
        scaled = np.nan_to_num(values / (most or 1.0))
        return png(np.round(255 * np.clip(scaled, 0, 1)).astype(np.uint8))
    return png(indices(values, most), PALETTES[kind])


def image(values: np.ndarray, width: float, height: float, most: float, kind="signed") -> Block:
    """The array in a frame; every pixel stays a sharp square."""
    address = base64.b64encode(coded(values, most, kind)).decode()
    drawn = (
        f'<image x="0" y="0" width="{width:g}" height="{height:g}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{address}"/>'
    )
    frame = f'<path d="M0 0H{width:g}V{height:g}H0Z" fill="none" stroke="{svg.EDGE}"/>'
    return Block(drawn + frame, width, height)


def scale_bar(most: float | None, signed: bool, kind="signed", width=150.0) -> Block:
    """What colours mean, in numbers; `most` None: every picture has a scale of its own."""
    values = np.linspace(-1.0 if signed else 0.0, 1, 64)[None]
    bar = image(values, width, 8, 1.0, kind)
    ends = ["−" if most is None else short(-most), "+" if most is None else short(most)]
    ends = ends if signed else ["0", ends[1]]
    texts = svg.text(0, 20, ends[0], size=10.5, mono=True, fill=svg.FAINT, anchor="start")
    texts += svg.text(width, 20, ends[1], size=10.5, mono=True, fill=svg.FAINT, anchor="end")
    if signed:
        texts += svg.text(width / 2, 20, "0", size=10.5, mono=True, fill=svg.FAINT)
    return Block(bar.svg + texts, width, 24)


def short(value: float, digits=3) -> str:
    """As many digits as a caption has room for."""
    return "0" if value == 0 else f"{value:.{digits}g}".replace("-", "−")


def extent(values: np.ndarray) -> float:
    """The largest size of a number; 1 where all are 0."""
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def packed(values: np.ndarray) -> dict:
    """An array for the page's JavaScript: its shape, and float32 numbers in base64."""
    content = np.ascontiguousarray(values, "<f4").tobytes()
    return {"shape": list(values.shape), "numbers": base64.b64encode(content).decode()}
