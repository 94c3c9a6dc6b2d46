/* Name constraints: texts to the extension and to JSON. See name_constraints.h. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "dn_text.h"

#include "name_constraints.h"

static const struct name_form {
	const char *name;
	int type;
	size_t list;
} name_forms[] = {
    {"dns", GEN_DNS, offsetof(struct ca_names, dns)},
    {"email", GEN_EMAIL, offsetof(struct ca_names, email)},
    {"ip", GEN_IPADD, offsetof(struct ca_names, ip)},
    {"dn", GEN_DIRNAME, offsetof(struct ca_names, dn)},
};
#define NAME_FORMS (sizeof(name_forms) / sizeof(name_forms[0]))

/* NULL: none. */
static const char *const *
names_of(const struct ca_names *names, const struct name_form *f)
{
	return *(const char *const *const *)(const void *)((const char *)names + f->list);
}

static void
set_prefix(unsigned char *mask, int size, int prefix)
{
	for (int i = 0; i < size; i++, prefix -= 8)
		mask[i] = prefix >= 8 ? 0xff : prefix > 0 ? (unsigned char)(0xff00 >> prefix) : 0;
}

/* "10.0.0.0/8", "2001:db8::/32": address and mask, RFC 5280. */
static GENERAL_NAME *
net_name(const char *text)
{
	unsigned char net[32];
	char address[64];
	const char *slash = strchr(text, '/');
	bool is_v6 = strchr(text, ':') != NULL;
	int size = is_v6 ? 16 : 4, prefix;
	GENERAL_NAME *g;
	char *end;

	if (slash == NULL || slash == text || (size_t)(slash - text) >= sizeof(address))
		return NULL;
	snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	prefix = (int)strtol(slash + 1, &end, 10);
	if (inet_pton(is_v6 ? AF_INET6 : AF_INET, address, net) != 1 || end == slash + 1 ||
	    *end != '\0' || prefix < 0 || prefix > size * 8)
		return NULL;
	set_prefix(net + size, size, prefix);
	for (int i = 0; i < size; i++)
		net[i] &= net[size + i];
	g = GENERAL_NAME_new();
	if (g == NULL)
		return NULL;
	g->type = GEN_IPADD;
	g->d.ip = ASN1_OCTET_STRING_new();
	if (g->d.ip == NULL || ASN1_OCTET_STRING_set(g->d.ip, net, 2 * size) != 1) {
		GENERAL_NAME_free(g);
		return NULL;
	}
	return g;
}

static GENERAL_NAME *
dn_name(const char *text)
{
	struct gh_error err;
	GENERAL_NAME *g;
	X509_NAME *name;

	if (gh_dn_parse(text, &name, &err) != 0)
		return NULL;
	g = GENERAL_NAME_new();
	if (g != NULL)
		GENERAL_NAME_set0_value(g, GEN_DIRNAME, name);
	else
		X509_NAME_free(name);
	return g;
}

static GENERAL_NAME *
constraint_name(int type, const char *text)
{
	if (type == GEN_IPADD)
		return net_name(text);
	if (type == GEN_DIRNAME)
		return dn_name(text);
	return a2i_GENERAL_NAME(NULL, NULL, NULL, type, text, 0);
}

static int
add_subtree(STACK_OF(GENERAL_SUBTREE) * *list, GENERAL_NAME *name, struct gh_error *err)
{
	GENERAL_SUBTREE *t = GENERAL_SUBTREE_new();

	if (*list == NULL)
		*list = sk_GENERAL_SUBTREE_new_null();
	if (t != NULL) {
		GENERAL_NAME_free(t->base);
		t->base = name;
		name = NULL;
	}
	if (t != NULL && *list != NULL && sk_GENERAL_SUBTREE_push(*list, t) > 0)
		return 0;
	GENERAL_NAME_free(name);
	GENERAL_SUBTREE_free(t);
	return gh_fail(err, GH_E_NOMEM, "name constraints");
}

static int
add_subtrees(const struct ca_names *names, const char *word, STACK_OF(GENERAL_SUBTREE) * *list,
    struct gh_error *err)
{
	int rc = 0;

	for (size_t f = 0; f < NAME_FORMS; f++) {
		const char *const *l = names_of(names, &name_forms[f]);

		for (size_t i = 0; rc == 0 && l != NULL && l[i] != NULL; i++) {
			GENERAL_NAME *g =
			    l[i][0] != '\0' ? constraint_name(name_forms[f].type, l[i]) : NULL;

			ERR_clear_error();
			if (g == NULL)
				return gh_refuse(err, GH_E_CONF,
				    "%s%s %.80s: not a value of this form%s", word,
				    name_forms[f].name, l[i],
				    name_forms[f].type == GEN_IPADD ? " (10.0.0.0/8, 2001:db8::/32)"
								    : "");
			rc = add_subtree(list, g, err);
		}
	}
	return rc;
}

int
ca_names_add(X509_EXTENSIONS **exts, const struct ca_name_constraints *names,
    const struct authority_words *words, struct gh_error *err)
{
	NAME_CONSTRAINTS *nc = NAME_CONSTRAINTS_new();
	int rc;

	if (nc == NULL)
		return gh_fail(err, GH_E_NOMEM, "name constraints");
	rc = add_subtrees(&names->permitted, words->permitted, &nc->permittedSubtrees, err);
	if (rc == 0)
		rc = add_subtrees(&names->excluded, words->excluded, &nc->excludedSubtrees, err);
	if (rc == 0 && (nc->permittedSubtrees != NULL || nc->excludedSubtrees != NULL) &&
	    X509V3_add1_i2d(exts, NID_name_constraints, nc, 1, X509V3_ADD_APPEND) != 1)
		rc = gh_fail(err, GH_E_NOMEM, "name constraints");
	NAME_CONSTRAINTS_free(nc);
	return rc;
}

/* NULL when there are none; *failed when out of memory. */
static gh_json *
names_json(const struct ca_names *names, bool *failed)
{
	gh_json *o = gh_json_new_object();

	*failed |= o == NULL;
	for (size_t f = 0; !*failed && f < NAME_FORMS; f++) {
		const char *const *l = names_of(names, &name_forms[f]);
		gh_json *list;

		if (l == NULL || l[0] == NULL)
			continue;
		list = gh_json_new_array();
		for (size_t i = 0; list != NULL && l[i] != NULL; i++)
			*failed |= gh_json_append(list, gh_json_new_string(l[i])) != 0;
		*failed |= gh_json_set(o, name_forms[f].name, list) != 0;
	}
	if (*failed || gh_json_size(o) == 0) {
		gh_json_free(o);
		o = NULL;
	}
	return o;
}

int
ca_names_json(const struct ca_name_constraints *names, gh_json *policy, struct gh_error *err)
{
	bool failed = false;
	gh_json *permitted = names_json(&names->permitted, &failed);
	gh_json *excluded = names_json(&names->excluded, &failed);
	gh_json *o;

	if (!failed && permitted == NULL && excluded == NULL)
		return 0;
	o = gh_json_new_object();
	failed |= o == NULL;
	if (permitted != NULL)
		failed |= gh_json_set(o, "permitted", permitted) != 0;
	if (excluded != NULL)
		failed |= gh_json_set(o, "excluded", excluded) != 0;
	failed |= gh_json_set(policy, "name_constraints", o) != 0;
	return failed ? gh_fail(err, GH_E_NOMEM, "policy") : 0;
}
