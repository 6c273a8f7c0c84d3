"""Settings of a local run: ports that are ports, addresses that fit them, a secret of this machine's own."""

import stat
from pathlib import Path

import pytest

from contracts.errors import Misconfigured
from frontdesk.settings import PORTS, RUN_MARK, LocalSettings


def settings(var: Path, **given: str) -> LocalSettings:
    return LocalSettings({"FRONTDESK_VAR": str(var), **given})


@pytest.mark.parametrize("name", PORTS)
@pytest.mark.parametrize("said", ["", "eighty", "80", "1023", "65536", "-8080", "8080.5", "²²²²²", "٨٠٨٠", " 8080"])
def test_what_is_no_port_is_refused_naming_the_variable(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(Misconfigured, match=rf"{name.upper()}_PORT={said} is no port; give a number"):
        _ = settings(tmp_path, **{f"{name.upper()}_PORT": said}).ports


def test_ports_and_addresses_follow_the_environment(tmp_path: Path) -> None:
    config = settings(tmp_path, GATEWAY_PORT="18080", RASA_PORT="15005")
    assert config.ports == {**PORTS, "gateway": 18080, "rasa": 15005}
    assert config.process_environment()["RASA_URL"] == "http://127.0.0.1:15005"


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = settings(tmp_path / "var").process_environment()["SESSION_SECRET"]
    file = tmp_path / "var" / "session.secret"
    assert settings(tmp_path / "var").process_environment()["SESSION_SECRET"] == first == file.read_text().strip()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(first) >= 32


def test_two_machines_have_two_secrets(tmp_path: Path) -> None:
    secrets = {settings(tmp_path / name).process_environment()["SESSION_SECRET"] for name in ("a", "b")}
    assert len(secrets) == 2


@pytest.mark.parametrize("left", ["", "short\n"])
def test_a_secret_that_was_written_in_part_is_made_anew(tmp_path: Path, left: str) -> None:
    (tmp_path / "session.secret").write_text(left)
    (tmp_path / "session.secret").chmod(0o644)
    assert len(settings(tmp_path).process_environment()["SESSION_SECRET"]) >= 32
    assert stat.S_IMODE((tmp_path / "session.secret").stat().st_mode) == 0o600


def test_a_given_secret_is_taken_and_none_is_written(tmp_path: Path) -> None:
    given = "g" * 40
    assert settings(tmp_path, SESSION_SECRET=given).process_environment()["SESSION_SECRET"] == given
    assert not (tmp_path / "session.secret").exists()


@pytest.mark.parametrize(
    ("database", "tracker"),
    [
        ("", "sqlite:///{var}/tracker.db"),
        ("sqlite:///elsewhere.db", "sqlite:///{var}/tracker.db"),
        ("postgresql+psycopg://u:p@h/n", "postgresql://u:p@h/n"),
        ("postgresql://u:p@h/n", "postgresql://u:p@h/n"),
    ],
)
def test_rasa_keeps_its_conversations_beside_the_database(tmp_path: Path, database: str, tracker: str) -> None:
    assert settings(tmp_path, DATABASE_URL=database).process_environment()["TRACKER_URL"] == tracker.format(
        var=tmp_path
    )


def test_every_process_is_marked_with_its_run(tmp_path: Path) -> None:
    assert settings(tmp_path).process_environment()[RUN_MARK] == str(tmp_path.resolve())


def test_the_edge_has_a_port_only_when_it_is_given(tmp_path: Path) -> None:
    assert settings(tmp_path, EDGE_PORT="", EDGE_TLS_PORT="").ports == PORTS
    assert settings(tmp_path, EDGE_PORT="8088").ports == {**PORTS, "edge": 8088}
    assert settings(tmp_path, EDGE_PORT="8088").edge_tls_port is None
    assert settings(tmp_path, EDGE_PORT="8088", EDGE_TLS_PORT="8443").edge_tls_port == 8443


@pytest.mark.parametrize("name", ["EDGE_PORT", "EDGE_TLS_PORT"])
def test_what_is_no_port_of_the_edge_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Misconfigured, match=rf"^{name}=80 is no port; give a number"):
        _ = settings(tmp_path, **{"EDGE_PORT": "8088", name: "80"}).ports


def test_tls_alone_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="EDGE_TLS_PORT needs EDGE_PORT too"):
        _ = settings(tmp_path, EDGE_TLS_PORT="8443").ports


def test_the_digest_changes_with_a_setting_and_with_nothing_else(tmp_path: Path) -> None:
    plain = settings(tmp_path, PATH="/bin").digest()
    assert settings(tmp_path, PATH="/usr/bin", SHLVL="3").digest() == plain
    for name in ("ALLOWED_ORIGINS", "IDENTITY_SECRET", "SESSION_SECRET", "TURN_SECONDS"):
        assert settings(tmp_path, **{name: "1"}).digest() != plain
    assert settings(tmp_path, EDGE_PORT="8088").digest() != plain


def test_the_digest_is_the_same_once_the_secrets_of_this_machine_are_made(tmp_path: Path) -> None:
    """`frontdesk` puts the operator's token into its own environment as soon as there is one."""
    first = settings(tmp_path)
    before = first.digest()
    later = settings(tmp_path, **first.client_environment())
    assert "OPERATOR_TOKEN" in later.given
    assert later.digest() == before
