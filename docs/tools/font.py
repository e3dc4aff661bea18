"""Cut the Chinese font of the figures: GB2312 level 1, Latin, Greek, mathematics, punctuation.

The whole font is 10 MB; what textbooks use of it is a fifth of that. Rarer characters fall back to
the boxes of matplotlib's own DejaVu Sans.
"""

import shutil
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

FONT_NAME = "NotoSansSC-subset.ttf"
LICENSE_NAME = "NotoSansSC-LICENSE.txt"

UNICODE_RANGES = (
    (0x20, 0x7E),  # ASCII
    (0xA0, 0xFF),  # Latin-1: × ÷ ± ² °
    (0x370, 0x3FF),  # Greek
    (0x2010, 0x205E),  # dashes, quotes, ellipsis
    (0x2070, 0x209F),  # superscripts and subscripts
    (0x2100, 0x214F),  # ℝ ℃
    (0x2190, 0x21FF),  # arrows
    (0x2200, 0x22FF),  # mathematical operators
    (0x2460, 0x2473),  # ① to ⑳
    (0x25A0, 0x25FF),  # geometric shapes
    (0x3000, 0x303F),  # Chinese punctuation
    (0xFF00, 0xFFEF),  # full-width forms
)


def gb2312_level_1() -> set[int]:
    """Rows 16 to 55 of GB2312, the 3755 most used characters, of which row 55 ends early."""
    characters = set()
    for row in range(0xB0, 0xD8):
        for cell in range(0xA1, 0xFF):
            try:
                characters.add(ord(bytes((row, cell)).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return characters


def characters_to_keep() -> set[int]:
    ranges = {code for first, last in UNICODE_RANGES for code in range(first, last + 1)}
    return ranges | gb2312_level_1()


def write_subset(font_package: Path, directory: Path) -> None:
    """Write the subset and its licence into ``directory``."""
    directory.mkdir(parents=True, exist_ok=True)
    source = font_package / "400Regular" / "NotoSansSC_400Regular.ttf"
    # matplotlib neither shapes text nor hints glyphs of this size, and needs no vertical writing.
    options = subset.Options(
        layout_features=[], hinting=False, notdef_outline=True, drop_tables=["vhea", "vmtx", "VORG"]
    )
    with TTFont(source, lazy=True, recalcTimestamp=False) as font:
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=characters_to_keep())
        subsetter.subset(font)
        font.save(directory / FONT_NAME)
    shutil.copyfile(font_package / "LICENSE_FONT", directory / LICENSE_NAME)
