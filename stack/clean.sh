#!/usr/bin/env bash
# Removes what setup.sh and the chain have made in this checkout: .venv, .run and the tools' caches.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

refuse() {
  printf 'slotwatch: %s\n' "$*" >&2
  exit 2
}

chain_runs() {
  # Held by the command that started the chain; supervisord may outlive a command that was killed.
  { [ -e .run/chain.lock ] && ! flock --nonblock .run/chain.lock true; } ||
    { [ -e .run/supervisord.pid ] && kill -0 "$(cat .run/supervisord.pid)" 2>/dev/null; }
}

if chain_runs; then refuse "a chain is running from this checkout; end it with \`make down\`, then clean"; fi

# Where the checkout was too private or too deep, .run leads to a directory of ours; nothing else is ever followed.
target=$(readlink .run || true)
case $target in
  /var/tmp/slotwatch-*) rm -rf -- "$target" ;;
esac

rm -rf .run .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
find . -name __pycache__ -type d -prune -exec rm -rf {} +
