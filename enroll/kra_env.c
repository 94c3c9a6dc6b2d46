/* The KRA for the front doors. See kra_env.h. */
#include <stdio.h>
#include <string.h>

#include "kra_env.h"

struct kra_means
kra_env_means(const struct worker_env *env)
{
	const struct gh_conf *conf = env->conf;

	return (struct kra_means){.store = env->store,
	    .kra = env->kra,
	    .cas = &env->catalog->cas,
	    .rules = {.required = conf->kra.approvals,
		.request_expiry = conf->kra.request_expiry,
		.open_requests = conf->kra.open_requests,
		.repeat = conf->kra.repeat}};
}

int
kra_env_check(const struct worker_env *env, struct gh_error *err)
{
	return *env->conf->kra.socket != '\0'
	    ? 0
	    : gh_refuse(err, GH_E_NOT_FOUND, "This gateway has no key recovery authority.");
}

/* What the table of errors says of CAs and their signer. */
static const struct {
	enum gh_code code;
	const char *text;
} texts[] = {
    {GH_E_SIGNER_DOWN, "The key recovery authority is not available. Please try again later."},
    {GH_E_CA_UNAVAILABLE, "The key recovery authority is not available. Please try again later."},
    {GH_E_CA_LOCKED,
	"The keys of the key recovery authority are locked. They must be unlocked with their password."},
    {GH_E_SIGNER, "The key recovery authority refused this."},
};

void
kra_env_explain(struct gh_error *err)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (err->code == texts[i].code &&
		    strcmp(err->message, gh_error_info(err->code)->message) == 0)
			snprintf(err->message, sizeof(err->message), "%s", texts[i].text);
}
