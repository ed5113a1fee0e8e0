#!/usr/bin/env bash
# Makes this checkout ready to run: programs from Debian where they are missing, then .venv from the lock file.
# Called by make before everything else; does nothing, quickly, when nothing is to do. Safe to interrupt and repeat.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$checkout"

venv=$checkout/.venv
lock=requirements-dev.lock
policy=/usr/sbin/policy-rc.d
policy_mark='# written by slotwatch while it installs; safe to remove'
policy_is_ours=no
log=

say() { printf 'slotwatch: %s\n' "$*"; }
refuse() {
  printf 'slotwatch: %s\n' "$*" >&2
  exit 2
}

clean_up() {
  if [ "$policy_is_ours" = yes ]; then as_root rm -f "$policy"; fi
  if [ -n "$log" ]; then rm -f "$log"; fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# Run a command quietly; when it fails, show the end of what it said.
quietly() {
  log=${log:-$(mktemp)}
  if ! "$@" >"$log" 2>&1 </dev/null; then
    tail -n 25 "$log" >&2
    return 1
  fi
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# --- Programs ---------------------------------------------------------------------------------------------------------

has() { command -v "$1" >/dev/null 2>&1; }
has_postgres() { compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || has postgres; }
has_alertmanager() { has prometheus-alertmanager || has alertmanager; }

# Print the Debian packages of the programs that are missing, one per line.
missing_packages() {
  has_postgres || echo postgresql
  has redis-server || echo redis-server
  { has prometheus && has promtool; } || echo prometheus
  { has_alertmanager && has amtool; } || echo prometheus-alertmanager
  if [ "$venv_is_ready" = yes ]; then return; fi
  # Debian ships Python without what fills a new environment.
  if [ -z "$python" ]; then
    printf '%s\n' python3 python3-venv
  elif ! "$python" -c 'import ensurepip' 2>/dev/null; then
    echo python3-venv
  fi
}

install_packages() {
  has apt-get || refuse "missing: $*. There is no apt-get here; install them your way, or start everything in Docker: docker compose up"
  [ "$(id -u)" = 0 ] || has sudo ||
    refuse "missing: $*. Run as root: apt-get install $* (there is no sudo here), then make again; or use Docker: docker compose up"
  say "installing $* with apt (a minute or two)"
  forbid_services
  quietly as_root apt-get -qq -o DPkg::Lock::Timeout=120 update || say "apt could not refresh its lists; trying with the old ones"
  quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
    -o DPkg::Lock::Timeout=120 install "$@" ||
    refuse "apt could not install $*; see above, or start everything in Docker: docker compose up"
  disable_services "$@"
}

# Debian starts a service as soon as it is installed; ours run privately, so the default ports must stay free.
forbid_services() {
  if [ -e "$policy" ] && ! grep -qsF "$policy_mark" "$policy"; then return; fi
  policy_is_ours=yes
  printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark" | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
}

# ... and must be free after a reboot, too. Only what we have just installed: a server that was here stays as it was.
disable_services() {
  has systemctl || return 0
  local package now=()
  if [ -d /run/systemd/system ]; then now=(--now); fi
  for package in "$@"; do
    case $package in
      python3*) ;;
      *) quietly as_root systemctl disable "${now[@]}" "$package.service" || say "could not disable $package.service" ;;
    esac
  done
}

# --- Python -----------------------------------------------------------------------------------------------------------

is_recent() { "$1" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; }

# Print the first Python that is recent enough; nothing if there is none.
find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if has "$candidate" && is_recent "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
}

# The stamps say for which input the environment was completed, and where: it does not survive being moved.
packages_stamp() { { echo "$checkout"; cat "$lock"; } | sha256sum; }
project_stamp() { { echo "$checkout"; cat pyproject.toml; } | sha256sum; }
is_stamped() { [ "$(cat "$venv/$1" 2>/dev/null)" = "$2" ]; }

venv_works() { "$venv/bin/python" -c 'import pip' 2>/dev/null; }

install_python_packages() {
  # Without a stamp somebody was interrupted, or pip was: what is half there cannot be trusted.
  if [ ! -e "$venv/packages.stamp" ] || ! venv_works; then
    say "creating .venv with $("$python" -V)"
    quietly "$python" -m venv --clear "$venv" || refuse "could not create .venv; see above"
  fi
  rm -f "$venv/packages.stamp" "$venv/project.stamp"
  say "installing Python packages into .venv (a minute or two)"
  quietly "$venv/bin/python" -m pip --disable-pip-version-check --no-input install --require-hashes -r "$lock" ||
    refuse "pip could not install the packages of $lock; see above, mend that (often the network) and run make again"
  packages_stamp >"$venv/packages.stamp"
}

install_project() {
  quietly "$venv/bin/python" -m pip --disable-pip-version-check --no-input install --no-deps --no-build-isolation -e . ||
    refuse "pip could not install slotwatch itself; see above"
  project_stamp >"$venv/project.stamp"
}

# ----------------------------------------------------------------------------------------------------------------------

# Two makes at once must not write the same .venv; a lock on the directory itself leaves no file behind.
exec 9<"$checkout"
flock --nonblock 9 || { say "another make is setting up this checkout; waiting for it"; flock 9; }

if is_stamped packages.stamp "$(packages_stamp)" && venv_works; then
  python=$venv/bin/python
  venv_is_ready=yes
else
  python=$(find_python)
  venv_is_ready=no
fi

mapfile -t packages < <(missing_packages)
if [ ${#packages[@]} -gt 0 ]; then
  install_packages "${packages[@]}"
  [ -n "$python" ] || python=$(find_python)
fi
[ -n "$python" ] || refuse "needs Python 3.11 or later, found $(python3 -V 2>&1 || true); install one, or name it: make PYTHON=/path/to/python3"

[ "$venv_is_ready" = yes ] || install_python_packages
is_stamped project.stamp "$(project_stamp)" || install_project
