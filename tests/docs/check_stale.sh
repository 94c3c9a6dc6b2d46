#!/bin/bash
# What is made of files that a pattern finds is made anew when one of them is gone: in a copy of the tree, where objects are
# empty files, since nothing is compiled.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
git ls-files -z Makefile tests/tests.mk base ca-backend/store conf/embed.sh conf/languages conf/packages.txt enroll/notify/mail kore-app/pages |
    xargs -0 cp --parents -t "$dir"
cd "$dir"

run()
{
	make -s --no-print-directory NO_PACKAGE_CHECK=1 BUILD=out "$@" >log 2>&1 || { cat log; echo "not ok - make $*"; exit 1; }
}

# gone GENERATED FILE NAME: NAME is in what is made, until FILE is removed
gone()
{
	run "$1"
	grep -qF "$3" "$1" || { echo "not ok - $1 has no $3"; exit 1; }
	rm "$2"
	run "$1"
	! grep -qF "$3" "$1" || { echo "not ok - $1 still has $3, which is gone"; exit 1; }
}

last=$(ls ca-backend/store/migrations/*.sql | tail -n 1)
gone out/gen/migrations.c "$last" "$(basename "$last" .sql)"
gone out/gen/embedded_pages.c kore-app/pages/html/home.html home.html
gone out/gen/embedded_languages.c conf/languages/de.json de.json
mkdir -p out/base
for f in base/*.c; do touch "out/${f%.c}.o"; done
touch out/packages.ok out/gen/embedded_languages.o
run out/libbase.a
ar t out/libbase.a | grep -qx uuid.o || { echo "not ok - libbase.a has no uuid.o"; exit 1; }
rm base/uuid.c
run out/libbase.a
! ar t out/libbase.a | grep -qx uuid.o || { echo "not ok - libbase.a still has uuid.o"; exit 1; }
echo "ok - migrations, pages, languages and libraries have no file that is gone"
