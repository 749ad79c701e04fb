"""The environment is made once, fits what is locked, mends what was interrupted, and says what is missing."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from hub import environment


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of locks alone, in which making and installing only leave a trace."""
    for name in (environment.RUN_LOCK, environment.TEST_LOCK):
        (tmp_path / name).write_text(f"{name}==1\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    venv = tmp_path / ".venv"
    for name, path in {"ROOT": tmp_path, "LOCKS": tmp_path, "VENV": venv, "PYTHON": venv / "bin" / "python"}.items():
        monkeypatch.setattr(environment, name, path)

    def make_empty() -> None:
        (venv / "bin").mkdir()
        (venv / "bin" / "python").symlink_to(sys.executable)

    def install(lock: str) -> None:
        with (venv / "installed").open("a") as installed:
            installed.write(f"{lock}\n")

    monkeypatch.setattr(environment, "_make_empty", make_empty)
    monkeypatch.setattr(environment, "_install", install)
    monkeypatch.setattr(environment, "_is_sound", (venv / "bin" / "python").exists)
    return tmp_path


def installed(checkout: Path) -> list[str]:
    return (checkout / ".venv" / "installed").read_text().split()


def test_a_second_run_installs_nothing(checkout: Path) -> None:
    environment.prepare("serve")
    environment.prepare("upload")
    assert installed(checkout) == [environment.RUN_LOCK]


def test_only_tests_and_benchmarks_bring_their_packages(checkout: Path) -> None:
    environment.prepare("serve")
    environment.prepare("test")
    environment.prepare("bench")
    environment.prepare("serve")
    assert installed(checkout) == [environment.RUN_LOCK, environment.TEST_LOCK]


@pytest.mark.parametrize("changed", [environment.RUN_LOCK, "pyproject.toml"])
def test_a_changed_lock_or_project_is_installed_on_the_next_run(checkout: Path, changed: str) -> None:
    environment.prepare("serve")
    with (checkout / changed).open("a") as file:
        file.write("# changed\n")
    environment.prepare("serve")
    assert installed(checkout) == [environment.RUN_LOCK] * 2


def test_what_was_interrupted_is_made_anew(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment.prepare("serve")
    (checkout / ".venv" / "half-written").touch()

    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(environment, "_install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            environment.prepare("test")
    environment.prepare("serve")
    assert installed(checkout) == [environment.RUN_LOCK]
    assert not (checkout / ".venv" / "half-written").exists()


def test_a_python_replaced_underneath_is_noticed(checkout: Path) -> None:
    environment.prepare("serve")
    environment.PYTHON.unlink()
    environment.PYTHON.symlink_to("/bin/sh")
    environment.prepare("serve")
    assert installed(checkout) == [environment.RUN_LOCK] * 2


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py"])
def test_an_old_python_can_read_far_enough_to_be_told(name: str) -> None:
    source = (Path(environment.__file__).parent / name).read_text("utf-8")
    ast.parse(source, feature_version=(3, 6))
    assert "__future__" not in source


def test_a_missing_venv_module_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(environment.CannotSetUp, match=r"apt-get install python3\.\d+-venv"):
        environment._make_empty()


def test_uv_hears_what_pip_has_been_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = (
        ":env:.cert='/etc/own.pem'\n"
        "global.cert='/etc/other.pem'\n"
        "global.extra-index-url='\\nfile:///one\\nfile:///two'\n"
        "global.find-links='/wheels /more'\n"
        "install.index-url='file:///mirror'\n"
        "freeze.all='true'\n"
    )
    monkeypatch.setattr(environment, "pip", lambda *_: told)
    for name in environment.UV_NAMES.values():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UV_INDEX", "file:///what-uv-was-told-itself")
    settings = environment._uv_settings()
    assert settings == {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "SSL_CERT_FILE": "/etc/own.pem",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_DEFAULT_INDEX": "file:///mirror",
    }


@pytest.mark.parametrize("without_uv", ["absent", "failing"])
def test_pip_installs_where_uv_cannot(without_uv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str | Path, ...]] = []

    def run(*_: object, **__: object) -> str:
        raise FileNotFoundError if without_uv == "absent" else subprocess.CalledProcessError(2, "uv")

    monkeypatch.setattr(environment, "_uv_settings", dict)
    monkeypatch.setattr(environment, "run", run)
    monkeypatch.setattr(environment, "pip", lambda *arguments: ran.append(arguments))
    environment.install(tmp_path, "--require-hashes", "-r", "some.lock")
    assert ran == [("--python", tmp_path, "install", "--require-hashes", "-r", "some.lock")]
