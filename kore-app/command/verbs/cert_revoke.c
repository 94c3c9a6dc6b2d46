/* `gatehouse cert revoke` and `gatehouse cert unrevoke`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority/revoke.h"
#include "command.h"
#include "options.h"
#include "output.h"
#include "session.h"

#define ID_DIGITS_MAX 18 /* longer ones are serial numbers; as `gatehouse cert show` */

struct status_options {
	const char *conf, *issuer;
	bool json, is_sure;
};

static void
set_key(struct store_cert_key *key, const char *text, const char *issuer)
{
	char digits[STORE_HEX_DIGITS_MAX + 1];
	size_t n = strlen(text), hex = store_clean_hex(text, digits) ? strlen(digits) : 0;

	memset(key, 0, sizeof(*key));
	if (issuer == NULL && n > 0 && n <= ID_DIGITS_MAX && strspn(text, "0123456789") == n)
		key->id = strtoll(text, NULL, 10);
	else if (issuer == NULL && (hex == 40 || hex == 64))
		key->thumbprint = text;
	else
		key->serial = text;
	key->issuer_dn = issuer;
}

/* A revocation is final: somebody says so on the terminal, or --yes. */
static int
confirm(const char *who, struct store *store, int64_t id, int reason, struct gh_error *err)
{
	gh_json *row = NULL;
	char key[24], line[16];
	int rc;

	if (!isatty(STDIN_FILENO))
		return command_usage(who, "a revocation is final: say --yes, or use --hold");
	snprintf(key, sizeof(key), "%" PRId64, id);
	rc = store_get_cert(store, key, &row, err);
	if (rc != 0)
		return command_fail(who, err);
	printf("Revoke certificate %s, serial ", key);
	output_safe(stdout, gh_json_string(gh_json_get(row, "serial")));
	fputs(", ", stdout);
	output_safe(stdout, gh_json_string(gh_json_get(row, "subject")));
	printf(", for %s? This is final. [y/N] ", revocation_reason_name(reason));
	fflush(stdout);
	gh_json_free(row);
	if (fgets(line, sizeof(line), stdin) != NULL &&
	    (strcmp(line, "y\n") == 0 || strcmp(line, "yes\n") == 0))
		return OPTIONS_GO;
	fprintf(stderr, "%s: not confirmed, nothing was changed\n", who);
	return COMMAND_FAILED;
}

/* The certificate as it is recorded now. */
static int
show(const char *who, struct store *store, int64_t id, bool json)
{
	struct gh_error err;
	gh_json *row = NULL;
	char key[24];
	int rc;

	snprintf(key, sizeof(key), "%" PRId64, id);
	if (store_get_cert(store, key, &row, &err) != 0)
		return command_fail(who, &err);
	rc = json ? output_json(row) : output_object(row, "der");
	gh_json_free(row);
	return rc;
}

static int
change_status(const char *who, const struct status_options *o, struct revoke_request *r,
    const char *name)
{
	struct store_cert_status st;
	struct gh_error err;
	struct session s;
	int64_t id;
	int rc;

	set_key(&r->key, name, o->issuer);
	if (session_open(&s, o->conf, SESSION_STORE, &err) != 0)
		return command_fail(who, &err);
	if (store_find_cert(s.store, &r->key, &id, &err) != 0)
		rc = command_fail(who, &err);
	else {
		rc = OPTIONS_GO;
		if (r->to == STORE_CERT_REVOKED && !o->is_sure)
			rc = confirm(who, s.store, id, r->reason, &err);
		if (rc == OPTIONS_GO)
			rc = revoke_set_status(s.store, s.conf, &s.who, r, &st, &err) != 0
			    ? command_fail(who, &err)
			    : show(who, s.store, st.id, o->json);
	}
	session_close(&s);
	return rc;
}

#define OPTION_ISSUER(p) \
	{ \
		"issuer", 0, OPTION_TEXT, p, "DN", \
		    "issuer, when several have a certificate of that serial number" \
	}
#define OPTION_COMMENT(p) \
	{ \
		"comment", 'm', OPTION_TEXT, p, "TEXT", \
		    "recorded with it; at most 1024 characters" \
	}

int
cmd_cert_revoke(int argc, char **argv)
{
	struct status_options o = {0};
	struct revoke_request r = {0};
	const char *reason = NULL, *date = NULL;
	bool hold = false;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&o.conf),
	    {"reason", 'r', OPTION_TEXT, &reason, "REASON",
		"number or name of RFC 5280, 5.3.1: keyCompromise, superseded ... (default: unspecified)"},
	    {"hold", 0, OPTION_FLAG, &hold, NULL,
		"put it on hold; `gatehouse cert unrevoke` ends that"},
	    {"invalidity-date", 0, OPTION_TEXT, &date, "TIME",
		"since when the key is known or suspected to be lost"},
	    OPTION_COMMENT(&r.comment),
	    OPTION_ISSUER(&o.issuer),
	    {"yes", 'y', OPTION_FLAG, &o.is_sure, NULL, "do not ask"},
	    OPTION_JSON(&o.json),
	    OPTION_END,
	};
	static const struct usage usage = {"ID|SERIAL|THUMBPRINT", 1, 1,
	    "Revokes a certificate, for good, or puts it on hold. CRLs and OCSP tell it from now on.",
	    "gatehouse cert revoke 17 --reason keyCompromise --invalidity-date 2026-05-05\n"
	    "gatehouse cert revoke 3F9A0C... --hold --comment 'laptop missing'\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (hold && reason != NULL)
		return command_usage(argv[0], "--hold is a reason of its own");
	if (reason != NULL &&
	    (!revocation_reason_parse(reason, &r.reason) || r.reason == REASON_REMOVE_FROM_CRL))
		return command_usage(argv[0],
		    "\"%s\" is no reason of a revocation: those are 0 to 6, 9 and 10, or their "
		    "names as in keyCompromise",
		    reason);
	if (date != NULL && !revoke_date_parse(date, &r.invalidity_date))
		return command_usage(argv[0],
		    "--invalidity-date is a time like 2026-01-02T03:04:05Z");
	if (r.comment != NULL && !revoke_comment_is_valid(r.comment))
		return command_usage(argv[0],
		    "--comment has at most 1024 characters, and no control characters");
	if (hold)
		r.reason = REASON_CERTIFICATE_HOLD;
	r.to = revoke_state_of(r.reason);
	return change_status(argv[0], &o, &r, argv[1]);
}

int
cmd_cert_unrevoke(int argc, char **argv)
{
	struct status_options o = {0};
	struct revoke_request r = {.to = STORE_CERT_VALID};
	const struct option_row rows[] = {
	    OPTION_CONFIG(&o.conf),
	    OPTION_COMMENT(&r.comment),
	    OPTION_ISSUER(&o.issuer),
	    OPTION_JSON(&o.json),
	    OPTION_END,
	};
	static const struct usage usage = {"ID|SERIAL|THUMBPRINT", 1, 1,
	    "Ends the hold of a certificate. What was revoked for another reason stays revoked.",
	    "gatehouse cert unrevoke 17 --comment 'laptop is back'\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (r.comment != NULL && !revoke_comment_is_valid(r.comment))
		return command_usage(argv[0],
		    "--comment has at most 1024 characters, and no control characters");
	return change_status(argv[0], &o, &r, argv[1]);
}
