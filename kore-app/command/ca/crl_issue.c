/* `gatehouse crl issue`: CRLs now, due or not. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "jobs/crl_job.h"

#include "command.h"
#include "verb.h"

#define WAIT_SECONDS 60 /* for another process that makes a CRL of the same CA */

static const char *only; /* CA; NULL: all */
static struct crl_wish wish = {.complete = true, .is_forced = true};

static void
say(void *arg, const char *text)
{
	if (!*(const bool *)arg)
		printf("%s\n", text);
}

/* Another process is at work on a CRL of this CA: what it makes may be older than what is asked for
 * now. */
static int
issue_waiting(struct job_env *env, const struct ca *ca, int *made, struct gh_error *err)
{
	int rc;

	for (int waited = 0;
	     (rc = crl_job_issue(env, ca, &wish, made, err)) == GH_E_BUSY && waited < WAIT_SECONDS;
	     waited++)
		sleep(1);
	return rc;
}

static int
publish(struct job_env *env, const struct ca *ca, const char *who)
{
	struct gh_error err;
	int published, rc = crl_job_publish(env, ca, &published, &err);

	if (rc == 0 && published > 0)
		job_progress(env, "%s: %d published in the directory", ca->name, published);
	return rc == 0 ? COMMAND_OK : command_fail(who, &err);
}

/* Each CA that is asked for; a failure does not hold up the others. */
static int
issue_all(struct job_env *env, int *total, const char *who)
{
	int made, exit_code = COMMAND_OK;
	struct gh_error err;

	for (size_t i = 0; i < env->cas->n; i++) {
		const struct ca *ca = env->cas->ca[i];
		int rc;

		if (only != NULL ? strcasecmp(only, ca->name) != 0 : !crl_has_crls(ca))
			continue;
		rc = issue_waiting(env, ca, &made, &err);
		*total += made;
		if (rc != 0) {
			fprintf(stderr, "%s: CA %s\n", who, ca->name);
			exit_code = command_fail(who, &err);
		} else if (publish(env, ca, who) != COMMAND_OK)
			exit_code = COMMAND_FAILED;
	}
	return exit_code;
}

static int
issue(struct verb_call *c, struct gh_error *err)
{
	struct job_env env = pipeline_job_env(&c->env, &c->pipeline);
	int made = 0, rc;

	if (only != NULL && ca_set_find(env.cas, only) == NULL)
		return gh_refuse(err, GH_E_NOT_FOUND,
		    "there is no CA \"%s\": see `gatehouse ca list`", only);
	wish.complete = !wish.delta;
	if ((rc = crl_wish_check(&wish, c->env.conf, err)) != 0)
		return rc;
	env.progress = say;
	env.arg = &c->json;
	c->exit = issue_all(&env, &made, c->who);
	if (c->json)
		printf("{\"made\":%d}\n", made);
	return 0;
}

static const struct option_row options[] = {
    VERB_CONFIG,
    {"ca", 0, OPTION_TEXT, &only, "NAME", "only this CA (default: all that can sign)"},
    {"delta", 0, OPTION_FLAG, &wish.delta, NULL,
	"the delta CRL, not the complete one and the shards"},
    VERB_JSON,
    OPTION_END,
};
const struct verb verb_crl_issue = {
    .usage = {"", 0, 0,
	"Makes CRLs now, whether they are due or not, through the running signer, and publishes them in the "
	"directory where that is configured. Gateways serve them within a second.",
	"gatehouse crl issue\ngatehouse crl issue --ca issuing --delta\n"},
    .options = options,
    .needs = NEEDS_GRANTS | NEEDS_PIPELINE,
    .work = issue,
};
