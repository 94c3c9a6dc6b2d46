/* See est_device.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/err.h>

#include "timestamp.h"

#include "client/client_flow.h"

#include "est_device.h"
#include "est_key_package.h"
#include "est_parts.h"

#define PKCS10_TYPE "application/pkcs10"
#define KEY_SMIME "server-generated-key" /* smime-type of a protected key (RFC 7030, 4.4.2) */
#define MADE_KEY_MAX (256 * 1024)

/* ---- CA certificates ---- */

static int
keep_cas(struct est_device *d, STACK_OF(X509) * cas, struct gh_error *err)
{
	char *text;
	int rc;

	est_certs_drop_links(cas);
	text = est_certs_pem(cas);
	rc = text != NULL ? est_folder_write(&d->folder, "ca.pem", text, err)
			  : gh_fail(err, GH_E_NOMEM, "CA certificates");

	free(text);
	if (rc != 0) {
		est_certs_free(cas);
		return rc;
	}
	est_certs_free(d->cas);
	d->cas = cas;
	return 0;
}

int
est_device_learn_cas(struct est_device *d, struct gh_error *err)
{
	STACK_OF(X509) * cas;
	int rc = est_certs_fetch(&d->server, &cas, err);

	return rc == 0 ? keep_cas(d, cas, err) : rc;
}

/* Only what the fingerprint vouches for is kept, whoever answers. */
static int
learn_by_fingerprint(struct est_device *d, struct est_server *from, const char *fingerprint,
    struct gh_error *err)
{
	STACK_OF(X509) *all = NULL, *trusted = NULL;
	int rc = est_certs_fetch(from, &all, err);

	if (rc == 0)
		rc = est_certs_trust(all, fingerprint, &trusted, err);
	est_certs_free(all);
	return rc == 0 ? keep_cas(d, trusted, err) : rc;
}

/* TLS can be verified by nothing yet, and by ca.pem behind it. */
static int
learn_from_unverified(struct est_device *d, const char *fingerprint, struct gh_error *err)
{
	static char ca_file[PATH_MAX];
	struct est_server unverified;
	int rc = est_server_open(&unverified, true, err);

	if (rc == 0)
		rc = learn_by_fingerprint(d, &unverified, fingerprint, err);
	est_server_close(&unverified);
	if (rc == 0)
		rc = est_folder_name(&d->folder, "ca.pem", ca_file, err);
	if (rc == 0)
		client_login_options.ca_file = ca_file;
	return rc == 0 ? est_server_open(&d->server, false, err) : rc;
}

int
est_device_bootstrap(struct est_device *d, const char *fingerprint, struct gh_error *err)
{
	int rc;

	if (fingerprint != NULL && client_login_options.ca_file == NULL)
		return learn_from_unverified(d, fingerprint, err);
	rc = est_server_open(&d->server, false, err);
	if (rc != 0)
		return rc;
	return fingerprint != NULL ? learn_by_fingerprint(d, &d->server, fingerprint, err)
				   : est_device_learn_cas(d, err);
}

/* ---- the request ---- */

/* Into use, when it is for this key and one of the server's CAs has signed it. */
static int
take_cert(struct est_device *d, X509 *cert, EVP_PKEY *key, struct gh_error *err)
{
	STACK_OF(X509) * chain;
	int number, rc = est_certs_check(cert, key, d->cas, &chain, err);

	if (rc == 0)
		rc = est_folder_commit(&d->folder, cert, chain, &number, err);
	est_certs_free(chain);
	return rc;
}

static int
take_certs(struct est_device *d, const void *text, size_t n, EVP_PKEY *key, struct gh_error *err)
{
	STACK_OF(X509) * certs;
	int rc = est_certs_read(text, n, &certs, err);
	X509 *cert = rc == 0 ? est_certs_find(certs, key) : NULL;

	if (rc == 0)
		rc = cert != NULL ? take_cert(d, cert, key, err)
				  : gh_refuse(err, GH_E_FORBIDDEN,
					"the certificate of the answer is not for our key");
	est_certs_free(certs);
	return rc;
}

/* Encrypted for us, and signed by one who may make keys. */
static int
open_key(const struct est_device *d, const struct est_part *part, EVP_PKEY **out,
    struct gh_error *err)
{
	struct gh_buf plain;
	unsigned char *ber;
	size_t len;
	int rc = est_decode(part->text, part->len, &ber, &len, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	gh_buf_init(&plain, MADE_KEY_MAX);
	plain.secret = true;
	if ((rc = est_decrypt_open(d->decrypt, &(struct gh_der){ber, len}, &plain, err)) == 0)
		rc =
		    est_key_package_open(&(struct gh_der){plain.data, plain.len}, d->cas, out, err);
	gh_buf_free(&plain);
	free(ber);
	return rc;
}

static int
read_key(const struct est_part *part, EVP_PKEY **out, struct gh_error *err)
{
	PKCS8_PRIV_KEY_INFO *info;
	const unsigned char *p;
	unsigned char *der;
	size_t len;
	int rc = est_decode(part->text, part->len, &der, &len, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	p = der;
	info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)len);
	if (info != NULL)
		*out = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	OPENSSL_cleanse(der, len);
	free(der);
	ERR_clear_error();
	return *out != NULL
	    ? 0
	    : gh_refuse(err, GH_E_BAD_REQUEST, "the key of the answer is no PKCS#8");
}

/* take_answer of serverkeygen: the key is in the folder before the certificate is looked at. */
static int
take_parts(struct est_device *d, const struct est_reply *reply, EVP_PKEY *unused,
    struct gh_error *err)
{
	const struct est_part *key_part, *cert_part;
	struct est_parts parts;
	EVP_PKEY *key = NULL;
	int rc = est_parts_read(reply, &parts, err);

	(void)unused;
	if (rc != 0)
		return rc;
	key_part = d->decrypt != NULL ? est_parts_find_smime(&parts, KEY_SMIME, true)
				      : est_parts_find(&parts, "application/pkcs8");
	cert_part = est_parts_find_smime(&parts, KEY_SMIME, false);
	if (key_part == NULL || cert_part == NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    d->decrypt != NULL ? "the answer has no protected key, or no certificate"
				       : "the answer has no unprotected key, or no certificate");
	rc = d->decrypt != NULL ? open_key(d, key_part, &key, err) : read_key(key_part, &key, err);
	if (rc == 0)
		rc = est_folder_put_next_key(&d->folder, key, err);
	if (rc == 0)
		rc = take_certs(d, cert_part->text, cert_part->len, key, err);
	EVP_PKEY_free(key);
	return rc;
}

/* take_answer of serverkeygen, where a PKCS#12 is asked for. */
static int
take_pkcs12(struct est_device *d, const struct est_reply *reply, EVP_PKEY *unused,
    struct gh_error *err)
{
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	unsigned char *der;
	size_t len;
	int rc;

	(void)unused;
	if (strncasecmp(reply->type, EST_PKCS12_TYPE, strlen(EST_PKCS12_TYPE)) != 0)
		return gh_refuse(err, GH_E_BAD_REQUEST, "the answer is no PKCS#12");
	if ((rc = est_reply_der(reply, &der, &len, err)) != 0)
		return rc;
	if ((rc = est_pkcs12_take(d->pkcs12, &(struct gh_der){der, len}, &key, &cert, err)) == 0)
		rc = est_folder_put_next_key(&d->folder, key, err);
	if (rc == 0)
		rc = take_cert(d, cert, key, err);
	EVP_PKEY_free(key);
	X509_free(cert);
	free(der);
	return rc;
}

/* take_answer of the others. */
static int
take_reply(struct est_device *d, const struct est_reply *reply, EVP_PKEY *key, struct gh_error *err)
{
	return take_certs(d, reply->body.data, reply->body.len, key, err);
}

static void
sleep_seconds(int seconds)
{
	struct timespec t = {.tv_sec = seconds};

	while (nanosleep(&t, &t) != 0)
		;
}

/* false: no longer. Seconds until the next look are the server's, or --poll. */
static bool
wait_for(const struct est_device *d, int64_t end, int retry_after)
{
	int pause = d->poll > 0 ? d->poll : retry_after;

	if (d->wait == CLIENT_WAIT_NO ||
	    (d->wait != CLIENT_WAIT_FOREVER && gh_now_us() / 1000000 + pause > end))
		return false;
	fprintf(stderr, "%s: the request waits for a decision; asking again in %d s\n", d->who,
	    pause);
	sleep_seconds(pause);
	return true;
}

/* One that says no has decided; one that is away or busy, fails or sends us elsewhere has not: it
 * may have a certificate for this key. */
static bool
is_final(int rc, long status)
{
	return (rc == GH_E_VALIDATION || rc == GH_E_NOT_FOUND) && status >= 400 && status < 500;
}

typedef int (*take_answer)(struct est_device *d, const struct est_reply *reply, EVP_PKEY *key,
    struct gh_error *err);

static int
request(struct est_device *d, const char *operation, struct est_csr *csr, take_answer take,
    enum est_outcome *outcome, int *retry_after, struct gh_error *err)
{
	const struct est_call call = {.operation = operation,
	    .body = csr->text,
	    .made = csr->is_linked ? &csr->body : NULL,
	    .type = PKCS10_TYPE,
	    .accept = take == take_pkcs12 ? EST_PKCS12_TYPE : NULL};
	int64_t end = gh_now_us() / 1000000 + d->wait;
	struct est_reply reply;
	int rc;

	while ((rc = est_call(&d->server, &call, &reply, err)) == 0) {
		*outcome = reply.status == 200 ? EST_ISSUED : EST_PENDING;
		*retry_after = reply.retry_after;
		if (*outcome == EST_ISSUED)
			rc = take(d, &reply, csr->key, err);
		est_reply_clear(&reply);
		if (*outcome == EST_ISSUED || !wait_for(d, end, *retry_after))
			return rc;
	}
	return rc;
}

int
est_device_request(struct est_device *d, const char *operation, struct est_csr *csr,
    enum est_outcome *outcome, int *retry_after, struct gh_error *err)
{
	int rc = request(d, operation, csr, take_reply, outcome, retry_after, err);

	if (is_final(rc, d->server.status))
		est_folder_drop_next(&d->folder);
	return rc;
}

int
est_device_request_key(struct est_device *d, struct est_csr *csr, enum est_outcome *outcome,
    int *retry_after, struct gh_error *err)
{
	return request(d, "serverkeygen", csr, d->pkcs12 != NULL ? take_pkcs12 : take_parts,
	    outcome, retry_after, err);
}

void
est_device_clear(struct est_device *d)
{
	est_server_close(&d->server);
	est_folder_close(&d->folder);
	est_certs_free(d->cas);
	d->cas = NULL;
}
