"""The edge as a process of a local run, and the same files as a container would take them."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from contracts.errors import Misconfigured
from frontdesk import edge as local
from frontdesk.edge import SOURCES, edge_processes, find_nginx, program, render
from frontdesk.processes import Process, processes
from frontdesk.settings import LocalSettings
from frontdesk.supervise import Supervisor, check_ports, is_ready, own_processes
from tests.edge.conftest import free_port, need_nginx


def settings(var: Path, **given: str) -> LocalSettings:
    ports = {"EDGE_PORT": str(free_port()), "GATEWAY_PORT": str(free_port())}
    return LocalSettings({**os.environ, "FRONTDESK_VAR": str(var), **ports, **given})


def edge_of(config: LocalSettings) -> Process:
    return processes(config, config.models)[-1]


def what_nginx_says(command: list[str]) -> str:
    """What `nginx -t` says."""
    done = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_nginx_takes_the_local_configuration_without_a_warning(tmp_path: Path, tls: bool) -> None:
    need_nginx()
    more = {"EDGE_HOSTS": "a.example,*.b.example", "TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8"}
    config = settings(tmp_path / "a folder", EDGE_TLS_PORT=str(free_port()) if tls else "", **more)
    folder = render(config)
    assert "warn" not in what_nginx_says(local.command(config))
    listening = re.findall(r"listen ([^;]+);", "".join(f.read_text() for f in (folder / "conf.d").iterdir()))
    assert listening and all(address.startswith("127.0.0.1:") for address in listening)


def as_container(folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """What the official image's entrypoint does with our folder: source the script, then envsubst what it filters."""
    (folder / "conf.d").mkdir()
    (folder / "nginx.conf").write_text((SOURCES / "nginx.conf").read_text())
    given = {"PATH": os.environ["PATH"], "EDGE_GATEWAY": "127.0.0.1:8080", "HOST": "wrong", **given}
    script = ["sh", "-ec", '. "$0"; env -0', str(SOURCES / "15-frontdesk.envsh")]
    done = subprocess.run(script, env=given, capture_output=True, text=True, check=False)
    made = dict(line.split("=", 1) for line in done.stdout.split("\0") if "=" in line)
    names = [name for name in made if re.search(made["NGINX_ENVSUBST_FILTER"], name)]
    for template in (SOURCES / "templates").iterdir() if names else ():
        text = re.sub(
            rf"\$({'|'.join(names)})\b|\$\{{({'|'.join(names)})\}}", lambda n: made[n[1] or n[2]], template.read_text()
        )
        (folder / "conf.d" / template.stem).write_text(text)
    return done


@pytest.mark.parametrize("tls", ["off", "on"])
def test_nginx_takes_what_a_container_makes_of_the_same_files(tmp_path: Path, tls: str) -> None:
    need_nginx()
    own = render(settings(tmp_path / "own", EDGE_TLS_PORT=str(free_port())))
    as_container(
        tmp_path, EDGE_PORT=str(free_port()), EDGE_TLS=tls, EDGE_TLS_PORT=str(free_port()), EDGE_TEMP=str(tmp_path),
        EDGE_CERTIFICATE=str(own / "localhost.pem"), EDGE_CERTIFICATE_KEY=str(own / "localhost.key"),
    )  # fmt: skip
    command = [find_nginx(), "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", "stderr"]
    assert "warn" not in what_nginx_says([*command, "-g", "daemon off; pid nginx.pid;"])


def test_a_container_without_a_certificate_says_what_is_missing(tmp_path: Path) -> None:
    done = as_container(tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("EDGE_CERTIFICATE and EDGE_CERTIFICATE_KEY are missing")


def test_every_placeholder_of_the_templates_is_set_by_the_script() -> None:
    used = {name for file in (SOURCES / "templates").iterdir() for name in re.findall(r"\$\{(\w+)\}", file.read_text())}
    exported = (SOURCES / "15-frontdesk.envsh").read_text().partition("\nexport ")[2].split()
    assert used and used <= set(exported)


def test_there_is_an_edge_only_when_it_has_a_port(tmp_path: Path) -> None:
    need_nginx()
    assert edge_of(settings(tmp_path, EDGE_PORT="")).name == "gateway"
    edge = edge_of(config := settings(tmp_path))
    assert (edge.name, edge.port, edge.health) == ("edge", config.ports["edge"], "/edge/health")


def test_without_nginx_the_way_to_install_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "SBIN", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        Misconfigured, match=r"^The edge needs nginx, which isn't installed: apt-get install nginx-light$"
    ):
        edge_of(settings(tmp_path))


def test_a_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    config = settings(tmp_path, EDGE_TLS_PORT=str(free_port()), EDGE_CERTIFICATE=__file__)
    with pytest.raises(Misconfigured, match="EDGE_CERTIFICATE_KEY is not the path of a file"):
        render(config)


def test_the_own_certificate_is_made_once_and_again_before_it_ends(tmp_path: Path) -> None:
    config = settings(tmp_path, EDGE_TLS_PORT=str(free_port()))
    certificate = render(config) / "localhost.pem"
    first = certificate.read_bytes()
    assert render(config) and certificate.read_bytes() == first
    subprocess.run(
        [program("openssl", "openssl"), "req", "-x509", "-key", str(certificate.with_suffix(".key")), "-days", "1",
         "-subj", "/CN=localhost", "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    soon_over = certificate.read_bytes()
    assert render(config) and certificate.read_bytes() != soon_over


def test_a_killed_edge_comes_back_and_stop_leaves_nothing(tmp_path: Path) -> None:
    need_nginx()
    config = settings(tmp_path)
    supervisor, edge = Supervisor(config), edge_of(config)
    try:
        supervisor.start([edge])
        assert list(supervisor.wait_ready([edge], 30)) == [edge]
        time.sleep(3.2)  # Supervisor counts a process as started after three seconds
        ours = own_processes(config.var)
        assert len(ours) == 4  # a master, two workers and their supervisor
        check_ports([edge], {process.pid for process in ours})
        (master,) = (process for process in ours if "master" in " ".join(process.cmdline()))
        master.send_signal(signal.SIGKILL)
        await_another_master(config.var, edge, master.pid)
    finally:
        assert supervisor.stop() >= 1
    assert (own_processes(config.var), is_ready(edge)) == ([], False)


def await_another_master(var: Path, edge: Process, killed: int) -> None:
    ends, pid = time.monotonic() + 20, var / "run" / "nginx" / "nginx.pid"
    while pid.read_text().strip() in ("", str(killed)) or not is_ready(edge):
        assert time.monotonic() < ends
        time.sleep(0.1)


def test_a_number_that_another_program_has_by_now_is_not_ours(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "nginx"
    folder.mkdir(parents=True)
    for said in (str(os.getpid()), "", "nonsense"):
        (folder / "nginx.pid").write_text(said)
        assert edge_processes(tmp_path) == []
