/* `gatehouse ca set`: policy and URLs. */
#include <stdio.h>
#include <stdlib.h>

#include "authority/change.h"

#include "ca_options.h"
#include "ca_work.h"
#include "command.h"
#include "options.h"
#include "output.h"
#include "signer_session.h"

struct setting {
	const char *name;
	struct ca_urls_change urls;
	struct ca_policy_change policy;
	bool json;
};

static int
set(struct session *s, struct own_signer *signer, void *arg, struct gh_error *err)
{
	static const struct ca_passwords none; /* none is needed */
	const struct setting *c = arg;
	struct authority a;
	struct ca *ca;
	char *text;
	int rc;

	ca_work_init(s, signer, &none, &a);
	if ((rc = authority_change(&a, c->name, &c->policy, &c->urls, &ca, err)) != 0)
		return rc;
	if ((text = gh_json_print(ca->policy, false)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "policy");
	else if (c->json)
		printf("{\"id\":%lld,\"policy\":%s}\n", (long long)ca->id, text);
	else
		printf("CA %s: %s\n", ca->name, text);
	free(text);
	ca_free(ca);
	return rc;
}

int
cmd_ca_set(int argc, char **argv)
{
	const char *conf = NULL;
	struct ca_policy_options policy = CA_POLICY_OPTIONS_INIT;
	struct ca_url_options urls = CA_URL_OPTIONS_INIT;
	struct setting a = {0};
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    CA_POLICY_OPTION_ROWS(&policy),
	    CA_URL_OPTION_ROWS(&urls),
	    OPTION_JSON(&a.json),
	    OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1,
	    "Changes the policy or the URLs of a CA; what is not named stays. It concerns certificates that are issued "
	    "from now on. Name constraints are in the CA's certificate and cannot be changed.",
	    "gatehouse ca set mobile --max-validity 398 --allow-eku clientAuth --allow-eku emailProtection\n"
	    "gatehouse ca set mobile --allow-eku any --approval-required\n"
	    "gatehouse ca set mobile --base-url http://pki.corp.example --shards 16\n"};
	struct gh_error err;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (ca_policy_options_read(&policy, &a.policy, &err) != 0)
		return command_fail(argv[0], &err);
	a.urls = ca_url_options_read(&urls);
	if (!ca_policy_is_changed(&a.policy) && !ca_urls_is_changed(&a.urls))
		return command_usage(argv[0], "nothing to change is given");
	a.name = argv[1];
	rc = signer_session_run(argv[0], conf, set, &a);
	return rc == COMMAND_OK ? output_finish() : rc;
}
