/* Which key is made where the requester leaves it to the template, or says its type or length. */
#include <string.h>

#include "model.h"

/* The smaller ones first. */
static const struct made_key {
	int type; /* enum ca_key_type */
	int bits;
	enum gh_curve curve; /* of EC */
	const char *name;    /* of key_alg.h */
} made_keys[] = {
    {CA_KEY_RSA, 2048, GH_CURVES, "RSA-2048"},
    {CA_KEY_RSA, 3072, GH_CURVES, "RSA-3072"},
    {CA_KEY_RSA, 4096, GH_CURVES, "RSA-4096"},
    {CA_KEY_EC, 256, GH_P256, "P-256"},
    {CA_KEY_EC, 384, GH_P384, "P-384"},
    {CA_KEY_ED25519, 256, GH_CURVES, "Ed25519"},
};

static bool
fits(const struct tmpl_key_rule *r, const struct made_key *k)
{
	if (r->type != k->type)
		return false;
	if (k->type == CA_KEY_RSA)
		return k->bits >= r->min_bits && k->bits <= r->max_bits;
	return k->type != CA_KEY_EC || (r->curves & 1u << k->curve) != 0;
}

int
tmpl_choose_key(const struct tmpl *t, const struct tmpl_key_wish *w, const char **name,
    struct gh_error *err)
{
	bool has_type = false;

	*name = NULL;
	for (size_t i = 0; i < t->keys; i++) {
		if (w->has_type && t->key[i].type != (int)w->type)
			continue;
		has_type = true;
		for (size_t k = 0; k < sizeof(made_keys) / sizeof(made_keys[0]); k++)
			if (fits(&t->key[i], &made_keys[k]) &&
			    (w->bits == 0 || w->bits == made_keys[k].bits)) {
				*name = made_keys[k].name;
				return 0;
			}
	}
	if (!has_type && w->has_type)
		return gh_refuse(err, GH_E_KEY_TYPE, "the template takes no %s keys",
		    ca_key_type_name(w->type));
	return gh_refuse(err, GH_E_KEY_LENGTH, "no key is made here that the template takes%s",
	    w->bits != 0 ? " and that is so long" : "");
}
