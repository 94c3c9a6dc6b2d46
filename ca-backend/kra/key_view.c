/* Keys and key requests as JSON. See key_view.h. */
#include <string.h>

#include "key_people.h"
#include "key_view.h"

int
key_view_keys(struct kra_means *m, const struct requester *who, const struct store_key_filter *f,
    gh_json **entries, int64_t *next, struct gh_error *err)
{
	struct store_key_filter his = *f;

	if (!key_people_sees_all(who))
		his.owned_by = who;
	return store_list_keys(m->store, &his, entries, next, err);
}

int
key_view_key(struct kra_means *m, const struct requester *who, const char *key_id, gh_json **out,
    struct gh_error *err)
{
	struct store_archived_key k;
	int rc = store_get_archived_key(m->store, key_id, &k, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	if (!key_people_sees_all(who) && !key_people_owns(who, &k))
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no such key.");
	else
		rc = store_show_key(m->store, k.row, out, err);
	store_archived_key_clear(&k);
	return rc;
}

/* By the same as the filter owned_by of lists. */
const char *
key_view_archived(const struct requester *who, const gh_json *key)
{
	const char *owner = gh_json_string(gh_json_get(key, "owner"));
	int64_t kind = REQUESTER_NONE;
	bool owns = owner != NULL && gh_json_int(gh_json_get(key, "owner_kind"), &kind) &&
	    kind == (int64_t)who->kind && strcmp(store_key_identity(who), owner) == 0;

	return owns || key_people_sees_all(who) ? gh_json_string(gh_json_get(key, "id")) : NULL;
}

int
key_view_requests(struct kra_means *m, const struct requester *who,
    const struct store_key_request_filter *f, gh_json **entries, int64_t *next,
    struct gh_error *err)
{
	struct store_key_request_filter his = *f;
	unsigned char uuid[GH_UUID_SIZE];

	*entries = NULL;
	*next = 0;
	if (f->key_id != NULL && !gh_uuid_parse(f->key_id, uuid))
		return gh_refuse(err, GH_E_VALIDATION, "A key id is a UUID.");
	if (!key_people_sees_all(who))
		his.concerns = who;
	return store_list_key_requests(m->store, &his, entries, next, err);
}

static bool
says(const gh_json *o, const char *name, const char *value)
{
	const char *said = gh_json_string(gh_json_get(o, name));

	return strcmp(said != NULL ? said : "", value) == 0;
}

/* An agent agrees to what he is shown: is that what was recorded? Of a recovery, which has an
 * end. */
static int
mark_altered(const struct store_key_request *r, gh_json *o, struct gh_error *err)
{
	if (r->expires_at == 0 ||
	    (r->is_sealed && says(o, "requester", r->requester.name) &&
		says(o, "requester_id", r->requester.id) && says(o, "key_id", r->key.id)))
		return 0;
	return gh_json_set_bool(o, "altered", true) == 0 ? 0
							 : gh_fail(err, GH_E_NOMEM, "key request");
}

int
key_view_request(struct kra_means *m, const struct requester *who, int64_t id, gh_json **out,
    struct gh_error *err)
{
	struct store_key_request r;
	int rc = store_get_key_request(m->store, id, &r, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	if (!key_people_sees_all(who) && !requester_is_same(who, &r.requester) &&
	    !key_people_owns(who, &r.key))
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no such key request.");
	else if ((rc = store_show_key_request(m->store, id, out, err)) == 0 &&
	    (rc = mark_altered(&r, *out, err)) != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	store_key_request_clear(&r);
	return rc;
}
