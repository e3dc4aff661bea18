"""The picture in README.md: the first screen of the built site, taken by `make screenshot`."""

import os
import tempfile
from pathlib import Path

from PIL import Image

from tests.browser import SITE, chromium, open_page, serve
from tests.fences import CHINESE_FONT, ROOT

PICTURE = ROOT / "docs/images/screenshot.png"
# Machines without a Chinese font show the one that the site's figures use.
FONTS = f"""<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{CHINESE_FONT.parent}</dir>
</fontconfig>"""


def main():
    with tempfile.TemporaryDirectory() as folder:
        fonts = Path(folder, "fonts.conf")
        fonts.write_text(FONTS)
        os.environ["FONTCONFIG_FILE"] = str(fonts)
        with serve(SITE) as host, chromium() as browser:
            window = {"width": 1280, "height": 720}
            with open_page(browser, f"{host}/", viewport=window) as page:
                page.locator("kernel-explorer input").first.wait_for()
                page.screenshot(path=PICTURE, animations="disabled")
    # A picture of few colours: a palette halves the file.
    Image.open(PICTURE).quantize(256).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
