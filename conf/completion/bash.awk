# Make the completion for bash of what `gatehouse help --list-all` prints.
BEGIN { FS = "\t" }

{ sub(/^gatehouse /, "", $1) }

$2 == "" {
	split($1, word, " ")
	if (!(word[1] in verbs)) {
		nouns = nouns (nouns == "" ? "" : " ") word[1]
		verbs[word[1]] = ""
	}
	if (word[2] != "")
		verbs[word[1]] = verbs[word[1]] (verbs[word[1]] == "" ? "" : " ") word[2]
	else
		alone[word[1]] = 1 # beside its verbs, where it has some
	order[++commands] = $1
	next
}

{
	options[$1] = options[$1] (options[$1] == "" ? "" : " ") $2
	if ($4 == "")
		next
	# what needs a value: with files offered, or with nothing
	names = $3 == "" ? $2 : $2 "|" $3
	if ($4 ~ /^FILE/)
		files[$1] = files[$1] (files[$1] == "" ? "" : "|") names
	else if ($4 == "DIR")
		folders[$1] = folders[$1] (folders[$1] == "" ? "" : "|") names
	else
		texts[$1] = texts[$1] (texts[$1] == "" ? "" : "|") names
}

function value_case(list, action) {
	if (list != "")
		printf "\t\tcase $prev in %s) %s; return ;; esac\n", list, action
}

END {
	print "# bash completion for gatehouse(1). Made by conf/completion/bash.awk."
	print "_gatehouse()\n{"
	print "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command options="
	print "\n\tCOMPREPLY=()"
	print "\tif [ \"$COMP_CWORD\" -eq 1 ]; then"
	printf "\t\tmapfile -t COMPREPLY < <(compgen -W '%s --help --version' -- \"$cur\")\n", nouns
	print "\t\treturn\n\tfi"
	print "\tcommand=${COMP_WORDS[1]}"
	print "\tcase $command in"
	n = split(nouns, noun, " ")
	for (i = 1; i <= n; i++) {
		if (verbs[noun[i]] == "")
			continue
		printf "\t%s)\n", noun[i]
		if (noun[i] in alone)
			print "\t\tif [[ ${COMP_WORDS[2]} != -* ]]; then"
		print "\t\tif [ \"$COMP_CWORD\" -eq 2 ]; then"
		printf "\t\t\tmapfile -t COMPREPLY < <(compgen -W '%s --help' -- \"$cur\")\n", verbs[noun[i]]
		print "\t\t\treturn\n\t\tfi\n\t\tcommand+=\" ${COMP_WORDS[2]}\"" (noun[i] in alone ? "\n\t\tfi ;;" : " ;;")
	}
	print "\tesac\n\tcase $command in"
	for (i = 1; i <= commands; i++) {
		c = order[i]
		printf "\t'%s')\n", c
		value_case(files[c], "_gatehouse_paths -f")
		value_case(folders[c], "_gatehouse_paths -d")
		value_case(texts[c], ":")
		printf "\t\toptions='%s' ;;\n", options[c]
	}
	print "\tesac"
	print "\tcase $cur in"
	print "\t-*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\") ;;"
	print "\t*) _gatehouse_paths -f ;;"
	print "\tesac\n}\n"
	print "_gatehouse_paths()\n{"
	print "\tcompopt -o filenames 2>/dev/null"
	print "\tmapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n}\n"
	print "complete -F _gatehouse gatehouse"
}
