/* See change.h. */
#include <stdlib.h>
#include <string.h>

#include "store/ca/ca_row.h"

#include "change.h"
#include "loaded_ca.h"

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
set_limits(const struct authority *a, const struct ca *read, struct ca *wanted,
    struct gh_error *err)
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
	return signer_client_set_limits(a->signer, read->sealed, read->sealed_len, &limits,
	    &wanted->sealed, &wanted->sealed_len, err);
}

static int
keep_limits(const struct ca *read, struct ca *wanted, struct gh_error *err)
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
apply(const struct authority *a, const struct ca_policy_change *policy,
    const struct ca_urls_change *urls, const struct ca *read, struct ca *wanted,
    struct gh_error *err)
{
	gh_json *changed = NULL;
	int rc = copy_policy(read->policy, &changed, err);

	if (rc != 0)
		return rc;
	gh_json_free(wanted->policy);
	wanted->policy = changed;
	rc = ca_policy_apply(policy, changed, a->words, err);
	if (rc == 0)
		rc = ca_urls_apply(urls, wanted, a->words, err);
	if (rc != 0)
		return rc;
	return ca_policy_is_changed(policy) ? set_limits(a, read, wanted, err)
					    : keep_limits(read, wanted, err);
}

/* The audit row has no hash. */
static int
record(const struct authority *a, const struct ca *read, const struct ca *wanted,
    struct gh_error *err)
{
	gh_json *shown = ca_policy_shown(wanted->policy);
	char *text = shown != NULL ? gh_json_print(shown, false) : NULL;
	int rc = text != NULL ? store_set_ca(a->store, a->who, read, wanted, text, err)
			      : gh_fail(err, GH_E_NOMEM, "policy");

	gh_json_free(shown);
	free(text);
	return rc;
}

int
authority_change(const struct authority *a, const char *name, const struct ca_policy_change *policy,
    const struct ca_urls_change *urls, struct ca **out, struct gh_error *err)
{
	struct ca *wanted = NULL;
	struct loaded_ca l;
	int rc = loaded_ca_open(a->store, name, &l, err);

	*out = NULL;
	if (rc == 0 && l.ca->state == CA_RETIRED)
		rc = gh_refuse(err, GH_E_CONFLICT, "CA \"%.80s\" is retired", name);
	if (rc == 0 && (wanted = loaded_ca_copy_settings(l.ca)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "CA");
	if (rc == 0)
		rc = apply(a, policy, urls, l.ca, wanted, err);
	if (rc == 0)
		rc = record(a, l.ca, wanted, err);
	loaded_ca_close(&l);
	if (rc != 0)
		ca_free(wanted);
	else
		*out = wanted;
	return rc;
}
