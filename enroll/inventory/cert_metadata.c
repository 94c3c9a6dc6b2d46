/* Metadata of certificates after their issue. See cert_metadata.h. */
#include <stdio.h>
#include <string.h>

#include "authority/revoke.h"
#include "catalog/metadata_change.h"
#include "http_cache.h"
#include "log.h"

#include "cert_metadata.h"
#include "cert_sight.h"

#define TRIES 5 /* of a change that others change between reading and writing */
#define DETAIL_SIZE 512

void
cert_metadata_clear(struct cert_metadata *m)
{
	gh_json_free(m->values);
	memset(m, 0, sizeof(*m));
}

char *
cert_metadata_etag(const struct cert_metadata *m, char out[CERT_METADATA_ETAG_SIZE])
{
	snprintf(out, CERT_METADATA_ETAG_SIZE, "\"%s\"", m->tag);
	return out;
}

int
cert_metadata_may_read(const struct cert_metadata_env *env, const struct requester *who,
    const struct dir_entry *entry, int64_t id, struct gh_error *err)
{
	struct store_cert_status st;
	bool may = false;
	int rc = store_get_status(env->store, id, &st, err);

	if (rc == 0)
		rc = cert_sight_has(env->store, env->catalog, who, entry, &st, &may, err);
	return rc != 0 || may
	    ? rc
	    : gh_refuse(err, GH_E_FORBIDDEN,
		  "Only who asked for a certificate, who has a role, and groups that it is shown to may read its metadata.");
}

int
cert_metadata_read(const struct cert_metadata_env *env, const struct requester *who,
    const struct dir_entry *entry, int64_t id, struct cert_metadata *out, struct gh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	out->id = id;
	if ((rc = cert_metadata_may_read(env, who, entry, id, err)) != 0)
		return rc;
	return store_get_cert_metadata(env->store, id, out->tag, &out->values, err);
}

/* ---- change ---- */

static void
audit_refusal(struct store *store, const struct requester *who, const struct cert_metadata_order *o,
    const struct store_cert_status *st, const struct gh_error *err)
{
	const struct store_audit a = {.event = "cert.metadata-refused",
	    .outcome = "failure",
	    .who = who,
	    .request_id = o->request_id,
	    .object = st->serial,
	    .detail = err->message};
	struct gh_error why;

	if (store_audit(store, &a, &why) != 0)
		gh_log_kv(GH_LOG_ERROR, "audit row not written", "detail", why.detail, NULL);
}

/* "Department, Stage" */
static void
name_fields(const gh_json *changes, char *out, size_t size)
{
	size_t n = 0;

	*out = '\0';
	for (size_t i = 0; i < gh_json_size(changes) && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", i > 0 ? ", " : "",
		    gh_json_string(gh_json_get(gh_json_at(changes, i), "field")));
}

static int
store_change(struct store *store, const struct requester *who, const struct cert_metadata_order *o,
    const struct cert_metadata *before, const gh_json *values, const gh_json *changes,
    struct gh_error *err)
{
	char detail[DETAIL_SIZE];

	if (gh_json_size(changes) == 0)
		return 0;
	name_fields(changes, detail, sizeof(detail));
	return store_change_cert_metadata(store, who,
	    &(struct store_metadata_change){.id = o->id,
		.tag = before->tag,
		.values = values,
		.changes = changes,
		.detail = detail,
		.request_id = o->request_id},
	    err);
}

static int
check_match(const struct cert_metadata_order *o, const struct cert_metadata *now,
    struct gh_error *err)
{
	char etag[CERT_METADATA_ETAG_SIZE];

	if (o->if_match == NULL || gh_http_matches(o->if_match, cert_metadata_etag(now, etag)))
		return 0;
	return gh_refuse(err, GH_E_PRECONDITION,
	    "The metadata of the certificate have changed since you read them. Read them again and "
	    "decide anew.");
}

static int
change_once(const struct cert_metadata_env *env, const struct requester *who,
    const struct cert_metadata_order *o, struct gh_error *err)
{
	const struct metadata_change c = {.field = env->catalog->field,
	    .fields = env->catalog->fields,
	    .is_officer = (who->roles & REQUESTER_ROLE_OFFICER) != 0,
	    .replaces = o->replaces,
	    .overwrites = o->overwrites};
	struct cert_metadata now = {.id = o->id};
	gh_json *values = NULL, *changes = NULL;
	int rc = store_get_cert_metadata(env->store, o->id, now.tag, &now.values, err);

	if (rc == 0 && (rc = check_match(o, &now, err)) == 0 &&
	    (rc = metadata_change(&c, now.values, o->values, &values, &changes, err)) == 0)
		rc = store_change(env->store, who, o, &now, values, changes, err);
	gh_json_free(values);
	gh_json_free(changes);
	cert_metadata_clear(&now);
	return rc;
}

static int
check_right(const struct requester *who, const struct store_cert_status *st, struct gh_error *err)
{
	if ((who->roles & REQUESTER_ROLE_OFFICER) != 0 || revoke_is_owner(who, st))
		return 0;
	return gh_refuse(err, GH_E_FORBIDDEN,
	    "Only an officer may change the metadata of this certificate.");
}

int
cert_metadata_change(const struct cert_metadata_env *env, const struct requester *who,
    const struct cert_metadata_order *o, struct cert_metadata *out, struct gh_error *err)
{
	struct store_cert_status st;
	int rc = store_get_status(env->store, o->id, &st, err);

	memset(out, 0, sizeof(*out));
	if (rc != 0)
		return rc;
	rc = check_right(who, &st, err);
	for (int i = 0; rc == 0 && i < TRIES; i++) {
		rc = change_once(env, who, o, err);
		if (rc != GH_E_PRECONDITION || o->if_match != NULL)
			break;
		rc = i + 1 < TRIES ? 0 : rc;
	}
	if (rc == GH_E_FORBIDDEN)
		audit_refusal(env->store, who, o, &st, err);
	out->id = o->id;
	return rc == 0 ? store_get_cert_metadata(env->store, o->id, out->tag, &out->values, err)
		       : rc;
}
