"""What must be there before a start: database and index, the converted generator, a trained Rasa model.

Every step leaves its result under a name made of its inputs, written in one piece at the end: a step that is
already done costs nothing, one that was interrupted is done again.
"""

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from contracts.database import open_engine
from contracts.errors import FrontdeskError, Misconfigured
from frontdesk.settings import ROOT, LocalSettings

RASA_INPUTS = ("config.yml", "domain.yml", "data", "rasa_components", "env/rasa/requirements.txt",
               "models/base/minilm-int8/config.json")  # fmt: skip
RASA_MODELS_KEPT = 3
FREE_GB = 1.0


@contextmanager
def step(console: Console, doing: str) -> Iterator[Callable[[str], None]]:
    """Show what is being done and how long it took; `yield`s a function that tells the outcome."""
    outcome = ["done"]
    started = time.perf_counter()
    with console.status(f"{doing} …"):
        yield lambda text: outcome.__setitem__(0, text)
    console.print(f"  [green]✓[/] {doing}: {outcome[0]} ({time.perf_counter() - started:.1f} s)", highlight=False)


def prepare(settings: LocalSettings, console: Console) -> Path:
    """Do what is missing; returns the Rasa model to serve."""
    _ = settings.ports  # a bad one is told now, not after the training
    check_disk(settings.var)
    with step(console, "Knowledge base") as tell:
        tell(prepare_knowledge(settings))
    with step(console, "Generator") as tell:
        tell(prepare_generator(settings))
    with step(console, "Rasa model") as tell:
        model, trained = prepare_rasa(settings)
        tell(f"{model.name} {'trained' if trained else 'is up to date'}")
    return model


def check_disk(folder: Path, needed_gb: float = FREE_GB) -> None:
    """Raises Misconfigured before something is half written."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free / 1e9
    if free < needed_gb:
        raise Misconfigured(
            f"Only {free:.1f} GB are free in {folder}; {needed_gb:.0f} GB are needed. Make room, then: make up"
        )


def prepare_knowledge(settings: LocalSettings) -> str:
    from knowledge.embedding import Embedder
    from knowledge.settings import Settings
    from knowledge.sync import sync

    config = Settings(database_url=settings.database_url)
    embedder = Embedder(config.embedding_dir, threads=0)
    report = sync(open_engine(settings.database_url), config.sources_dir, embedder, config.index_dir)
    left_out = sum(len(changes.left_out) for changes in report.changes)
    note = f", {left_out} items left out (frontdesk kb sync names them)" if left_out else ""
    return f"index {report.index_version} {'built' if report.index_built else 'is up to date'}{note}"


def prepare_generator(settings: LocalSettings) -> str:
    from generator.model_folder import converted_folder, is_converted, resolve_model
    from generator.settings import Settings

    config = Settings()
    source = resolve_model(config.generator_model)
    folder = converted_folder(source, config.generator_dir, config.generator_compute)
    if is_converted(folder):
        return f"{folder.name} is up to date"
    from generator.export.convert import convert

    convert(source, config.generator_dir, config.generator_compute)
    return f"{folder.name} converted"


def prepare_rasa(settings: LocalSettings) -> tuple[Path, bool]:
    """Train unless a model of exactly these inputs is there with the SHA-256 that it was written with."""
    if not settings.rasa_python.is_file():
        raise Misconfigured("Rasa's environment is missing. Make it with: make rasa-env")
    model = settings.models / f"rasa-{digest_of(ROOT / name for name in RASA_INPUTS)}.tar.gz"
    seal = model.with_suffix(".sha256")
    if model.is_file() and seal.is_file() and seal.read_text().strip() == sha256(model):
        return model, False
    scratch = settings.models / "part"
    shutil.rmtree(scratch, ignore_errors=True)
    train_rasa(settings, scratch, model.name.removesuffix(".tar.gz"))
    seal.write_text(sha256(scratch / model.name) + "\n")
    os.replace(scratch / model.name, model)
    shutil.rmtree(scratch, ignore_errors=True)
    forget_old_models(settings.models)
    return model, True


def train_rasa(settings: LocalSettings, out: Path, name: str) -> None:
    """Raises FrontdeskError with Rasa's own last words; all of them are in `var/log/rasa-train.log`."""
    settings.logs.mkdir(parents=True, exist_ok=True)
    log = settings.logs / "rasa-train.log"
    command = [str(settings.rasa_python), "-m", "rasa", "train", "--fixed-model-name", name, "--out", str(out)]
    with log.open("w") as file:
        done = subprocess.run(
            command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, env=settings.process_environment(), check=False
        )
    if done.returncode or not (out / f"{name}.tar.gz").is_file():
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        raise FrontdeskError(f"Rasa could not be trained: {lines[-1] if lines else 'it said nothing'} (see {log})")


def forget_old_models(folder: Path) -> None:
    archives = sorted(folder.glob("rasa-*.tar.gz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for archive in archives[RASA_MODELS_KEPT:]:
        archive.unlink()
        archive.with_suffix(".sha256").unlink(missing_ok=True)


def digest_of(paths: Iterable[Path]) -> str:
    """One short name for the content of files and folders."""
    digest = hashlib.sha256()
    for path in paths:
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return digest.hexdigest()[:10]


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
