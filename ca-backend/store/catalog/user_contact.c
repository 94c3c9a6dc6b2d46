/* See user_contact.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "store/grant/grant.h"
#include "store/grant/row_content.h"

#include "user_contact.h"

static int
seal(const struct store *s, int64_t id, const char *email, const char *language,
    unsigned char mac[ROW_SEAL_SIZE], struct gh_error *err)
{
	gh_json *v = gh_json_new_object();
	int bad =
	    gh_json_set_string(v, "email", email) | gh_json_set_string(v, "language", language);

	return row_content_seal(s, "admin_contact", id, v, bad, mac, err);
}

/* --- change ----------------------------------------------------------------------------------- */

static int
find_id(struct store *s, const char *name, int64_t *id, struct gh_error *err)
{
	struct grant_row *row;
	struct grants g;
	int rc = grant_load(s, GRANT_ADMIN_USER, &g, err);

	if (rc != 0)
		return rc;
	if ((row = grant_find(&g, GRANT_ADMIN_USER, "name", name)) != NULL)
		*id = row->seal.key;
	else
		rc = gh_refuse(err, GH_E_NOT_FOUND,
		    "there is no user \"%.100s\": see `gatehouse user list`", name);
	grant_clear(&g);
	return rc;
}

static int
put(struct store *s, int64_t id, const char *email, const char *language, struct gh_error *err)
{
	static const struct store_statement st = {"user_contact_put",
	    "INSERT INTO admin_contact (user_id, email, language, mac) VALUES ($1::bigint, $2, $3, $4::bytea) "
	    "ON CONFLICT (user_id) DO UPDATE SET email = EXCLUDED.email, language = EXCLUDED.language, mac = EXCLUDED.mac"};
	unsigned char mac[ROW_SEAL_SIZE];
	struct store_params p = {0};
	int rc = seal(s, id, email, language, mac, err);

	if (rc != 0)
		return rc;
	store_put_int(&p, id);
	store_put_text(&p, email);
	store_put_text(&p, language);
	store_put_bytes(&p, mac, sizeof(mac));
	return store_do(s, &st, &p, err);
}

static int
drop(struct store *s, int64_t id, struct gh_error *err)
{
	static const struct store_statement st = {"user_contact_drop",
	    "DELETE FROM admin_contact WHERE user_id = $1::bigint"};
	struct store_params p = {0};

	store_put_int(&p, id);
	return store_do(s, &st, &p, err);
}

int
store_set_user_contact(struct store *s, const struct requester *who, const char *name,
    const char *email, const char *language, struct gh_error *err)
{
	int64_t id = 0;
	int rc = find_id(s, name, &id, err);

	if (rc != 0 || (rc = store_begin(s, err)) != 0)
		return rc;
	rc = *email != '\0' ? put(s, id, email, language, err) : drop(s, id, err);
	if (rc == 0)
		rc = store_audit_change(s, who, "user.changed", name,
		    *email != '\0' ? "address of e-mail" : "no address of e-mail", err);
	if (rc == 0)
		return store_commit(s, err);
	store_rollback(s);
	return rc;
}

/* --- look-up ---------------------------------------------------------------------------------- */

/* false: no user of his own, or a row that is not ours. */
static bool
fill(const struct store *s, const PGresult *res, int row, const struct grants *g,
    struct user_contact *out)
{
	const char *email = store_text(res, row, 1), *language = store_text(res, row, 2), *name;
	int64_t id = store_int(res, row, 0), roles = 0;
	const struct grant_row *user = grant_find_id(g, GRANT_ADMIN_USER, id);
	unsigned char mac[ROW_SEAL_SIZE];

	if (user == NULL || strlen(email) >= sizeof(out->email) ||
	    strlen(language) >= sizeof(out->language))
		return false;
	name = gh_json_string(gh_json_get(user->content, "name"));
	if (name == NULL || seal(s, id, email, language, mac, NULL) != 0)
		return false;
	if (!store_is_mac(res, row, 3, mac)) {
		gh_log_kv(GH_LOG_ERROR,
		    "the address of a local user was changed past Gatehouse and does not count",
		    "user", name, NULL);
		return false;
	}
	(void)gh_json_int(gh_json_get(user->content, "roles"), &roles);
	snprintf(out->name, sizeof(out->name), "%s", name);
	strcpy(out->email, email);
	strcpy(out->language, language);
	out->roles = (unsigned)roles;
	out->enabled = gh_json_bool(gh_json_get(user->content, "enabled"), false);
	return true;
}

static int
read_contacts(struct store *s, const struct grants *g, struct user_contact **out, size_t *n,
    struct gh_error *err)
{
	static const struct store_statement st = {"user_contacts",
	    "SELECT user_id, email, language, mac FROM admin_contact ORDER BY user_id LIMIT 1000"};
	struct store_params p = {0};
	PGresult *res;
	int rc = store_read(s, &st, &p, &res, err);

	if (rc == 0 && (*out = calloc((size_t)PQntuples(res) + 1, sizeof(**out))) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "local users");
	for (int i = 0; rc == 0 && i < PQntuples(res); i++)
		*n += fill(s, res, i, g, &(*out)[*n]);
	PQclear(res);
	return rc;
}

int
store_user_contacts(struct store *s, struct user_contact **out, size_t *n, struct gh_error *err)
{
	struct grants g;
	int rc;

	*out = NULL;
	*n = 0;
	if (!s->has_grant_key)
		return 0;
	if ((rc = grant_load(s, GRANT_ADMIN_USER, &g, err)) != 0)
		return rc;
	rc = read_contacts(s, &g, out, n, err);
	grant_clear(&g);
	return rc;
}
