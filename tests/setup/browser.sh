#!/bin/sh
# axe-core, which the tests of pages run in the browser: from the npm registry into build/browser, of the version and with the
# hash of tests/browser/package-lock.json. Nothing is done, and no network needed, when it is there.
set -eu
cd "$(dirname "$0")/../.."
from=tests/browser
to=${BUILD:-build}/browser

if cmp -s $from/package-lock.json "$to/package-lock.json" && [ -e "$to/node_modules/axe-core/axe.min.js" ]; then
	exit 0
fi
new=$to.$$
trap 'rm -rf "$new"' EXIT
mkdir -p "$new"
cp $from/package.json $from/package-lock.json "$new/"
(cd "$new" && npm ci --ignore-scripts --no-audit --no-fund --prefer-offline >npm.log 2>&1) || {
	echo "browser.sh: axe-core was not fetched" >&2
	tail -n 20 "$new/npm.log" >&2
	exit 1
}
rm -rf "$to"
mv "$new" "$to"
