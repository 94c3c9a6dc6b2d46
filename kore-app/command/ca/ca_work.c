/* See ca_work.h. */
#include <stdio.h>

#include "ca_options.h"
#include "ca_work.h"
#include "prompt.h"

static int
ask(void *arg, const struct ca *ca, bool is_parent, char **out, struct gh_error *err)
{
	const struct ca_passwords *p = arg;
	char question[160];

	snprintf(question, sizeof(question), "password of the key of CA %.100s", ca->name);
	return prompt_password(is_parent ? p->parent_file : p->file, question, false, out, err);
}

void
ca_work_init(const struct command_env *env, const struct own_signer *signer,
    const struct ca_passwords *p, struct authority *out)
{
	*out = (struct authority){.store = env->store,
	    .signer = signer->client,
	    .who = &env->who,
	    .backdate = env->conf->ca.backdate,
	    .words = &ca_option_words,
	    .ask = ask,
	    .arg = (void *)(uintptr_t)p};
}

void
ca_work_tell(const struct ca *ca, bool json)
{
	if (json)
		printf("{\"id\":%lld}\n", (long long)ca->id);
	else
		printf("CA %s: %s\n", ca->name, ca->issuer_dn);
}
