/* See est_device.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "timestamp.h"

#include "client/client_flow.h"

#include "est_device.h"

#define PKCS10_TYPE "application/pkcs10"

/* ---- CA certificates ---- */

static int
keep_cas(struct est_device *d, STACK_OF(X509) * cas, struct gh_error *err)
{
	char *text = est_certs_pem(cas);
	int rc = text != NULL ? est_folder_write(&d->folder, "ca.pem", text, err)
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

/* From whoever answers: only what the fingerprint vouches for is kept. */
static int
learn_by_fingerprint(struct est_device *d, const char *fingerprint, struct gh_error *err)
{
	STACK_OF(X509) *all = NULL, *trusted = NULL;
	struct est_server unverified;
	int rc = est_server_open(&unverified, true, err);

	if (rc == 0)
		rc = est_certs_fetch(&unverified, &all, err);
	est_server_close(&unverified);
	if (rc == 0)
		rc = est_certs_trust(all, fingerprint, &trusted, err);
	est_certs_free(all);
	return rc == 0 ? keep_cas(d, trusted, err) : rc;
}

int
est_device_bootstrap(struct est_device *d, const char *fingerprint, struct gh_error *err)
{
	static char ca_file[PATH_MAX];
	int rc;

	if (fingerprint == NULL) {
		rc = est_server_open(&d->server, false, err);
		return rc == 0 ? est_device_learn_cas(d, err) : rc;
	}
	rc = learn_by_fingerprint(d, fingerprint, err);
	if (rc == 0)
		rc = est_folder_name(&d->folder, "ca.pem", ca_file, err);
	if (rc != 0)
		return rc;
	client_login_options.ca_file = ca_file;
	return est_server_open(&d->server, false, err);
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
take_reply(struct est_device *d, const struct est_reply *reply, EVP_PKEY *key, struct gh_error *err)
{
	STACK_OF(X509) * certs;
	int rc = est_certs_read(reply, &certs, err);

	if (rc == 0)
		rc = take_cert(d, sk_X509_value(certs, 0), key, err);
	est_certs_free(certs);
	return rc;
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

/* One that says no has decided; one that is away or busy has not. */
static bool
is_final(int rc)
{
	return rc == GH_E_VALIDATION || rc == GH_E_NOT_FOUND;
}

int
est_device_request(struct est_device *d, const char *operation, struct est_csr *csr,
    enum est_outcome *outcome, int *retry_after, struct gh_error *err)
{
	const struct est_call call = {.operation = operation,
	    .body = csr->text,
	    .made = csr->is_linked ? &csr->body : NULL,
	    .type = PKCS10_TYPE};
	int64_t end = gh_now_us() / 1000000 + d->wait;
	struct est_reply reply;
	int rc;

	for (;;) {
		rc = est_call(&d->server, &call, &reply, err);
		if (rc != 0)
			break;
		if (reply.status == 200) {
			rc = take_reply(d, &reply, csr->key, err);
			*outcome = EST_ISSUED;
			est_reply_clear(&reply);
			return rc;
		}
		*retry_after = reply.retry_after;
		est_reply_clear(&reply);
		if (!wait_for(d, end, *retry_after)) {
			*outcome = EST_PENDING;
			return 0;
		}
	}
	if (is_final(rc))
		est_folder_drop_next(&d->folder);
	return rc;
}

void
est_device_clear(struct est_device *d)
{
	est_server_close(&d->server);
	est_folder_close(&d->folder);
	est_certs_free(d->cas);
	d->cas = NULL;
}
