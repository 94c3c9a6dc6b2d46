/* See rest_ca_key.h. */
#include "rest_ca_key.h"

/* What is known of one. */
struct key_state {
	bool is_known, is_usable;
	char token[SIGNER_TOKEN_LABEL_SIZE];
};

/* *signer: NULL once it does not answer. */
static void
look(const struct ca *ca, struct signer_client **signer, struct key_state *out)
{
	struct gh_error err = {0};
	int rc;

	*out = (struct key_state){0};
	if (ca == NULL || ca->sealed == NULL || ca->state == CA_RETIRED || *signer == NULL)
		return;
	rc = ca_look_for_key(ca, *signer, out->token, &err);
	if (rc == GH_E_SIGNER_DOWN)
		*signer = NULL;
	out->is_known = rc != GH_E_SIGNER_DOWN;
	out->is_usable = rc == 0;
}

static int
put(gh_json *row, const struct key_state *k)
{
	gh_json *o = gh_json_new_object();
	int bad =
	    gh_json_set_string(o, "protection", gh_json_string(gh_json_get(row, "protection"))) |
	    gh_json_set_string(o, "token", k->token[0] != '\0' ? k->token : NULL) |
	    (k->is_known ? gh_json_set_bool(o, "usable", k->is_usable)
			 : gh_json_set_string(o, "usable", NULL));

	return bad | gh_json_set(row, "key", o);
}

static int
look_and_put(const struct worker_env *env, struct signer_client **signer, gh_json *row)
{
	struct key_state k;
	int64_t id = 0;

	(void)gh_json_int(gh_json_get(row, "id"), &id);
	look(env->catalog != NULL ? ca_set_find_id(&env->catalog->cas, id) : NULL, signer, &k);
	return put(row, &k);
}

int
rest_ca_keys_put(const struct worker_env *env, const gh_json *rows)
{
	struct signer_client *signer = env->signer;
	int bad = 0;

	for (size_t i = 0; bad == 0 && i < gh_json_size(rows); i++)
		bad = look_and_put(env, &signer, gh_json_at(rows, i));
	return bad;
}

int
rest_ca_key_put(const struct worker_env *env, gh_json *row)
{
	struct signer_client *signer = env->signer;

	return look_and_put(env, &signer, row);
}
