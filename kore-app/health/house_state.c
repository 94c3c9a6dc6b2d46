/* What the database says of CRLs, OCSP signers, what waits, and certificates that end; and messages
 * that are not sent. See house.h. */
#include "metrics/state_gauges.h"
#include "store/status/delivery.h"
#include "store/status/housekeeping.h"
#include "timestamp.h"

#include "house.h"
#include "state_judge.h"

#define OLD_SECONDS 7200 /* of a message */

/* Certificates that end within so many days. */
static int
count_ending(struct findings *f, struct store *store, int days, const char *label, int64_t *n,
    struct gh_error *err)
{
	int rc = store_count_ending(store, days, n, err);

	if (rc == 0)
		finding_value(f,
		    &(struct finding_value){"certificates_ending", label, *n, "", NULL, NULL});
	return rc;
}

static int
check_ending(struct findings *f, struct store *store, struct gh_error *err)
{
	int64_t week = 0, month = 0;
	int rc = count_ending(f, store, 7, "7d", &week, err);

	if (rc == 0)
		rc = count_ending(f, store, 30, "30d", &month, err);
	if (rc == 0)
		finding_ok(f, "certificates", "%lld%s end within 7 days, %lld%s within 30",
		    (long long)week, week >= STORE_ENDING_MAX ? " or more" : "", (long long)month,
		    month >= STORE_ENDING_MAX ? " or more" : "");
	return rc;
}

void
house_state(struct findings *f, const struct worker_env *env)
{
	struct gh_error err = {0};
	gh_json *gauges = NULL;
	int rc;

	if (env->store == NULL || env->catalog == NULL)
		return;
	rc = state_gauges_read(env->conf, env->store, &gauges, &err);
	if (rc == 0) {
		state_judge(f, env->conf, gauges, gh_now());
		rc = check_ending(f, env->store, &err);
	}
	gh_json_free(gauges);
	if (rc != 0)
		finding_wrong(f, FINDING_ERROR, "state", "try again", "%s", err.detail);
}

/* ---- messages ---- */

static int64_t
number(const gh_json *summary, const char *name)
{
	int64_t n = 0;

	(void)!gh_json_int(gh_json_get(summary, name), &n);
	return n;
}

static void
judge_deliveries(struct findings *f, const gh_json *summary)
{
	const char *why = gh_json_string(gh_json_get(summary, "last_error"));
	int64_t dead = number(summary, "dead"), oldest = number(summary, "oldest");

	if (dead > 0)
		finding_wrong(f, FINDING_WARNING, "notify",
		    "`gatehouse notify list --state dead` shows why; then `gatehouse notify retry --all`",
		    "%lld messages were given up", (long long)dead);
	if (oldest > OLD_SECONDS)
		finding_wrong(f, FINDING_WARNING, "notify",
		    "`gatehouse notify list --state waiting`, `gatehouse notify test ADDRESS`",
		    "the oldest message waits for %lld s%s%.150s", (long long)oldest,
		    why != NULL ? ": " : "", why != NULL ? why : "");
	if (dead == 0 && oldest <= OLD_SECONDS)
		finding_ok(f, "notify", "%lld messages wait",
		    (long long)number(summary, "waiting"));
}

void
house_deliveries(struct findings *f, const struct worker_env *env)
{
	struct gh_error err = {0};
	gh_json *summary = NULL;

	if (env->store == NULL)
		return;
	if (store_delivery_summary(env->store, &summary, &err) != 0)
		finding_wrong(f, FINDING_ERROR, "notify", "try again", "%s", err.detail);
	else
		judge_deliveries(f, summary);
	gh_json_free(summary);
}
