#!/bin/bash
# The manual page is well-formed and names every command and every option of every command.
set -uo pipefail
cd "$(dirname "$0")/../.."
page=docs/gatehouse.1
bad=0

mandoc -T lint -W warning "$page" || bad=1
text=$(mandoc -T utf8 "$page" | sed 's,.\x08,,g' | tr -s ' \n' ' ')
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
