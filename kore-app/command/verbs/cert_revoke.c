/* `gatehouse cert revoke` and `gatehouse cert unrevoke`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority/revoke.h"

#include "cert_output.h"
#include "command.h"
#include "verb.h"

#define ID_DIGITS_MAX 18 /* longer ones are serial numbers; as `gatehouse cert show` */

static struct revoke_request wish; /* key: when the store is open */
static const char *issuer_name;

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

/* A revocation is final: somebody says so on the terminal, or --yes. Who does not is told, and
 * c->exit is set. */
static int
confirm(struct verb_call *c, int64_t id, struct gh_error *err)
{
	gh_json *row = NULL;
	char key[24], line[16];
	int rc;

	if (!isatty(STDIN_FILENO)) {
		c->exit = command_usage(c->who, "a revocation is final: say --yes, or use --hold");
		return 0;
	}
	snprintf(key, sizeof(key), "%" PRId64, id);
	if ((rc = store_get_cert(c->env.store, key, &row, err)) != 0)
		return rc;
	printf("Revoke certificate %s, serial ", key);
	output_safe(stdout, gh_json_string(gh_json_get(row, "serial")));
	fputs(", ", stdout);
	output_safe(stdout, gh_json_string(gh_json_get(row, "subject")));
	printf(", for %s? This is final. [y/N] ", revocation_reason_name(wish.reason));
	fflush(stdout);
	gh_json_free(row);
	if (fgets(line, sizeof(line), stdin) != NULL &&
	    (strcmp(line, "y\n") == 0 || strcmp(line, "yes\n") == 0))
		return 0;
	fprintf(stderr, "%s: not confirmed, nothing was changed\n", c->who);
	c->exit = COMMAND_FAILED;
	return 0;
}

/* What is shown is the certificate as it is recorded then. */
static int
set_status(struct verb_call *c, struct gh_error *err)
{
	struct store_cert_status st;
	char key[24];
	int rc = revoke_set_status(c->env.store, c->env.conf, &c->env.who, &wish, &st, err);

	if (rc != 0)
		return rc;
	snprintf(key, sizeof(key), "%" PRId64, st.id);
	return cert_output_read(c->env.store, key, &c->out, err);
}

static int
change_status(struct verb_call *c, struct gh_error *err)
{
	int64_t id;
	int rc;

	set_key(&wish.key, c->operand[0], issuer_name);
	rc = store_find_cert(c->env.store, &wish.key, &id, err);
	if (rc == 0 && wish.to == STORE_CERT_REVOKED && !verb_shared.is_sure)
		rc = confirm(c, id, err);
	return rc == 0 && c->exit == COMMAND_OK ? set_status(c, err) : rc;
}

static int
check_comment(const struct verb_call *c)
{
	if (wish.comment != NULL && !revoke_comment_is_valid(wish.comment))
		return command_usage(c->who,
		    "--comment has at most 1024 characters, and no control characters");
	return COMMAND_OK;
}

#define OPTION_ISSUER \
	{ \
		"issuer", 0, OPTION_TEXT, &issuer_name, "DN", \
		    "issuer, when several have a certificate of that serial number" \
	}
#define OPTION_COMMENT \
	{ \
		"comment", 'm', OPTION_TEXT, &wish.comment, "TEXT", \
		    "recorded with it; at most 1024 characters" \
	}

/* ---- revoke ---- */

static const char *reason, *date;
static bool hold;
static const struct option_row revoke_options[] = {
    VERB_CONFIG,
    {"reason", 'r', OPTION_TEXT, &reason, "REASON",
	"number or name of RFC 5280, 5.3.1: keyCompromise, superseded ... (default: unspecified)"},
    {"hold", 0, OPTION_FLAG, &hold, NULL, "put it on hold; `gatehouse cert unrevoke` ends that"},
    {"invalidity-date", 0, OPTION_TEXT, &date, "TIME",
	"since when the key is known or suspected to be lost"},
    OPTION_COMMENT,
    OPTION_ISSUER,
    VERB_YES,
    VERB_JSON,
    OPTION_END,
};

static int
check_revoke(const struct verb_call *c)
{
	if (hold && reason != NULL)
		return command_usage(c->who, "--hold is a reason of its own");
	if (reason != NULL &&
	    (!revocation_reason_parse(reason, &wish.reason) ||
		wish.reason == REASON_REMOVE_FROM_CRL))
		return command_usage(c->who,
		    "\"%s\" is no reason of a revocation: those are 0 to 6, 9 and 10, or their "
		    "names as in keyCompromise",
		    reason);
	if (date != NULL && !revoke_date_parse(date, &wish.invalidity_date))
		return command_usage(c->who,
		    "--invalidity-date is a time like 2026-01-02T03:04:05Z");
	if (hold)
		wish.reason = REASON_CERTIFICATE_HOLD;
	wish.to = revoke_state_of(wish.reason);
	return check_comment(c);
}

const struct verb verb_cert_revoke = {
    .usage = {"ID|SERIAL|THUMBPRINT", 1, 1,
	"Revokes a certificate, for good, or puts it on hold. CRLs and OCSP tell it from now on.",
	"gatehouse cert revoke 17 --reason keyCompromise --invalidity-date 2026-05-05\n"
	"gatehouse cert revoke 3F9A0C... --hold --comment 'laptop missing'\n"},
    .options = revoke_options,
    .needs = NEEDS_STORE,
    .check = check_revoke,
    .work = change_status,
    .hidden = "der",
};

/* ---- unrevoke ---- */

static const struct option_row unrevoke_options[] = {VERB_CONFIG, OPTION_COMMENT, OPTION_ISSUER,
    VERB_JSON, OPTION_END};

static int
check_unrevoke(const struct verb_call *c)
{
	wish.to = STORE_CERT_VALID;
	return check_comment(c);
}

const struct verb verb_cert_unrevoke = {
    .usage = {"ID|SERIAL|THUMBPRINT", 1, 1,
	"Ends the hold of a certificate. What was revoked for another reason stays revoked.",
	"gatehouse cert unrevoke 17 --comment 'laptop is back'\n"},
    .options = unrevoke_options,
    .needs = NEEDS_STORE,
    .check = check_unrevoke,
    .work = change_status,
    .hidden = "der",
};
