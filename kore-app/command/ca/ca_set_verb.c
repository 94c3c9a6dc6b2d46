/* `gatehouse ca set`: policy and URLs. */
#include <stdio.h>
#include <stdlib.h>

#include "authority/change.h"

#include "ca_options.h"
#include "ca_work.h"
#include "command.h"
#include "verb.h"

static struct ca_policy_options policy = CA_POLICY_OPTIONS_INIT;
static struct ca_url_options urls = CA_URL_OPTIONS_INIT;
static struct ca_urls_change urls_change;
static struct ca_policy_change policy_change;

static int
set(struct verb_call *c, struct gh_error *err)
{
	static const struct ca_passwords none; /* none is needed */
	struct authority a;
	gh_json *shown;
	struct ca *ca;
	char *text;
	int rc;

	ca_work_init(&c->env, &c->signer, &none, &a);
	if ((rc = authority_change(&a, c->operand[0], &policy_change, &urls_change, &ca, err)) != 0)
		return rc;
	shown = ca_policy_shown(ca->policy);
	text = shown != NULL ? gh_json_print(shown, false) : NULL;
	gh_json_free(shown);
	if (text == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "policy");
	else if (c->json)
		printf("{\"id\":%lld,\"policy\":%s}\n", (long long)ca->id, text);
	else
		printf("CA %s: %s\n", ca->name, text);
	free(text);
	ca_free(ca);
	return rc;
}

static const struct option_row set_options[] = {
    VERB_CONFIG,
    CA_POLICY_OPTION_ROWS(&policy),
    CA_URL_OPTION_ROWS(&urls),
    VERB_JSON,
    OPTION_END,
};

static int
check(const struct verb_call *c)
{
	struct gh_error err;

	if (ca_policy_options_read(&policy, &policy_change, &err) != 0)
		return command_fail(c->who, &err);
	urls_change = ca_url_options_read(&urls);
	if (!ca_policy_is_changed(&policy_change) && !ca_urls_is_changed(&urls_change))
		return command_usage(c->who, "nothing to change is given");
	return COMMAND_OK;
}

const struct verb verb_ca_set = {
    .usage = {"NAME", 1, 1,
	"Changes the policy or the URLs of a CA; what is not named stays. It concerns certificates that are issued "
	"from now on. Name constraints are in the CA's certificate and cannot be changed.",
	"gatehouse ca set mobile --max-validity 398 --allow-eku clientAuth --allow-eku emailProtection\n"
	"gatehouse ca set mobile --allow-eku any --approval-required\n"
	"gatehouse ca set mobile --allow-group pki-mobile --allow-group 'CN=MDM,OU=Groups,DC=corp,DC=example'\n"
	"gatehouse ca set mobile --base-url http://pki.corp.example --shards 16\n"},
    .options = set_options,
    .needs = NEEDS_GRANTS | NEEDS_SIGNER,
    .check = check,
    .work = set,
};
