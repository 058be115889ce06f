#!/bin/sh
# Prints the path of uv, installing the pinned version into the cache when there is none.
# Says what is missing before anything else happens. Root is used for Debian packages only.
set -eu

uv_version=0.13.9

say() { echo "$*" >&2; }

missing=
for tool in go node npm; do
  command -v "$tool" > /dev/null || missing="$missing $tool"
done
python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2> /dev/null ||
  missing="$missing python3(3.11-3.13)"
if [ -n "$missing" ]; then
  say "missing:$missing"
  say "Install Go 1.26 or newer, Node.js 18 or newer with npm, and Python 3.11 to 3.13."
  exit 1
fi

if found=$(command -v uv) && "$found" --version > /dev/null 2>&1; then
  echo "$found"
  exit 0
fi

if [ -n "${SANDBOX_CACHE:-}" ]; then
  cache=$SANDBOX_CACHE
elif [ "$(id -u)" = 0 ]; then
  cache=/var/cache/litellm-gateway-sandbox
else
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/litellm-gateway-sandbox
fi
target=$cache/uv-$uv_version
if [ ! -x "$target/bin/uv" ]; then
  if ! python3 -m pip --version > /dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
      say "installing the Debian package python3-pip"
      apt-get -qq update >&2 && apt-get -qq install -y --no-install-recommends python3-pip >&2
    else
      say "pip is missing: install uv (or, as root, the package python3-pip) and run this again"
      exit 1
    fi
  fi
  say "installing uv $uv_version into $target"
  mkdir -p "$cache"
  rm -rf "$target.part"
  # A target folder is outside of what Debian manages, so its pip lets it pass.
  python3 -m pip install --quiet --no-input --disable-pip-version-check \
    --target "$target.part" "uv==$uv_version" >&2
  rm -rf "$target"
  mv "$target.part" "$target"
fi
echo "$target/bin/uv"
