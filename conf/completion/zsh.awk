# Make the completion for zsh of what `gatehouse help --list-all` prints.
BEGIN { FS = "\t" }

# Text for a specification of _arguments or _describe, inside single quotes.
function quoted(text) {
	gsub(/\\/, "\\\\", text)
	gsub(/\[|\]|:/, "\\\\&", text)
	gsub(/'/, "'\\''", text)
	return text
}

{ sub(/^gatehouse /, "", $1) }

$2 == "" {
	split($1, word, " ")
	if (!(word[1] in verbs)) {
		order[++nouns] = word[1]
		verbs[word[1]] = ""
		about[word[1]] = word[2] == "" ? $5 : ""
	}
	if (word[2] != "")
		verbs[word[1]] = verbs[word[1]] " '" word[2] ":" quoted($5) "'"
	else
		alone[word[1]] = 1 # beside its verbs, where it has some
	command[++commands] = $1
	next
}

{
	repeats = $4 ~ /\.\.\.$/
	value = $4
	sub(/\.\.\.$/, "", value)
	action = value == "FILE" ? "_files" : value == "DIR" ? "_files -/" : " "
	# one given is not offered again, unless it may be repeated
	front = repeats ? "*" : $3 == "" ? "" : "(" $3 " " $2 ")"
	names = $3 == "" ? "" : $3 " "
	tail = "[" quoted($5) "]" (value == "" ? "" : ":" value ":" action)
	n = split(names $2, name, " ")
	for (i = 1; i <= n; i++)
		options[$1] = options[$1] " \\\n\t\t    '" front name[i] tail "'"
}

END {
	print "#compdef gatehouse"
	print "# zsh completion for gatehouse(1). Made by conf/completion/zsh.awk."
	print "_gatehouse()\n{"
	print "\tlocal -a choices"
	print "\tlocal command=$words[2]\n"
	print "\tif (( CURRENT == 2 )); then"
	printf "\t\tchoices=("
	for (i = 1; i <= nouns; i++)
		printf "%s'%s:%s'", i == 1 ? "" : " ", order[i], about[order[i]] == "" ? order[i] " commands" : quoted(about[order[i]])
	print ")\n\t\t_describe command choices\n\t\treturn\n\tfi"
	print "\tcase $command in"
	for (i = 1; i <= nouns; i++) {
		if (verbs[order[i]] == "")
			continue
		printf "\t%s)\n", order[i]
		if (order[i] in alone)
			print "\t\tif [[ $words[3] != -* ]]; then"
		printf "\t\tif (( CURRENT == 3 )); then\n\t\t\tchoices=(%s)\n", substr(verbs[order[i]], 2)
		print "\t\t\t_describe verb choices\n\t\t\treturn\n\t\tfi"
		print "\t\tcommand+=\" $words[3]\"\n\t\tshift words\n\t\t(( CURRENT-- ))" (order[i] in alone ? "\n\t\tfi ;;" : " ;;")
	}
	print "\tesac\n\tshift words\n\t(( CURRENT-- ))"
	print "\tcase $command in"
	for (i = 1; i <= commands; i++)
		printf "\t'%s')\n\t\t_arguments '*:operand:_files'%s ;;\n", command[i], options[command[i]]
	print "\tesac\n}\n"
	print "_gatehouse \"$@\""
}
