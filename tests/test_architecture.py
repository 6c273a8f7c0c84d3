"""The arrows of the design: who may import whom, what serving never loads, what no file may name."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A folder may import itself, `contracts`, and what stands here.
MAY_IMPORT: dict[str, set[str]] = {
    "actions": set(),
    "contracts": set(),
    "frontdesk": {"knowledge", "generator", "gateway"},  # the local starter
    "gateway": {"review"},
    "generator": set(),
    "knowledge": set(),
    "pipeline": {"knowledge", "generator"},
    "rasa_components": set(),
    "review": set(),  # in the process of the gateway, which uses it
}
# Not in the design, but in the tree: the pipeline weighs thresholds with the rules that the actions decide by, and
# compares cards with the rule of the sample.
PIPELINE_ALSO = ("actions.clients.generator.as_context", "actions.decision.", "actions.settings.",
                 "review.intervals.", "review.sampling.", "review.settings.")  # fmt: skip
# A library may be imported below these paths only.
ONLY_IN: dict[str, tuple[str, ...]] = {
    "rasa": ("rasa_components/",),
    "rasa_sdk": ("actions/",),
    "faiss": ("knowledge/",),
    "torch": ("generator/train/", "generator/export/", "knowledge/export_embedding.py", "pipeline/bench_generator.py"),
}
NEVER_SERVED = (*ONLY_IN["torch"], "generator/bench/", "knowledge/store/migrations/")
SERVING = ("actions", "contracts", "frontdesk", "gateway", "generator", "knowledge", "review")


def _files() -> list[str]:
    """Everything of ours that git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("this copy is not a git checkout")
    return sorted({name for name in listed.stdout.split("\0") if (ROOT / name).is_file()})


def _python_files() -> list[str]:
    return [name for name in _files() if name.endswith(".py") and name.split("/")[0] in MAY_IMPORT]


def _imports(name: str) -> Iterator[tuple[int, str]]:
    """Line and full name of each module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"), name)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno}: write imports out in full"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def test_every_folder_of_code_has_a_rule() -> None:
    folders = {name.split("/")[0] for name in _files() if re.fullmatch(r"[^/]+/.*\.py", name)}
    assert folders - {"tests", "env", "deploy", "docs", "datasets"} <= set(MAY_IMPORT)


def test_folders_import_only_what_the_design_allows() -> None:
    wrong = []
    for name in _python_files():
        folder = name.split("/")[0]
        allowed = {folder, "contracts", *MAY_IMPORT[folder]}
        for line, module in _imports(name):
            top, waived = module.split(".")[0], folder == "pipeline" and module.startswith(PIPELINE_ALSO)
            if top in MAY_IMPORT and top not in allowed and not waived:
                wrong.append(f"{name}:{line} imports {module}")
    assert wrong == []


def test_rasas_own_environment_needs_nothing_of_ours() -> None:
    files = [name for name in _python_files() if name.startswith("rasa_components/")]
    modules = {module.split(".")[0] for name in files for _, module in _imports(name)}
    assert modules & set(MAY_IMPORT) <= {"rasa_components"}


def test_the_local_starter_uses_of_the_gateway_only_its_command() -> None:
    files = [name for name in _python_files() if name.startswith("frontdesk/")]
    used = {module for name in files for _, module in _imports(name) if module.split(".")[0] == "gateway"}
    assert all(module.startswith("gateway.cli") for module in used)


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_stays_where_it_belongs(library: str) -> None:
    files = [name for name in _python_files() if not name.startswith(ONLY_IN[library])]
    wrong = [f"{name}:{line}" for name in files for line, module in _imports(name) if module.split(".")[0] == library]
    assert wrong == []


def test_contracts_do_no_io() -> None:
    files = [name for name in _python_files() if name.startswith("contracts/")]
    modules = {module.split(".")[0] for name in files for _, module in _imports(name)}
    assert modules.isdisjoint({"requests", "socket", "subprocess", "urllib", "rasa_sdk", "typer", "rich"})


def _loaded_by(modules: list[str]) -> str:
    """Which of the heavy libraries are in memory after these modules were imported in a fresh process."""
    program = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_serving_never_loads_torch_or_transformers() -> None:
    inside = tuple(f"{folder}/" for folder in SERVING)
    left_out = (*NEVER_SERVED, "generator/api.py")  # it has a test of its own below
    served = [name for name in _python_files() if name.startswith(inside) and not name.startswith(left_out)]
    modules = [name.removesuffix(".py").replace("/", ".") for name in served if not name.endswith("__main__.py")]
    assert len(modules) > 20
    assert _loaded_by([module.removesuffix(".__init__") for module in modules]) == "[]"


def test_the_generator_process_never_loads_torch() -> None:
    assert _loaded_by(["generator.api"]) == "[]"


# Written in pieces, so that this file doesn't name them itself.
INDEX_HOSTS = re.compile("|".join([r"\bpypi" + r"\.org", "pythonhosted" + r"\.org", r"download\.pytorch" + r"\.org"]))
OWN_PATHS = re.compile(
    r"(?<![\w.}~/-])/(?:work|root)" + r"/\w|(?<![\w.}~/-])/tmp" + r"/(?:build|pip|pytest|work)|file:/" + "//"
)


@pytest.mark.parametrize("pattern", [INDEX_HOSTS, OWN_PATHS], ids=["package index", "path of this machine"])
def test_no_file_names_where_it_was_made(pattern: re.Pattern[str]) -> None:
    wrong = []
    for name in _files():
        content = (ROOT / name).read_bytes()
        if b"\0" in content[:8_000] or len(content) > 2_000_000:
            continue
        lines = enumerate(content.decode("utf-8", "replace").splitlines(), 1)
        wrong += [f"{name}:{number}: {line.strip()[:80]}" for number, line in lines if pattern.search(line)]
    assert wrong == []
