/* `gatehouse cert metadata`: what is said about a certificate, and who said it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "enroll.h"
#include "inventory/cert_metadata.h"

#include "client/client_request.h"
#include "command.h"
#include "verb.h"

#define HISTORY_PAGE 1000

static bool replaces, overwrites;
static const struct option_row options[] = {
    VERB_CONFIG,
    {"replace", 0, OPTION_FLAG, &replaces, NULL,
	"set: fields that are not named have no value then"},
    {"overwrite", 0, OPTION_FLAG, &overwrites, NULL,
	"set: also values of fields with --explicit-update"},
    VERB_JSON,
    OPTION_END,
};

enum action { SHOW, SET, HISTORY, ACTIONS };
static const char *const names[ACTIONS] = {"show", "set", "history"};

static enum action
action_of(const struct verb_call *c)
{
	enum action a = SHOW;

	while (a < ACTIONS && strcmp(names[a], c->operand[0]) != 0)
		a++;
	return a;
}

static int
check(const struct verb_call *c)
{
	enum action a = action_of(c);
	int64_t id;

	if (a == ACTIONS)
		return command_usage(c->who, "ACTION is show, set or history");
	if (!options_parse_id(c->operand[1], &id))
		return command_usage(c->who, "\"%s\" is no id of a certificate", c->operand[1]);
	if (a == SET && c->operands == 2 && !replaces)
		return command_usage(c->who, "say what to set: NAME=VALUE");
	if (a != SET && (c->operands > 2 || replaces || overwrites))
		return command_usage(c->who, "values and --replace and --overwrite are for set");
	return COMMAND_OK;
}

static int
take(struct verb_call *c, struct cert_metadata *m)
{
	c->out = m->values;
	m->values = NULL;
	cert_metadata_clear(m);
	return 0;
}

static int
set_values(struct verb_call *c, const struct cert_metadata_env *e, int64_t id, struct gh_error *err)
{
	struct cert_metadata_order o = {.id = id, .replaces = replaces, .overwrites = overwrites};
	gh_json *values = gh_json_new_object();
	struct cert_metadata m = {0};
	int rc = values != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "metadata");

	for (int i = 2; rc == 0 && i < c->operands; i++)
		rc = client_request_add_metadata(values, c->operand[i], err);
	o.values = values;
	if (rc == 0 && (rc = cert_metadata_change(e, &c->env.who, &o, &m, err)) == 0)
		rc = take(c, &m);
	gh_json_free(values);
	return rc;
}

static int
read_history(struct verb_call *c, int64_t id, struct gh_error *err)
{
	struct store_metadata_history h = {.certificate_id = id, .limit = HISTORY_PAGE};
	const struct cert_metadata_env e = {.store = c->env.store};
	int64_t next = 0;
	gh_json *page;
	int rc = cert_metadata_may_read(&e, &c->env.who, NULL, id, err);

	if (rc == 0 && (c->out = gh_json_new_array()) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "history");
	do {
		if (rc != 0 ||
		    (rc = store_cert_metadata_history(c->env.store, &h, &page, &next, err)) != 0)
			break;
		for (size_t i = 0; rc == 0 && i < gh_json_size(page); i++)
			if (gh_json_append(c->out, gh_json_ref(gh_json_at(page, i))) != 0)
				rc = gh_fail(err, GH_E_NOMEM, "history");
		gh_json_free(page);
		h.after_id = next;
	} while (next != 0);
	return rc;
}

static int
work(struct verb_call *c, struct gh_error *err)
{
	struct cert_metadata_env e = {.store = c->env.store};
	enum action a = action_of(c);
	struct cert_metadata m;
	struct catalog *catalog;
	int64_t id = 0;
	int rc;

	(void)options_parse_id(c->operand[1], &id);
	if (a == HISTORY)
		return read_history(c, id, err);
	if (a == SHOW)
		return (rc = cert_metadata_read(&e, &c->env.who, NULL, id, &m, err)) == 0
		    ? take(c, &m)
		    : rc;
	if ((rc = enroll_load_catalog(c->env.store, c->env.secret, &catalog, err)) != 0)
		return rc;
	e.catalog = catalog;
	rc = set_values(c, &e, id, err);
	catalog_free(catalog);
	return rc;
}

static int
show(struct verb_call *c)
{
	static const struct output_column columns[] = {{"TIME", "at"}, {"WHO", "actor"},
	    {"FIELD", "field"}, {"OLD", "old"}, {"NEW", "new"}, {NULL, NULL}};

	return gh_json_type(c->out) == GH_JSON_ARRAY ? output_table(c->out, columns)
						     : output_object(c->out, NULL);
}

const struct verb verb_cert_metadata = {
    .usage = {"ACTION ID [NAME=VALUE...]", 2, -1,
	"Metadata of the certificate ID. ACTION is show, set or history. set changes the fields that are named; an empty "
	"VALUE takes one away.",
	"gatehouse cert metadata set 12 Stage=production CostCenter=\n"
	"gatehouse cert metadata history 12\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .check = check,
    .work = work,
    .show = show,
};
