#!/bin/sh
# Set up Python environments with uv: sh env/setup.sh app|test|rasa ...
#   app   .venv           Frontdesk itself, Python 3.11 or later
#   test  .venv           the same with what the tests and the exports need
#   rasa  env/rasa/.venv  Rasa, Python 3.10
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
    *) fail "There is no environment called $wanted; choose from app, test and rasa." ;;
  esac
done
