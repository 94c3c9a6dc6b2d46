/* `gatehouse doctor`: CAs and their keys. */
#include <stdio.h>

#include "asn1_time.h"
#include "calendar.h"
#include "timestamp.h"

#include "doctor.h"

#define CA_SOON_RANGE "2592000:" /* DOCTOR_SOON_DAYS */

static void
check_end(struct doctor *d, const struct ca *ca)
{
	char until[GH_TIMESTAMP_SIZE];
	int64_t end;

	if (!gh_asn1_time_get(X509_get0_notAfter(ca->cert), &end))
		return;
	finding_value(&d->findings,
	    &(struct finding_value){"ca_left", ca->slug, end - gh_now(), "s", CA_SOON_RANGE, "0:"});
	gh_timestamp_format(end, until);
	if (end <= gh_now())
		finding_wrong(&d->findings,
		    ca->state == CA_ACTIVE ? FINDING_ERROR : FINDING_WARNING, "ca-certificate",
		    "`gatehouse ca renew`, or `gatehouse ca retire`", "CA %s ended at %s", ca->name,
		    until);
	else if (end <= gh_now() + DOCTOR_SOON_DAYS * GH_DAY_SECONDS && ca->state == CA_ACTIVE)
		finding_wrong(&d->findings, FINDING_WARNING, "ca-certificate",
		    "`gatehouse ca renew`", "CA %s ends at %s", ca->name, until);
	else
		finding_ok(&d->findings, "ca-certificate", "CA %s (%s) is valid until %s", ca->name,
		    ca_state_name(ca->state), until);
}

static void
check_key(struct doctor *d, const struct ca *ca)
{
	struct gh_error err = {0};
	char unlock[160];
	int rc;

	if (ca->sealed == NULL || d->gateway.signer == NULL)
		return;
	snprintf(unlock, sizeof(unlock), "unlock it: `gatehouse ca password unlock %s`", ca->name);
	rc = ca_load_key(ca, d->gateway.signer, &err);
	if (rc == 0)
		finding_ok(&d->findings, "ca-key", "the signer can use the key of CA %s", ca->name);
	else if (rc == GH_E_CA_LOCKED)
		finding_wrong(&d->findings, FINDING_WARNING, "ca-key", unlock,
		    "the key of CA %s is locked by its password: it signs nothing", ca->name);
	else
		finding_wrong(&d->findings, FINDING_ERROR, "ca-key",
		    "check signer.key_file, or the token of the key",
		    "the key of CA %s cannot be used: %s", ca->name, err.detail);
}

void
doctor_cas(struct doctor *d)
{
	for (size_t i = 0; d->gateway.catalog != NULL && i < d->gateway.catalog->cas.n; i++) {
		const struct ca *ca = d->gateway.catalog->cas.ca[i];

		if (ca->cert == NULL || ca->state == CA_RETIRED)
			continue;
		check_end(d, ca);
		check_key(d, ca);
	}
}
