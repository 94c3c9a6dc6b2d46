#!/bin/bash
# Every C file is as clang-format (Debian 12's) writes it, by .clang-format.
cd "$(dirname "$0")/../.." || exit 1
files=$(find base ca-backend ldap templates enroll kore-app tests -name '*.[ch]' | sort)
n=$(wc -l <<<"$files")
wrong=$(xargs -n 50 -P "$(nproc)" clang-format --dry-run -Werror <<<"$files" 2>&1)
wrong+=$(clang-format --version | grep -v 'version 14\.')
[ -z "$wrong" ] && [ "$n" -gt 100 ] || {
	echo "not ok - formatted otherwise; run: clang-format -i FILE"
	head -40 <<<"$wrong"
	exit 1
}
echo "ok - format of $n files"
