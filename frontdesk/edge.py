"""The edge of a local run: the NGINX of deploy/nginx in front of the gateway, on loopback (docs/edge.md).

EDGE_PORT=8088 python -m frontdesk.edge     writes var/run/nginx/ and becomes nginx; Supervisor calls it so
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from contracts.errors import FrontdeskError, Misconfigured
from frontdesk.settings import ROOT, LocalSettings

SOURCES = ROOT / "deploy" / "nginx"
HEALTH = "/edge/health"
CERTIFICATE_DAYS = 365
SBIN = "/usr/sbin:/usr/local/sbin"  # not on everybody's PATH
LEFT_BEHIND_SECONDS = 5.0


def program(name: str, package: str) -> str:
    """Raises Misconfigured with the way to install it."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), SBIN]))
    if found is None:
        raise Misconfigured(f"The edge needs {name}, which isn't installed: apt-get install {package}")
    return found


def find_nginx() -> str:
    return program("nginx", "nginx-light")


def folder_of(settings: LocalSettings) -> Path:
    return settings.var / "run" / "nginx"


def command(settings: LocalSettings) -> list[str]:
    folder = folder_of(settings)
    return [find_nginx(), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr",
            "-g", "daemon off; pid nginx.pid;"]  # fmt: skip


def render(settings: LocalSettings) -> Path:
    """Write configuration and folders of this run, as the official container does from the same files."""
    folder = folder_of(settings)
    (folder / "conf.d").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(SOURCES / "nginx.conf", folder / "nginx.conf")
    values = _variables(settings, folder)
    for template in (SOURCES / "templates").glob("*.template"):
        text = re.sub(r"\$\{(EDGE_[A-Z_]+)\}", lambda name: values[name[1]], template.read_text())
        (folder / "conf.d" / template.stem).write_text(text)
    return folder


def _variables(settings: LocalSettings, folder: Path) -> dict[str, str]:
    """What 15-frontdesk.envsh makes of the settings. Raises Misconfigured with its sentence."""
    tls = settings.edge_tls_port
    given = {name: settings.given.get(name, "") for name in ("EDGE_HOSTS", "EDGE_PLAIN", "TRUSTED_PROXIES")}
    certificate, key = _certificate(settings, folder) if tls else ("", "")
    environment = {
        **given, "PATH": os.environ.get("PATH", os.defpath), "EDGE_ADDRESS": "127.0.0.1",
        "EDGE_PORT": str(settings.ports["edge"]), "EDGE_GATEWAY": f"127.0.0.1:{settings.ports['gateway']}",
        "EDGE_TLS": "on" if tls else "off", "EDGE_TLS_PORT": str(tls or ""), "EDGE_TEMP": str(folder),
        "EDGE_CERTIFICATE": str(certificate), "EDGE_CERTIFICATE_KEY": str(key),
    }  # fmt: skip
    done = subprocess.run(
        ["sh", "-ec", '. "$0"; env -0', str(SOURCES / "15-frontdesk.envsh")],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Misconfigured(done.stderr.strip())
    return dict(line.split("=", 1) for line in done.stdout.split("\0") if line.startswith("EDGE_"))


def _certificate(settings: LocalSettings, folder: Path) -> tuple[Path, Path]:
    """The given one, or one for localhost that this machine signs itself and makes anew before it ends."""
    names = ("EDGE_CERTIFICATE", "EDGE_CERTIFICATE_KEY")
    given = {name: Path(settings.given[name]).resolve() for name in names if settings.given.get(name)}
    if given:
        for name in names:
            if name not in given or not given[name].is_file():
                raise Misconfigured(f"{name} is not the path of a file; a certificate and its key are needed together.")
        return given[names[0]], given[names[1]]
    certificate, key, openssl = folder / "localhost.pem", folder / "localhost.key", program("openssl", "openssl")
    check = [openssl, "x509", "-noout", "-checkend", str(7 * 86_400), "-in", str(certificate)]
    if not key.is_file() or subprocess.run(check, capture_output=True, check=False).returncode:
        subprocess.run(
            [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", str(CERTIFICATE_DAYS), "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
            capture_output=True, check=True,
        )  # fmt: skip
    return certificate, key


def edge_processes(var: Path) -> list[psutil.Process]:
    """The nginx of this `var` folder: the process group of its pid file, also when its master was killed.

    nginx writes its title over its environment, so that the mark of the other processes isn't there to be read.
    """
    folder = var / "run" / "nginx"
    try:
        master = int((folder / "nginx.pid").read_text())
        alive = psutil.Process(master).cmdline()
    except (OSError, ValueError, psutil.AccessDenied):
        return []
    except psutil.NoSuchProcess:
        alive = None
    if alive and not any(str(folder) in part for part in alive):  # somebody else's, with the same number
        return []
    return [process for process in psutil.process_iter() if _is_nginx_of(process, master)]


def _is_nginx_of(process: psutil.Process, master: int) -> bool:
    try:
        group = os.getpgid(process.pid)
        return process.name() == "nginx" and (process.pid == master or process.ppid() == master or group == master)
    except (psutil.Error, OSError):
        return False


def end_left_behind(var: Path) -> None:
    """Workers whose master was killed go on and hold the port; the next nginx could not start."""
    left = edge_processes(var)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGTERM)
    ended = time.monotonic() + LEFT_BEHIND_SECONDS
    while any(process.is_running() for process in left) and time.monotonic() < ended:
        time.sleep(0.05)


def main() -> None:
    try:
        settings = LocalSettings.read()
        if "edge" not in settings.ports:
            raise Misconfigured("EDGE_PORT is missing: the port of the edge, such as EDGE_PORT=8088.")
        nginx = command(settings)
        end_left_behind(settings.var)
        render(settings)
    except FrontdeskError as error:
        print(f"✗ {error}", file=sys.stderr)
        sys.exit(1)
    os.execv(nginx[0], nginx)


if __name__ == "__main__":
    main()
