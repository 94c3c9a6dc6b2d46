# Sourced: free_port prints a port of loopback on which nobody listens, and which nobody else was told for thousands of
# calls: what was found free stays free until it is used, and while its server is away for a moment. Connections get
# theirs from 32768 on, and never one of these.
free_port()
{
	local file=${TMPDIR:-/tmp}/gatehouse-test-port.$UID p

	(
		flock 7
		read -r p <"$file" || p=$((20000 + RANDOM % 12000))
		while p=$((p < 31999 ? p + 1 : 20000)); (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null; do :; done
		echo "$p" >"$file"
		echo "$p"
	) 7>>"$file"
}
