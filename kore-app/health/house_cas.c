/* The signer, and CAs and their keys. See house.h. */
#include <stdio.h>

#include "asn1_time.h"
#include "calendar.h"
#include "signer/client/signer_client.h"
#include "timestamp.h"

#include "house.h"

#define SOON_DAYS 30             /* a CA that ends so soon is told */
#define CA_SOON_RANGE "2592000:" /* SOON_DAYS */

bool
house_signer(struct findings *f, const struct worker_env *env)
{
	struct gh_error err = {0};
	int rc = env->signer != NULL ? signer_client_ping(env->signer, &err)
				     : gh_fail(&err, GH_E_SIGNER, "no connection can be made");

	if (rc == 0)
		finding_ok(f, "signer", "answers at %s", env->conf->signer.socket);
	else
		finding_wrong(f, FINDING_ERROR, "signer",
		    "systemctl restart gatehouse-signer; its log says more", "%s: %s",
		    env->conf->signer.socket, err.detail);
	return rc == 0;
}

static void
check_end(struct findings *f, const struct ca *ca)
{
	char until[GH_TIMESTAMP_SIZE];
	int64_t end;

	if (!gh_asn1_time_get(X509_get0_notAfter(ca->cert), &end))
		return;
	finding_value(f,
	    &(struct finding_value){"ca_left", ca->slug, end - gh_now(), "s", CA_SOON_RANGE, "0:"});
	gh_timestamp_format(end, until);
	if (end <= gh_now())
		finding_wrong(f, ca->state == CA_ACTIVE ? FINDING_ERROR : FINDING_WARNING,
		    "ca-certificate", "`gatehouse ca renew`, or `gatehouse ca retire`",
		    "CA %s ended at %s", ca->name, until);
	else if (end <= gh_now() + SOON_DAYS * GH_DAY_SECONDS && ca->state == CA_ACTIVE)
		finding_wrong(f, FINDING_WARNING, "ca-certificate", "`gatehouse ca renew`",
		    "CA %s ends at %s", ca->name, until);
	else
		finding_ok(f, "ca-certificate", "CA %s (%s) is valid until %s", ca->name,
		    ca_state_name(ca->state), until);
}

static void
check_key(struct findings *f, struct signer_client *signer, const struct ca *ca)
{
	struct gh_error err = {0};
	char unlock[160], token[SIGNER_TOKEN_LABEL_SIZE];
	int rc;

	if (ca->sealed == NULL || signer == NULL)
		return;
	snprintf(unlock, sizeof(unlock), "unlock it: `gatehouse ca password unlock %s`", ca->name);
	rc = ca_look_for_key(ca, signer, token, &err);
	if (rc == 0)
		finding_ok(f, "ca-key", "the signer can use the key of CA %s", ca->name);
	else if (rc == GH_E_CA_LOCKED)
		finding_wrong(f, FINDING_WARNING, "ca-key", unlock,
		    "the key of CA %s is locked by its password: it signs nothing", ca->name);
	else if (rc == GH_E_SIGNER_DOWN)
		finding_wrong(f, FINDING_ERROR, "ca-key", "`systemctl restart gatehouse-signer`",
		    "whether the key of CA %s can be used is not known: %s", ca->name, err.detail);
	else
		finding_wrong(f, FINDING_ERROR, "ca-key",
		    "check signer.key_file, or the token of the key",
		    "the key of CA %s cannot be used: %s", ca->name, err.detail);
}

void
house_cas(struct findings *f, const struct worker_env *env)
{
	for (size_t i = 0; env->catalog != NULL && i < env->catalog->cas.n; i++) {
		const struct ca *ca = env->catalog->cas.ca[i];

		if (ca->cert == NULL || ca->state == CA_RETIRED)
			continue;
		check_end(f, ca);
		check_key(f, env->signer, ca);
	}
}
