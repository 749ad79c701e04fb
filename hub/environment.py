"""The checkout's own environment: `.venv` with the locked packages and the front end; made, mended, entered.

Standard library only, since it runs before anything is installed. Writes to standard error only, because standard
output belongs to the command. Never runs in an installed hub, which has no checkout around it.
"""

import ast
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = ROOT / "hub"
RUN_LOCK, TEST_LOCK, UV_LOCK = "requirements.lock", "requirements-test.lock", "requirements-uv.lock"
NEEDS_TEST_PACKAGES = frozenset({"test", "bench"})

# pip's own settings, by the name uv knows them under: whoever has told pip where packages come from is heard by both.
UV_NAMES = {
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "index-url": "UV_DEFAULT_INDEX",
    "no-index": "UV_NO_INDEX",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "trusted-host": "UV_INSECURE_HOST",
}


class CannotSetUp(Exception):
    """The environment cannot be made: what is missing, and what to do."""

    def __init__(self, sentence: str, *, remedy: str, output: str = "") -> None:
        super().__init__(f"{output}\n{sentence}\nWhat to do: {remedy}".lstrip())


def is_checkout() -> bool:
    """Tell a checkout from an installed hub, whose packages are somebody else's business."""
    return (LOCKS / RUN_LOCK).is_file()


def prepare(command: str) -> None:
    """Make the environment hold the packages that a command needs; at once where it does."""
    lock = TEST_LOCK if command in NEEDS_TEST_PACKAGES else RUN_LOCK
    if not _is_complete(lock):
        with one_at_a_time():
            if not _is_complete(lock):
                _make(lock)


def enter(arguments: Sequence[str]) -> None:
    """Return inside the environment: outside it, start again with its Python."""
    if not Path(sys.prefix).samefile(VENV):
        os.execv(PYTHON, [str(PYTHON), "-m", "hub", *arguments])


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    started = time.monotonic()
    print(f"{title} … ", end="", file=sys.stderr, flush=True)
    try:
        yield
    except BaseException:
        print("not done", file=sys.stderr)
        raise
    print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)


def run(command: Sequence[str | Path], *, folder: Path = ROOT, variables: Mapping[str, str] | None = None) -> str:
    """Run a command and give what it printed; silent unless it fails."""
    return subprocess.run(
        command,
        check=True,
        cwd=folder,
        env={**os.environ, "PIP_USER": "0", **(variables or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ).stdout


def pip(*arguments: str | Path) -> str:
    """Run the environment's own pip."""
    return run([PYTHON, "-I", "-m", "pip", *arguments])


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the checkout, so that two commands started together do not both make the environment."""
    checkout = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(checkout, fcntl.LOCK_EX)
        yield
    finally:
        os.close(checkout)


# What was installed, and whether installing ended ------------------------------------------------------------------


def _stamp() -> Path:
    return VENV / "hub-installed.json"


def _unfinished() -> Path:
    return VENV / "hub-unfinished"


def _wanted(lock: str) -> dict[str, str]:
    """Give what decides whether the environment still fits: its Python, its place, the project and the lock."""
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + (LOCKS / lock).read_bytes())
    return {"python": os.path.realpath(PYTHON), "checkout": str(ROOT), "packages": digest.hexdigest()}


def _is_complete(lock: str) -> bool:
    if not PYTHON.exists() or _unfinished().exists():
        return False
    try:
        installed = json.loads(_stamp().read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return bool(installed.get(lock) == _wanted(lock))


def _make(lock: str) -> None:
    """Install what `lock` names, in a fresh environment unless there is a sound one to add to."""
    if _unfinished().exists() or not _is_sound():
        shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir(exist_ok=True)
    _unfinished().touch()
    if not PYTHON.exists():
        with step("Making the environment"):
            _make_empty()
    with step("Installing packages" if lock == RUN_LOCK else "Installing packages and what tests them"):
        _install(lock)
    installed = {name: _wanted(name) for name in (RUN_LOCK, lock)}
    _stamp().write_text(json.dumps(installed, indent=1), "utf-8")
    _unfinished().unlink()


def _is_sound() -> bool:
    """Tell whether the environment that is there works, and stands where it was made."""
    try:
        prefix = run([PYTHON, "-I", "-c", "import pip, sys; assert sys.version_info >= (3, 11); print(sys.prefix)"])
        return Path(prefix.strip()).samefile(VENV) and str(VENV) in (VENV / "bin" / "activate").read_text("utf-8")
    except (OSError, subprocess.CalledProcessError):
        return False


# Installing ---------------------------------------------------------------------------------------------------------


def _make_empty() -> None:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        raise CannotSetUp(
            f"This Python ({sys.executable}, {version}) cannot make virtual environments: its venv module is missing.",
            remedy=f"on Debian and Ubuntu, apt-get install python{version}-venv as root; then the same again.",
        )
    try:
        run([getattr(sys, "_base_executable", sys.executable), "-m", "venv", VENV])
    except subprocess.CalledProcessError as error:
        raise CannotSetUp(
            f"The virtual environment {VENV} could not be made.",
            remedy="see the message above; the folder must be writable, with about 1 GB free.",
            output=error.output,
        ) from error


def _install(lock: str) -> None:
    """Install what is locked, then the hub itself so that it runs from the checkout."""
    with contextlib.suppress(subprocess.CalledProcessError):
        pip("install", "--quiet", "--only-binary", ":all:", "--require-hashes", "--requirement", LOCKS / UV_LOCK)
    try:
        install(PYTHON, "--compile", "--require-hashes", "--requirement", LOCKS / lock)
        install(PYTHON, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    except subprocess.CalledProcessError as error:
        raise CannotSetUp(
            "The hub's packages could not be installed.",
            remedy="see pip's message above. The packages come from the index that pip is set to use "
            "(python3 -m pip config list); this machine must be able to reach it.",
            output=error.output,
        ) from error


def install(python: Path, *arguments: str | Path) -> None:
    """Install with uv, which is several times faster; with pip where uv cannot be had or does not get through."""
    try:
        command = [VENV / "bin" / "uv", "pip", "install", "--python", python, *arguments]
        run(command, variables=_uv_settings())
    except (OSError, subprocess.CalledProcessError):
        pip("--python", python, "install", *arguments)


def _pip_settings() -> dict[str, str]:
    """Read what pip has been told in its files and in the process's environment, as `pip install` would."""
    told: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in pip("config", "list").splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in told:
            separator = "," if name == "find-links" else " "  # what uv expects between several
            told[section][name] = separator.join(str(ast.literal_eval(value)).split())
    return told["global"] | told["install"] | told[":env:"]


def _uv_settings() -> dict[str, str]:
    """Give uv what pip has been told; what uv has been told itself stands."""
    settings = {
        "UV_PYTHON_DOWNLOADS": "never",
        # As pip does: the locked file may come from any of the indexes. The hashes say whether it is the right one.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    settings |= {UV_NAMES[name]: value for name, value in _pip_settings().items() if name in UV_NAMES}
    return {name: value for name, value in settings.items() if name not in os.environ}
