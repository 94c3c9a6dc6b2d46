#!/bin/bash
# The manual pages are well-formed. gatehouse(1) names every command and every option of every command,
# gatehouse-signer(8) the options of the signer, gatehouse.conf(5) every option of the file.
set -uo pipefail
cd "$(dirname "$0")/../.."
page=docs/gatehouse.1
bad=0

make -s --no-print-directory manual || exit 1

text_of()
{
	mandoc -T utf8 "$1" | sed 's,.\x08,,g' | tr -s ' \n' ' '
}

for p in "$page" docs/gatehouse-signer.8 build/man/gatehouse.conf.5; do
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

text=$(text_of "$page")
while read -r command; do
	if [[ $text != *"$command"* ]]; then
		echo "$page does not mention: gatehouse $command"
		bad=1
	fi
	# shellcheck disable=SC2086
	for option in $(build/gatehouse $command --help | grep -oE '^  (-[a-z], )?--[a-z0-9-]+' | grep -oE -- '--.*'); do
		if [[ $text != *"$option"* ]]; then
			echo "$page does not mention: gatehouse $command $option"
			bad=1
		fi
	done
done < <(build/gatehouse help --list)
exit "$bad"
