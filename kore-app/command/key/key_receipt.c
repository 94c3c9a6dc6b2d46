/* See key_receipt.h. */
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "key_receipt.h"
#include "prompt.h"

struct key_receipt_options key_receipt_options;

void
key_receipt_clear(struct key_receipt *r)
{
	key_ticket_clear(&r->ticket);
	gh_json_free(r->members);
	r->members = NULL;
}

/* 24 characters of 62: 142 bits. ASCII, which Java reads, too. */
static int
make_password(char out[KEY_TICKET_PASSWORD_SIZE], struct gh_error *err)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	const unsigned limit = 256 - 256 % (sizeof(letters) - 1);
	unsigned char byte;
	size_t n = 0;

	while (n < 24) {
		if (RAND_priv_bytes(&byte, 1) != 1)
			return gh_fail(err, GH_E_INTERNAL, "no random numbers");
		if (byte < limit)
			out[n++] = letters[byte % (sizeof(letters) - 1)];
	}
	out[n] = '\0';
	return 0;
}

static int
seal_password(struct key_session *s, struct key_receipt *out, struct gh_error *err)
{
	char *typed = NULL;
	struct gh_der password;
	int rc;

	if (key_receipt_options.makes_password)
		rc = make_password(out->ticket.password, err);
	else
		rc = prompt_password(key_receipt_options.password_file, "password for the PKCS#12",
		    true, &typed, err);
	if (rc != 0)
		return rc;
	password.p = (const unsigned char *)(typed != NULL ? typed : out->ticket.password);
	password.len = strlen((const char *)password.p);
	rc = key_session_seal(s, &password, out->members, "password", err);
	prompt_free(typed);
	return rc;
}

static int
put_members(struct key_session *s, enum kra_form form, struct key_receipt *out,
    struct gh_error *err)
{
	bool is_p12 = form == KRA_PKCS12;
	int rc = key_session_put(s, out->members, err);

	if (rc == 0 &&
	    (gh_json_set_string(out->members, "format", is_p12 ? "pkcs12" : "wrapped") != 0 ||
		(!is_p12 &&
		    gh_json_set_string(out->members, "algorithm", KEY_SESSION_ALGORITHM) != 0)))
		rc = gh_fail(err, GH_E_NOMEM, "members");
	if (rc == 0 && is_p12)
		rc = seal_password(s, out, err);
	return rc;
}

int
key_receipt_make(const struct key_transport *t, enum kra_form form, const char *name,
    struct key_receipt *out, struct gh_error *err)
{
	struct key_session session;
	int rc = key_session_make(t, true, &session, err);

	memset(out, 0, sizeof(*out));
	if (rc != 0)
		return rc;
	out->members = gh_json_new_object();
	out->ticket.form = form;
	memcpy(out->ticket.key, session.key, sizeof(session.key));
	rc = put_members(&session, form, out, err);
	if (rc == 0 && name != NULL && gh_json_set_string(out->members, "friendly_name", name) != 0)
		rc = gh_refuse(err, GH_E_CONF, "--name is not UTF-8");
	if (rc == 0)
		rc = key_session_digest(&session, form, name, out->ticket.digest, err);
	key_session_clear(&session);
	if (rc != 0)
		key_receipt_clear(out);
	return rc;
}
