/* `gatehouse key recover`: a request for a key, bound to a wrapping that this client made. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "uuid.h"

#include "command.h"
#include "key_delivery.h"
#include "key_receipt.h"
#include "key_call.h"
#include "verb.h"

static const char *certificate, *transport, *ticket, *comment, *friendly_name;
static bool is_p12;
static int64_t certificate_id;

static const struct option_row options[] = {
    {"certificate", 0, OPTION_TEXT, &certificate, "ID",
	"the newest active key of this certificate, in place of KEY"},
    {"comment", 'm', OPTION_TEXT, &comment, "TEXT", "why, for the agents"},
    {"transport", 0, OPTION_TEXT, &transport, "FILE",
	"transport certificate of the KRA, as it was handed out (default: the gateway is asked)"},
    {"ticket", 0, OPTION_TEXT, &ticket, "FILE",
	"where the session key is kept until `key retrieve` (default: KEY.ticket here)"},
    {"p12", 0, OPTION_FLAG, &is_p12, NULL,
	"as PKCS#12 with certificate and chain, in place of the key alone"},
    {"name", 0, OPTION_TEXT, &friendly_name, "TEXT", "friendlyName in the PKCS#12"},
    KEY_RECEIPT_PASSWORD_OPTIONS,
    KEY_DELIVERY_OPTIONS,
    CLIENT_REST_OPTIONS,
    VERB_JSON,
    OPTION_END,
};

static int
check(const struct verb_call *c)
{
	unsigned char id[GH_UUID_SIZE];

	if ((c->operands == 1) == (certificate != NULL))
		return command_usage(c->who,
		    "name the key by KEY, or its certificate by --certificate");
	if (c->operands == 1 && !gh_uuid_parse(c->operand[0], id))
		return command_usage(c->who, "\"%s\" is no id of a key", c->operand[0]);
	if (certificate != NULL && !options_parse_id(certificate, &certificate_id))
		return command_usage(c->who, "--certificate \"%s\" is no id", certificate);
	if (!is_p12 &&
	    (friendly_name != NULL || key_receipt_options.password_file != NULL ||
		key_receipt_options.makes_password))
		return command_usage(c->who,
		    "--name, --p12-password-file and --p12-generate go with --p12");
	return key_delivery_check(c);
}

/* What is open while it runs. */
struct recovery {
	struct client_rest *r;
	gh_json *key; /* as the gateway shows it */
	char ticket[PATH_MAX];
	struct key_receipt receipt;
	struct key_delivery delivery;
};

static void
recovery_close(struct recovery *j)
{
	key_receipt_clear(&j->receipt);
	key_delivery_clear(&j->delivery);
	gh_json_free(j->key);
	client_rest_close(j->r);
}

/* ---- which ---- */

static int
find_by_certificate(struct recovery *j, struct gh_error *err)
{
	char path[96];
	gh_json *all;
	size_t n;
	int rc;

	snprintf(path, sizeof(path), "/pki/keys?state=active&certificate_id=%" PRId64 "&",
	    certificate_id);
	if ((rc = client_rest_list(j->r, path, 0, &all, err)) != 0)
		return rc;
	n = gh_json_size(all);
	/* asked for by its id, which a file is named after: it must be one */
	if (n > 0)
		rc = key_call_key(j->r, key_call_text(gh_json_at(all, n - 1), "id"), &j->key, err);
	gh_json_free(all);
	if (rc != 0)
		return rc;
	return n > 0
	    ? 0
	    : gh_refuse(err, GH_E_NOT_FOUND,
		  "no active key of certificate %s is archived, or it is not yours", certificate);
}

static int
find_key(const struct verb_call *c, struct recovery *j, struct gh_error *err)
{
	return certificate != NULL ? find_by_certificate(j, err)
				   : key_call_key(j->r, c->operand[0], &j->key, err);
}

/* ---- asking ---- */

static int
prepare(struct recovery *j, struct gh_error *err)
{
	struct key_transport t;
	int rc = key_transport_get(transport, j->r, &t, err);

	if (rc != 0)
		return rc;
	rc = key_receipt_make(&t, is_p12 ? KRA_PKCS12 : KRA_WRAPPED, friendly_name, &j->receipt,
	    err);
	key_transport_clear(&t);
	if (rc == 0)
		rc = key_delivery_prepare(j->key, &j->receipt.ticket, &j->delivery, err);
	if (rc == 0)
		rc = key_ticket_path(ticket, key_call_text(j->key, "id"), j->ticket, err);
	if (rc == 0)
		rc = key_ticket_write(j->ticket, &j->receipt.ticket, err);
	return rc;
}

/* What became of a request that was not answered as it should? */
static void
tell_failure(const struct verb_call *c, const struct recovery *j, int rc, const gh_json *answer)
{
	const char *made = key_call_text(gh_json_get(answer, "links"), "request");

	if (made[0] != '\0') {
		fprintf(stderr, "%s: the request was made (", c->who);
		output_safe(stderr, made);
		fprintf(stderr, "), and the key was not given out: `key retrieve` with %s\n",
		    j->ticket);
	} else if (rc == GH_E_BUSY || rc == GH_E_BAD_JSON)
		fprintf(stderr,
		    "%s: perhaps the request was made: see `key requests`; %s stays for it\n",
		    c->who, j->ticket);
	else
		key_ticket_remove(j->ticket);
}

static int
ask(const struct verb_call *c, struct recovery *j, gh_json **out, struct gh_error *err)
{
	gh_json *body = gh_json_ref(j->receipt.members);
	int64_t id;
	int rc = 0;

	if (gh_json_set_string(body, "key_id", key_call_text(j->key, "id")) != 0 ||
	    (comment != NULL && gh_json_set_string(body, "comment", comment) != 0))
		rc = gh_refuse(err, GH_E_CONF, "what was given is not UTF-8");
	if (rc == 0)
		rc = client_rest_call(j->r,
		    &(struct client_rest_call){.path = "/pki/keyrequest/recovery", .body = body},
		    out, err);
	gh_json_free(body);
	if (rc == 0 && !gh_json_int(gh_json_get(*out, "id"), &id))
		rc = gh_refuse(err, GH_E_BAD_JSON, "the gateway answered without a key request");
	if (rc != 0) {
		tell_failure(c, j, rc, *out);
		gh_json_free(*out);
		*out = NULL;
	}
	return rc;
}

/* ---- the answer ---- */

static int
describe(const struct recovery *j, gh_json *answer, struct gh_error *err)
{
	char digest[2 * KRA_RELEASE_DIGEST_SIZE + 1];
	bool is_there = gh_json_get(answer, "released") != NULL;

	if (gh_json_set_string(answer, "wrapping_sha256",
		gh_hex_lower(j->receipt.ticket.digest, KRA_RELEASE_DIGEST_SIZE, digest)) != 0 ||
	    (is_there ? gh_json_set_string(answer, "file", j->delivery.path)
		      : gh_json_set_string(answer, "ticket", j->ticket)) != 0 ||
	    (is_there && gh_json_set(answer, "released", gh_json_new_bool(true)) != 0))
		return gh_fail(err, GH_E_NOMEM, "answer");
	return 0;
}

static int
work(struct verb_call *c, struct gh_error *err)
{
	struct recovery j = {0};
	const gh_json *released;
	int rc = client_rest_open(&j.r, err);

	if (rc == 0)
		rc = find_key(c, &j, err);
	if (rc == 0)
		rc = prepare(&j, err);
	if (rc == 0)
		rc = ask(c, &j, &c->out, err);
	if (rc == 0 && (released = gh_json_get(c->out, "released")) != NULL) {
		rc = key_delivery_take(&j.delivery, &j.receipt.ticket, released, err);
		if (rc == 0)
			key_ticket_remove(j.ticket);
	}
	if (rc == 0)
		rc = describe(&j, c->out, err);
	recovery_close(&j);
	return rc;
}

static void
tell_agents(const gh_json *o)
{
	const char *digest = key_call_text(o, "wrapping_sha256");
	int64_t id = 0;

	(void)gh_json_int(gh_json_get(o, "id"), &id);
	fprintf(stderr,
	    "Agents approve with `gatehouse key approve %" PRId64
	    "`. Tell them in person what the key will be wrapped in:\n   ",
	    id);
	for (size_t i = 0; digest[i] != '\0'; i++)
		fprintf(stderr, "%s%c", i % 4 == 0 ? " " : "", digest[i]);
	fprintf(stderr,
	    "\nThen get it with `gatehouse key retrieve %" PRId64 "`. Keep %s until then.\n", id,
	    key_call_text(o, "ticket"));
}

static int
show(struct verb_call *c)
{
	int rc;

	if (gh_json_get(c->out, "released") != NULL)
		return key_delivery_show(c);
	rc = output_object(c->out, "links");
	if (rc == COMMAND_OK)
		tell_agents(c->out);
	return rc;
}

const struct verb verb_key_recover = {
    .usage = {"[KEY]", 0, 1,
	"Asks for an archived key, as its owner or as an agent. What the key will be wrapped in is made here and named "
	"in the request, so that agents approve that and nothing else; the session key is kept in a ticket, a file with mode 0600, "
	"for `gatehouse key retrieve`. Where one approval is enough and yours counts, the key is here at once.",
	"gatehouse key recover 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 --user alice --comment 'new laptop'\n"
	"gatehouse key recover --certificate 12 --p12 --user alice\n"},
    .options = options,
    .check = check,
    .work = work,
    .show = show,
};
