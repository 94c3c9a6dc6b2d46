/* Answers to symmetric keys. See est_receipt.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "formats/cms_signed.h"
#include "package/key_answer.h"
#include "package/package_signature.h"

#include "client/client_key.h"
#include "output.h"

#include "est_cmc_parts.h"
#include "est_receipt.h"

#define RETURN "symmetrickeys/return"
#define ANSWER_MAX ((size_t)64 * 1024) /* bytes */

/* Of each answer: its content type, and how application/cms names it (RFC 7193, 2). */
static const struct kind {
	const char *type, *media;
} receipt = {"2.16.840.1.101.2.1.2.78.3",
    "application/cms; encapsulatingContent=signedData; innerContent=keyPackageReceipt"},
  error = {"2.16.840.1.101.2.1.2.78.6",
      "application/cms; encapsulatingContent=signedData; innerContent=keyPackageError"};

/* ---- who answers ---- */

static int
read_signer(struct est_receipt *r, struct gh_error *err)
{
	const struct client_login_options *o = &client_login_options;
	const char *key = o->tls_key != NULL ? o->tls_key : o->tls_cert;
	int rc;

	if (o->tls_cert == NULL)
		return 0;
	if ((rc = est_cmc_read_cert(o->tls_cert, &r->cert, err)) == 0)
		rc = client_key_load(key, r->password, &r->key, err);
	return rc;
}

/* ---- answers ---- */

static int
sign(const struct est_receipt *r, const struct kind *kind, const struct gh_buf *content,
    char **text, struct gh_error *err)
{
	const struct cms_signing how = {.key = r->key, .cert = r->cert, .type = kind->type};
	unsigned char *der = NULL;
	size_t n;
	int rc =
	    cms_signed_make(&how, &(struct gh_der){content->data, content->len}, &der, &n, err);

	*text = NULL;
	if (rc != 0)
		return gh_refuse(err, GH_E_CONF,
		    "the answer to the server cannot be signed: keys are RSA or EC");
	*text = gh_base64_encode(der, n, GH_BASE64_ONE_LINE);
	free(der);
	return *text != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "answer");
}

static int
send(const struct est_receipt *r, struct est_server *s, const struct kind *kind,
    const struct gh_buf *content, struct gh_error *err)
{
	struct est_call call = {.operation = RETURN, .type = kind->media};
	struct est_reply reply;
	char *text;
	int rc = sign(r, kind, content, &text, err);

	call.body = text;
	if (rc == 0 && (rc = est_call(s, &call, &reply, err)) == 0)
		est_reply_clear(&reply);
	free(text);
	return rc;
}

/* code: 0: a receipt. */
static int
answer(const struct est_receipt *r, struct est_server *s, unsigned char code, struct gh_error *err)
{
	unsigned char *name = NULL;
	int n = i2d_X509_NAME(X509_get_subject_name(r->cert), &name), rc;
	const struct gh_der by = {name, n > 0 ? (size_t)n : 0};
	struct gh_buf content;

	gh_buf_init(&content, ANSWER_MAX);
	if (n <= 0)
		rc = gh_fail(err, GH_E_NOMEM, "answer");
	else {
		if (code == 0)
			key_receipt_put(&content, &r->form.reference, &by);
		else
			key_error_put(&content, &r->form.reference, &by, code);
		if ((rc = gh_buf_check(&content, err)) == 0)
			rc = send(r, s, code == 0 ? &receipt : &error, &content, err);
	}
	OPENSSL_free(name);
	gh_buf_free(&content);
	return rc;
}

/* The caller hears what is wrong with the package, also where the server did not. */
static void
say_error(const struct est_receipt *r, struct est_server *s, unsigned char code)
{
	struct gh_error err = {0};

	if (r->cert == NULL || answer(r, s, code, &err) == 0)
		return;
	fprintf(stderr, "%s: the server was not told: ", r->who);
	output_safe(stderr, err.message);
	fputc('\n', stderr);
}

int
est_receipt_open(struct est_receipt *r, struct est_server *s, const char *who,
    const struct gh_der *package, struct gh_error *err)
{
	bool is_checked;
	int rc;

	*r = (struct est_receipt){.who = who, .password = s->login.tls_password};
	if ((rc = read_signer(r, err)) != 0)
		return rc;
	rc = package_form_read(PACKAGE_SYMMETRIC_KEYS, package->p, package->len, &r->form, err);
	if (rc == GH_E_BAD_REQUEST)
		say_error(r, s, KEY_ERROR_DECODE);
	if (rc != 0)
		return rc;
	rc = package_signature_check(&r->form, NULL, &is_checked, err);
	if (rc == GH_E_BAD_REQUEST)
		say_error(r, s, KEY_ERROR_SIGNATURE);
	return rc;
}

int
est_receipt_send(struct est_receipt *r, struct est_server *s, bool *is_sent, struct gh_error *err)
{
	int rc;

	*is_sent = false;
	if (r->form.reference.p == NULL || !r->form.wants_receipt)
		return 0;
	if (r->cert == NULL) {
		fprintf(stderr,
		    "%s: the package asks for a receipt, which only a certificate signs: --dir or --cert\n",
		    r->who);
		return 0;
	}
	rc = answer(r, s, 0, err);
	*is_sent = rc == 0;
	return rc;
}

void
est_receipt_clear(struct est_receipt *r)
{
	package_form_clear(&r->form);
	X509_free(r->cert);
	EVP_PKEY_free(r->key);
	memset(r, 0, sizeof(*r));
}
