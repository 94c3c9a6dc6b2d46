/* Filters as a query. See console_filter.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "catalog/catalog.h"

#include "console_ask.h"
#include "console_fields.h"
#include "console_filter.h"
#include "console_page.h"
#include "console_query_test.h"

enum { TEMPLATE, CA, STATE, EXPIRES, REQUESTER, KEY_TYPE, SIZE_FROM, SIZE_TO };
const char *const console_filter_names[CONSOLE_FILTERS] = {"template", "ca", "state", "expires",
    "requester", "key_type", "size_from", "size_to"};

/* As the query has them; the end has its own tests. */
static const struct {
	const char *field, *op;
} tests[CONSOLE_FILTERS] = {[TEMPLATE] = {"Template", "-eq"},
    [CA] = {"CA", "-eq"},
    [STATE] = {"State", "-eq"},
    [EXPIRES] = {NULL, NULL},
    [REQUESTER] = {"Requester", "-eq"},
    [KEY_TYPE] = {"KeyType", "-eq"},
    [SIZE_FROM] = {"KeySize", "-ge"},
    [SIZE_TO] = {"KeySize", "-le"}};
static const struct console_choice key_types[] = {
    {"", "certificates.any"},
    {"RSA", "certificate_key_type.rsa"},
    {"EC", "certificate_key_type.ec"},
    {"Ed25519", "certificate_key_type.ed25519"},
    {"Ed448", "certificate_key_type.ed448"},
    {"other", "certificate_key_type.other"},
    {NULL, NULL},
};
static const struct console_choice states[] = {
    {"", "certificates.any"},
    {"active", "certificate_state.active"},
    {"expired", "certificate_state.expired"},
    {"hold", "certificate_state.hold"},
    {"revoked", "certificate_state.revoked"},
    {"foreign", "certificates.foreign"},
    {NULL, NULL},
};
static const struct console_choice days[] = {
    {"", "certificates.any"},
    {"7", "certificate_expires.7"},
    {"30", "certificate_expires.30"},
    {"90", "certificate_expires.90"},
    {"365", "certificate_expires.365"},
    {NULL, NULL},
};

#define QUERY_MAX (8 * 1024)

static bool
is_one_of(const char *value, const struct console_choice *list)
{
	while (list->value != NULL && strcmp(list->value, value) != 0)
		list++;
	return list->value != NULL;
}

/* From today on, for so many days; a number that the form does not have is nobody's choice. */
static void
put_expiry(struct gh_buf *b, const char *n)
{
	char day[24];

	if (!is_one_of(n, days))
		return;
	snprintf(day, sizeof(day), "%%TODAY+%s%%", n);
	console_query_test(b, "NotAfter", "-ge", "%TODAY%");
	console_query_test(b, "NotAfter", "-le", day);
}

int
console_filter_write(const struct rest_param *p, const struct rest_param *fields,
    const struct catalog *c, char **out, struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	*out = NULL;
	gh_buf_init(&b, QUERY_MAX);
	gh_buf_puts(&b, "");
	for (size_t i = 0; i < CONSOLE_FILTERS; i++)
		if (p[i].value != NULL && tests[i].field != NULL)
			console_query_test(&b, tests[i].field, tests[i].op, p[i].value);
		else if (p[i].value != NULL)
			put_expiry(&b, p[i].value);
	console_fields_write(&b, c, fields);
	if ((rc = console_typed_check(&b, err)) == 0)
		*out = b.data != NULL ? (char *)b.data : strdup("");
	else
		gh_buf_free(&b);
	return rc == 0 && *out == NULL ? gh_fail(err, GH_E_NOMEM, "query") : rc;
}

/* Those that are known; another one that was asked for stays one of them. */
static gh_json *
names_of(const char *const *name, size_t n, const char *selected, const struct words *w)
{
	gh_json *options = gh_json_new_array();
	bool is_among = selected == NULL || *selected == '\0';
	int bad = console_option(options, "", words_get(w, "certificates.any"), selected);

	for (size_t i = 0; i < n; i++) {
		is_among |= selected != NULL && strcmp(selected, name[i]) == 0;
		bad |= console_option(options, name[i], name[i], selected);
	}
	if (!is_among)
		bad |= console_option(options, selected, selected, selected);
	if (bad == 0)
		return options;
	gh_json_free(options);
	return NULL;
}

static gh_json *
cas_of(const struct ca_set *cas, const char *selected, const struct words *w)
{
	const char **name = calloc(cas->n + 1, sizeof(*name));
	gh_json *options = NULL;

	for (size_t i = 0; name != NULL && i < cas->n; i++)
		name[i] = cas->ca[i]->name;
	if (name != NULL)
		options = names_of(name, cas->n, selected, w);
	free(name);
	return options;
}

static gh_json *
templates_of(const struct catalog *c, const char *selected, const struct words *w)
{
	const char **name = calloc(c->tmpls + 1, sizeof(*name));
	gh_json *options = NULL;

	for (size_t i = 0; name != NULL && i < c->tmpls; i++)
		name[i] = tmpl_name(c->tmpl[i].tmpl);
	if (name != NULL)
		options = names_of(name, c->tmpls, selected, w);
	free(name);
	return options;
}

int
console_filter_put(const struct rest_param *p, const struct worker_env *env, const struct words *w,
    gh_json *values, gh_json *options)
{
	return gh_json_set_string(values, "template", p[TEMPLATE].value) |
	    gh_json_set_string(values, "requester", p[REQUESTER].value) |
	    gh_json_set_string(values, "size_from", p[SIZE_FROM].value) |
	    gh_json_set_string(values, "size_to", p[SIZE_TO].value) |
	    console_set(options, "key_type", console_options(key_types, p[KEY_TYPE].value, w)) |
	    console_set(options, "template", templates_of(env->catalog, p[TEMPLATE].value, w)) |
	    console_set(options, "ca", cas_of(&env->catalog->cas, p[CA].value, w)) |
	    console_set(options, "state", console_options(states, p[STATE].value, w)) |
	    console_set(options, "expires", console_options(days, p[EXPIRES].value, w));
}
