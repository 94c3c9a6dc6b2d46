#!/bin/sh
# The templates that are shipped load.
cd "$(dirname "$0")/../.." || exit 1
set -e
ls conf/templates/*.json >/dev/null
for t in conf/templates/*.json; do
	build/gatehouse template check "$t"
done
