/* See state_judge.h. The thresholds are those of the alerts in conf/prometheus/, where they do not
 * follow from the configuration. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "calendar.h"

#include "state_judge.h"

#define OCSP_SOON (2 * GH_DAY_SECONDS)
#define UNSEALED_MAX 900
#define UNSENT_MAX 900

struct judge {
	struct findings *f;
	const struct gh_conf *conf;
	const gh_json *gauges;
	int64_t now;
};

struct gauge {
	int64_t value;
	const char *a, *b; /* labels, "" for none */
};

static const char *
label(const gh_json *line, size_t i)
{
	const char *text = gh_json_string(gh_json_at(line, i));

	return text != NULL ? text : "";
}

/* The line at *i or behind it that is about this; *i moves behind it. */
static bool
next(const struct judge *j, const char *name, size_t *i, struct gauge *out)
{
	for (; *i < gh_json_size(j->gauges); ++*i) {
		const gh_json *line = gh_json_at(j->gauges, *i);

		if (strcmp(label(line, 0), name) != 0 ||
		    !gh_json_int(gh_json_at(line, 1), &out->value))
			continue;
		out->a = label(line, 2);
		out->b = label(line, 3);
		++*i;
		return true;
	}
	return false;
}

/* Of the same labels; 0 where there is none. */
static int64_t
value_of(const struct judge *j, const char *name, const char *a, const char *b)
{
	struct gauge g;

	for (size_t i = 0; next(j, name, &i, &g);)
		if (strcmp(g.a, a) == 0 && strcmp(g.b, b) == 0)
			return g.value;
	return 0;
}

/* ---- CRLs ---- */

static void
judge_crl(const struct judge *j, const struct gauge *g)
{
	int64_t left = g->value - j->now, soon = j->conf->crl.grace / 2;
	int64_t age = j->now - value_of(j, "crl_this_update", g->a, g->b);
	char name[160], made[FINDING_SPAN_SIZE], ends[FINDING_SPAN_SIZE], range[24], todo[120];
	bool is_delta = strcmp(g->b, "delta") == 0;

	snprintf(name, sizeof(name), "%.100s_%.20s", g->a, g->b);
	snprintf(range, sizeof(range), "%" PRId64 ":", is_delta ? 0 : soon);
	snprintf(todo, sizeof(todo), "`gatehouse crl issue` for this CA says why");
	if (g->value == 0) {
		finding_wrong(j->f, FINDING_ERROR, "crl", todo, "CA %s has no %s CRL", g->a, g->b);
		return;
	}
	finding_value(j->f, &(struct finding_value){"crl_age", name, age, "s", NULL, NULL});
	finding_value(j->f, &(struct finding_value){"crl_left", name, left, "s", range, "0:"});
	finding_span(age > 0 ? age : 0, made);
	finding_span(left > 0 ? left : -left, ends);
	if (left <= 0)
		finding_wrong(j->f, FINDING_ERROR, "crl", todo,
		    "the %s CRL of %s ended %s ago: relying parties refuse its certificates", g->b,
		    g->a, ends);
	else if (!is_delta && left < soon)
		finding_wrong(j->f, FINDING_WARNING, "crl", todo,
		    "the %s CRL of %s ends in %s and was not renewed", g->b, g->a, ends);
	else
		finding_ok(j->f, "crl", "%s, %s: made %s ago, next within %s", g->a, g->b, made,
		    ends);
}

static void
judge_ocsp(const struct judge *j, const struct gauge *g)
{
	int64_t left = g->value - j->now;
	int64_t age = j->now - value_of(j, "ocsp_not_before", g->a, g->b);
	char made[FINDING_SPAN_SIZE], ends[FINDING_SPAN_SIZE];

	finding_value(j->f, &(struct finding_value){"ocsp_signer_age", g->a, age, "s", NULL, NULL});
	finding_value(j->f,
	    &(struct finding_value){"ocsp_signer_left", g->a, left, "s", "172800:", "0:"});
	finding_span(age > 0 ? age : 0, made);
	finding_span(left > 0 ? left : -left, ends);
	if (left <= 0)
		finding_wrong(j->f, FINDING_ERROR, "ocsp-signer",
		    "`gatehouse job run ocsp-signer` says why",
		    "the OCSP signer of %s ended %s ago: nobody answers for its certificates", g->a,
		    ends);
	else if (left < OCSP_SOON)
		finding_wrong(j->f, FINDING_WARNING, "ocsp-signer",
		    "`gatehouse job run ocsp-signer` says why; mostly the CA's key is locked",
		    "the OCSP signer of %s ends in %s and was not renewed", g->a, ends);
	else
		finding_ok(j->f, "ocsp-signer", "%s: made %s ago, ends in %s", g->a, made, ends);
}

/* ---- what waits ---- */

static void
judge_audit(const struct judge *j)
{
	int64_t age = value_of(j, "audit_unsealed_age", "", "");
	char span[FINDING_SPAN_SIZE];

	finding_value(j->f,
	    &(struct finding_value){"audit_unsealed_age", NULL, age, "s", NULL, "900"});
	finding_span(age, span);
	if (age > UNSEALED_MAX)
		finding_wrong(j->f, FINDING_ERROR, "audit",
		    "`gatehouse job run audit-seal` says why: mostly the signer is down",
		    "rows of the audit trail have been waiting for their seal for %s", span);
	else
		finding_ok(j->f, "audit",
		    age == 0 ? "all rows are sealed" : "the oldest row without a seal is %s old",
		    span);
}

/* What is wrong stays wrong until a verification has found nothing. */
static void
judge_verified(const struct judge *j)
{
	int64_t found = value_of(j, "audit_findings", "", "");
	int64_t at = value_of(j, "audit_verified", "", "");
	char span[FINDING_SPAN_SIZE];

	if (at == 0)
		return;
	finding_value(j->f, &(struct finding_value){"audit_findings", NULL, found, "", NULL, "0"});
	finding_span(j->now > at ? j->now - at : 0, span);
	if (found > 0)
		finding_wrong(j->f, FINDING_ERROR, "audit",
		    "`gatehouse audit verify` says what; keep the database as it is",
		    "the audit trail is not what was sealed; findings: %" PRId64, found);
	else
		finding_ok(j->f, "audit", "verified %s ago: all is as it was sealed", span);
}

static void
judge_syslog(const struct judge *j)
{
	int64_t age = value_of(j, "syslog_oldest", "", "");
	char span[FINDING_SPAN_SIZE];

	if (j->conf->syslog.host[0] == '\0')
		return;
	finding_value(j->f, &(struct finding_value){"syslog_oldest", NULL, age, "s", "900", NULL});
	finding_span(age, span);
	if (age > UNSENT_MAX)
		finding_wrong(j->f, FINDING_WARNING, "syslog",
		    "`gatehouse job run syslog` says why",
		    "rows of the audit trail have been waiting for %s to be sent to %s", span,
		    j->conf->syslog.host);
	else
		finding_ok(j->f, "syslog", "%s has the audit trail%s%s", j->conf->syslog.host,
		    age > 0 ? ", up to the last " : "", age > 0 ? span : "");
}

/* Others may have to mend it: only what relying parties refuse is wrong. */
static void
judge_endpoints(const struct judge *j)
{
	int64_t bad =
	    value_of(j, "endpoints", "ended", "") + value_of(j, "endpoints", "revoked", "");
	struct gauge g;

	if (j->conf->scan.targets[0] == '\0')
		return;
	for (size_t i = 0; next(j, "endpoints", &i, &g);)
		finding_value(j->f,
		    &(struct finding_value){"endpoints", g.a, g.value, "", NULL, NULL});
	if (bad > 0)
		finding_wrong(j->f, FINDING_WARNING, "endpoints", "`gatehouse scan list`",
		    "%" PRId64 " serve a certificate that has ended or was revoked", bad);
	else
		finding_ok(j->f, "endpoints",
		    "%" PRId64 " asked, %" PRId64 " without certificate, %" PRId64
		    " with one that ends within 14 days",
		    value_of(j, "endpoints", "all", ""), value_of(j, "endpoints", "failing", ""),
		    value_of(j, "endpoints", "ending", ""));
}

static void
judge_requests(const struct judge *j)
{
	int64_t n = value_of(j, "requests_pending", "", "");
	int64_t oldest = value_of(j, "requests_oldest", "", "");
	int64_t expiry = j->conf->jobs.request_expiry_days * (int64_t)GH_DAY_SECONDS;
	char span[FINDING_SPAN_SIZE];

	finding_value(j->f, &(struct finding_value){"requests_pending", NULL, n, "", NULL, NULL});
	finding_value(j->f,
	    &(struct finding_value){"requests_oldest", NULL, oldest, "s", NULL, NULL});
	finding_span(oldest, span);
	if (n == 0)
		finding_ok(j->f, "requests", "none waits for an officer");
	else if (expiry > 0 && oldest > expiry / 2)
		finding_wrong(j->f, FINDING_WARNING, "requests", "`gatehouse request list`",
		    "%" PRId64 " wait for an officer, the oldest for %s; after %d days it expires",
		    n, span, j->conf->jobs.request_expiry_days);
	else
		finding_ok(j->f, "requests", "%" PRId64 " wait for an officer, the oldest for %s",
		    n, span);
}

static void
judge_recoveries(const struct judge *j)
{
	int64_t pending = value_of(j, "key_requests", "pending", "");
	int64_t approved = value_of(j, "key_requests", "approved", "");

	if (j->conf->kra.socket[0] == '\0')
		return;
	finding_value(j->f,
	    &(struct finding_value){"recoveries_pending", NULL, pending, "", NULL, NULL});
	finding_ok(j->f, "recoveries", "%" PRId64 " wait for agents, %" PRId64 " may be fetched",
	    pending, approved);
}

static void
put_deliveries(const struct judge *j)
{
	struct gauge g;

	for (size_t i = 0; next(j, "deliveries", &i, &g);) {
		char name[64];

		snprintf(name, sizeof(name), "%.20s_%.20s", g.a, g.b);
		finding_value(j->f,
		    &(struct finding_value){"deliveries", name, g.value, "",
			strcmp(g.b, "dead") == 0 ? "0" : NULL, NULL});
	}
}

void
state_judge(struct findings *f, const struct gh_conf *conf, const gh_json *gauges, int64_t now)
{
	const struct judge j = {f, conf, gauges, now};
	struct gauge g;

	for (size_t i = 0; next(&j, "crl_next_update", &i, &g);)
		judge_crl(&j, &g);
	for (size_t i = 0; next(&j, "ocsp_not_after", &i, &g);)
		judge_ocsp(&j, &g);
	judge_verified(&j);
	judge_audit(&j);
	judge_syslog(&j);
	judge_endpoints(&j);
	judge_requests(&j);
	judge_recoveries(&j);
	put_deliveries(&j);
}
