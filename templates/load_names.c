/* nameFlags, subject and san of a template file. */
#include <string.h>

#include "load.h"

/* An array of names, each of which stands for a bit. */
struct bit_names {
	uint32_t (*find)(const char *name); /* 0: unknown */
	const char *unknown;                /* the complaint; %s is the name */
	bool is_once;
};

static int
load_bits(const struct bit_names *names, const gh_json *v, const struct schema_at *at,
    uint32_t *bits, struct gh_error *err)
{
	for (size_t i = 0; i < gh_json_size(v); i++) {
		struct schema_at here = {at, NULL, i};
		const char *name;
		uint32_t bit;
		int rc = schema_text_at(v, i, &here, &name, err);

		if (rc != 0)
			return rc;
		if ((bit = names->find(name)) == 0)
			return schema_fail(&here, err, names->unknown, name);
		if (names->is_once && (*bits & bit) != 0)
			return schema_fail(&here, err, "is there twice");
		*bits |= bit;
	}
	return 0;
}

static uint32_t
find_name_flag(const char *name)
{
	const struct tmpl_name_flag *f = tmpl_name_flag;

	while (f->name != NULL && strcmp(f->name, name) != 0)
		f++;
	return f->name != NULL ? f->bit : 0;
}

int
tmpl_load_name_flags(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	static const struct bit_names flags = {find_name_flag, "unknown name \"%.48s\"", true};

	(void)m;
	return load_bits(&flags, v, at, out, err);
}

static uint32_t
find_rdn_type(const char *name)
{
	int type = tmpl_rdn_type(name, strlen(name));

	return type >= 0 ? 1u << type : 0;
}

static int
load_rdn_types(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	static const struct bit_names types = {find_rdn_type, "unknown attribute type \"%.32s\"",
	    false};

	(void)m;
	return load_bits(&types, v, at, out, err);
}

static const struct schema_choice cn_choice[] = {{"any", TMPL_CN_ANY}, {"dns", TMPL_CN_DNS},
    {NULL, 0}};

static const struct schema_member subject_member[] = {{"allow", GH_JSON_ARRAY, false,
							  offsetof(struct tmpl_subject_rules,
							      allow),
							  load_rdn_types, 1, TMPL_LIST_MAX, NULL},
    {"require", GH_JSON_ARRAY, false, offsetof(struct tmpl_subject_rules, require), load_rdn_types,
	0, TMPL_LIST_MAX, NULL},
    {"commonName", GH_JSON_STRING, false, offsetof(struct tmpl_subject_rules, common_name),
	schema_choice, 0, 0, cn_choice},
    {NULL, 0, false, 0, NULL, 0, 0, NULL}};

int
tmpl_load_subject(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	struct tmpl_subject_rules *r = out;
	int rc;

	(void)m;
	if ((rc = schema_load(subject_member, v, at, r, err)) != 0)
		return rc;
	if (r->allow != 0 && (r->require & ~r->allow) != 0)
		return schema_fail(at, err, "requires what it does not allow");
	return 0;
}

static uint32_t
find_san_type(const char *name)
{
	const struct tmpl_san_type *t = tmpl_san_type;

	while (t->name != NULL && strcmp(t->name, name) != 0)
		t++;
	return t->name != NULL ? t->bit : 0;
}

static int
load_san_types(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	static const struct bit_names types = {find_san_type,
	    "must be one of dns, email, ip, uri, upn", false};

	(void)m;
	return load_bits(&types, v, at, out, err);
}

static const char *
accept_dns_pattern(const char *text)
{
	const char *name = text;

	if (strcmp(text, "*") == 0)
		return text;
	if (name[0] == '.')
		name++;
	else if (strncmp(name, "*.", 2) == 0)
		name += 2;
	return tmpl_text_is_dns(name, false) ? text : NULL;
}

static const struct schema_check dns_check = {accept_dns_pattern,
    "must be a DNS name, \"*.name\", \".name\" or \"*\""};

static const char *
accept_network(const char *text)
{
	return tmpl_network_is_valid(text) ? text : NULL;
}

static const struct schema_check ip_check = {accept_network,
    "must be a network like 10.1.0.0/16 or 2001:db8::/32, or an address"};

/* A SID is never the request's to give; UPNs have their own type. */
static const char *
accept_other_name(const char *text)
{
	const char *oid = tmpl_oid_resolve(text);

	if (oid == NULL || strcmp(oid, TMPL_OID_SID) == 0 ||
	    strcmp(oid, TMPL_OID_SID_EXTENSION) == 0 || strcmp(oid, TMPL_OID_UPN) == 0)
		return NULL;
	return oid;
}

static const struct schema_check other_name_check = {accept_other_name,
    "must be a dotted OID, not that of a SID, and \"upn\" for UPNs"};

static const struct schema_member san_member[] = {{"types", GH_JSON_ARRAY, false,
						      offsetof(struct tmpl_san_rules, types),
						      load_san_types, 0, TMPL_LIST_MAX, NULL},
    {"require", GH_JSON_ARRAY, false, offsetof(struct tmpl_san_rules, require), load_san_types, 0,
	TMPL_LIST_MAX, NULL},
    {"otherNames", GH_JSON_ARRAY, false, offsetof(struct tmpl_san_rules, other_names), schema_list,
	0, TMPL_LIST_MAX, &other_name_check},
    {"dns", GH_JSON_ARRAY, false, offsetof(struct tmpl_san_rules, dns), schema_list, 1,
	TMPL_LIST_MAX, &dns_check},
    {"email", GH_JSON_ARRAY, false, offsetof(struct tmpl_san_rules, email), schema_list, 1,
	TMPL_LIST_MAX, &dns_check},
    {"ip", GH_JSON_ARRAY, false, offsetof(struct tmpl_san_rules, ip), schema_list, 1, TMPL_LIST_MAX,
	&ip_check},
    {"wildcards", GH_JSON_BOOL, false, offsetof(struct tmpl_san_rules, wildcards), schema_bool, 0,
	0, NULL},
    {NULL, 0, false, 0, NULL, 0, 0, NULL}};

int
tmpl_load_san(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	struct tmpl_san_rules *r = out;
	int rc;

	(void)m;
	if ((rc = schema_load(san_member, v, at, r, err)) != 0)
		return rc;
	if ((r->require & ~r->types) != 0)
		return schema_fail(at, err, "requires what types does not have");
	return 0;
}
