#!/usr/bin/env bash
# Renews requirements.lock from pyproject.toml; needs uv.
#
# The lock holds names, versions and hashes, and no download address: where
# packages come from is the business of the machine that installs them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

uv pip compile --quiet --upgrade --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
  --extra brokers --extra postgres --extra sql --extra files --extra sandbox --extra server --extra soap --extra analytics --extra planning --extra spark --extra dev \
  --output-file requirements.lock pyproject.toml
