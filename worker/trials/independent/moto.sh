#!/bin/sh
# An S3 server that is not ours: moto, from PyPI, in a virtual environment of its own. It stays in the foreground.
#   worker/trials/independent/moto.sh [PORT] [FOLDER]
#   broadside-trials independent --s3 http://127.0.0.1:PORT
set -eu
port=${1:-8003}
folder=${2:-${TMPDIR:-/tmp}/broadside-moto}
if [ ! -x "$folder/bin/moto_server" ]; then
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "moto[server]>=5,<6"
fi
exec "$folder/bin/moto_server" -H 127.0.0.1 -p "$port"
