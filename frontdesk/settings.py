"""Settings of the local run: ports, folders, and the environment that every process gets."""

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dotenv import dotenv_values

from contracts.errors import Misconfigured

ROOT = Path(__file__).resolve().parent.parent
RUN_MARK = "FRONTDESK_RUN"  # in the environment of every process that we start, so that we find ours again
SETTING = re.compile(r"^#?([A-Z][A-Z0-9_]+)=", re.MULTILINE)
PORTS = {"generator": 8000, "knowledge": 6000, "actions": 5055, "rasa": 5005, "gateway": 8080}


@dataclass(frozen=True)
class LocalSettings:
    """`given`: the environment over `.env`. Folders that tests move: FRONTDESK_VAR (`var/`)."""

    given: dict[str, str]

    @classmethod
    def read(cls) -> "LocalSettings":
        file = {key: value for key, value in dotenv_values(ROOT / ".env").items() if value is not None}
        return cls({**file, **os.environ})

    @cached_property
    def var(self) -> Path:
        return Path(self.given.get("FRONTDESK_VAR", ROOT / "var")).resolve()

    @cached_property
    def logs(self) -> Path:
        return self.var / "log"

    @cached_property
    def models(self) -> Path:
        return ROOT / "models"

    @cached_property
    def ports(self) -> dict[str, int]:
        """Name → port of every process; `edge` and `edge_tls`, its second one, only where they are set."""
        wanted = [name for name in ("edge", "edge_tls") if self.given.get(f"{name.upper()}_PORT")]
        if wanted == ["edge_tls"]:
            raise Misconfigured("EDGE_TLS_PORT needs EDGE_PORT too: make up EDGE_PORT=8088 EDGE_TLS_PORT=8443")
        return {name: self._port(name, default) for name, default in (PORTS | dict.fromkeys(wanted, 0)).items()}

    @property
    def edge_tls_port(self) -> int | None:
        return self.ports.get("edge_tls")

    def _port(self, name: str, default: int) -> int:
        variable = f"{name.upper()}_PORT"
        said = self.given.get(variable, str(default))
        if not (said.isascii() and said.isdigit()) or not 1024 <= int(said) <= 65535:
            raise Misconfigured(f"{variable}={said} is no port; give a number from 1024 to 65535.")
        return int(said)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    @cached_property
    def rasa_python(self) -> Path:
        return ROOT / "env" / "rasa" / ".venv" / "bin" / "python"

    @cached_property
    def database_url(self) -> str:
        return self.given.get("DATABASE_URL") or f"sqlite:///{self.var}/frontdesk.db"

    def process_environment(self) -> dict[str, str]:
        """What every process gets: the given environment, addresses of the neighbours, the secret, the mark."""
        return {
            **self.given,
            RUN_MARK: str(self.var),
            "DATABASE_URL": self.database_url,
            "TRACKER_URL": self.given.get("TRACKER_URL") or self._tracker_url(),
            "ACTIONS_URL": f"{self.url('actions')}/webhook",
            "KNOWLEDGE_URL": self.url("knowledge"),
            "GENERATOR_URL": self.url("generator"),
            "RASA_URL": self.url("rasa"),
            "SESSION_SECRET": self.given.get("SESSION_SECRET") or self._own_secret("session.secret"),
            "OPERATOR_TOKEN": self.given.get("OPERATOR_TOKEN") or self._own_secret("operator.token"),
            "RASA_TELEMETRY_ENABLED": "false",
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "PYTHONUNBUFFERED": "1",
        }

    def digest(self) -> str:
        """Changes with every setting that `.env.example` names, as the processes get it: given, made or by default."""
        names = SETTING.findall((ROOT / ".env.example").read_text(encoding="utf-8"))
        ports = {f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        said = self.process_environment() | ports
        text = "\n".join(f"{name}={said.get(name, '')}" for name in sorted(set(names)))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _tracker_url(self) -> str:
        """Rasa keeps its conversations in the same PostgreSQL, or in a SQLite file of its own."""
        if self.database_url.startswith("sqlite"):
            return f"sqlite:///{self.var}/tracker.db"
        return self.database_url.replace("postgresql+psycopg://", "postgresql://")

    def client_environment(self) -> dict[str, str]:
        """What commands need to reach the processes that run here, and Slack."""
        token = self.var / "operator.token"
        found = self.given.get("OPERATOR_TOKEN") or (token.read_text().strip() if token.is_file() else "")
        return {
            "GATEWAY_PORT": str(self.ports["gateway"]), "DATABASE_URL": self.database_url,
            "KNOWLEDGE_URL": self.url("knowledge"), **({"OPERATOR_TOKEN": found} if found else {}),
            **{name: value for name, value in self.given.items() if name.startswith("SLACK_")},
        }  # fmt: skip

    def _own_secret(self, name: str) -> str:
        """A secret made once for this machine; there is no default that everybody knows."""
        file = self.var / name
        if not file.is_file() or len(file.read_text().strip()) < 32:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.chmod(0o600)  # also one that was left from before
            file.write_text(secrets.token_urlsafe(48) + "\n")
        return file.read_text().strip()
