/* The message for a locked CA key. See ca_locked.h. */
#include <stdio.h>

#include "log.h"
#include "store/ca/ca_password_row.h"
#include "timestamp.h"

#include "ca_locked.h"

void
ca_locked_explain(struct store *store, const struct ca *ca, struct gh_error *err)
{
	char until[GH_TIMESTAMP_SIZE];
	struct store_password row;
	struct gh_error why;

	err->retry_after = CA_LOCKED_RETRY;
	snprintf(err->message, sizeof(err->message),
	    "The key of the certification authority %.64s is locked: an "
	    "administrator must unlock it with its password.",
	    ca->name);
	if (store_password_get(store, ca->name, &row, &why) != 0) {
		gh_log_kv(GH_LOG_WARN, "cannot tell how long a key is locked", "ca", ca->name,
		    "cause", why.detail, NULL);
		return;
	}
	if (row.locked_until > row.now) {
		err->retry_after = (int)(row.locked_until - row.now);
		snprintf(err->message, sizeof(err->message),
		    "The key of the certification authority %.64s is locked. "
		    "After too many wrong passwords nobody can unlock it before %s.",
		    ca->name, gh_timestamp_format(row.locked_until, until));
	}
	store_password_clear(&row);
}
