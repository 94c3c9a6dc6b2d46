/* `gatehouse est label`: what devices may ask for over EST, and how they say who they are. */
#include <string.h>

#include "catalog/est_label.h"

#include "command.h"
#include "est_anchors.h"
#include "list.h"
#include "prompt.h"
#include "verb.h"

static const char *template_name, *ca, *auth, *cmc, *cmc_legacy, *cmc_confirm, *cmc_encrypt,
    *cmc_ra_pop, *wrap, *linking, *ra, *anchors, *renewal_key, *renewal_days, *csrattrs,
    *serverkeygen, *certificates_of, *devices, *renewals, *keys_per_hour;
static struct option_list groups;
static bool enable, disable, any_group;

static const struct option_row options[] = {
    VERB_CONFIG,
    {"template", 't', OPTION_TEXT, &template_name, "NAME",
	"add, set: template of its certificates"},
    {"ca", 0, OPTION_TEXT, &ca, "NAME",
	"add, set: the CA that issues; without: rules choose one for each request. set: \"\" for that"},
    {"group", 'g', OPTION_LIST, &groups, "GROUP",
	"add, set: users of the directory must be in one of these (DN, name or SID); repeat for more"},
    {"any-group", 0, OPTION_FLAG, &any_group, NULL, "set: they need not be in any group"},
    {"auth", 0, OPTION_TEXT, &auth, "HOW",
	"add, set: how a client says who it is: cert, http (name and password), either or both (default: cert)"},
    {"cmc", 0, OPTION_TEXT, &cmc, "HOW",
	"add, set: Full CMC: for the caller as --auth has it (default), for anybody whose message proves who he is, or none: caller, message or none"},
    {"cmc-legacy", 0, OPTION_TEXT, &cmc_legacy, "YES",
	"add, set: yes: Full CMC takes proofs by SHA-1, of clients that know no others (default: no)"},
    {"cmc-confirm", 0, OPTION_TEXT, &cmc_confirm, "YES",
	"add, set: yes: a client of Full CMC confirms each certificate in time, or it is revoked (default: no)"},
    {"cmc-encrypt", 0, OPTION_TEXT, &cmc_encrypt, "YES",
	"add, set: yes: encrypted messages of Full CMC get encrypted answers, where who signed has a key for that (default: no)"},
    {"cmc-ra-pop", 0, OPTION_TEXT, &cmc_ra_pop, "YES",
	"add, set: yes: an RA of Full CMC is believed that others have the keys that do not sign (default: no)"},
    {"wrap", 0, OPTION_TEXT, &wrap, "HOW",
	"add, set: base64 of answers in lines of 64, none, or auto, as the client needs (default: auto)"},
    {"linking", 0, OPTION_TEXT, &linking, "HOW",
	"add, set: CSRs bound to their TLS connection: if-present (verified where they are), required or none (default: if-present)"},
    {"ra", 0, OPTION_TEXT, &ra, "YES",
	"add, set: yes: certificates of ours with id-kp-cmcRA may ask for others (default: no)"},
    {"certificates-of", 0, OPTION_TEXT, &certificates_of, "LABELS",
	"add, set: certificates of ours that log in, beside those that came by this label: names of labels, any (of all labels), people (by CertEnroll, REST, /csr), with commas; set: \"\" for none"},
    {"devices", 0, OPTION_TEXT, &devices, "WHOM",
	"add, set: the device table: required (only listed devices enroll), preferred (they get their names from it) or none (default: none)"},
    {"anchors", 0, OPTION_TEXT, &anchors, "FILE",
	"add, set: PEM, CAs of manufacturers whose client certificates count at this label; set: \"\" for none"},
    {"renewal-key", 0, OPTION_TEXT, &renewal_key, "WHICH",
	"add, set: key of a renewal: any, or new, not that of the certificate before (default: any)"},
    {"renewal-days", 0, OPTION_TEXT, &renewal_days, "N",
	"add, set: days before its end from which on a certificate is renewed (default: 0, as the template says)"},
    {"renewals", 0, OPTION_TEXT, &renewals, "HOW",
	"add, set: any, or once: a certificate that was renewed asks for nothing more (default: any)"},
    {"csrattrs", 0, OPTION_TEXT, &csrattrs, "WHAT",
	"add, set: what /csrattrs tells: all, list (no template of RFC 9908) or none (default: all)"},
    {"serverkeygen", 0, OPTION_TEXT, &serverkeygen, "YES",
	"add, set: yes: the KRA makes keys for devices that ask for one (default: no)"},
    {"keys-per-hour", 0, OPTION_TEXT, &keys_per_hour, "N",
	"add, set: keys that are made here for one caller in an hour (default: 60)"},
    {"enable", 0, OPTION_FLAG, &enable, NULL, "set: answer it again"},
    {"disable", 0, OPTION_FLAG, &disable, NULL, "set: answer it no more, as if it were not there"},
    VERB_YES,
    VERB_JSON,
    OPTION_END,
};

/* ---- add, set ---- */

static int
put_groups(gh_json *settings, struct gh_error *err)
{
	gh_json *list = gh_json_new_array();
	int bad = list == NULL;

	for (size_t i = 0; i < groups.n; i++)
		bad |= gh_json_append(list, gh_json_new_string(groups.v[i])) != 0;
	if (bad) {
		gh_json_free(list);
		return gh_fail(err, GH_E_NOMEM, "label");
	}
	return gh_json_set(settings, "groups", list) == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "label");
}

/* What is given; "": back to what it is without. */
static int
put_settings(gh_json *settings, struct gh_error *err)
{
	const struct {
		const char *name, *text;
	} given[] = {{"template", template_name}, {"ca", ca}, {"auth", auth}, {"cmc", cmc},
	    {"cmc_legacy", cmc_legacy}, {"cmc_confirm", cmc_confirm}, {"cmc_encrypt", cmc_encrypt},
	    {"cmc_ra_pop", cmc_ra_pop}, {"wrap", wrap}, {"linking", linking}, {"ra", ra},
	    {"renewal_key", renewal_key}, {"renewal_days", renewal_days}, {"csrattrs", csrattrs},
	    {"serverkeygen", serverkeygen}, {"certificates_of", certificates_of},
	    {"devices", devices}, {"renewals", renewals}, {"keys_per_hour", keys_per_hour}};
	gh_json *v;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(given) / sizeof(given[0]); i++) {
		if (given[i].text == NULL)
			continue;
		rc = est_label_value(given[i].name, given[i].text, &v, err);
		if (rc == 0 && gh_json_set(settings, given[i].name, v) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "label");
	}
	if (rc == 0 && anchors != NULL && (rc = est_anchors_read(anchors, &v, err)) == 0 &&
	    gh_json_set(settings, "anchors", v) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "label");
	return rc == 0 && (groups.n > 0 || any_group) ? put_groups(settings, err) : rc;
}

/* {"settings":{...},"enabled":bool}, of what is given. */
static int
put_given(gh_json *row, struct gh_error *err)
{
	gh_json *settings = gh_json_new_object();
	int rc = settings != NULL ? put_settings(settings, err) : gh_fail(err, GH_E_NOMEM, "label");

	if (rc != 0 || gh_json_size(settings) == 0)
		gh_json_free(settings);
	else if (gh_json_set(row, "settings", settings) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "label");
	if (rc == 0 && (enable || disable) && gh_json_set_bool(row, "enabled", enable) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "label");
	return rc;
}

static int
check_label(const gh_json *row, struct gh_error *err)
{
	struct est_label l;
	int rc = est_label_load(row, &l, err);

	if (rc == 0)
		est_label_clear(&l);
	return rc;
}

/* A misspelt template or CA would only be noticed by devices. */
static int
check_names(const struct verb_call *c, struct gh_error *err)
{
	gh_json *found = NULL;
	int rc = 0;

	if (template_name != NULL && *template_name != '\0') {
		rc = list_find_active(c->env.store, STORE_LIST_TEMPLATES, template_name, &found,
		    err);
		gh_json_free(found);
		found = NULL;
	}
	if (rc == 0 && ca != NULL && *ca != '\0') {
		rc = list_find_active(c->env.store, STORE_LIST_CAS, ca, &found, err);
		gh_json_free(found);
	}
	return rc;
}

static int
add(struct verb_call *c, struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	int rc;

	enable = true;
	rc = gh_json_set_string(row, "name", c->operand[1]) == 0
	    ? put_given(row, err)
	    : gh_fail(err, GH_E_NOMEM, "label");
	if (rc == 0 && (rc = check_label(row, err)) == 0 && (rc = check_names(c, err)) == 0)
		rc = store_add_est_label(c->env.store, &c->env.who, row, err);
	gh_json_free(row);
	return rc;
}

static int
set(struct verb_call *c, struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	int rc = row != NULL ? put_given(row, err) : gh_fail(err, GH_E_NOMEM, "label");

	if (rc == 0 && gh_json_size(row) == 0)
		rc = gh_refuse(err, GH_E_CONF, "nothing to change is given");
	if (rc == 0 && (rc = check_names(c, err)) == 0)
		rc = store_change_est_label(c->env.store, &c->env.who, c->operand[1], row,
		    check_label, err);
	gh_json_free(row);
	return rc;
}

static int
remove_label(struct verb_call *c, struct gh_error *err)
{
	int rc = verb_shared.is_sure
	    ? 0
	    : prompt_confirm("Remove this label? Devices that know it get 404.", err);

	return rc == 0 ? store_delete_est_label(c->env.store, &c->env.who, c->operand[1], err) : rc;
}

/* ---- list, show ---- */

/* One level: {"name","enabled", and each setting}. NULL: out of memory. */
static gh_json *
flat(const gh_json *row)
{
	const gh_json *settings = gh_json_get(row, "settings");
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set(o, "name", gh_json_ref(gh_json_get(row, "name"))) |
	    gh_json_set(o, "enabled", gh_json_ref(gh_json_get(row, "enabled")));

	for (void *it = gh_json_iter(settings); it != NULL; it = gh_json_next(settings, it))
		bad |= gh_json_set(o, gh_json_iter_name(it),
		    strcmp(gh_json_iter_name(it), "anchors") == 0
			? est_anchors_names(gh_json_iter_value(it))
			: gh_json_ref(gh_json_iter_value(it)));
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static int
list(struct verb_call *c, struct gh_error *err)
{
	const struct store_filter all = {.limit = 0};
	gh_json *rows;
	int rc = list_load(c->env.store, STORE_LIST_EST_LABELS, all, 0, &rows, err);

	if (rc != 0)
		return rc;
	c->out = gh_json_new_array();
	for (size_t i = 0; rc == 0 && i < gh_json_size(rows); i++)
		if (gh_json_append(c->out, flat(gh_json_at(rows, i))) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "labels");
	gh_json_free(rows);
	return rc == 0 && c->out == NULL ? gh_fail(err, GH_E_NOMEM, "labels") : rc;
}

static int
show_one(struct verb_call *c, struct gh_error *err)
{
	gh_json *row;
	int rc = list_find(c->env.store, STORE_LIST_EST_LABELS, c->operand[1], &row, err);

	if (rc != 0)
		return rc;
	c->out = flat(row);
	gh_json_free(row);
	return c->out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "label");
}

static const struct output_column columns[] = {{"NAME", "name"}, {"TEMPLATE", "template"},
    {"CA", "ca"}, {"AUTH", "auth"}, {"ENABLED", "enabled"}, {NULL, NULL}};

/* ---- the verb ---- */

static const struct verb_action actions[] = {
    {"add", true, add, "is served from now on", NULL, NULL},
    {"set", true, set, "is changed", NULL, NULL},
    {"remove", true, remove_label, "is removed", NULL, NULL},
    {"list", false, list, NULL, columns, NULL},
    {"show", true, show_one, NULL, NULL, NULL},
    {NULL, false, NULL, NULL, NULL, NULL},
};

static int
check(const struct verb_call *c)
{
	if (c->action->work == add && template_name == NULL)
		return command_usage(c->who, "--template is needed");
	if (enable && disable)
		return command_usage(c->who, "--enable and --disable exclude each other");
	if (any_group && groups.n > 0)
		return command_usage(c->who, "--group and --any-group exclude each other");
	return COMMAND_OK;
}

const struct verb verb_est_label = {
    .usage = {"ACTION [NAME]", 1, 2,
	"Labels of EST (RFC 7030), under /.well-known/est/NAME/: which template and CA a device asks for, and how it says who it "
	"is. ACTION is add, set, remove, show (with the NAME of a label) or list. A label is used by all nodes within a second.",
	"gatehouse est label add phones --template Device --ca issuing --auth either --devices required\n"
	"gatehouse est label set phones --auth cert\n"
	"gatehouse est label set phones --disable\n"
	"gatehouse est label list\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .actions = actions,
    .named = "label",
    .check = check,
};
