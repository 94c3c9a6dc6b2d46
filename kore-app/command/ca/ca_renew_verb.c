/* `gatehouse ca renew`: a new certificate for a CA, for the same key or a new one. */
#include <stdio.h>

#include "asn1_time.h"
#include "authority/renew.h"
#include "key_alg.h"
#include "timestamp.h"

#include "ca_work.h"
#include "command.h"
#include "options.h"
#include "output.h"
#include "signer_session.h"

struct renewal {
	struct authority_renewal spec;
	struct ca_passwords passwords;
	bool json;
};

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
renew(struct session *s, struct own_signer *signer, void *arg, struct gh_error *err)
{
	const struct renewal *r = arg;
	struct authority_renewed done;
	struct authority a;
	int rc;

	ca_work_init(s, signer, &r->passwords, &a);
	if ((rc = authority_renew(&a, &r->spec, &done, err)) != 0)
		return rc;
	note_urls(&done);
	rc = report(&done, r->json, err);
	authority_renewed_clear(&done);
	return rc;
}

int
cmd_ca_renew(int argc, char **argv)
{
	const char *conf = NULL;
	struct renewal a = {.spec = {.years = -1, .days = -1}}; /* not given */
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"new-key", 0, OPTION_FLAG, &a.spec.new_key, NULL,
		"with a new key: the name goes to it, the old key stays for CRLs and OCSP as NAME@1"},
	    {"key-alg", 0, OPTION_TEXT, &a.spec.key_alg, "ALG",
		"of the new key: " AUTHORITY_KEY_ALGS " (default: as before)"},
	    {"key-uri", 0, OPTION_TEXT, &a.spec.key_uri, "URI",
		"the new key is in a PKCS#11 token: pkcs11:..."},
	    {"years", 0, OPTION_NUMBER, &a.spec.years, "N",
		"validity (default: as long as before), at most to the "
		"parent's end"},
	    {"days", 0, OPTION_NUMBER, &a.spec.days, "N", "validity in days, in place of --years"},
	    {"password-file", 0, OPTION_TEXT, &a.passwords.file, "FILE",
		"password of the CA's key, where it has one and is needed (\"-\": standard input; default: asked for)"},
	    {"parent-password-file", 0, OPTION_TEXT, &a.passwords.parent_file, "FILE",
		"password of the parent's key, likewise"},
	    OPTION_JSON(&a.json),
	    OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1,
	    "Renews a CA: a new certificate for the same key, or for a new one. The parent is the CA that has its "
	    "name now. What was issued before stays good: earlier certificates are served on, and a root with a "
	    "new key gets OldWithNew and NewWithOld (RFC 4210).",
	    "gatehouse ca renew issuing\ngatehouse ca renew root --new-key --key-alg P-384 --years 20\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (!a.spec.new_key && (a.spec.key_alg != NULL || a.spec.key_uri != NULL))
		return command_usage(argv[0], "--key-alg and --key-uri need --new-key");
	if (a.spec.key_alg != NULL && !gh_key_is_name(a.spec.key_alg))
		return command_usage(argv[0], "--key-alg is " AUTHORITY_KEY_ALGS);
	if (a.spec.years == 0 || a.spec.days == 0)
		return command_usage(argv[0], "--years and --days are at least 1");
	a.spec.years = a.spec.years > 0 ? a.spec.years : 0;
	a.spec.days = a.spec.days > 0 ? a.spec.days : 0;
	if (a.spec.years > AUTHORITY_YEARS_MAX || a.spec.days > AUTHORITY_YEARS_MAX * 366)
		return command_usage(argv[0], "--years is at most %d", AUTHORITY_YEARS_MAX);
	a.spec.name = argv[1];
	rc = signer_session_run(argv[0], conf, renew, &a);
	return rc == COMMAND_OK ? output_finish() : rc;
}
