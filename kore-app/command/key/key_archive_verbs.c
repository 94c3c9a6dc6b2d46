/* `gatehouse key wrap` and `key archive`: a secret, wrapped for the KRA, to standard output or to a
 * gateway. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "key_receipt.h"
#include "key_secret.h"
#include "verb.h"

static const char *transport, *owner, *client_id, *policy, *certificate, *receive, *ticket;
static int64_t certificate_id;

#define FACT_OPTIONS \
	{"transport", 0, OPTION_TEXT, &transport, "FILE", \
	    "transport certificate of the KRA, PEM or DER, as it was handed out (default: the gateway is asked)"}, \
	    {"owner", 0, OPTION_TEXT, &owner, "NAME", "whose it is (default: who calls)"}, \
	    {"client-id", 0, OPTION_TEXT, &client_id, "TEXT", \
		"what you call it; one active key of an owner has it"}, \
	    {"policy", 0, OPTION_TEXT, &policy, "NAME", \
		"policy of recovery (default: as kra.approvals says)"}, \
	{ \
		"certificate", 0, OPTION_TEXT, &certificate, "ID", \
		    "its certificate, by the id in the inventory" \
	}

static const struct option_row archive_options[] = {KEY_SECRET_OPTIONS, FACT_OPTIONS,
    CLIENT_REST_OPTIONS, VERB_JSON, OPTION_END};
static const struct option_row wrap_options[] = {KEY_SECRET_OPTIONS, FACT_OPTIONS,
    {"receive", 0, OPTION_TEXT, &receive, "FORMAT",
	"wrap what a recovered key comes back in, and no secret: wrapped, or pkcs12 (asks for its password)"},
    {"ticket", 0, OPTION_TEXT, &ticket, "FILE",
	"with --receive: where the session key goes, which opens what comes back"},
    KEY_RECEIPT_PASSWORD_OPTIONS, CLIENT_REST_OPTIONS, OPTION_END};

static int
check_facts(const struct verb_call *c)
{
	if (certificate != NULL && !options_parse_id(certificate, &certificate_id))
		return command_usage(c->who, "--certificate \"%s\" is no id", certificate);
	return key_secret_check(c->who);
}

static int
check_wrap(const struct verb_call *c)
{
	if (receive == NULL)
		return ticket == NULL ? check_facts(c)
				      : command_usage(c->who, "--ticket goes with --receive");
	if (key_secret_options.in != NULL || key_secret_options.kind != NULL)
		return command_usage(c->who, "--receive wraps no secret");
	if (strcmp(receive, "wrapped") != 0 && strcmp(receive, "pkcs12") != 0)
		return command_usage(c->who, "--receive is wrapped or pkcs12");
	if (ticket == NULL)
		return command_usage(c->who, "--receive needs --ticket FILE");
	return COMMAND_OK;
}

/* ---- the body ---- */

/* 0 also where there is nothing to set. */
static int
set_text(gh_json *o, const char *name, const char *value)
{
	return value != NULL ? gh_json_set_string(o, name, value) : 0;
}

static int
put_facts(gh_json *body, const struct key_secret *s, struct gh_error *err)
{
	int rc = 0;

	if (gh_json_set_string(body, "kind", key_kind_names[s->kind - KRA_ASYMMETRIC]) != 0 ||
	    set_text(body, "algorithm", s->kind == KRA_SYMMETRIC ? "AES" : NULL) != 0 ||
	    set_text(body, "owner", owner) != 0 || set_text(body, "client_id", client_id) != 0 ||
	    set_text(body, "policy", policy) != 0 ||
	    (certificate_id != 0 && gh_json_set_int(body, "certificate_id", certificate_id) != 0))
		rc = gh_refuse(err, GH_E_CONF, "what was given is not UTF-8");
	if (rc == 0 && s->kind == KRA_ASYMMETRIC)
		rc = key_session_put_octets(body, "public_key", s->spki.data, s->spki.len, err);
	return rc;
}

/* r: NULL with a transport certificate in a file. */
static int
make_body(struct client_rest *r, gh_json **out, struct gh_error *err)
{
	struct key_secret secret;
	struct key_transport t;
	int rc = key_transport_get(transport, r, &t, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	rc = key_secret_read(&secret, err);
	if (rc == 0) {
		*out = gh_json_new_object();
		rc = put_facts(*out, &secret, err);
		if (rc == 0)
			rc = key_session_wrap(&t,
			    &(struct gh_der){secret.octets.data, secret.octets.len}, *out, err);
		key_secret_clear(&secret);
	}
	key_transport_clear(&t);
	if (rc != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	return rc;
}

/* ---- wrap ---- */

static int
make_receipt(struct client_rest *r, gh_json **out, struct gh_error *err)
{
	struct key_transport t;
	struct key_receipt receipt;
	int rc = key_transport_get(transport, r, &t, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	rc = key_receipt_make(&t, strcmp(receive, "pkcs12") == 0 ? KRA_PKCS12 : KRA_WRAPPED, NULL,
	    &receipt, err);
	key_transport_clear(&t);
	if (rc != 0)
		return rc;
	if ((rc = key_ticket_write(ticket, &receipt.ticket, err)) == 0)
		*out = gh_json_ref(receipt.members);
	key_receipt_clear(&receipt);
	return rc;
}

static int
work_wrap(struct verb_call *c, struct gh_error *err)
{
	struct client_rest *r = NULL;
	int rc = transport == NULL ? client_rest_open(&r, err) : 0;

	if (rc == 0)
		rc = receive != NULL ? make_receipt(r, &c->out, err) : make_body(r, &c->out, err);
	client_rest_close(r);
	return rc;
}

static int
show_wrapped(struct verb_call *c)
{
	return output_json(c->out);
}

const struct verb verb_key_wrap = {
    .usage = {"", 0, 0,
	"Wraps a private key, a symmetric key or a passphrase for the KRA of a gateway, and prints the body of "
	"POST /pki/keyrequest/archive as JSON; with --transport FILE without asking the gateway. With --receive: the "
	"members of a recovery that say what the key comes back in.",
	"gatehouse key wrap --transport kra.pem --in key.pem >archive.json\n"
	"gatehouse key wrap --transport kra.pem --receive wrapped --ticket my.ticket >retrieve.json\n"},
    .options = wrap_options,
    .check = check_wrap,
    .work = work_wrap,
    .show = show_wrapped,
};

/* ---- archive ---- */

static int
send(const char *who, struct client_rest *r, gh_json *body, gh_json **out, struct gh_error *err)
{
	int rc = client_rest_call(r,
	    &(struct client_rest_call){.path = "/pki/keyrequest/archive", .body = body}, out, err);

	if (rc == 0 && gh_json_string(gh_json_get(*out, "key_id")) == NULL)
		rc = gh_refuse(err, GH_E_BAD_JSON,
		    "the gateway does not say that it archived the key");
	if (rc == GH_E_BUSY || rc == GH_E_BAD_JSON)
		fprintf(stderr, "%s: perhaps the key is archived: see `key list`\n", who);
	if (rc != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	return rc;
}

static int
work_archive(struct verb_call *c, struct gh_error *err)
{
	struct client_rest *r;
	gh_json *body = NULL;
	int rc = client_rest_open(&r, err);

	if (rc == 0)
		rc = make_body(r, &body, err);
	if (rc == 0)
		rc = send(c->who, r, body, &c->out, err);
	gh_json_free(body);
	client_rest_close(r);
	return rc;
}

const struct verb verb_key_archive = {
    .usage = {"", 0, 0,
	"Archives a private key, a symmetric key or a passphrase at a gateway: wraps it for its KRA and sends it. "
	"Anybody archives keys of his own, agents those of others.",
	"gatehouse key archive --url https://pki.example --user alice --in key.pem --certificate 12\n"
	"gatehouse key archive --user alice --kind passphrase --client-id 'disk of laptop 7'\n"},
    .options = archive_options,
    .check = check_facts,
    .work = work_archive,
    .hidden = "links",
};
