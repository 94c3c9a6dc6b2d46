/* `gatehouse db restored`: what must follow a restore of the database. docs/backup.md */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "asn1_time.h"
#include "authority/loaded_ca.h"
#include "hex.h"
#include "formats/revocation_reason.h"
#include "store/database/restored.h"
#include "timestamp.h"

#include "command.h"
#include "prompt.h"
#include "restored_source.h"
#include "verb.h"

#define MARGIN_DEFAULT 1000000

static struct option_list crls, logs;
static int margin = MARGIN_DEFAULT;
static bool revokes, revokes_unknown;
static const struct option_row options[] = {
    VERB_CONFIG,
    {"margin", 0, OPTION_NUMBER, &margin, "N", "how far numbers are advanced (default: 1000000)"},
    {"crl", 0, OPTION_LIST, &crls, "FILE", "a CRL that was published before, DER or PEM; repeat"},
    {"log", 0, OPTION_LIST, &logs, "FILE", "a log of a gateway (\"-\": standard input); repeat"},
    {"revoke", 0, OPTION_FLAG, &revokes, NULL,
	"revoke again what they show as revoked and the database does not"},
    {"revoke-unknown", 0, OPTION_FLAG, &revokes_unknown, NULL,
	"revoke also what a log shows as issued and the database does not know"},
    VERB_YES,
    VERB_JSON,
    OPTION_END,
};

struct restored {
	struct verb_call *call;
	struct ca_set cas;
	const char *source; /* file that is being read */
	bool is_crl;        /* it is signed by the CA of its entries */
	gh_json *found;
	int again;            /* revoked again */
	int64_t key_requests; /* that were open, and have ended */
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
	return store_revoke_again(r->call->env.store, &r->call->env.who, &f, err);
}

/* A CA speaks about its own certificates alone, whatever serial numbers its CRL has; one that was
 * renewed with its key, under each of its certificates. */
static bool
is_of(const struct restored *r, int64_t ca_id, const struct ca *signer)
{
	const struct ca *ca = ca_set_find_id(&r->cas, ca_id);

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
	    store_find_serial(r->call->env.store, i.serial, i.serial_len, &ca_id, &is_revoked, err);

	if (rc == 0 && ca_id != 0 && r->is_crl && !is_of(r, ca_id, i.ca))
		ca_id = 0;
	if (rc != 0 || (ca_id != 0 && (is_revoked || !i.is_revoked)))
		return rc; /* the database knows as much */
	if (ca_id != 0)
		i.ca = ca_set_find_id(&r->cas, ca_id);
	wanted = (i.is_revoked ? revokes : revokes_unknown) && i.ca != NULL;
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

	for (size_t i = 0; rc == 0 && i < crls.n; i++) {
		r->source = crls.v[i];
		r->is_crl = true;
		rc = restored_read_crl(r->source, &r->cas, judge, r, &ca, &number, err);
		if (rc == 0 && number > 0 && number < STORE_MARGIN_MAX)
			rc = store_set_crl_floor(r->call->env.store, ca->id, number + margin, err);
	}
	for (size_t i = 0; rc == 0 && i < logs.n; i++) {
		r->source = logs.v[i];
		r->is_crl = false;
		rc = restored_read_log(r->source, &r->cas, judge, r, err);
	}
	return rc;
}

static int
put_result(const struct restored *r, struct gh_error *err)
{
	gh_json *o = r->call->out = gh_json_new_object();

	if (gh_json_set_int(o, "margin", margin) != 0 ||
	    gh_json_set(o, "forgotten", gh_json_ref(r->found)) != 0 ||
	    gh_json_set_int(o, "revoked", r->again) != 0 ||
	    gh_json_set_int(o, "key_requests", r->key_requests) != 0)
		return gh_fail(err, GH_E_NOMEM, "result");
	return 0;
}

static int
run(struct verb_call *c, struct gh_error *err)
{
	struct restored r = {.call = c};
	int rc = 0;

	if (!verb_shared.is_sure)
		rc =
		    prompt_confirm("Is this database a restored one, and are all gateways stopped?",
			err);
	if (rc == 0)
		rc = loaded_ca_open_all(c->env.store, &r.cas, err);
	if (rc == 0)
		rc = store_restored(c->env.store, &c->env.who, margin, &r.key_requests, err);
	if (rc == 0 && (r.found = gh_json_new_array()) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "list");
	if (rc == 0)
		rc = read_sources(&r, err);
	if (rc == 0)
		rc = put_result(&r, err);
	ca_set_clear(&r.cas);
	gh_json_free(r.found);
	return rc;
}

static int
show(struct verb_call *c)
{
	static const struct output_column columns[] = {{"SERIAL", "serial"}, {"CA", "ca"},
	    {"THERE", "there"}, {"HERE", "here"}, {"AT", "at"}, {"REVOKED", "revoked"},
	    {"SOURCE", "source"}, {NULL, NULL}};
	int64_t again = 0, requests = 0;
	int rc;

	printf("numbers advanced by %d\n", margin);
	if (gh_json_int(gh_json_get(c->out, "key_requests"), &requests) && requests > 0)
		printf("%lld open recoveries of keys have ended: they are to be asked for again\n",
		    (long long)requests);
	if (crls.n + logs.n > 0 &&
	    (rc = output_table(gh_json_get(c->out, "forgotten"), columns)) != COMMAND_OK)
		return rc;
	if (gh_json_int(gh_json_get(c->out, "revoked"), &again))
		printf("%lld revoked again; make new CRLs with `gatehouse crl issue`\n",
		    (long long)again);
	return output_finish();
}

static int
check_margin(const struct verb_call *c)
{
	return margin >= 1 ? COMMAND_OK : command_usage(c->who, "--margin is at least 1");
}

const struct verb verb_db_restored = {
    .usage = {"", 0, 0,
	"Run it once after the database was restored, before a gateway starts. Numbers of requests, certificates, audit "
	"rows and CRLs continue beyond a margin, so that none is given out twice. Recoveries of keys that were open end. Lists what a kept CRL or log shows and "
	"the database has forgotten.",
	"gatehouse db restored --crl issuing.crl --log gateway.log\n"
	"journalctl -u gatehouse -o cat | gatehouse db restored --yes --log - --revoke\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .check = check_margin,
    .work = run,
    .show = show,
};
