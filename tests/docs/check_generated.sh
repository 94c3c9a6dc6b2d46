#!/bin/bash
# What is in the tree and was made by a program is what the program makes (with the Unicode data of Debian 12's Python).
cd "$(dirname "$0")/../.." || exit 1
/usr/bin/python3 -B base/name_prep_table.py | diff - base/name_prep_table.h >/dev/null || {
	echo "not ok - base/name_prep_table.h: run 'python3 base/name_prep_table.py >base/name_prep_table.h'"
	exit 1
}
echo "ok - base/name_prep_table.h"
