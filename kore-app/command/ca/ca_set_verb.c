/* `gatehouse ca set`: policy and URLs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/ca/ca_row.h"

#include "ca_policy.h"
#include "ca_urls.h"
#include "command.h"
#include "loaded_ca.h"
#include "options.h"
#include "output.h"
#include "signer_session.h"

struct setting {
	const char *name;
	struct ca_url_options urls;
	struct ca_policy_options policy;
	bool json;
};

/* A copy that may be changed. */
static int
copy_policy(const gh_json *policy, gh_json **out, struct gh_error *err)
{
	char *text = gh_json_print(policy, false);
	int rc = text != NULL ? gh_json_parse(text, strlen(text), GH_JSON_STRICT, out, err)
			      : gh_fail(err, GH_E_NOMEM, "policy");

	free(text);
	return rc;
}

static int
seal(struct own_signer *signer, const struct ca *read, struct ca *wanted, struct gh_error *err)
{
	struct signer_limits limits;
	int rc;

	if (read->sealed == NULL)
		return gh_refuse(err, GH_E_CA_UNAVAILABLE,
		    "the key of CA \"%s\" is not here, and its limits are "
		    "sealed with it",
		    read->name);
	rc = ca_policy_limits(wanted->policy, loaded_ca_path_len(read), &limits, err);
	if (rc != 0)
		return rc;
	return signer_client_set_limits(signer->client, read->sealed, read->sealed_len, &limits,
	    &wanted->sealed, &wanted->sealed_len, err);
}

static int
keep_sealed(const struct ca *read, struct ca *wanted, struct gh_error *err)
{
	if (read->sealed == NULL)
		return 0;
	wanted->sealed = malloc(read->sealed_len);
	if (wanted->sealed == NULL)
		return gh_fail(err, GH_E_NOMEM, "CA");
	memcpy(wanted->sealed, read->sealed, read->sealed_len);
	wanted->sealed_len = read->sealed_len;
	return 0;
}

static int
apply(struct own_signer *signer, const struct setting *a, const struct ca *read, struct ca *wanted,
    struct gh_error *err)
{
	gh_json *policy = NULL;
	int rc = copy_policy(read->policy, &policy, err);

	if (rc != 0)
		return rc;
	gh_json_free(wanted->policy);
	wanted->policy = policy;
	rc = ca_policy_apply(&a->policy, policy, err);
	if (rc == 0)
		rc = ca_urls_apply(&a->urls, wanted, err);
	if (rc != 0)
		return rc;
	return ca_policy_is_given(&a->policy) ? seal(signer, read, wanted, err)
					      : keep_sealed(read, wanted, err);
}

static int
set(struct session *s, struct own_signer *signer, void *arg, struct gh_error *err)
{
	const struct setting *a = arg;
	struct loaded_ca l;
	struct ca *wanted;
	char *text = NULL;
	int rc = loaded_ca_open(s, a->name, &l, err);

	if (rc != 0)
		return rc;
	if (l.ca->state == CA_RETIRED) {
		loaded_ca_close(&l);
		return gh_refuse(err, GH_E_CONFLICT, "CA \"%.80s\" is retired", a->name);
	}
	wanted = loaded_ca_copy_settings(l.ca);
	rc = wanted != NULL ? apply(signer, a, l.ca, wanted, err) : gh_fail(err, GH_E_NOMEM, "CA");
	if (rc == 0 && (text = gh_json_print(wanted->policy, false)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "policy");
	if (rc == 0)
		rc = store_set_ca(s->store, &s->who, l.ca, wanted, text, err);
	if (rc == 0 && a->json)
		printf("{\"id\":%lld,\"policy\":%s}\n", (long long)l.ca->id, text);
	else if (rc == 0)
		printf("CA %s: %s\n", wanted->name, text);
	free(text);
	ca_free(wanted);
	loaded_ca_close(&l);
	return rc;
}

int
cmd_ca_set(int argc, char **argv)
{
	const char *conf = NULL;
	struct setting a = {.urls = CA_URL_OPTIONS_INIT, .policy = CA_POLICY_OPTIONS_INIT};
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    CA_POLICY_OPTION_ROWS(&a.policy),
	    CA_URL_OPTION_ROWS(&a.urls),
	    OPTION_JSON(&a.json),
	    OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1,
	    "Changes the policy or the URLs of a CA; what is not named stays. It concerns certificates that are issued "
	    "from now on. Name constraints are in the CA's certificate and cannot be changed.",
	    "gatehouse ca set mobile --max-validity 398 --allow-eku clientAuth --allow-eku emailProtection\n"
	    "gatehouse ca set mobile --allow-eku any --approval-required\n"
	    "gatehouse ca set mobile --base-url http://pki.corp.example --shards 16\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (!ca_policy_is_given(&a.policy) && !ca_urls_is_given(&a.urls))
		return command_usage(argv[0], "nothing to change is given");
	a.name = argv[1];
	rc = signer_session_run(argv[0], conf, set, &a);
	return rc == COMMAND_OK ? output_finish() : rc;
}
