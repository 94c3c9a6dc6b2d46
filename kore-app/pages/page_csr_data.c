/* What the pages of the CSR form show. See page_csr_data.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/rand.h>

#include "ca_choice.h"
#include "catalog/metadata.h"
#include "csr/csr_facts.h"
#include "csr/csr_form.h"
#include "csr/csr_template.h"
#include "hex.h"
#include "pem.h"
#include "words.h"

#include "page_csr_data.h"
#include "page_language.h"

#define PEM_MAX (256 * 1024)
#define LINES_MAX (64 * 1024)
#define TOKEN_BYTES 16
#define KEY_SIZE 64

/* Setters that take a NULL value as "out of memory". */
static int
add(gh_json *list, gh_json *v)
{
	return v != NULL ? gh_json_append(list, v) : -1;
}

/* ---- what was typed ---- */

static char *
request_pem(const struct csr_submission *s)
{
	const struct ca_pkcs10 *csr = s->req.csr != NULL ? s->req.csr : s->in.csr;
	char *text = NULL;
	struct gh_buf b;

	if (csr == NULL)
		return NULL;
	gh_buf_init(&b, PEM_MAX);
	gh_pem_put(&b, "CERTIFICATE REQUEST", csr->der, csr->der_len);
	if (gh_buf_check(&b, NULL) == 0)
		text = strdup((char *)b.data);
	gh_buf_free(&b);
	return text;
}

static char *
lines_of(const gh_json *list)
{
	char *text = NULL;
	struct gh_buf b;

	gh_buf_init(&b, LINES_MAX);
	gh_buf_puts(&b, "");
	for (size_t i = 0; i < gh_json_size(list); i++) {
		const char *line = gh_json_string(gh_json_at((gh_json *)list, i));

		gh_buf_putf(&b, "%s%s", i > 0 ? "\n" : "", line != NULL ? line : "");
	}
	if (gh_buf_check(&b, NULL) == 0)
		text = strdup(b.data != NULL ? (char *)b.data : "");
	gh_buf_free(&b);
	return text;
}

/* Fields that are shown again, and sent on. The password is none of them. */
static const char *const plain[] = {"common_name", "validity_days", "ca_id", "purpose_category",
    "template", "tenant_id", "email", "language"};
#define PLAIN_N (sizeof(plain) / sizeof(plain[0]))

static const char *
typed(const struct csr_submission *s, const char *name)
{
	return gh_json_string(gh_json_get(s->in.body, name));
}

static gh_json *
values_json(const struct csr_submission *s)
{
	gh_json *o = gh_json_new_object();
	char *pem = request_pem(s), *sans = lines_of(gh_json_get(s->in.body, "sans"));
	int bad = o == NULL ? -1 : 0;

	for (size_t i = 0; bad == 0 && i < PLAIN_N; i++)
		if (typed(s, plain[i]) != NULL)
			bad = gh_json_set_string(o, plain[i], typed(s, plain[i]));
	if (bad == 0 && pem != NULL)
		bad = gh_json_set_string(o, "csr_data", pem);
	if (bad == 0 && sans != NULL)
		bad = gh_json_set_string(o, "sans", sans);
	free(pem);
	free(sans);
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* ---- lists to choose from ---- */

struct options {
	const struct csr_submission *s;
	const struct words *words;
	gh_json *list;
	const char *chosen;
	bool by_purpose;
	bool failed;
};

static void
put_option(struct options *o, const char *value, const char *text)
{
	bool is_selected = o->chosen != NULL && strcasecmp(o->chosen, value) == 0;
	gh_json *v = gh_json_new_object();

	if (v == NULL || gh_json_set_string(v, "value", value) != 0 ||
	    gh_json_set_string(v, "text", text) != 0 ||
	    gh_json_set_bool(v, "is_selected", is_selected) != 0 ||
	    add(o->list, gh_json_ref(v)) != 0)
		o->failed = true;
	gh_json_free(v);
}

static bool
has_option(const struct options *o, const char *value)
{
	for (size_t i = 0; i < gh_json_size(o->list); i++) {
		const char *text = gh_json_string(gh_json_get(gh_json_at(o->list, i), "value"));

		if (text != NULL && strcmp(text, value) == 0)
			return true;
	}
	return false;
}

/* format: the key, with the name in it. */
static const char *
word(const struct words *w, const char *format, const char *name)
{
	char key[KEY_SIZE];
	const char *text;

	snprintf(key, sizeof(key), format, name);
	text = words_get(w, key);
	return text != NULL ? text : name;
}

static bool
put_template(void *arg, const struct catalog_template *t)
{
	struct options *o = arg;
	const char *purpose = tmpl_purpose(t->tmpl);

	if (!o->by_purpose)
		put_option(o, tmpl_name(t->tmpl), tmpl_display_name(t->tmpl));
	else if (purpose != NULL && !has_option(o, purpose))
		put_option(o, purpose, word(o->words, "csr_purpose.%s", purpose));
	return true;
}

/* Those that issue, no root, and that he may use: the one of the application where it names one. */
static void
put_cas(const struct worker_env *env, struct options *o)
{
	const struct enroll_profile *p = o->s->e.profile;
	const struct ca_set *cas = &env->catalog->cas;

	for (size_t i = 0; i < cas->n; i++) {
		const struct ca *ca = cas->ca[i];

		if (ca_is_offered(ca) && ca_is_for(ca, o->s->e.entry) &&
		    (p->ca_name == NULL || strcasecmp(p->ca_name, ca->name) == 0))
			put_option(o, ca->name, ca->name);
	}
}

/* name: of the field; any: of the text that is its first choice. */
static struct options
begin_options(const struct csr_submission *s, const char *name, const char *any)
{
	struct options o = {.s = s,
	    .words = page_words(s->call->http),
	    .list = gh_json_new_array(),
	    .chosen = typed(s, name)};

	o.failed = o.list == NULL;
	put_option(&o, "", word(o.words, "csr_any.%s", any));
	return o;
}

static gh_json *
options_json(const struct worker_env *env, const struct csr_submission *s)
{
	struct options ca = begin_options(s, "ca_id", "ca"),
		       purpose = begin_options(s, "purpose_category", "purpose"),
		       template = begin_options(s, "template", "template");
	gh_json *o = gh_json_new_object();
	int bad;

	put_cas(env, &ca);
	purpose.by_purpose = true;
	csr_template_each(env, &s->e, put_template, &purpose);
	csr_template_each(env, &s->e, put_template, &template);
	bad = gh_json_set(o, "ca_id", ca.list) | gh_json_set(o, "purpose_category", purpose.list) |
	    gh_json_set(o, "template", template.list);
	if (bad == 0 && !ca.failed && !purpose.failed && !template.failed)
		return o;
	gh_json_free(o);
	return NULL;
}

/* ---- metadata ---- */

static const char *
input_type(enum metadata_type type)
{
	return type == METADATA_INTEGER ? "number"
	    : type == METADATA_DATE     ? "date"
	    : type == METADATA_EMAIL    ? "email"
					: "text";
}

/* The options of a field that has some; false: out of memory. */
static bool
put_choices(const struct csr_submission *s, const struct metadata_field *f, const char *value,
    gh_json *o)
{
	static const char *const yes_no[] = {"true", "false", NULL};
	const char *const *list =
	    f->type == METADATA_BOOLEAN ? yes_no : (const char *const *)f->options;
	struct options c = {.s = s, .chosen = value};
	gh_json *select;

	if (list == NULL)
		return true;
	select = gh_json_new_object();
	c.list = gh_json_new_array();
	put_option(&c, "", "–");
	for (; *list != NULL; list++)
		put_option(&c, *list, *list);
	if (gh_json_set(select, "choices", c.list) == 0 && !c.failed)
		return gh_json_set(o, "select", select) == 0;
	gh_json_free(select);
	return false;
}

/* What is wrong with it; an empty one: nothing. */
static gh_json *
metadata_error(const gh_json *errors, const char *field)
{
	char name[CSR_METADATA_SIZE];
	gh_json *wrong;

	snprintf(name, sizeof(name), CSR_METADATA "%s", field);
	wrong = gh_json_at(gh_json_get(errors, name), 0);
	return wrong != NULL ? gh_json_ref(wrong) : gh_json_new_object();
}

static gh_json *
metadata_field_json(const struct csr_submission *s, const gh_json *errors,
    const struct metadata_field *f)
{
	const char *value =
	    gh_json_string(gh_json_get(gh_json_get(s->in.body, "metadata"), f->name));
	gh_json *o = gh_json_new_object();

	if (value == NULL)
		value = f->default_value;
	if (o != NULL && gh_json_set_string(o, "name", f->name) == 0 &&
	    gh_json_set_string(o, "input", input_type(f->type)) == 0 &&
	    gh_json_set_bool(o, "is_long", f->type == METADATA_BIG_TEXT) == 0 &&
	    gh_json_set_bool(o, "required", f->required) == 0 &&
	    gh_json_set_string(o, "hint", f->hint) == 0 &&
	    gh_json_set_string(o, "value", value != NULL ? value : "") == 0 &&
	    gh_json_set(o, "error", metadata_error(errors, f->name)) == 0 &&
	    put_choices(s, f, value, o))
		return o;
	gh_json_free(o);
	return NULL;
}

static gh_json *
metadata_json(const struct worker_env *env, const struct csr_submission *s, const gh_json *errors)
{
	gh_json *list = gh_json_new_array();

	for (size_t i = 0; list != NULL && i < env->catalog->fields; i++)
		if (add(list, metadata_field_json(s, errors, &env->catalog->field[i])) != 0) {
			gh_json_free(list);
			return NULL;
		}
	return list;
}

gh_json *
page_csr_form(const struct worker_env *env, struct csr_submission *s)
{
	gh_json *o = gh_json_new_object(), *errors = s->in.fields.reasons;
	int bad = gh_json_set(o, "values", values_json(s)) |
	    gh_json_set(o, "options", options_json(env, s)) |
	    gh_json_set(o, "fields", metadata_json(env, s, errors)) |
	    gh_json_set_string(o, "language_code", words_language(page_words(s->call->http)));

	if (errors != NULL)
		bad |= gh_json_set(o, "errors", gh_json_ref(errors));
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* ---- to be confirmed ---- */

static int
put_hidden(gh_json *list, const char *name, const char *value)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_string(o, "name", name) | gh_json_set_string(o, "value", value);

	if (bad == 0)
		return gh_json_append(list, o);
	gh_json_free(o);
	return -1;
}

static int
put_hidden_metadata(gh_json *list, const gh_json *metadata)
{
	int bad = 0;

	for (void *it = gh_json_iter(metadata); bad == 0 && it != NULL;
	     it = gh_json_next(metadata, it)) {
		const char *value = gh_json_string(gh_json_iter_value(it));
		char name[300];

		snprintf(name, sizeof(name), CSR_METADATA "%.200s", gh_json_iter_name(it));
		if (value != NULL)
			bad = put_hidden(list, name, value);
	}
	return bad;
}

static gh_json *
hidden_json(const struct csr_submission *s)
{
	gh_json *list = gh_json_new_array();
	char *pem = request_pem(s), *sans = lines_of(s->in.sans);
	int bad = list == NULL || pem == NULL || sans == NULL ? -1 : 0;

	if (bad == 0)
		bad = put_hidden(list, "csr_data", pem);
	for (size_t i = 0; bad == 0 && i < PLAIN_N; i++)
		if (typed(s, plain[i]) != NULL)
			bad = put_hidden(list, plain[i], typed(s, plain[i]));
	if (bad == 0 && *sans != '\0')
		bad = put_hidden(list, "sans", sans);
	if (bad == 0)
		bad = put_hidden_metadata(list, s->in.metadata);
	free(pem);
	free(sans);
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

/* Of this very page: it is sent once. */
static char *
new_token(void)
{
	unsigned char bytes[TOKEN_BYTES];

	return RAND_bytes(bytes, sizeof(bytes)) == 1 ? gh_hex_encode(bytes, sizeof(bytes)) : NULL;
}

gh_json *
page_csr_confirm(const struct csr_submission *s, gh_json *preview)
{
	gh_json *o = gh_json_new_object();
	char *token = new_token();
	int bad = gh_json_set(o, "preview", preview) |
	    gh_json_set(o, "csr", csr_facts(s->req.csr)) |
	    gh_json_set(o, "hidden", hidden_json(s)) |
	    gh_json_set_string(o, "template", s->req.template_name) |
	    gh_json_set_string(o, "rule", s->e.rule != NULL ? s->e.rule->name : NULL);

	bad |= token != NULL ? gh_json_set_string(o, "form_token", token) : -1;
	free(token);
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}
