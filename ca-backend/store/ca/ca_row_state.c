/* States of CAs: enabled, disabled, retired. See ca_row.h. */
#include <stdio.h>

#include "ca_change.h"
#include "ca_private.h"
#include "ca_row.h"

static const struct state_change {
	enum ca_state state;
	bool (*fits)(enum ca_state from);
	const char *event, *wrong; /* what to do when it does not fit */
} state_changes[] = {
    {CA_ACTIVE, NULL, "ca.enabled", "only a disabled one can be enabled"},
    {CA_DISABLED, ca_is_active, "ca.disabled", "only an active one can be disabled"},
    {CA_RETIRED, ca_is_not_retired, "ca.retired", "that is final"},
};

static const struct state_change *
find_change(enum ca_state state)
{
	for (size_t i = 0; i < sizeof(state_changes) / sizeof(state_changes[0]); i++)
		if (state_changes[i].state == state)
			return &state_changes[i];
	return NULL;
}

/* *id and *from of the CA, locked. name: at least 128 bytes. */
static int
lock_by_name(struct store *s, const char *ca, int64_t *id, enum ca_state *from, char *name,
    size_t size, struct gh_error *err)
{
	static const struct store_statement st = {"ca_lock_name",
	    "SELECT id, state, name FROM ca WHERE id = (" STORE_CA_FIND ") FOR NO KEY UPDATE"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_text(&p, ca);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) != 1 || !ca_state_parse(store_text(res, 0, 1), from)) {
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no CA \"%.80s\".", ca);
	} else {
		*id = store_int(res, 0, 0);
		snprintf(name, size, "%s", store_text(res, 0, 2));
	}
	PQclear(res);
	return rc;
}

/* Nothing is left that could sign for a retired CA. */
static int
drop_secrets(struct store *s, int64_t id, struct gh_error *err)
{
	static const struct store_statement statements[] = {
	    {"ca_drop_password", "DELETE FROM ca_password WHERE ca_id = $1"},
	    {"ca_drop_signers", "DELETE FROM ocsp_signer WHERE ca_id = $1"},
	    {"ca_drop_cmc_signers", "DELETE FROM cmc_signer WHERE ca_id = $1"},
	    {"ca_drop_key_signers", "DELETE FROM key_signer WHERE ca_id = $1"},
	    {"ca_drop_package_signers", "DELETE FROM package_signer WHERE ca_id = $1"},
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(statements) / sizeof(statements[0]); i++) {
		struct store_params p = {0};

		store_put_int(&p, id);
		rc = ca_change_run(s, &statements[i], &p, err);
	}
	return rc;
}

static int
put_state(struct ca_change *c, int64_t id, enum ca_state state, struct gh_error *err)
{
	gh_json *row;
	int bad, rc = ca_change_content(c, id, &row, err);

	if (rc != 0)
		return rc;
	bad = gh_json_set_string(row, "state", ca_state_name(state));
	if (state == CA_RETIRED)
		bad |= gh_json_set_string(row, "sealed", NULL) |
		    gh_json_set_string(row, "csr", NULL) |
		    gh_json_set_string(row, "protection", ca_protection_name(CA_KEY_NONE));
	rc = ca_change_put(c, GRANT_CA, row, bad, err);
	return rc == 0 && state == CA_RETIRED ? drop_secrets(c->s, id, err) : rc;
}

int
store_set_ca_state(struct store *s, const struct requester *who, const char *ca,
    enum ca_state state, struct gh_error *err)
{
	const struct state_change *to = find_change(state);
	struct ca_change c = {.s = s, .who = who};
	enum ca_state from = CA_RETIRED;
	char name[128];
	int64_t id = 0;
	int rc;

	if (to == NULL)
		return gh_fail(err, GH_E_INTERNAL, "no change to state %d", (int)state);
	if ((rc = store_begin_locking(s, err)) == 0)
		rc = lock_by_name(s, ca, &id, &from, name, sizeof(name), err);
	if (rc == 0 && (to->fits != NULL ? !to->fits(from) : from != CA_DISABLED))
		rc = gh_refuse(err, GH_E_CONFLICT, "CA %.80s is %s: %s.", name, ca_state_name(from),
		    to->wrong);
	if (rc == 0)
		rc = grant_begin(s, &c.g, err);
	if (rc == 0)
		rc = put_state(&c, id, state, err);
	if (rc == 0)
		rc = store_audit_change(s, who, to->event, name, NULL, err);
	return ca_change_finish(&c, rc, err);
}
