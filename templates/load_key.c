/* keyTypes of a template file. */
#include <string.h>

#include "load.h"

struct key_file {
	int type, min_bits, max_bits;
	uint32_t curves;
	bool is_sized;
};

static int
load_curves(const struct schema_member *m, const gh_json *v, const struct schema_at *at, void *out,
    struct gh_error *err)
{
	const char *name;
	size_t i, j;
	int rc;

	(void)m;
	for (i = 0; i < gh_json_size(v); i++) {
		struct schema_at here = {at, NULL, i};

		if ((rc = schema_text_at(v, i, &here, &name, err)) != 0)
			return rc;
		for (j = 0; j < GH_CURVES && strcmp(gh_curve_name((enum gh_curve)j), name) != 0;
		     j++)
			;
		if (j == GH_CURVES)
			return schema_fail(&here, err, "must be one of P-256, P-384, P-521");
		*(uint32_t *)out |= 1u << j;
	}
	return 0;
}

static const struct schema_choice key_type_choice[] = {{"RSA", CA_KEY_RSA}, {"EC", CA_KEY_EC},
    {"Ed25519", CA_KEY_ED25519}, {NULL, 0}};

static const struct schema_member key_member[] = {{"type", GH_JSON_STRING, true,
						      offsetof(struct key_file, type),
						      schema_choice, 0, 0, key_type_choice},
    {"minSize", GH_JSON_INT, false, offsetof(struct key_file, min_bits), schema_int,
	TMPL_KEY_BITS_MIN, TMPL_KEY_BITS_MAX, NULL},
    {"maxSize", GH_JSON_INT, false, offsetof(struct key_file, max_bits), schema_int,
	TMPL_KEY_BITS_MIN, TMPL_KEY_BITS_MAX, NULL},
    {"curves", GH_JSON_ARRAY, false, offsetof(struct key_file, curves), load_curves, 1, GH_CURVES,
	NULL},
    {NULL, 0, false, 0, NULL, 0, 0, NULL}};

static int
take_key_rule(struct tmpl_key_rule *r, const struct key_file *f, const struct schema_at *at,
    struct gh_error *err)
{
	if (f->type != CA_KEY_RSA && (f->min_bits != 0 || f->max_bits != 0))
		return schema_fail(at, err, "minSize and maxSize are for RSA");
	if (f->type != CA_KEY_EC && f->curves != 0)
		return schema_fail(at, err, "curves are for EC");
	r->type = f->type;
	r->min_bits = f->min_bits != 0 ? f->min_bits : TMPL_KEY_BITS_MIN;
	r->max_bits = f->max_bits != 0 ? f->max_bits : TMPL_KEY_BITS_MAX;
	r->curves = f->curves != 0 ? f->curves : (1u << GH_CURVES) - 1;
	if (r->min_bits > r->max_bits)
		return schema_fail(at, err, "minSize is above maxSize");
	return 0;
}

/* out: struct tmpl, since two fields belong together */
int
tmpl_load_keys(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	struct tmpl *t = out;
	size_t i, j;
	int rc;

	(void)m;
	for (i = 0; i < gh_json_size(v); i++) {
		struct schema_at here = {at, NULL, i};
		struct key_file f = {0};

		if ((rc = schema_load(key_member, gh_json_at(v, i), &here, &f, err)) != 0)
			return rc;
		for (j = 0; j < t->keys; j++) {
			if (t->key[j].type == f.type)
				return schema_fail(&here, err, "this type is there twice");
		}
		if ((rc = take_key_rule(&t->key[t->keys], &f, &here, err)) != 0)
			return rc;
		t->keys++;
	}
	return 0;
}
