#!/usr/bin/env bash
# Gets the servers that the tests use, redis-server and haproxy, by apt-get, unless they are there: `npm run test:setup`.
set -euo pipefail

missing=()
for server in redis-server haproxy; do
  command -v "$server" >/dev/null || missing+=("$server")
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "The tests use real servers, which are not on the PATH: sudo apt-get install ${missing[*]}, or brew install redis haproxy" >&2
  exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
