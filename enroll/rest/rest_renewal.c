/* May the certificate be renewed by this call? See rest_renewal.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "store/status/revocation.h"
#include "timestamp.h"

#include "rest_list.h"
#include "rest_renewal.h"

static bool
is_his(const struct requester *who, const struct store_cert_status *cert)
{
	struct requester owner = {.kind = cert->requester_kind};

	snprintf(owner.name, sizeof(owner.name), "%s", cert->requester);
	snprintf(owner.dn, sizeof(owner.dn), "%s", cert->requester_dn);
	snprintf(owner.id, sizeof(owner.id), "%s", cert->requester_id);
	return requester_is_same(who, &owner);
}

static int
check_owner(struct worker_env *env, const struct requester *who, int64_t id,
    struct store_cert_status *cert, struct gh_error *err)
{
	int rc = store_get_status(env->store, id, cert, err);

	if (rc == 0 && is_his(who, cert))
		return 0;
	return rc != 0 && rc != GH_E_NOT_FOUND
	    ? rc
	    : gh_refuse(err, GH_E_NOT_FOUND, "There is no certificate of this number of yours.");
}

/* A profile is renewed by itself. */
static int
check_profile(struct worker_env *env, int64_t id, const char *profile, struct gh_error *err)
{
	char key[24];
	const char *name;
	gh_json *row;
	int rc;

	snprintf(key, sizeof(key), "%" PRId64, id);
	if ((rc = store_get_cert(env->store, key, &row, err)) != 0)
		return rc;
	name = gh_json_string(gh_json_get(row, "template"));
	if (name == NULL || strcasecmp(name, profile) != 0)
		rc = gh_refuse(err, GH_E_CONFLICT, "The certificate is of %s %.64s.",
		    name != NULL ? "the profile" : "no", name != NULL ? name : "profile");
	gh_json_free(row);
	return rc;
}

/* A template without a window lets it be renewed as long as it is valid. */
static int
check_time(const struct store_cert_status *cert, int64_t overlap, struct gh_error *err)
{
	int64_t now = gh_now(), opens = overlap > 0 ? cert->not_after - overlap : 0;
	char stamp[GH_TIMESTAMP_SIZE];

	if (cert->state != STORE_CERT_VALID)
		return gh_refuse(err, GH_E_CONFLICT, "The certificate is %s: ask for a new one.",
		    cert->state == STORE_CERT_HOLD ? "on hold" : "revoked");
	if (now >= cert->not_after)
		return gh_refuse(err, GH_E_CONFLICT,
		    "The certificate has ended on %s: ask for a new one.",
		    gh_timestamp_format(cert->not_after, stamp));
	if (now < opens)
		return gh_refuse(err, GH_E_CONFLICT, "The certificate can be renewed from %s on.",
		    gh_timestamp_format(opens, stamp));
	return 0;
}

int
rest_renewal_check_of(struct worker_env *env, const struct requester *who, const char *profile,
    int64_t id, char detail[REST_RENEWAL_SIZE], struct gh_error *err)
{
	const struct catalog_template *t = catalog_find_template(env->catalog, profile);
	struct store_cert_status cert;
	int rc;

	snprintf(detail, REST_RENEWAL_SIZE, "%.64s, renews certificate %" PRId64, profile, id);
	if (t == NULL) /* the pipeline says so */
		return 0;
	if ((rc = check_owner(env, who, id, &cert, err)) != 0 ||
	    (rc = check_profile(env, id, profile, err)) != 0)
		return rc;
	return check_time(&cert, tmpl_renewal_overlap(t->tmpl), err);
}

int
rest_renewal_check(struct worker_env *env, const struct call *call, struct rest_fields *fields,
    int64_t *renewed, char detail[REST_RENEWAL_SIZE], struct gh_error *err)
{
	struct rest_param renew = {"renew", NULL};
	int64_t id = 0;
	int rc = rest_params_read(call, &renew, 1, fields, err);

	*detail = '\0';
	*renewed = 0;
	if (rc == 0) {
		id = rest_param_number(fields, &renew, 1, INT64_MAX, 0);
		rc = rest_fields_check(fields, err);
	}
	rest_params_clear(&renew, 1);
	if (rc != 0 || id == 0)
		return rc;
	*renewed = id;
	return rest_renewal_check_of(env, call->requester, call_text(call->parts, "profile"), id,
	    detail, err);
}
