/* `gatehouse db restored`: what must follow a restore of the database. docs/backup.md */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "asn1_time.h"
#include "hex.h"
#include "revocation_reason.h"
#include "store/restored.h"
#include "timestamp.h"

#include "command.h"
#include "options.h"
#include "output.h"
#include "prompt.h"
#include "restored_source.h"
#include "session.h"

#define MARGIN_DEFAULT 1000000

struct restored {
	const char *conf;
	struct option_list crl, log;
	int margin;
	bool revoke, revoke_unknown, yes, json;
	struct session session;
	struct catalog *catalog;
	const char *source; /* file that is being read */
	bool is_crl;        /* it is signed by the CA of its entries */
	gh_json *found;
	int again; /* revoked again */
};

/* ---- one certificate ---- */

static int
add(struct restored *r, const struct restored_item *i, const char *here, bool done,
    struct gh_error *err)
{
	char stamp[GH_TIMESTAMP_SIZE], *serial = gh_hex_encode(i->serial, i->serial_len);
	gh_json *row = gh_json_new_object();
	int bad = gh_json_set_string(row, "serial", serial) |
	    gh_json_set_string(row, "ca", i->ca != NULL ? i->ca->name : NULL) |
	    gh_json_set_string(row, "there",
		i->is_revoked ? revocation_reason_name(i->reason) : "issued") |
	    gh_json_set_string(row, "here", here) |
	    gh_json_set_string(row, "at", gh_timestamp_format(i->at, stamp)) |
	    gh_json_set_string(row, "source", r->source) | gh_json_set_bool(row, "revoked", done);

	free(serial);
	if (bad != 0) {
		gh_json_free(row);
		return gh_fail(err, GH_E_NOMEM, "list");
	}
	return gh_json_append(r->found, row) == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "list");
}

static int64_t
end_of(const struct ca *ca)
{
	int64_t end;

	return gh_asn1_time_get(X509_get0_notAfter(ca->cert), &end) ? end : gh_now();
}

static int
revoke(struct restored *r, const struct restored_item *i, int64_t ca_id, struct gh_error *err)
{
	char detail[300];
	const struct store_forgotten f = {.ca_id = ca_id,
	    .serial = i->serial,
	    .serial_len = i->serial_len,
	    .not_after = i->ca != NULL ? end_of(i->ca) : 0,
	    .revoked_at = i->at,
	    .reason = i->reason,
	    .detail = detail};

	snprintf(detail, sizeof(detail), "%s, again after a restore, from %.200s",
	    revocation_reason_name(i->reason), r->source);
	r->again++;
	return store_revoke_again(r->session.store, &r->session.who, &f, err);
}

/* A CA speaks about its own certificates alone, whatever serial numbers its CRL has; one that was
 * renewed with its key, under each of its certificates. */
static bool
is_of(const struct restored *r, int64_t ca_id, const struct ca *signer)
{
	const struct ca *ca = catalog_find_ca_id(r->catalog, ca_id);

	return ca != NULL && ca->cert != NULL &&
	    EVP_PKEY_eq(X509_get0_pubkey(ca->cert), X509_get0_pubkey(signer->cert)) == 1;
}

/* An entry of a CRL names its CA; a line of the log may not, and then the row of the database
 * does. */
static int
judge(void *arg, const struct restored_item *item, struct gh_error *err)
{
	struct restored *r = arg;
	struct restored_item i = *item;
	bool is_revoked, wanted;
	int64_t ca_id;
	int rc =
	    store_find_serial(r->session.store, i.serial, i.serial_len, &ca_id, &is_revoked, err);

	if (rc == 0 && ca_id != 0 && r->is_crl && !is_of(r, ca_id, i.ca))
		ca_id = 0;
	if (rc != 0 || (ca_id != 0 && (is_revoked || !i.is_revoked)))
		return rc; /* the database knows as much */
	if (ca_id != 0)
		i.ca = catalog_find_ca_id(r->catalog, ca_id);
	wanted = (i.is_revoked ? r->revoke : r->revoke_unknown) && i.ca != NULL;
	if (wanted)
		rc = revoke(r, &i, i.ca->id, err);
	return rc == 0 ? add(r, &i, ca_id != 0 ? "valid" : "unknown", wanted, err) : rc;
}

/* ---- all of them ---- */

/* CRLs first: they name the CA and are signed. */
static int
read_sources(struct restored *r, struct gh_error *err)
{
	const struct ca *ca;
	int64_t number;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->crl.n; i++) {
		r->source = r->crl.v[i];
		r->is_crl = true;
		rc = restored_read_crl(r->source, r->catalog, judge, r, &ca, &number, err);
		if (rc == 0 && number > 0 && number < STORE_MARGIN_MAX)
			rc = store_set_crl_floor(r->session.store, ca->id, number + r->margin, err);
	}
	for (size_t i = 0; rc == 0 && i < r->log.n; i++) {
		r->source = r->log.v[i];
		r->is_crl = false;
		rc = restored_read_log(r->source, r->catalog, judge, r, err);
	}
	return rc;
}

static int
run(struct restored *r, struct gh_error *err)
{
	int rc = session_open(&r->session, r->conf, SESSION_STORE | SESSION_SECRET, err);

	if (rc == 0 && !r->yes)
		rc =
		    prompt_confirm("Is this database a restored one, and are all gateways stopped?",
			err);
	if (rc == 0)
		rc = enroll_load_catalog(r->session.store, r->session.secret, &r->catalog, err);
	if (rc == 0)
		rc = store_restored(r->session.store, &r->session.who, r->margin, err);
	if (rc == 0 && (r->found = gh_json_new_array()) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "list");
	if (rc == 0)
		rc = read_sources(r, err);
	if (r->catalog != NULL)
		catalog_free(r->catalog);
	session_close(&r->session);
	return rc;
}

static int
show(const struct restored *r)
{
	static const struct output_column columns[] = {{"SERIAL", "serial"}, {"CA", "ca"},
	    {"THERE", "there"}, {"HERE", "here"}, {"AT", "at"}, {"REVOKED", "revoked"},
	    {"SOURCE", "source"}, {NULL, NULL}};
	gh_json *v;
	int rc;

	if (r->json) {
		v = gh_json_new_object();
		rc = gh_json_set_int(v, "margin", r->margin) |
		    gh_json_set(v, "forgotten", gh_json_ref(r->found)) |
		    gh_json_set_int(v, "revoked", r->again);
		rc = rc == 0 ? output_json(v) : COMMAND_FAILED;
		gh_json_free(v);
		return rc;
	}
	printf("numbers advanced by %d\n", r->margin);
	if (r->crl.n + r->log.n > 0 && (rc = output_table(r->found, columns)) != COMMAND_OK)
		return rc;
	printf("%d revoked again; make new CRLs with `gatehouse crl issue`\n", r->again);
	return output_finish();
}

int
cmd_db_restored(int argc, char **argv)
{
	struct restored r = {.margin = MARGIN_DEFAULT};
	const struct option_row rows[] = {
	    OPTION_CONFIG(&r.conf),
	    {"margin", 0, OPTION_NUMBER, &r.margin, "N",
		"how far numbers are advanced (default: 1000000)"},
	    {"crl", 0, OPTION_LIST, &r.crl, "FILE",
		"a CRL that was published before, DER or PEM; repeat"},
	    {"log", 0, OPTION_LIST, &r.log, "FILE",
		"a log of a gateway (\"-\": standard input); repeat"},
	    {"revoke", 0, OPTION_FLAG, &r.revoke, NULL,
		"revoke again what they show as revoked and the database does not"},
	    {"revoke-unknown", 0, OPTION_FLAG, &r.revoke_unknown, NULL,
		"revoke also what a log shows as issued and the database does not know"},
	    {"yes", 'y', OPTION_FLAG, &r.yes, NULL, "do not ask"},
	    OPTION_JSON(&r.json),
	    OPTION_END,
	};
	static const struct usage usage = {"", 0, 0,
	    "Run it once after the database was restored, before a gateway starts. Numbers of requests, certificates, audit "
	    "rows and CRLs continue beyond a margin, so that none is given out twice. Lists what a kept CRL or log shows and "
	    "the database has forgotten.",
	    "gatehouse db restored --crl issuing.crl --log gateway.log\n"
	    "journalctl -u gatehouse -o cat | gatehouse db restored --yes --log - --revoke\n"};
	struct gh_error err;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (r.margin < 1)
		return command_usage(argv[0], "--margin is at least 1");
	rc = run(&r, &err);
	rc = rc == 0 ? show(&r) : command_fail(argv[0], &err);
	gh_json_free(r.found);
	return rc;
}
