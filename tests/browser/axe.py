"""axe-core in our pages: what it finds is a barrier to somebody. https://github.com/dequelabs/axe-core

It is loaded through the debugging protocol, because the pages' own policies let no script in.
"""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.browser.harness import Page
from tests.tools import npm

HERE = Path(__file__).parent
INSTALL_WITHIN = 240  # seconds
# Where a page has no ground of its own the browser paints one, dark in the dark; axe takes it for
# white unless it is written down.
_RUN = """() => {
  document.documentElement.style.background ||= "canvas";
  return axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
    violations.map(({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`));
}"""


def barriers(page: Page) -> list[str]:
    """What axe finds in the page as it stands, a sentence each."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(f"() => {{ {_source()} }}")
    found: list[str] = page.evaluate(_RUN)
    return found


@cache
def _source() -> str:
    """The script that package-lock.json names, fetched by npm."""
    with TemporaryDirectory(prefix="commentgate-axe-") as name:
        for file in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / file, name)
        command = [*map(str, npm()), "ci", "--ignore-scripts"]
        done = subprocess.run(
            command, cwd=name, capture_output=True, text=True, timeout=INSTALL_WITHIN
        )
        assert done.returncode == 0, done.stderr
        return (Path(name) / "node_modules/axe-core/axe.min.js").read_text()
