"""What the panel opens with, for every layer: `python -m docs.tools.openings site`.

`live/openings/GRU.json` and the like are what labkit.diagrams.panel says of a layer's example, so
that the page where a layer can be chosen (docs/lab.md) shows it before Python is up.
"""

import json
import sys
from pathlib import Path

from labkit.diagrams import panel
from labkit.diagrams.examples import EXAMPLES


def install(site):
    folder = Path(site) / "live/openings"
    folder.mkdir(parents=True, exist_ok=True)
    for name in EXAMPLES:
        text = json.dumps(panel.opening(name), ensure_ascii=False, separators=(",", ":"))
        (folder / f"{name}.json").write_text(text)


if __name__ == "__main__":
    install(sys.argv[1])
