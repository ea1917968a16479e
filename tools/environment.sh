#!/usr/bin/env bash
# Makes .venv from requirements.lock, on a machine that has only python3.
#
# Safe to run again: a finished environment is brought up to date, and one whose
# making was interrupted (.venv/.unfinished is there) is made anew.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

VENV=.venv
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1
unset PYTHONHOME PYTHONPATH

stop() {
  echo "syncline: $*" >&2
  exit 1
}

is_new_enough() {
  command -v "$1" >/dev/null && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))'
}

# The interpreter to build on: $PYTHON if given, else the first that is new enough.
find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if is_new_enough "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  stop "Python 3.11 or newer is needed, and ${PYTHON:-python3} is" \
    "$("${PYTHON:-python3}" --version 2>/dev/null || echo missing);" \
    "install a newer one, or name one: PYTHON=/path/to/python3 make check."
}

# Debian keeps `ensurepip` in a package of its own; fetch it if we may.
install_venv_package() {
  local version packages become=()
  version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  packages="python${version}-venv"
  if ! command -v apt-get >/dev/null; then
    stop "$1 cannot make virtual environments; install its venv and ensurepip modules."
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      stop "$1 cannot make virtual environments; run: sudo apt-get install $packages"
    fi
    become=(sudo -n)
  fi
  local install=("${become[@]}" env DEBIAN_FRONTEND=noninteractive
    apt-get install -y -q --no-install-recommends "$packages")
  "${install[@]}" || { "${become[@]}" apt-get update -q && "${install[@]}"; } ||
    stop "$packages could not be installed; run: apt-get install $packages"
}

begin_venv() {
  rm -rf "$VENV"
  mkdir "$VENV"
  touch "$VENV/.unfinished"
}

make_venv() {
  local python
  python=$(find_python)
  begin_venv
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    ! "$python" -m venv "$VENV"; then
    install_venv_package "$python"
    begin_venv
    "$python" -m venv "$VENV" || stop "$python -m venv $VENV failed; see the lines above."
  fi
}

is_usable() {
  [ ! -e "$VENV/.unfinished" ] && is_new_enough "$VENV/bin/python" &&
    "$VENV/bin/python" -m pip --version >/dev/null 2>&1
}

is_usable || make_venv
touch "$VENV/.unfinished"
PIP=("$VENV/bin/python" -m pip --quiet)
"${PIP[@]}" install --require-hashes -r requirements.lock
"${PIP[@]}" install --no-deps --no-build-isolation -e .
rm "$VENV/.unfinished"
touch "$VENV/.ready"
