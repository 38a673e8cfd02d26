"""The data folder and its key: made once, for this user only, and never half."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from patchbay_hub.cli import parse
from patchbay_hub.options import RunOptions, check_ports, installation_key, prepare_data
from patchbay_kit.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _no_key_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PATCHBAY_SECRET_KEY", raising=False)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        key = prepare_data(tmp_path / "a" / "data")
    finally:
        os.umask(before)

    assert len(key) >= 32
    assert prepare_data(tmp_path / "a" / "data") == key
    assert _mode(tmp_path / "a" / "data") == 0o700
    assert _mode(tmp_path / "a" / "data" / "secret.key") == 0o600
    assert [path.name for path in (tmp_path / "a" / "data").iterdir()] == ["secret.key"]


def test_a_key_that_a_kill_left_half_written_is_never_used(tmp_path: Path) -> None:
    (tmp_path / "secret.new").write_text("half")

    key = installation_key(tmp_path)

    assert len(key) >= 32
    assert not (tmp_path / "secret.new").exists()


@pytest.mark.parametrize("content", ["", "short", " " * 40])
def test_a_key_that_is_too_short_is_refused_and_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret.key").write_text(content)

    with pytest.raises(ConfigurationError, match=r"PATCHBAY_SECRET_KEY: .*secret\.key"):
        installation_key(tmp_path)
    assert (tmp_path / "secret.key").read_text() == content


def test_a_key_from_the_environment_goes_first_and_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATCHBAY_SECRET_KEY", "k" * 40)

    assert installation_key(tmp_path) == "k" * 40
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", ["", "data"])
def test_a_data_folder_that_cannot_be_used_is_one_line_that_names_it(
    tmp_path: Path, below: str
) -> None:
    file = tmp_path / "file"
    file.write_text("")

    with pytest.raises(ConfigurationError) as caught:
        prepare_data(file / below if below else file)

    assert str(caught.value).startswith(f"--data: {file}")
    assert "\n" not in str(caught.value)


def test_the_command_line_says_where_everything_is(tmp_path: Path) -> None:
    arguments = ["run", "--data", str(tmp_path), "--port", "1", "--smtp-port", "2", "--demo"]

    assert parse(arguments) == RunOptions(data=tmp_path, port=1, smtp_port=2, demo=True)


@pytest.mark.parametrize("arguments", [[], ["run"], ["run", "--data", "x", "--port", "many"]])
def test_a_wrong_command_line_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse(arguments)
    assert "usage: patchbay" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["port", "smtp_port"])
def test_a_port_that_somebody_has_is_one_line_that_names_it(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        named = f"--{option.replace('_', '-')}: 127.0.0.1:{port}: Address already in use"
        ports = {"port": 0, "smtp_port": 0, option: port}

        with pytest.raises(ConfigurationError) as caught:
            check_ports(RunOptions(data=tmp_path, **ports))
    assert str(caught.value) == named


def test_free_ports_and_a_port_just_left_are_fine(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = server.accept()
            accepted.close()  # Our side closes first and waits out its packets.

    check_ports(RunOptions(data=tmp_path, port=port, smtp_port=0))


def test_a_number_that_is_no_port_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--port: 70000 is no port"):
        check_ports(RunOptions(data=tmp_path, port=70000))


_RUN = """
import sys
from pathlib import Path
from patchbay_hub import cli

async def run(options):
    (options.data / "some.db").write_text("customers' data")
    return 0

cli.run = run
sys.argv[1:] = ["run", "--data", sys.argv[1]]
cli.main()
"""


@pytest.mark.slow
def test_what_the_hub_writes_is_for_its_user_only_in_a_folder_open_to_all(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    program = [sys.executable, "-c", _RUN, str(tmp_path)]
    subprocess.run(program, check=True, timeout=60, umask=0o022)
    assert _mode(tmp_path / "some.db") == 0o600
