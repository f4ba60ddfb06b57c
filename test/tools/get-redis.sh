#!/usr/bin/env bash
# Gets the redis-server that the tests use, by apt-get, unless it is there: `npm run test:setup`.
set -euo pipefail

if command -v redis-server >/dev/null; then exit 0; fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo 'The tests use a real redis-server, which is not on the PATH: sudo apt-get install redis-server, or brew install redis' >&2
  exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >/dev/null
