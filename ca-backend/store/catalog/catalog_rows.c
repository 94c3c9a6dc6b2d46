/* All configuration objects at once, and the news that they changed. */
#include "store/grant/grant.h"

#define ALSO_MAX 8 /* further certificates of a CA that are shown, the newest */

static int
no_memory(struct gh_error *err)
{
	return gh_fail(err, GH_E_NOMEM, "catalog");
}

/* {"also":[base64...]}, newest first. */
static int
add_also(const struct grants *g, gh_json *ca, struct gh_error *err)
{
	const struct grant_rows *certs = &g->table[GRANT_CA_CERTIFICATE];
	gh_json *also = gh_json_new_array();
	int64_t id, of;

	if (!gh_json_int(gh_json_get(ca, "id"), &id) || also == NULL) {
		gh_json_free(also);
		return no_memory(err);
	}
	for (size_t i = certs->n; i-- > 0 && gh_json_size(also) < ALSO_MAX;) {
		const gh_json *c = certs->row[i].content;

		if (gh_json_int(gh_json_get(c, "ca_id"), &of) && of == id &&
		    gh_json_append(also, gh_json_ref(gh_json_get(c, "der"))) != 0) {
			gh_json_free(also);
			return no_memory(err);
		}
	}
	return gh_json_set(ca, "also", also) == 0 ? 0 : no_memory(err);
}

static bool
is_in_catalog(const gh_json *ca)
{
	const char *state = gh_json_string(gh_json_get(ca, "state"));

	return state != NULL && strcmp(state, "pending") != 0 &&
	    gh_json_size(gh_json_get(ca, "chain")) > 0;
}

static int
add_rows(gh_json *catalog, const char *member, const struct grants *g, enum grant_table t,
    struct gh_error *err)
{
	gh_json *list = gh_json_new_array();
	int rc = list != NULL ? 0 : no_memory(err);

	for (size_t i = 0; rc == 0 && i < g->table[t].n; i++) {
		gh_json *row = g->table[t].row[i].content;

		if (t == GRANT_CA && !is_in_catalog(row))
			continue;
		if (t == GRANT_CA)
			rc = add_also(g, row, err);
		if (rc == 0 && gh_json_append(list, gh_json_ref(row)) != 0)
			rc = no_memory(err);
	}
	if (rc != 0) {
		gh_json_free(list);
		return rc;
	}
	return gh_json_set(catalog, member, list) == 0 ? 0 : no_memory(err);
}

int
store_load_catalog(struct store *s, gh_json **out, struct gh_error *err)
{
	static const struct {
		const char *member;
		enum grant_table table;
	} parts[] = {
	    {"cas", GRANT_CA},
	    {"templates", GRANT_TEMPLATE},
	    {"apps", GRANT_APPLICATION},
	    {"metadata_fields", GRANT_METADATA_FIELD},
	    {"ca_rules", GRANT_CA_RULE},
	    {"name_owners", GRANT_NAME_OWNER},
	    {"view_rules", GRANT_VIEW_RULE},
	    {"est_labels", GRANT_EST_LABEL},
	    {"est_users", GRANT_EST_USER},
	    {"est_devices", GRANT_EST_DEVICE},
	};
	struct grants g;
	gh_json *catalog;
	int rc;

	*out = NULL;
	if ((rc = grant_load(s, GRANT_ALL, &g, err)) != 0)
		return rc;
	catalog = gh_json_new_object();
	if (gh_json_set_int(catalog, "generation", g.generation) != 0)
		rc = no_memory(err);
	for (size_t i = 0; rc == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		rc = add_rows(catalog, parts[i].member, &g, parts[i].table, err);
	grant_clear(&g);
	if (rc == 0)
		*out = catalog;
	else
		gh_json_free(catalog);
	return rc;
}

static void
take_change(void *arg, const char *payload)
{
	(void)payload;
	*(bool *)arg = true;
}

int
store_wait_change(struct store *s, int timeout_ms, bool *changed, struct gh_error *err)
{
	bool missed;
	int rc;

	*changed = false;
	rc = store_listen(s, "gatehouse_catalog", timeout_ms, take_change, changed, &missed, err);
	*changed |= missed;
	return rc;
}
