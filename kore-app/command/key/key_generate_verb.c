/* `gatehouse key generate`: the KRA makes a key, archives it, and gives it out under a session key
 * of this client. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "uuid.h"

#include "command.h"
#include "key_call.h"
#include "key_delivery.h"
#include "key_receipt.h"
#include "verb.h"

#define TYPES "RSA-2048, RSA-3072, RSA-4096, P-256, P-384, Ed25519, AES-128, AES-192 or AES-256"

static const char *type = "P-256", *owner, *client_id, *policy, *transport, *cuid, *userid;
static bool is_kept_back, is_not_archived;
static int retry = 60;

static const struct option_row options[] = {
    {"type", 't', OPTION_TEXT, &type, "TYPE", TYPES " (default: P-256)"},
    {"archive-only", 0, OPTION_FLAG, &is_kept_back, NULL, "archive it, and do not give it out"},
    {"no-archive", 0, OPTION_FLAG, &is_not_archived, NULL,
	"give it out, and do not archive it: what is lost is lost"},
    {"owner", 0, OPTION_TEXT, &owner, "NAME", "whose it is (default: who calls)"},
    {"client-id", 0, OPTION_TEXT, &client_id, "TEXT",
	"what you call it; one active key of an owner has it"},
    {"policy", 0, OPTION_TEXT, &policy, "NAME",
	"policy of recovery (default: as kra.approvals says)"},
    {"cuid", 0, OPTION_TEXT, &cuid, "TEXT", "for a token: its number, in place of --client-id"},
    {"userid", 0, OPTION_TEXT, &userid, "NAME", "with --cuid: whose token, in place of --owner"},
    {"transport", 0, OPTION_TEXT, &transport, "FILE",
	"transport certificate of the KRA, as it was handed out (default: the gateway is asked)"},
    {"retry", 0, OPTION_NUMBER, &retry, "SECONDS",
	"ask again for so long while no answer comes; one key is made (default: 60; 0: never)"},
    KEY_DELIVERY_OPTIONS,
    CLIENT_REST_OPTIONS,
    VERB_JSON,
    OPTION_END,
};

/* Our names of types, and those of the API. */
static const struct {
	const char *name, *type;
	int size;
} types[] = {
    {"RSA-2048", "RSA", 2048},
    {"RSA-3072", "RSA", 3072},
    {"RSA-4096", "RSA", 4096},
    {"P-256", "EC", 256},
    {"P-384", "EC", 384},
    {"Ed25519", "Ed25519", 0},
    {"AES-128", "AES", 128},
    {"AES-192", "AES", 192},
    {"AES-256", "AES", 256},
};
#define TYPES_N (sizeof(types) / sizeof(types[0]))

static size_t
find_type(void)
{
	size_t i = 0;

	while (i < TYPES_N && strcmp(types[i].name, type) != 0)
		i++;
	return i;
}

static int
check(const struct verb_call *c)
{
	if (find_type() == TYPES_N)
		return command_usage(c->who, "--type is " TYPES);
	if (is_kept_back && is_not_archived)
		return command_usage(c->who, "--archive-only and --no-archive leave nothing");
	if (is_kept_back && key_delivery_options.out != NULL)
		return command_usage(c->who, "--archive-only gives no file out");
	if ((cuid != NULL) != (userid != NULL))
		return command_usage(c->who, "--cuid and --userid go together");
	if (cuid != NULL && (owner != NULL || client_id != NULL))
		return command_usage(c->who,
		    "--cuid and --userid stand for --client-id and --owner");
	return key_delivery_check(c);
}

/* ---- the question ---- */

static int
set_text(gh_json *o, const char *name, const char *value)
{
	return value != NULL ? gh_json_set_string(o, name, value) : 0;
}

static int
put_facts(gh_json *body, struct gh_error *err)
{
	size_t i = find_type();

	if (gh_json_set_string(body, "key_type", types[i].type) != 0 ||
	    (types[i].size != 0 && gh_json_set_int(body, "key_size", types[i].size) != 0) ||
	    (is_not_archived && gh_json_set_bool(body, "archive", false) != 0) ||
	    set_text(body, "owner", owner) != 0 || set_text(body, "client_id", client_id) != 0 ||
	    set_text(body, "policy", policy) != 0 || set_text(body, "cuid", cuid) != 0 ||
	    set_text(body, "userid", userid) != 0)
		return gh_refuse(err, GH_E_CONF, "what was given is not UTF-8");
	return 0;
}

/* In what it is to come, of the members of a receipt; the route has no "format". */
static int
put_receipt(gh_json *body, const struct key_receipt *r, struct gh_error *err)
{
	static const char *const names[] = {"transport_key", "session_key", "algorithm"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (gh_json_set(body, names[i], gh_json_ref(gh_json_get(r->members, names[i]))) !=
		    0)
			return gh_fail(err, GH_E_NOMEM, "body");
	return 0;
}

static int
prepare(struct client_rest *r, struct key_receipt *receipt, gh_json *body, struct gh_error *err)
{
	struct key_transport t;
	int rc = put_facts(body, err);

	if (rc != 0 || is_kept_back)
		return rc;
	if ((rc = key_transport_get(transport, r, &t, err)) != 0)
		return rc;
	rc = key_receipt_make(&t, KRA_WRAPPED, NULL, receipt, err);
	key_transport_clear(&t);
	return rc == 0 ? put_receipt(body, receipt, err) : rc;
}

static int
ask(struct verb_call *c, struct client_rest *r, gh_json *body, struct gh_error *err)
{
	unsigned char id[GH_UUID_SIZE];
	char text[GH_UUID_TEXT_SIZE];
	const struct client_rest_call call = {.path = cuid != NULL
		? "/pki/keyrequest/generate/token"
		: "/pki/keyrequest/generate",
	    .body = body,
	    .idempotency_key = is_kept_back ? NULL : text};
	int rc;

	if (!gh_uuid_make(id))
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	gh_uuid_format(id, text);
	rc = client_rest_call_until(r, &call, c->who, is_kept_back ? 0 : retry, &c->out, err);
	if (rc != 0) {
		gh_json_free(c->out);
		c->out = NULL;
	}
	return rc;
}

/* ---- the key ---- */

static int
deliver(struct verb_call *c, const struct key_delivery *d, const struct key_receipt *receipt,
    struct gh_error *err)
{
	const gh_json *released = gh_json_get(c->out, "released");
	int rc = released != NULL ? key_delivery_take(d, &receipt->ticket, released, err)
				  : gh_refuse(err, GH_E_BAD_JSON, "the gateway gave no key out");

	if (rc == 0 &&
	    (gh_json_set(c->out, "released", gh_json_new_bool(true)) != 0 ||
		gh_json_set_string(c->out, "file", d->path) != 0))
		rc = gh_fail(err, GH_E_NOMEM, "answer");
	if (rc != 0 && !is_not_archived) {
		fprintf(stderr, "%s: the key is archived as ", c->who);
		output_safe(stderr, key_call_text(c->out, "key_id"));
		fputs(": `key recover` gets it\n", stderr);
	}
	return rc;
}

/* As key_delivery.h takes it: the id gives the file its name without --out. */
static gh_json *
describe_file(void)
{
	gh_json *o = gh_json_new_object();

	if (gh_json_set_string(o, "id", "new-key") == 0 &&
	    gh_json_set_string(o, "kind",
		strncmp(type, "AES-", 4) == 0 ? "symmetric_key" : "private_key") == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static int
work(struct verb_call *c, struct gh_error *err)
{
	struct key_receipt receipt = {0};
	struct key_delivery delivery = {0};
	gh_json *file = describe_file(), *body = gh_json_new_object();
	struct client_rest *r = NULL;
	int rc = 0;

	if (!is_kept_back)
		rc = key_delivery_prepare(file, &receipt.ticket, &delivery, err);
	if (rc == 0)
		rc = client_rest_open(&r, err);
	if (rc == 0)
		rc = prepare(r, &receipt, body, err);
	if (rc == 0)
		rc = ask(c, r, body, err);
	if (rc == 0 && !is_kept_back)
		rc = deliver(c, &delivery, &receipt, err);
	gh_json_free(file);
	gh_json_free(body);
	key_receipt_clear(&receipt);
	key_delivery_clear(&delivery);
	client_rest_close(r);
	return rc;
}

const struct verb verb_key_generate = {
    .usage = {"", 0, 0,
	"Has the KRA make a key: archived, and given out wrapped for this client, which writes it to a file with mode "
	"0600 (new-key.pem or new-key.key without --out). A question that got no answer is sent again and gets the same "
	"key.",
	"gatehouse key generate --type RSA-3072 --client-id phone --user alice --out phone.pem\n"
	"gatehouse key generate --type AES-256 --archive-only --user anna --owner alice\n"},
    .options = options,
    .check = check,
    .work = work,
    .show = key_delivery_show,
};
