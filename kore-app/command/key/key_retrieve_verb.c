/* `gatehouse key retrieve`: the key of an approved request, on disk. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hex.h"

#include "command.h"
#include "key_delivery.h"
#include "key_receipt.h"
#include "key_call.h"
#include "verb.h"

static const char *transport, *ticket;
static bool is_p12;

static const struct option_row options[] = {
    {"ticket", 0, OPTION_TEXT, &ticket, "FILE",
	"as `key recover` wrote it (default: KEY.ticket here)"},
    {"transport", 0, OPTION_TEXT, &transport, "FILE",
	"for a request without a wrapping: transport certificate of the KRA (default: the gateway is asked)"},
    {"p12", 0, OPTION_FLAG, &is_p12, NULL,
	"for a request without a wrapping: as PKCS#12 with certificate and chain"},
    KEY_RECEIPT_PASSWORD_OPTIONS,
    KEY_DELIVERY_OPTIONS,
    CLIENT_REST_OPTIONS,
    VERB_JSON,
    OPTION_END,
};

/* What is open while it runs. */
struct retrieval {
	struct client_rest *r;
	gh_json *request, *key;
	bool has_ticket; /* in a file */
	char ticket[PATH_MAX];
	struct key_receipt receipt; /* without members where the request has a wrapping */
	struct key_delivery delivery;
};

static void
retrieval_close(struct retrieval *j)
{
	key_receipt_clear(&j->receipt);
	key_delivery_clear(&j->delivery);
	gh_json_free(j->request);
	gh_json_free(j->key);
	client_rest_close(j->r);
}

/* ---- in what it will come ---- */

static int
read_ticket(struct retrieval *j, const char *wrapping, struct gh_error *err)
{
	char digest[2 * KRA_RELEASE_DIGEST_SIZE + 1];
	int rc = key_ticket_path(ticket, key_call_text(j->request, "key_id"), j->ticket, err);

	if (rc == 0)
		rc = key_ticket_read(j->ticket, &j->receipt.ticket, err);
	if (rc != 0)
		return rc;
	j->has_ticket = true;
	if (strcmp(gh_hex_lower(j->receipt.ticket.digest, KRA_RELEASE_DIGEST_SIZE, digest),
		wrapping) != 0)
		return gh_refuse(err, GH_E_CONFLICT,
		    "%.100s is of another request: this one has another wrapping", j->ticket);
	return 0;
}

static int
make_receipt(struct retrieval *j, struct gh_error *err)
{
	struct key_transport t;
	int rc = key_transport_get(transport, j->r, &t, err);

	if (rc != 0)
		return rc;
	rc = key_receipt_make(&t, is_p12 ? KRA_PKCS12 : KRA_WRAPPED, NULL, &j->receipt, err);
	key_transport_clear(&t);
	return rc;
}

static int
prepare(struct retrieval *j, struct gh_error *err)
{
	const char *wrapping = key_call_text(j->request, "wrapping_sha256");
	int rc = key_call_key(j->r, key_call_text(j->request, "key_id"), &j->key, err);

	if (rc == 0)
		rc = wrapping[0] != '\0' ? read_ticket(j, wrapping, err) : make_receipt(j, err);
	if (rc == 0)
		rc = key_delivery_prepare(j->key, &j->receipt.ticket, &j->delivery, err);
	return rc;
}

/* ---- the key ---- */

static int
fetch(struct verb_call *c, struct retrieval *j, gh_json **out, struct gh_error *err)
{
	gh_json *body =
	    j->receipt.members != NULL ? gh_json_ref(j->receipt.members) : gh_json_new_object();
	char path[96];
	int rc = 0;

	snprintf(path, sizeof(path), "/pki/key/%.40s", key_call_text(j->key, "id"));
	if (gh_json_set_int(body, "request", c->id) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "body");
	if (rc == 0)
		rc = client_rest_call(j->r, &(struct client_rest_call){.path = path, .body = body},
		    out, err);
	gh_json_free(body);
	if (rc != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	return rc;
}

static int
describe(const struct retrieval *j, const gh_json *released, gh_json **out, struct gh_error *err)
{
	gh_json *o = *out = gh_json_new_object();

	if (gh_json_set_string(o, "key_id", key_call_text(released, "key_id")) != 0 ||
	    gh_json_set_string(o, "kind", key_call_text(released, "kind")) != 0 ||
	    gh_json_set_string(o, "format", key_call_text(released, "format")) != 0 ||
	    gh_json_set_bool(o, "is_repeated",
		gh_json_bool(gh_json_get(released, "is_repeated"), false)) != 0 ||
	    gh_json_set_string(o, "file", j->delivery.path) != 0 ||
	    (j->delivery.password_path[0] != '\0' &&
		gh_json_set_string(o, "password_file", j->delivery.password_path) != 0))
		return gh_fail(err, GH_E_NOMEM, "answer");
	return 0;
}

static int
take(struct verb_call *c, struct retrieval *j, struct gh_error *err)
{
	gh_json *released;
	int rc = fetch(c, j, &released, err);

	if (rc != 0)
		return rc;
	rc = key_delivery_take(&j->delivery, &j->receipt.ticket, released, err);
	if (rc == 0) {
		if (j->has_ticket)
			key_ticket_remove(j->ticket);
		rc = describe(j, released, &c->out, err);
	} else {
		fprintf(stderr,
		    "%s: the key was given out and is not on disk; the same command gets it again for a while\n",
		    c->who);
	}
	gh_json_free(released);
	return rc;
}

/* Not decided yet: scripts come again. */
static bool
is_pending(struct verb_call *c, const gh_json *request)
{
	if (strcmp(key_call_text(request, "state"), "pending") != 0)
		return false;
	fprintf(stderr, "%s: pending: agents must approve of request %" PRId64 "\n", c->who, c->id);
	c->exit = COMMAND_PENDING;
	return true;
}

static int
work(struct verb_call *c, struct gh_error *err)
{
	struct retrieval j = {0};
	int rc = client_rest_open(&j.r, err);

	if (rc == 0)
		rc = key_call_request(j.r, c->id, &j.request, err);
	if (rc == 0 && is_pending(c, j.request)) {
		c->out = gh_json_ref(j.request);
	} else {
		if (rc == 0)
			rc = prepare(&j, err);
		if (rc == 0)
			rc = take(c, &j, err);
	}
	retrieval_close(&j);
	return rc;
}

const struct verb verb_key_retrieve = {
    .usage = {"REQUEST", 1, 1,
	"Gets the key of a request of yours that was approved, and writes it to a file with mode 0600: a private key in PEM, or what "
	"`key recover --p12` asked for. Exit code 3 while agents have not agreed. Within kra.repeat seconds the same "
	"command gets it again.",
	"gatehouse key retrieve 17 --user alice --out key.pem\n"},
    .options = options,
    .operand = OPERAND_ID,
    .object = "request",
    .check = key_delivery_check,
    .work = work,
    .show = key_delivery_show,
};
