/* Rows of est_label, as JSON, to labels. See est_label.h. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "calendar.h"
#include "json_row.h"
#include "utf8.h"

#include "est_label.h"

#define DAYS_MAX 36500
#define COUNT_MAX 100000
#define TEXT_MAX 255      /* bytes of a name of a template, CA or group */
#define CERTS_OF_MAX 2000 /* bytes */
/* as route_pattern_match reads a part of a path */
#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@:-"
#define ANY "any" /* words of certificates_of */
#define PEOPLE "people"

enum kind {
	TEXT, /* of the profile, read by load_profile */
	TEXTS,
	WORD,
	CERTS,
	LABELS,
	DAYS,
	COUNT,
};

static const char *const auth_words[] = {"cert", "http", "either", "both", NULL};
static const char *const cmc_words[] = {"caller", "message", "none", NULL};
static const char *const wrap_words[] = {"auto", "64", "none", NULL};
static const char *const linking_words[] = {"if-present", "required", "none", NULL};
static const char *const yes_words[] = {"no", "yes", NULL};
static const char *const devices_words[] = {"none", "preferred", "required", NULL};
static const char *const csrattrs_words[] = {"all", "list", "none", NULL};
static const char *const renewal_key_words[] = {"any", "new", NULL};
static const char *const renewals_words[] = {"any", "once", NULL};

/* What a label can be told. A setting that is absent or null is 0: the first word, no, none. */
static const struct setting {
	const char *name;
	enum kind kind;
	size_t offset; /* in struct est_label: of WORD an int, of DAYS an int64_t of seconds, of
			* COUNT an int64_t */
	const char *const *words; /* of WORD, in the order of its enum */
} settings[] = {
    {"template", TEXT, 0, NULL},
    {"ca", TEXT, 0, NULL},
    {"groups", TEXTS, 0, NULL},
    {"auth", WORD, offsetof(struct est_label, auth), auth_words},
    {"cmc", WORD, offsetof(struct est_label, cmc), cmc_words},
    {"cmc_legacy", WORD, offsetof(struct est_label, has_cmc_legacy), yes_words},
    {"cmc_confirm", WORD, offsetof(struct est_label, has_cmc_confirm), yes_words},
    {"cmc_encrypt", WORD, offsetof(struct est_label, has_cmc_encrypt), yes_words},
    {"cmc_ra_pop", WORD, offsetof(struct est_label, has_cmc_ra_pop), yes_words},
    {"wrap", WORD, offsetof(struct est_label, wrap), wrap_words},
    {"linking", WORD, offsetof(struct est_label, linking), linking_words},
    {"ra", WORD, offsetof(struct est_label, has_ra), yes_words},
    {"certificates_of", LABELS, 0, NULL},
    {"anchors", CERTS, 0, NULL},
    {"devices", WORD, offsetof(struct est_label, devices), devices_words},
    {"csrattrs", WORD, offsetof(struct est_label, csrattrs), csrattrs_words},
    {"serverkeygen", WORD, offsetof(struct est_label, has_serverkeygen), yes_words},
    {"renewal_key", WORD, offsetof(struct est_label, renewal_key), renewal_key_words},
    {"renewals", WORD, offsetof(struct est_label, renews_once), renewals_words},
    {"keys_per_hour", COUNT, offsetof(struct est_label, keys_per_hour), NULL},
    {"renewal_days", DAYS, offsetof(struct est_label, renewal_window), NULL},
};
#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

/* Words of certificates_of; operations, of RFC 7030 and RFC 8295, and what stands behind them: no
 * label is called so. */
static const char *const reserved[] = {ANY, PEOPLE, "cacerts", "simpleenroll", "simplereenroll",
    "fullcmc", "serverkeygen", "csrattrs", "pal", "eecerts", "crls", "symmetrickeys", "firmware",
    "tamp", "return", NULL};

static const struct setting *
find_setting(const char *name)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

/* ---- values ---- */

static bool
is_text(const gh_json *v)
{
	const char *text = gh_json_string(v);

	return text != NULL && *text != '\0' && strlen(text) <= TEXT_MAX && gh_utf8_is_clean(text);
}

static bool
is_texts(const gh_json *v)
{
	if (gh_json_type(v) != GH_JSON_ARRAY)
		return false;
	for (size_t i = 0; i < gh_json_size(v); i++)
		if (!is_text(gh_json_at(v, i)))
			return false;
	return true;
}

static int
refuse_word(const struct setting *s, struct gh_error *err)
{
	char list[128] = "";

	for (const char *const *w = s->words; *w != NULL; w++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
		    w == s->words ? "" : ", ", *w);
	return gh_refuse(err, GH_E_CONF, "%s of a label is one of %s", s->name, list);
}

static int
load_word(const struct setting *s, const gh_json *v, struct est_label *l, struct gh_error *err)
{
	const char *text = gh_json_string(v);

	for (int i = 0; text != NULL && s->words[i] != NULL; i++)
		if (strcmp(text, s->words[i]) == 0) {
			*(int *)((char *)l + s->offset) = i;
			return 0;
		}
	return refuse_word(s, err);
}

/* A list of certificates in base64. */
static int
load_certs(const gh_json *v, struct est_label *l, struct gh_error *err)
{
	size_t n = gh_json_size(v);
	int rc = 0;

	if (gh_json_type(v) != GH_JSON_ARRAY || n > EST_ANCHORS_MAX)
		return gh_refuse(err, GH_E_CONF, "a label has at most %d trust anchors",
		    EST_ANCHORS_MAX);
	if ((l->anchor = sk_X509_new_null()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "label");
	for (size_t i = 0; rc == 0 && i < n; i++) {
		unsigned char *der = NULL;
		const unsigned char *p;
		size_t len = 0;
		X509 *x = NULL;

		rc = gh_json_row_base64(gh_json_at(v, i), "anchors", &der, &len, err);
		p = der;
		if (rc == 0 && (len > INT_MAX || (x = d2i_X509(NULL, &p, (long)len)) == NULL))
			rc = gh_refuse(err, GH_E_CONF,
			    "a trust anchor of a label is no certificate");
		if (rc == 0 && sk_X509_push(l->anchor, x) == 0) {
			X509_free(x);
			rc = gh_fail(err, GH_E_NOMEM, "label");
		}
		free(der);
	}
	return rc;
}

static int
load_days(const struct setting *s, const gh_json *v, struct est_label *l, struct gh_error *err)
{
	int64_t days;

	if (!gh_json_int(v, &days) || days < 0 || days > DAYS_MAX)
		return gh_refuse(err, GH_E_CONF, "%s of a label is a number of days, up to %d",
		    s->name, DAYS_MAX);
	*(int64_t *)((char *)l + s->offset) = days * GH_DAY_SECONDS;
	return 0;
}

static int
load_count(const struct setting *s, const gh_json *v, struct est_label *l, struct gh_error *err)
{
	int64_t *n = (int64_t *)((char *)l + s->offset);

	return gh_json_int(v, n) && *n >= 1 && *n <= COUNT_MAX
	    ? 0
	    : gh_refuse(err, GH_E_CONF, "%s of a label is a number from 1 to %d", s->name,
		  COUNT_MAX);
}

/* "phones,routers,people" */
static int
load_labels(const gh_json *v, struct est_label *l, struct gh_error *err)
{
	const char *text = gh_json_string(v);
	size_t n = text != NULL ? strlen(text) : 0;

	if (n == 0 || n > CERTS_OF_MAX || strspn(text, NAME_LETTERS ",") != n)
		return gh_refuse(err, GH_E_CONF,
		    "certificates_of a label is a list of labels, " ANY " and " PEOPLE
		    ", with commas between them");
	l->certs_of = strdup(text);
	return l->certs_of != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "label");
}

static int
load_setting(const struct setting *s, const gh_json *v, struct est_label *l, struct gh_error *err)
{
	switch (s->kind) {
	case TEXT:
		return is_text(v)
		    ? 0
		    : gh_refuse(err, GH_E_CONF, "%s of a label is a text of 1 to %d bytes", s->name,
			  TEXT_MAX);
	case TEXTS:
		return is_texts(v)
		    ? 0
		    : gh_refuse(err, GH_E_CONF, "%s of a label is a list of texts of 1 to %d bytes",
			  s->name, TEXT_MAX);
	case CERTS:
		return load_certs(v, l, err);
	case LABELS:
		return load_labels(v, l, err);
	case DAYS:
		return load_days(s, v, l, err);
	case COUNT:
		return load_count(s, v, l, err);
	default:
		return load_word(s, v, l, err);
	}
}

int
est_label_value(const char *setting, const char *text, gh_json **out, struct gh_error *err)
{
	const struct setting *s = find_setting(setting);
	struct est_label probe = {0};
	int rc;

	*out = NULL;
	if (s == NULL)
		return gh_refuse(err, GH_E_CONF, "a label has no setting \"%.60s\"", setting);
	*out = gh_json_new_string(*text != '\0' ? text : NULL);
	if (*out == NULL)
		return gh_fail(err, GH_E_NOMEM, "label");
	rc = *text != '\0' ? load_setting(s, *out, &probe, err) : 0;
	if (rc != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	est_label_clear(&probe);
	return rc;
}

/* ---- a label ---- */

size_t
est_label_name_len(const char *text)
{
	return strspn(text, NAME_LETTERS);
}

static int
check_name(const char *name, struct gh_error *err)
{
	size_t n = est_label_name_len(name);

	if (n == 0 || name[n] != '\0' || n > EST_LABEL_MAX || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return gh_refuse(err, GH_E_CONF, "a label has 1 to %d letters, digits and ._@:-",
		    EST_LABEL_MAX);
	for (const char *const *r = reserved; *r != NULL; r++)
		if (strcasecmp(name, *r) == 0)
			return gh_refuse(err, GH_E_CONF,
			    "\"%s\" is an operation of EST, or a word of --certificates-of: a label "
			    "cannot be called so",
			    *r);
	return 0;
}

/* Requesters need no entry in the directory: whoever has one is held to it (enroll/decide.h). */
static int
load_profile(const gh_json *said, struct est_label *l, struct gh_error *err)
{
	struct enroll_profile *p = &l->profile;
	bool is_named = gh_json_type(gh_json_get(said, "ca")) != GH_JSON_NULL;
	int rc = 0;

	p->admits_without_entry = true;
	p->ca_by = is_named ? PROFILE_CA_NAMED : PROFILE_CA_BY_RULE;
	if (asprintf(&p->name, "label %s", l->name) < 0) {
		p->name = NULL;
		return gh_fail(err, GH_E_NOMEM, "label");
	}
	if (gh_json_type(gh_json_get(said, "template")) == GH_JSON_NULL)
		return gh_refuse(err, GH_E_CONF, "a label has a template");
	if ((p->templates = calloc(2, sizeof(*p->templates))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "label");
	if ((rc = gh_json_row_text(said, "template", &p->templates[0], err)) == 0 && is_named)
		rc = gh_json_row_text(said, "ca", &p->ca_name, err);
	return rc == 0 ? gh_json_row_texts(said, "groups", false, &p->groups, err) : rc;
}

/* One that this version does not know may be one that forbids something: the label is not used. */
static int
load_settings(const gh_json *row, struct est_label *l, struct gh_error *err)
{
	const gh_json *all = gh_json_get(row, "settings");
	int rc = gh_json_type(all) == GH_JSON_OBJECT
	    ? 0
	    : gh_refuse(err, GH_E_CONF, "settings of a label are an object");

	for (void *it = rc == 0 ? gh_json_iter(all) : NULL; rc == 0 && it != NULL;
	     it = gh_json_next(all, it)) {
		const struct setting *s = find_setting(gh_json_iter_name(it));
		const gh_json *v = gh_json_iter_value(it);

		if (s == NULL)
			rc = gh_refuse(err, GH_E_CONF, "a label has no setting \"%.60s\"",
			    gh_json_iter_name(it));
		else if (gh_json_type(v) != GH_JSON_NULL)
			rc = load_setting(s, v, l, err);
	}
	return rc == 0 ? load_profile(all, l, err) : rc;
}

int
est_label_load(const gh_json *row, struct est_label *out, struct gh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	(void)gh_json_int(gh_json_get(row, "id"), &out->id);
	out->is_enabled = gh_json_bool(gh_json_get(row, "enabled"), false);
	if ((rc = gh_json_row_text(row, "name", &out->name, err)) == 0 &&
	    (rc = check_name(out->name, err)) == 0)
		rc = load_settings(row, out, err);
	if (rc != 0)
		est_label_clear(out);
	return rc;
}

void
est_label_clear(struct est_label *l)
{
	free(l->name);
	enroll_profile_clear(&l->profile);
	sk_X509_pop_free(l->anchor, X509_free);
	free(l->certs_of);
	memset(l, 0, sizeof(*l));
}

/* ---- whose certificates ---- */

/* Is this word in "phones,routers"? */
static bool
has_word(const char *list, const char *word)
{
	size_t n = strlen(word), len;

	for (const char *p = list; p != NULL && *p != '\0'; p += len + (p[len] == ',')) {
		len = strcspn(p, ",");
		if (len == n && strncasecmp(p, word, n) == 0)
			return true;
	}
	return false;
}

bool
est_label_takes_cert(const struct est_label *l, const struct store_own_cert *own)
{
	enum requester_kind kind = own->requester.kind;
	bool has_label = *own->label != '\0';

	if (!own->is_requester_sealed)
		return false;
	if (has_label &&
	    (strcasecmp(own->label, l->name) == 0 || has_word(l->certs_of, own->label)))
		return true;
	/* only EST knows such requesters: it is of a label that is not known */
	if (has_label || kind == REQUESTER_EST_USER || kind == REQUESTER_DEVICE)
		return has_word(l->certs_of, ANY);
	return has_word(l->certs_of, PEOPLE);
}

/* ---- all of them ---- */

static int
compare(const void *a, const void *b)
{
	return strcasecmp(((const struct est_label *)a)->name, ((const struct est_label *)b)->name);
}

int
est_labels_load(const gh_json *rows, struct est_labels *out, struct gh_error *err)
{
	size_t n = gh_json_size(rows);
	struct gh_error why;

	memset(out, 0, sizeof(*out));
	if ((out->label = calloc(n + 1, sizeof(*out->label))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "labels");
	for (size_t i = 0; i < n; i++) {
		const gh_json *row = gh_json_at(rows, i);

		if (est_label_load(row, &out->label[out->n], &why) == 0)
			out->n++;
		else if (gh_json_row_leave_out("label of EST", row, &why, err) != 0) {
			est_labels_clear(out);
			return GH_E_NOMEM;
		}
	}
	qsort(out->label, out->n, sizeof(*out->label), compare);
	return 0;
}

void
est_labels_clear(struct est_labels *l)
{
	for (size_t i = 0; i < l->n; i++)
		est_label_clear(&l->label[i]);
	free(l->label);
	memset(l, 0, sizeof(*l));
}

const struct est_label *
est_labels_find(const struct est_labels *l, const char *name)
{
	const struct est_label probe = {.name = (char *)name};

	return l->n > 0 ? bsearch(&probe, l->label, l->n, sizeof(*l->label), compare) : NULL;
}
