/* certificatePolicies, applicationPolicies, criticalExtensions and extensions of a template
 * file. */
#include <string.h>

#include "der.h"
#include "encoding.h"

#include "load.h"

static const char *
accept_uri(const char *text)
{
	return tmpl_text_is_uri(text) ? text : NULL;
}

static const struct schema_check uri_check = {accept_uri, "must be a URI"};

static const struct schema_member policy_member[] = {{"oid", GH_JSON_STRING, true,
							 offsetof(struct tmpl_policy, oid),
							 schema_string, 1, TMPL_OID_MAX,
							 &tmpl_load_oid_check},
    {"cps", GH_JSON_STRING, false, offsetof(struct tmpl_policy, cps), schema_string, 1,
	TMPL_TEXT_MAX, &uri_check},
    {NULL, 0, false, 0, NULL, 0, 0, NULL}};

/* out: struct tmpl. Elements are OIDs, or objects with an OID and the address of the statement. */
int
tmpl_load_policies(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	struct tmpl *t = out;
	size_t i, j;
	int rc;

	(void)m;
	for (i = 0; i < gh_json_size(v); i++) {
		const gh_json *e = gh_json_at(v, i);
		struct schema_at here = {at, NULL, i};
		struct tmpl_policy *p = &t->policy[t->policies++];

		if (gh_json_type(e) == GH_JSON_STRING)
			rc = schema_string(&policy_member[0], e, &here, &p->oid, err);
		else
			rc = schema_load(policy_member, e, &here, p, err);
		if (rc != 0)
			return rc;
		for (j = 0; j < i; j++) {
			if (strcmp(t->policy[j].oid, p->oid) == 0)
				return schema_fail(&here, err, "is there twice");
		}
	}
	return 0;
}

/* Exactly one DER value. */
static bool
is_der_value(const unsigned char *p, size_t n)
{
	struct gh_der in = {p, n};
	unsigned tag;

	return n <= TMPL_EXTENSION_MAX && gh_der_next(&in, &tag, NULL, NULL) && in.len == 0;
}

static int
load_der(const struct schema_member *m, const gh_json *v, const struct schema_at *at, void *out,
    struct gh_error *err)
{
	struct tmpl_extension *e = out;
	const char *text = gh_json_string(v);
	int rc;

	(void)m;
	rc = gh_base64_decode(text, strlen(text), &e->der, &e->der_len, NULL);
	if (rc == GH_E_NOMEM)
		return gh_fail(err, GH_E_NOMEM, "extension value");
	if (rc != 0 || !is_der_value(e->der, e->der_len))
		return schema_fail(at, err, "must be base64 of one DER value of at most %d bytes",
		    TMPL_EXTENSION_MAX);
	return 0;
}

static const char *
accept_static_oid(const char *text)
{
	const char *oid = tmpl_oid_resolve(text);

	return oid != NULL && !tmpl_extension_is_reserved(oid) ? oid : NULL;
}

static const struct schema_check static_oid_check = {accept_static_oid,
    "must be an OID of an extension that no other member or the CA makes"};

static const struct schema_member extension_member[] = {{"oid", GH_JSON_STRING, true,
							    offsetof(struct tmpl_extension, oid),
							    schema_string, 1, TMPL_OID_MAX,
							    &static_oid_check},
    {"critical", GH_JSON_BOOL, false, offsetof(struct tmpl_extension, critical), schema_bool, 0, 0,
	NULL},
    {"value", GH_JSON_STRING, true, 0, load_der, 0, 0, NULL},
    {NULL, 0, false, 0, NULL, 0, 0, NULL}};

/* out: struct tmpl */
int
tmpl_load_extensions(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	struct tmpl *t = out;
	size_t i, j;
	int rc;

	(void)m;
	for (i = 0; i < gh_json_size(v); i++) {
		struct schema_at here = {at, NULL, i};
		struct tmpl_extension *e = &t->extension[t->extensions++];

		if ((rc = schema_load(extension_member, gh_json_at(v, i), &here, e, err)) != 0)
			return rc;
		for (j = 0; j < i; j++) {
			if (strcmp(t->extension[j].oid, e->oid) == 0)
				return schema_fail(&here, err, "this OID is there twice");
		}
	}
	return 0;
}

static const char *
accept_critical(const char *text)
{
	const char *oid = tmpl_oid_resolve(text);

	return oid != NULL && !tmpl_extension_is_of_ca(oid) ? oid : NULL;
}

const struct schema_check tmpl_load_critical_check = {accept_critical,
    "must be a dotted OID of an extension that is not the CA's"};

/* out: struct tmpl. An empty list is not the same as none: it means no 311.21.10. */
int
tmpl_load_app_policies(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	struct tmpl *t = out;

	t->has_app_policies = true;
	return schema_list(m, v, at, &t->app_policies, err);
}
