/* Archived keys are destroyed. See key_retention.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/cert_parts.h"
#include "log.h"
#include "timestamp.h"

#include "key_retention.h"

/* What is to be done about the keys of one window, when its rows have been read. */
struct due {
	int64_t row;
	char reason[128];
};
struct walk {
	const struct key_retention *r;
	struct key_retention_result *out;
	struct due *due;
	size_t n;
};

/* Its certificate, and not what a column says of it: of this key, and ended then. */
static bool
is_what_it_says(const struct store_ageing_key *k)
{
	struct cert_parts cert;

	return cert_parts_read(k->cert.p, k->cert.len, &cert) && cert.not_after == k->not_after &&
	    (k->spki.len == 0 || gh_der_equals(&cert.spki, k->spki.p, k->spki.len));
}

static int
add_due(struct walk *w, const struct store_ageing_key *k, struct gh_error *err)
{
	struct due *more = reallocarray(w->due, w->n + 1, sizeof(*more));
	char text[GH_TIMESTAMP_SIZE];

	if (more == NULL)
		return gh_fail(err, GH_E_NOMEM, "keys whose time is over");
	w->due = more;
	more = &w->due[w->n++];
	more->row = k->row;
	if (k->is_inactive)
		snprintf(more->reason, sizeof(more->reason), "inactive for more than %d days",
		    w->r->rules.inactive_days);
	else
		snprintf(more->reason, sizeof(more->reason), "its certificate ended %s",
		    gh_timestamp_format(k->not_after, text));
	return 0;
}

static int
look(void *arg, const struct store_ageing_key *k, struct gh_error *err)
{
	struct walk *w = arg;

	if (k->is_asked_for) {
		w->out->asked_for++;
		return 0;
	}
	if (!k->is_inactive && !is_what_it_says(k)) {
		w->out->altered++;
		gh_log_kv(GH_LOG_ERROR,
		    "a certificate is not what its row says: its archived key is kept", "key",
		    k->id, NULL);
		return 0;
	}
	return add_due(w, k, err);
}

static int
destroy_due(struct walk *w, struct gh_error *err)
{
	bool is;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < w->n; i++) {
		rc = store_destroy_key(w->r->store, w->r->who, w->due[i].row, w->due[i].reason,
		    w->r->rules.repeat, &is, err);
		w->out->destroyed += rc == 0 && is;
		w->out->asked_for += rc == 0 && !is;
		if (rc == 0 && gh_progress_is_stopping(&w->r->progress))
			rc = gh_fail(err, GH_E_BUSY,
			    "stopped after %lld keys; the rest is for the next run",
			    (long long)w->out->destroyed);
	}
	return rc;
}

static int
run_window(const struct key_retention *r, bool dry, int64_t *at, struct key_retention_result *out,
    struct gh_error *err)
{
	struct walk w = {.r = r, .out = out};
	int64_t next;
	int rc = store_each_ageing_key(r->store, &r->rules, *at, look, &w, &next, err);

	if (rc == 0 && dry)
		out->destroyed += (int64_t)w.n;
	else if (rc == 0)
		rc = destroy_due(&w, err);
	free(w.due);
	*at = next;
	if (rc == 0)
		gh_progress_tell(&r->progress, "%lld keys destroyed", (long long)out->destroyed);
	return rc;
}

int
key_retention_run(const struct key_retention *r, bool dry, struct key_retention_result *out,
    struct gh_error *err)
{
	struct gh_progress quiet = r->progress;
	struct key_retention own = *r;
	int64_t at = 0;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	quiet.tell = dry ? NULL : quiet.tell;
	own.progress = quiet;
	if (r->rules.certificate_days == 0 && r->rules.inactive_days == 0)
		return 0;
	do
		rc = run_window(&own, dry, &at, out, err);
	while (rc == 0 && at != 0);
	if (rc != 0 || out->altered == 0)
		return rc;
	return gh_refuse(err, GH_E_SEAL,
	    "%lld archived keys are kept: a certificate is not what its row says, see the log",
	    (long long)out->altered);
}
