#!/bin/bash
# The manual pages are well-formed. gatehouse-signer(8) names the options of the signer, gatehouse.conf(5) every option
# of the file; gatehouse(1) is looked at by check_manual_items.py.
set -uo pipefail
cd "$(dirname "$0")/../.."
bad=0

make -s --no-print-directory manual || exit 1

text_of()
{
	mandoc -T utf8 "$1" | sed 's,.\x08,,g' | tr -s ' \n' ' '
}

for p in docs/gatehouse.1 docs/gatehouse-signer.8 build/man/gatehouse.conf.5; do
	mandoc -T lint -W warning "$p" || bad=1
done

text=$(text_of docs/gatehouse-signer.8)
for option in $(build/gatehouse-signer --help | grep -oE -- '--[a-z0-9-]+' | sort -u); do
	[[ $text == *"$option"* ]] || { echo "docs/gatehouse-signer.8 does not mention $option"; bad=1; }
done
text=$(text_of build/man/gatehouse.conf.5)
for option in $(build/gatehouse conf print --names | cut -f1); do
	[[ $text == *" ${option#*.} "* ]] || { echo "gatehouse.conf(5) does not mention $option"; bad=1; }
done
exit "$bad"
