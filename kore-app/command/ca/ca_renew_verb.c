/* `gatehouse ca renew`: a new certificate for a CA, for the same key or a new one. */
#include <stdio.h>

#include "asn1_time.h"
#include "authority/renew.h"
#include "timestamp.h"

#include "ca_options.h"
#include "ca_work.h"
#include "command.h"
#include "verb.h"

static struct {
	struct authority_renewal spec;
	struct ca_passwords passwords;
} wish = {.spec = {.years = AUTHORITY_NOT_GIVEN, .days = AUTHORITY_NOT_GIVEN}};

static void
note_urls(const struct authority_renewed *r)
{
	if (r->kept_slug != NULL)
		fprintf(stderr,
		    "note: URLs of CRL or certificate do not contain \"/%s\" and stay as they are; the new key "
		    "needs its own: gatehouse ca set %s --base-url ...\n",
		    r->kept_slug, r->ca->name);
}

static int
report(const struct authority_renewed *r, bool json, struct gh_error *err)
{
	char until[GH_TIMESTAMP_SIZE];
	gh_json *o = gh_json_new_object();
	int64_t end;
	int bad;

	if (o == NULL || !gh_asn1_time_get(X509_get0_notAfter(r->ca->cert), &end)) {
		gh_json_free(o);
		return gh_fail(err, GH_E_NOMEM, "report");
	}
	gh_timestamp_format(end, until);
	bad = gh_json_set_int(o, "id", r->ca->id) != 0 ||
	    gh_json_set_string(o, "name", r->ca->name) != 0 ||
	    gh_json_set_string(o, "slug", r->ca->slug) != 0 ||
	    gh_json_set_string(o, "not_after", until) != 0 ||
	    gh_json_set_string(o, "superseded", r->old_name) != 0;
	if (!bad && json)
		(void)output_json(o);
	else if (!bad && r->old_name != NULL)
		printf("CA %s: new key, valid until %s; the old key is CA %s\n", r->ca->name, until,
		    r->old_name);
	else if (!bad)
		printf("CA %s: renewed, valid until %s\n", r->ca->name, until);
	gh_json_free(o);
	return bad ? gh_fail(err, GH_E_NOMEM, "report") : 0;
}

static int
renew(struct verb_call *c, struct gh_error *err)
{
	struct authority_renewed done;
	struct authority a;
	int rc;

	ca_work_init(&c->env, &c->signer, &wish.passwords, &a);
	if ((rc = authority_renew(&a, &wish.spec, &done, err)) != 0)
		return rc;
	note_urls(&done);
	rc = report(&done, c->json, err);
	authority_renewed_clear(&done);
	return rc;
}

static const struct option_row renew_options[] = {
    VERB_CONFIG,
    {"new-key", 0, OPTION_FLAG, &wish.spec.new_key, NULL,
	"with a new key: the name goes to it, the old key stays for CRLs and OCSP as NAME@1"},
    {"key-alg", 0, OPTION_TEXT, &wish.spec.key_alg, "ALG",
	"of the new key: " GH_KEY_NAMES " (default: as before)"},
    {"key-uri", 0, OPTION_TEXT, &wish.spec.key_uri, "URI",
	"the new key is in a PKCS#11 token: pkcs11:..."},
    {"years", 0, OPTION_NUMBER, &wish.spec.years, "N",
	"validity (default: as long as before), at most to the "
	"parent's end"},
    {"days", 0, OPTION_NUMBER, &wish.spec.days, "N", "validity in days, in place of --years"},
    {"password-file", 0, OPTION_TEXT, &wish.passwords.file, "FILE",
	"password of the CA's key, where it has one and is needed (\"-\": standard input; default: asked for)"},
    {"parent-password-file", 0, OPTION_TEXT, &wish.passwords.parent_file, "FILE",
	"password of the parent's key, likewise"},
    VERB_JSON,
    OPTION_END,
};

static int
check(const struct verb_call *c)
{
	struct gh_error err;

	if (authority_renew_check(&wish.spec, &ca_option_words, &err) != 0)
		return command_usage(c->who, "%s", err.message);
	wish.spec.name = c->operand[0];
	return COMMAND_OK;
}

const struct verb verb_ca_renew = {
    .usage = {"NAME", 1, 1,
	"Renews a CA: a new certificate for the same key, or for a new one. The parent is the CA that has its "
	"name now. What was issued before stays good: earlier certificates are served on, and a root with a "
	"new key gets OldWithNew and NewWithOld (RFC 4210).",
	"gatehouse ca renew issuing\ngatehouse ca renew root --new-key --key-alg P-384 --years 20\n"},
    .options = renew_options,
    .needs = NEEDS_GRANTS | NEEDS_SIGNER,
    .check = check,
    .work = renew,
};
