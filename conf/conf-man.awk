# Make gatehouse.conf(5) of docs/gatehouse.conf.5.in and of what `gatehouse conf print` prints:
#	gatehouse conf print | awk -v page=docs/gatehouse.conf.5.in -f conf/conf-man.awk
# A line that begins with a dot or a quote would be a request of roff.
function text(s) {
	gsub(/\\/, "\\e", s)
	return (s ~ /^[.']/ ? "\\&" : "") s
}

/^[a-z]+ \{$/ { body = body (body == "" ? "" : ".El\n") ".Ss " $1 "\n.Bl -tag -width Ds\n"; next }
/^\t#   \(/ { range = $0; sub(/^\t#   \(/, "", range); sub(/\)$/, "", range); next }
/^\t# [a-z0-9_]+ = / || /^\t[a-z0-9_]+ = / {
	must = $1 != "#"
	line = $0
	sub(/^\t(# )?/, "", line)
	name = line
	sub(/ = .*/, "", name)
	value = substr(line, length(name) + 4)
	body = body ".It Ic " name "\n" text(toupper(substr(meaning, 1, 1)) substr(meaning, 2)) \
	    (range == "" ? "" : " (" range ")") ".\n"
	if (must)
		body = body "Must be set.\n"
	else if (value != "\"\"")
		body = body "Default: " text(value) ".\n"
	meaning = range = ""
	next
}
/^\t# / { meaning = substr($0, 4) }

END {
	if (body == "")
		exit 1
	while ((getline line < page) > 0) {
		if (line == "@OPTIONS@")
			printf "%s.El\n", body
		else
			print line
	}
}
