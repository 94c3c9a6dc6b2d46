/* `gatehouse doctor`: what the database says of CRLs, OCSP signers, what waits, and certificates
 * that end. */
#include "metrics/state_gauges.h"
#include "store/status/housekeeping.h"
#include "timestamp.h"

#include "doctor.h"
#include "state_judge.h"

/* Certificates that end within so many days. */
static int
count_ending(struct doctor *d, int days, const char *label, int64_t *n, struct gh_error *err)
{
	int rc = store_count_ending(d->env.store, days, n, err);

	if (rc == 0)
		finding_value(&d->findings,
		    &(struct finding_value){"certificates_ending", label, *n, "", NULL, NULL});
	return rc;
}

static int
check_ending(struct doctor *d, struct gh_error *err)
{
	int64_t week = 0, month = 0;
	int rc = count_ending(d, 7, "7d", &week, err);

	if (rc == 0)
		rc = count_ending(d, 30, "30d", &month, err);
	if (rc == 0)
		finding_ok(&d->findings, "certificates",
		    "%lld%s end within 7 days, %lld%s within 30", (long long)week,
		    week >= STORE_ENDING_MAX ? " or more" : "", (long long)month,
		    month >= STORE_ENDING_MAX ? " or more" : "");
	return rc;
}

void
doctor_state(struct doctor *d)
{
	const struct gh_conf *c = d->env.conf;
	struct gh_error err = {0};
	gh_json *gauges = NULL;
	int rc;

	if (d->gateway.catalog == NULL)
		return;
	rc = state_gauges_read(c, d->env.store, &gauges, &err);
	if (rc == 0) {
		state_judge(&d->findings, c, gauges, gh_now());
		rc = check_ending(d, &err);
	}
	gh_json_free(gauges);
	if (rc != 0)
		finding_wrong(&d->findings, FINDING_ERROR, "state", "try again", "%s", err.detail);
}
