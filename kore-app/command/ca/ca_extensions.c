/* Extensions of a CA's certificate. See ca_extensions.h. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "cdp.h"
#include "dn_text.h"

#include "ca_extensions.h"

static int
add_url(GENERAL_NAMES *names, const char *url)
{
	GENERAL_NAME *g = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_URI, url, 0);

	if (g == NULL || sk_GENERAL_NAME_push(names, g) <= 0) {
		GENERAL_NAME_free(g);
		return -1;
	}
	return 0;
}

/* A CA certificate is in no shard, since its key is not known before it is signed: the complete CRL
 * is beside those of the shards. malloc'd. */
static char *
complete_crl_url(const char *url)
{
	const char *shard = strstr(url, "-s" CDP_SHARD);
	char *copy = malloc(strlen(url) + 1);

	if (copy != NULL && shard != NULL)
		sprintf(copy, "%.*s%s", (int)(shard - url), url, shard + strlen("-s" CDP_SHARD));
	else if (copy != NULL)
		strcpy(copy, url);
	return copy;
}

static int
add_crl_urls(GENERAL_NAMES *names, char *const *urls)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && urls[i] != NULL; i++) {
		char *url = complete_crl_url(urls[i]);

		if (url == NULL)
			rc = -1;
		else if (strstr(url, CDP_SHARD) == NULL)
			rc = add_url(names, url);
		free(url);
	}
	return rc;
}

/* RFC 5280, 4.2.1.13: one distribution point with all URLs of the same CRL. */
static int
add_cdp(X509_EXTENSIONS **exts, char *const *urls)
{
	CRL_DIST_POINTS *points = sk_DIST_POINT_new_null();
	DIST_POINT *point = DIST_POINT_new();
	int ok = points != NULL && point != NULL, n = 0;

	if (ok) {
		point->distpoint = DIST_POINT_NAME_new();
		ok = point->distpoint != NULL &&
		    (point->distpoint->name.fullname = GENERAL_NAMES_new()) != NULL;
		if (ok)
			point->distpoint->type =
			    0; /* fullName: else it is neither written nor freed */
	}
	ok = ok && add_crl_urls(point->distpoint->name.fullname, urls) == 0;
	n = ok ? sk_GENERAL_NAME_num(point->distpoint->name.fullname) : 0;
	if (n > 0 && sk_DIST_POINT_push(points, point) > 0)
		point = NULL;
	else if (n > 0)
		ok = 0;
	if (ok && n > 0)
		ok = X509V3_add1_i2d(exts, NID_crl_distribution_points, points, 0,
			 X509V3_ADD_APPEND) == 1;
	DIST_POINT_free(point);
	sk_DIST_POINT_pop_free(points, DIST_POINT_free);
	return ok ? 0 : -1;
}

/* RFC 5280, 4.2.2.1 */
static int
add_access(AUTHORITY_INFO_ACCESS *aia, int method, char *const *urls)
{
	for (size_t i = 0; urls != NULL && urls[i] != NULL; i++) {
		ACCESS_DESCRIPTION *d = ACCESS_DESCRIPTION_new();

		if (d == NULL || sk_ACCESS_DESCRIPTION_push(aia, d) <= 0) {
			ACCESS_DESCRIPTION_free(d);
			return -1;
		}
		ASN1_OBJECT_free(d->method);
		GENERAL_NAME_free(d->location);
		d->method = OBJ_nid2obj(method);
		d->location = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_URI, urls[i], 0);
		if (d->location == NULL)
			return -1;
	}
	return 0;
}

static int
add_aia(X509_EXTENSIONS **exts, const struct ca *parent)
{
	AUTHORITY_INFO_ACCESS *aia = AUTHORITY_INFO_ACCESS_new();
	int ok = aia != NULL && add_access(aia, NID_ad_ca_issuers, parent->aia_urls) == 0 &&
	    add_access(aia, NID_ad_OCSP, parent->ocsp_urls) == 0;

	if (ok && sk_ACCESS_DESCRIPTION_num(aia) > 0)
		ok = X509V3_add1_i2d(exts, NID_info_access, aia, 0, X509V3_ADD_APPEND) == 1;
	AUTHORITY_INFO_ACCESS_free(aia);
	return ok ? 0 : -1;
}

static int
add_parent(X509_EXTENSIONS **exts, const struct ca *parent, struct gh_error *err)
{
	if (parent == NULL)
		return 0;
	if ((parent->cdp_urls != NULL && parent->cdp_urls[0] != NULL &&
		add_cdp(exts, parent->cdp_urls) != 0) ||
	    add_aia(exts, parent) != 0)
		return gh_fail(err, GH_E_NOMEM, "extensions of the CA");
	return 0;
}

/* ---- kept in a renewal ---- */

/* Made anew, by the signer or from what the parent is now. */
static bool
is_made_anew(int nid)
{
	return nid == NID_subject_key_identifier || nid == NID_authority_key_identifier ||
	    nid == NID_basic_constraints || nid == NID_key_usage ||
	    nid == NID_crl_distribution_points || nid == NID_info_access;
}

static int
add_kept(X509_EXTENSIONS **exts, const X509 *old, struct gh_error *err)
{
	int n = old != NULL ? X509_get_ext_count(old) : 0;

	for (int i = 0; i < n; i++) {
		X509_EXTENSION *e = X509_get_ext(old, i);

		if (!is_made_anew(OBJ_obj2nid(X509_EXTENSION_get_object(e))) &&
		    X509v3_add_ext(exts, e, -1) == NULL)
			return gh_fail(err, GH_E_NOMEM, "extensions of the CA");
	}
	return 0;
}

/* ---- name constraints ---- */

static const struct name_form {
	const char *option, *member;
	int type;
	size_t list;
} name_forms[] = {
    {"dns", "dns", GEN_DNS, offsetof(struct ca_names, dns)},
    {"email", "email", GEN_EMAIL, offsetof(struct ca_names, email)},
    {"ip", "ip", GEN_IPADD, offsetof(struct ca_names, ip)},
    {"dn", "dn", GEN_DIRNAME, offsetof(struct ca_names, dn)},
};
#define NAME_FORMS (sizeof(name_forms) / sizeof(name_forms[0]))

static const struct option_list *
names_of(const struct ca_names *names, const struct name_form *f)
{
	return (const struct option_list *)(const void *)((const char *)names + f->list);
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
add_subtrees(const struct ca_names *names, const char *verb, STACK_OF(GENERAL_SUBTREE) * *list,
    struct gh_error *err)
{
	int rc = 0;

	for (size_t f = 0; f < NAME_FORMS; f++) {
		const struct option_list *l = names_of(names, &name_forms[f]);

		for (size_t i = 0; rc == 0 && i < l->n; i++) {
			GENERAL_NAME *g = l->v[i][0] != '\0'
			    ? constraint_name(name_forms[f].type, l->v[i])
			    : NULL;

			ERR_clear_error();
			if (g == NULL)
				return gh_refuse(err, GH_E_CONF,
				    "--%s-%s %.80s: not a value of this form%s", verb,
				    name_forms[f].option, l->v[i],
				    name_forms[f].type == GEN_IPADD ? " (10.0.0.0/8, 2001:db8::/32)"
								    : "");
			rc = add_subtree(list, g, err);
		}
	}
	return rc;
}

static int
add_names(X509_EXTENSIONS **exts, const struct ca_name_constraints *names, struct gh_error *err)
{
	NAME_CONSTRAINTS *nc;
	int rc;

	if (names == NULL)
		return 0;
	nc = NAME_CONSTRAINTS_new();
	if (nc == NULL)
		return gh_fail(err, GH_E_NOMEM, "name constraints");
	rc = add_subtrees(&names->permitted, "permit", &nc->permittedSubtrees, err);
	if (rc == 0)
		rc = add_subtrees(&names->excluded, "exclude", &nc->excludedSubtrees, err);
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
		const struct option_list *l = names_of(names, &name_forms[f]);
		gh_json *list = gh_json_new_array();

		for (size_t i = 0; list != NULL && i < l->n; i++)
			*failed |= gh_json_append(list, gh_json_new_string(l->v[i])) != 0;
		if (l->n > 0)
			*failed |= gh_json_set(o, name_forms[f].member, list) != 0;
		else
			gh_json_free(list);
	}
	if (*failed || gh_json_size(o) == 0) {
		gh_json_free(o);
		o = NULL;
	}
	return o;
}

int
ca_extensions_names_json(const struct ca_name_constraints *names, gh_json *policy,
    struct gh_error *err)
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

/* ---- all of them ---- */

static int
encode(const X509_EXTENSIONS *exts, unsigned char **out, size_t *len, struct gh_error *err)
{
	int n = i2d_X509_EXTENSIONS(exts, NULL);
	unsigned char *p;

	if (n <= 0 || (*out = malloc((size_t)n)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "extensions of the CA");
	p = *out;
	*len = (size_t)i2d_X509_EXTENSIONS(exts, &p);
	return 0;
}

int
ca_extensions_make(const struct ca *parent, const X509 *old,
    const struct ca_name_constraints *names, unsigned char **out, size_t *len, struct gh_error *err)
{
	X509_EXTENSIONS *exts = NULL;
	int rc;

	*out = NULL;
	*len = 0;
	rc = add_kept(&exts, old, err);
	if (rc == 0)
		rc = add_parent(&exts, parent, err);
	if (rc == 0)
		rc = add_names(&exts, names, err);
	if (rc == 0 && exts != NULL)
		rc = encode(exts, out, len, err);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	return rc;
}
