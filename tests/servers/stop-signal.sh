# Sourced, also by sh: SIGSTOP to processes, until each thread of them has stopped. kill returns before that: one thread
# takes the signal when it has the processor next, and meanwhile the others answer.
stop_processes()
{
	for p in "$@"; do kill -STOP "$p" 2>/dev/null || :; done
	for p in "$@"; do
		# State: T (stopped), Z (zombie), X (dead)
		while grep -qs '^State:[^TZX]*$' "/proc/$p/task"/*/status; do sleep 0.01; done
	done
}
