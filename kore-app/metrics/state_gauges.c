/* A row for each gauge of store/status/gauge.h, and for those of the signer. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "timestamp.h"

#include "signer/client/signer_client.h"
#include "store/status/gauge.h"

#include "exposition.h"
#include "metrics.h"
#include "state_gauges.h"

static const struct {
	const char *gauge, *metric, *help;
	const char *label[2]; /* NULL: none */
} rows[] = {
    {"crl_next_update", "gatehouse_crl_next_update_timestamp_seconds",
	"nextUpdate of the newest CRL; shard: of the first shard to end; 0: none made yet.",
	{"ca", "kind"}},
    {"crl_this_update", "gatehouse_crl_this_update_timestamp_seconds",
	"When the newest CRL was made; shard: of the oldest of them; 0: none made yet.",
	{"ca", "kind"}},
    {"ca_not_after", "gatehouse_ca_not_after_timestamp_seconds", "End of the certificate of a CA.",
	{"ca", NULL}},
    {"ca_key_usable", "gatehouse_ca_key_usable",
	"1: the signer of this node can use the key of a CA; 0: it is locked by its password, or cannot be used.",
	{"ca", NULL}},
    {"ocsp_not_after", "gatehouse_ocsp_signer_not_after_timestamp_seconds",
	"End of the newest certificate of the OCSP signer of a CA.", {"ca", NULL}},
    {"ocsp_not_before", "gatehouse_ocsp_signer_not_before_timestamp_seconds",
	"Beginning of the newest certificate of the OCSP signer of a CA.", {"ca", NULL}},
    {"job_failures", "gatehouse_job_failures", "Runs of a job that failed, in a row.",
	{"name", NULL}},
    {"job_finished", "gatehouse_job_finished_timestamp_seconds",
	"End of the last run of a job; 0: never.", {"name", NULL}},
    {"kra_transport_not_after", "gatehouse_kra_transport_not_after_timestamp_seconds",
	"End of the transport certificate of the KRA.", {NULL, NULL}},
    {"key_requests", "gatehouse_key_requests_open",
	"Recoveries of keys that are asked for and not ended; 10000: or more.", {"state", NULL}},
    {"requests_pending", "gatehouse_requests_pending",
	"Requests for certificates that wait for officers; 10000: or more.", {NULL, NULL}},
    {"requests_oldest", "gatehouse_requests_oldest_seconds",
	"Age of the oldest request that waits for officers; 0: none.", {NULL, NULL}},
    {"notifications_waiting", "gatehouse_notifications_waiting",
	"Notifications that were not sent; 10000: or more.", {NULL, NULL}},
    {"sessions", "gatehouse_sessions", "Log-ins of browsers that are open; 10000: or more.",
	{NULL, NULL}},
    {"deliveries", "gatehouse_deliveries",
	"Messages that wait, and that were given up; 10000: or more.", {"channel", "state"}},
    {"deliveries_ended", "gatehouse_deliveries_ended",
	"Messages that were sent or given up since the database was made.", {"channel", "state"}},
    {"delivery_oldest", "gatehouse_delivery_oldest_seconds",
	"Age of the oldest message that waits; 0: none does.", {NULL, NULL}},
    {"kra_rotation_left", "gatehouse_kra_rotation_keys",
	"Archived keys that lie under a storage key which was replaced; 10000: or more.",
	{NULL, NULL}},
    {"syslog_oldest", "gatehouse_syslog_oldest_seconds",
	"Since the oldest row of the audit trail was sealed that has not been sent to the collector of syslog; 0: none waits.",
	{NULL, NULL}},
    {"endpoints", "gatehouse_endpoints",
	"Endpoints that scans asked within 8 days: all; without certificate; that ended the process which asked; whose certificate ends within 14 days, has ended, was revoked; 10000: or more.",
	{"state", NULL}},
    {"audit_findings", "gatehouse_audit_findings",
	"What the last verification of the audit trail has found to be otherwise than it was sealed; none has ended: no line.",
	{NULL, NULL}},
    {"audit_verified", "gatehouse_audit_verified_timestamp_seconds",
	"When the last verification of the audit trail ended.", {NULL, NULL}},
    {"audit_unsealed_age", "gatehouse_audit_unsealed_age_seconds",
	"Age of the oldest row of the audit trail without a seal; 0: all are sealed.",
	{NULL, NULL}},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* [gauge, value, label, label] */
static void
put_line(struct gh_buf *b, size_t row, const gh_json *line)
{
	const char *before = "{";
	int64_t value = 0;

	(void)!gh_json_int(gh_json_at(line, 1), &value);
	gh_buf_puts(b, rows[row].metric);
	for (size_t i = 0; i < 2 && rows[row].label[i] != NULL; i++) {
		const char *text = gh_json_string(gh_json_at(line, 2 + i));

		gh_buf_puts(b, before);
		exposition_put_label(b, rows[row].label[i], text != NULL ? text : "");
		before = ",";
	}
	gh_buf_putf(b, "%s %" PRId64 "\n", before[0] == ',' ? "}" : "", value);
}

/* Lines of one metric stand together, as the exposition format demands. */
static void
put_gauge(struct gh_buf *b, size_t row, const gh_json *lines)
{
	bool has_head = false;

	for (size_t i = 0; i < gh_json_size(lines); i++) {
		const char *gauge = gh_json_string(gh_json_at(gh_json_at(lines, i), 0));

		if (gauge == NULL || strcmp(gauge, rows[row].gauge) != 0)
			continue;
		if (!has_head)
			exposition_put_head(b, rows[row].metric, "gauge", rows[row].help);
		has_head = true;
		put_line(b, row, gh_json_at(lines, i));
	}
}

static int
publish(const gh_json *lines, struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, METRICS_STATE_MAX);
	exposition_put_gauge(&b, "gatehouse_state_timestamp_seconds",
	    "When the gauges below were read from the database.", (long long)gh_now());
	for (size_t i = 0; i < ROWS; i++)
		put_gauge(&b, i, lines);
	gh_buf_putc(&b, '\0');
	rc = gh_buf_check(&b, err);
	if (rc == 0)
		metrics_state_publish((const char *)b.data);
	gh_buf_free(&b);
	return rc;
}

int
state_gauges_read(const struct gh_conf *conf, struct store *s, gh_json **lines,
    struct gh_error *err)
{
	const struct store_gauge_options o = {conf->crl.delta_interval != 0,
	    conf->pages.session_idle, conf->syslog.host[0] != '\0', conf->scan.targets[0] != '\0'};

	return store_gauges(s, &o, lines, err);
}

/* A signer that does not answer is asked once: its own metric tells. */
static int
add_keys(gh_json *lines, const struct ca_set *cas, struct signer_client *signer)
{
	bool ok = true;

	for (size_t i = 0; signer != NULL && i < cas->n && ok; i++) {
		const struct ca *ca = cas->ca[i];
		char token[SIGNER_TOKEN_LABEL_SIZE];
		struct gh_error why = {0};
		gh_json *line;
		int rc;

		if (ca->sealed == NULL || ca->state == CA_RETIRED)
			continue;
		if ((rc = ca_look_for_key(ca, signer, token, &why)) == GH_E_SIGNER_DOWN)
			break;
		line = gh_json_new_array();
		ok = (gh_json_append(line, gh_json_new_string("ca_key_usable")) |
			 gh_json_append(line, gh_json_new_int(rc == 0)) |
			 gh_json_append(line, gh_json_new_string(ca->slug)) |
			 gh_json_append(lines, line)) == 0;
	}
	return ok ? 0 : GH_E_NOMEM;
}

int
state_gauges_refresh(const struct gh_conf *conf, struct store *s, const struct ca_set *cas,
    struct signer_client *signer, struct gh_error *err)
{
	gh_json *lines = NULL;
	int rc;

	if (!metrics_state_claim(gh_now(), STATE_GAUGES_SECONDS))
		return 0;
	rc = state_gauges_read(conf, s, &lines, err);
	if (rc == 0 && cas != NULL && add_keys(lines, cas, signer) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "gauges");
	if (rc == 0)
		rc = publish(lines, err);
	gh_json_free(lines);
	return rc;
}
