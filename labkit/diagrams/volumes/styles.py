"""The colours of blocks and of their states."""

from __future__ import annotations

from .. import svg
from ..cell_pictures import GROUPS
from ..connectivity import LINES

CHOSEN = "var(--diagram-chosen, #b4532a)"


def styles() -> str:
    rules = [
        f".soft{{fill:{svg.DATA}}}",
        f".strong{{fill:{CHOSEN};stroke:{CHOSEN}}}",
        # Of what stands in the way only the outline is left: nothing behind looks paler.
        ".plate[data-state=ahead]{opacity:.15}",
        ".plate[data-state=ahead] path{fill-opacity:0!important}",
        f".mark{{paint-order:stroke;stroke:{svg.PAPER};stroke-width:3px}}",
        ".plate:not([data-state=now]) .shell.apart{display:none}",
        ".kernel:not([data-state]) .faces{opacity:.4}",
        ".voxel{cursor:pointer}",
        f".voxel path{{stroke:{svg.EDGE};stroke-width:.8;stroke-linejoin:round}}",
    ]
    for n, (tint, line) in enumerate(zip(GROUPS, LINES, strict=True)):
        soft, strong = f"var(--diagram-group-{n}, {tint})", f"var(--diagram-line-{n}, {line})"
        rules += [
            f'[data-tone="{n}"] .soft{{fill:{soft}}}',
            f'[data-tone="{n}"] .strong{{fill:{strong};stroke:{strong}}}',
            f'[data-tone="{n}"].voxel[data-state] path{{stroke:{strong}}}',
            f'[data-tone="{n}"].voxel[data-state=now] .soft{{fill:{strong}}}',
        ]
    rules += [
        f".voxel:not([data-state]) .soft{{fill:{svg.PAPER}}}",
        ".voxel[data-state=part] .soft{fill-opacity:.45}",
        f".voxel.zero[data-state] .soft{{fill:{svg.BATCH}}}",
        ".voxel.zero[data-state] path{stroke-dasharray:2.5 2}",
        f".voxel[data-state=now] path{{stroke:{CHOSEN};stroke-width:2}}",
        f".voxel:focus-visible path{{stroke:{CHOSEN};stroke-width:3}}",
        ".voxel:focus{outline:none}",
    ]
    return "<style>" + "".join(f".volume-view {rule}" for rule in rules) + "</style>"


STYLE = styles()
