#!/bin/sh
# Compile the pinned requirements from pyproject.toml and env/rasa/requirements.in, without addresses in them.
set -eu
cd "$(dirname "$0")/.."
export UV_FIND_LINKS="${UV_FIND_LINKS:-${PIP_FIND_LINKS:-}}"
uv=$(command -v uv || echo var/tools/bin/uv)
compile() { "$uv" pip compile --quiet --no-annotate --no-header --no-emit-index-url --no-emit-find-links "$@" >/dev/null; }
compile pyproject.toml --python-version 3.11 -o env/app/requirements.txt
compile pyproject.toml --extra train --extra test --python-version 3.11 -c env/app/requirements.txt -o env/app/requirements-test.txt
compile env/rasa/requirements.in --python-version 3.10 -o env/rasa/requirements.txt
# The same pin for the CPU build and for the one of the package index.
sed -i 's/^torch==\([0-9.]*\)+cpu/torch==\1/' env/app/requirements-test.txt
# Frontdesk trains on the CPU by default; the GPU libraries of the index's build would be gigabytes for nothing.
sed -i -E '/^(nvidia-|cuda-|triton==)/d' env/app/requirements-test.txt
