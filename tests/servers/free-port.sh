# Sourced: free_port prints a port of loopback on which nobody listens.
# GATEHOUSE_TEST_PORTS, "FIRST COUNT", is where it looks. tests/run.sh gives each step ports of its own, so that what was
# found free stays free until it is used. Connections get theirs from 32768 on, and never one of these.
free_port()
{
	local p first count

	read -r first count <<<"${GATEHOUSE_TEST_PORTS:-20000 12000}"
	while p=$((first + RANDOM % count)); (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null; do :; done
	echo "$p"
}
