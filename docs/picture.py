"""Take the README's picture of a page: ``python docs/picture.py PAGE`` (needs Chromium).

The page's beginning and its circuit side by side, in one screenshot.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

IMAGE = Path(__file__).with_name("images") / "report.png"
WIDTH, HEIGHT, GAP, SCALE = 1240, 1560, 16, 0.7
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FRAME = """<!doctype html><style>
body {{ margin: 0; padding: {gap}px; display: flex; gap: {gap}px; background: #d9dcd6 }}
iframe {{ border: 0; width: {width}px; height: {height}px }}
</style><iframe src="page.html"></iframe><iframe src="page.html#circuit"></iframe>"""


def main() -> None:
    """Take the picture."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None or len(sys.argv) != 2:
        raise SystemExit("usage: python docs/picture.py PAGE, with Chromium installed")
    page = Path(sys.argv[1]).read_text(encoding="utf-8")
    still = "<style>html { scroll-behavior: auto !important }</style></head>"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "page.html").write_text(page.replace("</head>", still, 1), encoding="utf-8")
        frame = FRAME.format(gap=GAP, width=WIDTH, height=HEIGHT)
        (folder / "frame.html").write_text(frame, encoding="utf-8")
        size = f"{2 * WIDTH + 3 * GAP},{HEIGHT + 2 * GAP}"
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--window-size={size}", f"--force-device-scale-factor={SCALE}"]
        command += ["--virtual-time-budget=8000", f"--screenshot={folder / 'report.png'}"]
        subprocess.run([*command, f"file://{folder / 'frame.html'}"], check=True, capture_output=True)  # noqa: S603
        IMAGE.parent.mkdir(exist_ok=True)
        shutil.copy(folder / "report.png", IMAGE)
    print(f"written: {IMAGE}, {IMAGE.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
