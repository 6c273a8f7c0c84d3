"""Where a model lies: its source folder, and the folder that its conversion has or will have."""

import hashlib
from pathlib import Path

from contracts.errors import Misconfigured

WEIGHTS = "model.safetensors"
NEEDED = ("config.json", WEIGHTS, "tokenizer.json")
FORMAT = 1


def converted_folder(source: Path, folder: Path, compute: str) -> Path:
    """`folder/<version>`, a name made of the number type and the SHA-256 of the source's files.

    Raises Misconfigured naming a file that the source lacks.
    """
    for name in NEEDED:
        if not (source / name).is_file():
            raise Misconfigured(f"The model folder {source} is incomplete: {name} is missing.")
    digest = hashlib.sha256(f"{FORMAT}".encode())
    for name in NEEDED:
        digest.update((source / name).read_bytes())
    return folder / f"{source.name}-{compute}-{digest.hexdigest()[:10]}"


def is_converted(folder: Path) -> bool:
    return (folder / "model.bin").is_file()


def resolve_model(name: str) -> Path:
    """The folder of a model given by folder or hub name. The hub needs the `train` extra and a network."""
    if Path(name).is_dir():
        return Path(name)
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise Misconfigured(
            f"GENERATOR_MODEL={name} is not a folder; to fetch it from a hub install the train extra first."
        ) from error
    try:
        return Path(snapshot_download(name, allow_patterns=list(NEEDED)))
    except (OSError, ValueError) as error:  # no network, no such name, no access
        raise Misconfigured(f"GENERATOR_MODEL={name} is not a folder and can't be fetched from a hub.") from error
