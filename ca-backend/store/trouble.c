/* What statements and connections of this process met lately. See store_trouble in store.h. */
#include <stdatomic.h>
#include <string.h>

#include "timestamp.h"

#include "store/store_private.h"

static _Atomic(const char *) cause; /* static text; NULL = none */
static _Atomic int64_t since_us;    /* when it was met last, monotonic */

static const struct {
	const char *state, *cause;
} states[] = {
    /* SQLSTATE, or its class; the first that fits */
    {"53100", "disk full"},
    {"53200", "out of memory"},
    {"53300", STORE_NO_CONNECTION},
    {"53", "out of resources"},
    {"25006", "read-only"},
    {"58", "I/O error"},
    {"XX001", "damaged data"},
    {"XX002", "damaged data"},
};

void
store_trouble_note(const char *what)
{
	atomic_store(&since_us, gh_now_us());
	atomic_store(&cause, what);
}

void
store_trouble_state(const char *sqlstate)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strncmp(sqlstate, states[i].state, strlen(states[i].state)) == 0) {
			store_trouble_note(states[i].cause);
			return;
		}
}

void
store_trouble_end(const char *what)
{
	const char *now = atomic_load(&cause);

	if (now != NULL && (what == NULL || strcmp(now, what) == 0))
		atomic_store(&cause, NULL);
}

const char *
store_trouble(void)
{
	const char *now = atomic_load(&cause);

	return now != NULL &&
		gh_now_us() - atomic_load(&since_us) < STORE_TROUBLE_SECONDS * INT64_C(1000000)
	    ? now
	    : NULL;
}

bool
store_is_read_only(const struct store *s)
{
	static const char *const names[] = {"in_hot_standby", "default_transaction_read_only"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && s->conn != NULL; i++) {
		const char *value = PQparameterStatus(s->conn, names[i]);

		if (value != NULL && strcmp(value, "on") == 0)
			return true;
	}
	return false;
}
