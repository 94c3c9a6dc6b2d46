/*
 * The snapshot of the administrator's objects. Arrays are sorted once, when the snapshot is made,
 * and searched by bisection: hundreds of templates and thousands of applications cost a dozen
 * comparisons. Names are compared by strcasecmp in the C locale: ASCII letters without case, all
 * else byte by byte.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "json_row.h"

#include "app.h"
#include "catalog.h"
#include "catalog_load.h"
#include "catalog_seal.h"
#include "metadata.h"
#include "name_list.h"

static int
compare_template(const void *a, const void *b)
{
	return strcasecmp(tmpl_name(((const struct catalog_template *)a)->tmpl),
	    tmpl_name(((const struct catalog_template *)b)->tmpl));
}

static int
compare_app(const void *a, const void *b)
{
	return memcmp((*(struct app *const *)a)->key_index, (*(struct app *const *)b)->key_index,
	    sizeof((*(struct app *const *)a)->key_index));
}

static int
load_templates(struct catalog *c, const gh_json *rows, struct gh_error *err)
{
	size_t n = gh_json_size(rows);
	struct gh_error e;

	if ((c->tmpl = calloc(n + 1, sizeof(*c->tmpl))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "catalog");
	for (size_t i = 0; i < n; i++) {
		const gh_json *row = gh_json_at(rows, i);

		if (catalog_load_template(row, &c->tmpl[c->tmpls], &e) == 0)
			c->tmpls++;
		else if (gh_json_row_leave_out("template", row, &e, err) != 0)
			return GH_E_NOMEM;
	}
	qsort(c->tmpl, c->tmpls, sizeof(*c->tmpl), compare_template);
	return 0;
}

static int
load_apps(struct catalog *c, const gh_json *rows, const unsigned char server_secret[32],
    struct gh_error *err)
{
	size_t n = gh_json_size(rows);
	struct gh_error e;

	if ((c->app = calloc(n + 1, sizeof(*c->app))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "catalog");
	for (size_t i = 0; i < n; i++) {
		const gh_json *row = gh_json_at(rows, i);

		if (catalog_load_app(row, server_secret, &c->app[c->apps], &e) == 0)
			c->apps++;
		else if (gh_json_row_leave_out("application", row, &e, err) != 0)
			return GH_E_NOMEM;
	}
	qsort(c->app, c->apps, sizeof(*c->app), compare_app);
	return 0;
}

static int
load_fields(struct catalog *c, const gh_json *rows, struct gh_error *err)
{
	size_t n = gh_json_size(rows);
	struct gh_error e;

	if ((c->field = calloc(n + 1, sizeof(*c->field))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "catalog");
	for (size_t i = 0; i < n; i++) {
		const gh_json *row = gh_json_at(rows, i);

		if (metadata_field_load(row, &c->field[c->fields], &e) == 0)
			c->fields++;
		else if (gh_json_row_leave_out("metadata field", row, &e, err) != 0)
			return GH_E_NOMEM;
	}
	metadata_fields_sort(c->field, c->fields);
	return 0;
}

int
catalog_new(const gh_json *json, const unsigned char server_secret[32], struct catalog **out,
    struct gh_error *err)
{
	struct catalog *c = calloc(1, sizeof(*c));
	int rc;

	*out = NULL;
	if (c == NULL)
		return gh_fail(err, GH_E_NOMEM, "catalog");
	c->refs = 1;
	if (!gh_json_int(gh_json_get(json, "generation"), &c->generation))
		rc = gh_fail(err, GH_E_DB, "catalog without generation");
	else if ((rc = gh_derive_key(server_secret, SEAL_LABEL_KEY_INDEX, c->index_key, err)) ==
		0 &&
	    (rc = ca_set_load(gh_json_get(json, "cas"), &c->cas, err)) == 0 &&
	    (rc = load_templates(c, gh_json_get(json, "templates"), err)) == 0 &&
	    (rc = load_apps(c, gh_json_get(json, "apps"), server_secret, err)) == 0)
		rc = load_fields(c, gh_json_get(json, "metadata_fields"), err);
	if (rc == 0)
		rc = ca_rules_load(gh_json_get(json, "ca_rules"), &c->rules, err);
	if (rc == 0)
		rc = view_rules_load(gh_json_get(json, "view_rules"), &c->views, err);
	if (rc == 0)
		rc = name_list_load(gh_json_get(json, "name_owners"), &c->owners, err);
	if (rc == 0)
		rc = est_labels_load(gh_json_get(json, "est_labels"), &c->est_labels, err);
	if (rc == 0)
		rc = est_users_load(gh_json_get(json, "est_users"), &c->est_users, err);
	if (rc == 0)
		rc = listed_devices_load(gh_json_get(json, "est_devices"), &c->est_devices, err);
	if (rc != 0) {
		catalog_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

struct catalog *
catalog_ref(struct catalog *c)
{
	__atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
	return c;
}

void
catalog_free(struct catalog *c)
{
	if (c == NULL || __atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	for (size_t i = 0; i < c->tmpls; i++)
		tmpl_free(c->tmpl[i].tmpl);
	for (size_t i = 0; i < c->apps; i++)
		catalog_app_free(c->app[i]);
	for (size_t i = 0; i < c->fields; i++)
		metadata_field_clear(&c->field[i]);
	ca_rules_clear(&c->rules);
	view_rules_clear(&c->views);
	est_labels_clear(&c->est_labels);
	est_users_clear(&c->est_users);
	listed_devices_clear(&c->est_devices);
	name_owners_free(c->owners);
	ca_set_clear(&c->cas);
	free(c->tmpl);
	free(c->app);
	free(c->field);
	OPENSSL_cleanse(c->index_key, sizeof(c->index_key));
	free(c);
}

const struct catalog_template *
catalog_find_template(const struct catalog *c, const char *name)
{
	size_t low = 0, high = c->tmpls;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int cmp = strcasecmp(name, tmpl_name(c->tmpl[mid].tmpl));

		if (cmp == 0)
			return &c->tmpl[mid];
		if (cmp < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

const struct app *
catalog_find_app_id(const struct catalog *c, int64_t id)
{
	for (size_t i = 0; i < c->apps; i++)
		if (c->app[i]->id == id)
			return c->app[i];
	return NULL;
}

const struct app *
catalog_find_app_name(const struct catalog *c, const char *name)
{
	for (size_t i = 0; i < c->apps; i++)
		if (strcasecmp(c->app[i]->name, name) == 0)
			return c->app[i];
	return NULL;
}

const struct est_label *
catalog_find_est_label(const struct catalog *c, const char *name)
{
	const struct est_label *l = est_labels_find(&c->est_labels, name);

	return l != NULL && l->is_enabled ? l : NULL;
}

const struct enroll_profile *
catalog_find_profile(const struct catalog *c, int64_t app_id, const char *label)
{
	const struct est_label *l;
	const struct app *app;

	if (label != NULL)
		return (l = catalog_find_est_label(c, label)) != NULL ? &l->profile : NULL;
	if (app_id == 0)
		return &enroll_profile_all;
	app = catalog_find_app_id(c, app_id);
	return app != NULL && app->is_enabled ? &app->profile : NULL;
}

/* The time of the search tells about the keyed index at most, and that tells nothing of the key. */
const struct app *
catalog_find_app(const struct catalog *c, const unsigned char *key, size_t key_len)
{
	struct app probe = {0}, *p = &probe, **found;

	catalog_index(c->index_key, key, key_len, probe.key_index);
	found = bsearch(&p, c->app, c->apps, sizeof(*c->app), compare_app);
	return found != NULL ? *found : NULL;
}
