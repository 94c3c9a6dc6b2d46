#!/bin/sh
# Migrations as a C file on standard output: embed.sh 0001_name.sql ...
set -eu
echo '#include "store/store_private.h"'
echo 'const struct store_migration store_migrations[] = {'
for f; do
	base=$(basename "$f" .sql)
	number=$(printf %s "${base%%_*}" | sed 's/^0*//')
	printf '{ %s, "%s",\n' "$number" "${base#*_}"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$/\\n"/' "$f"
	echo '},'
done
echo '};'
echo 'const int store_migrations_n = sizeof(store_migrations) / sizeof(store_migrations[0]);'
