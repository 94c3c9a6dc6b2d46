/* `gatehouse doctor`: what relying parties see at the URLs in the certificates of a CA. */
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include "issuing/cdp.h"
#include "timestamp.h"

#include "doctor.h"
#include "url_fetch.h"

#define URL_SIZE 1400

/* Of a CA with divided CRLs: that of the first part. */
static void
fill_shard(const char *url, char out[URL_SIZE])
{
	const char *at = strstr(url, CDP_SHARD);

	if (at == NULL)
		snprintf(out, URL_SIZE, "%s", url);
	else
		snprintf(out, URL_SIZE, "%.*s0%s", (int)(at - url), url, at + strlen(CDP_SHARD));
}

static bool
is_http(const char *url)
{
	return strncmp(url, "http://", 7) == 0;
}

/* is_answered: a server is there, and says something else than it should. */
static void
wrong_url(struct doctor *d, const char *code, const struct ca *ca, const char *url,
    bool is_answered, const char *why)
{
	finding_wrong(&d->findings, FINDING_ERROR, code,
	    is_answered
		? "is it this gateway that answers? a locked key of the CA or a failed job is told here, too"
		: "does the gateway run, with gateway.http_port? does the name in the URL lead here, also from other machines?",
	    "CA %s: %s: %s", ca->name, url, why);
}

/* NULL: right; else what is wrong. */
static const char *
judge_crl(const struct ca *ca, const struct gh_buf *b)
{
	const unsigned char *p = b->data;
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)b->len);
	const char *wrong = NULL;

	if (crl == NULL || p != b->data + b->len)
		wrong = "this is no CRL";
	else if (X509_CRL_verify(crl, X509_get0_pubkey(ca->cert)) != 1)
		wrong = "this CRL is not signed by the CA";
	else if (X509_CRL_get0_nextUpdate(crl) == NULL ||
	    X509_cmp_current_time(X509_CRL_get0_nextUpdate(crl)) < 0)
		wrong = "this CRL is too old: see the job crl";
	X509_CRL_free(crl);
	return wrong;
}

static const char *
judge_certificate(const struct ca *ca, const struct gh_buf *b)
{
	const unsigned char *p = b->data;
	X509 *cert = d2i_X509(NULL, &p, (long)b->len);
	/* a renewed certificate of the key is as good (RFC 5280, 4.2.2.1) */
	bool fits = cert != NULL &&
	    X509_NAME_cmp(X509_get_subject_name(cert), X509_get_subject_name(ca->cert)) == 0 &&
	    EVP_PKEY_eq(X509_get0_pubkey(cert), X509_get0_pubkey(ca->cert)) == 1;

	X509_free(cert);
	return fits ? NULL : "this is not the certificate of the CA";
}

static void
check_fetched(struct doctor *d, const struct ca *ca, const char *code, const char *url,
    const char *(*judge)(const struct ca *, const struct gh_buf *))
{
	char exact[URL_SIZE];
	struct gh_error err = {0};
	struct gh_buf b;
	const char *wrong;

	if (!is_http(url))
		return;
	fill_shard(url, exact);
	if (url_fetch(exact, NULL, &b, &err) != 0) {
		wrong_url(d, code, ca, exact, err.code == GH_E_NOT_FOUND, err.message);
		return;
	}
	wrong = judge(ca, &b);
	gh_buf_free(&b);
	ERR_clear_error();
	if (wrong != NULL)
		wrong_url(d, code, ca, exact, true, wrong);
	else
		finding_ok(&d->findings, code, "CA %s: %s", ca->name, exact);
}

/* ---- OCSP ---- */

/* About a CA below this one; else about a serial number that nobody has. */
static OCSP_CERTID *
certificate_id(const struct doctor *d, const struct ca *ca)
{
	ASN1_INTEGER *serial;
	OCSP_CERTID *id;

	for (size_t i = 0; i < d->gateway.catalog->cas.n; i++) {
		const struct ca *c = d->gateway.catalog->cas.ca[i];

		if (c != ca && c->cert != NULL && X509_check_issued(ca->cert, c->cert) == X509_V_OK)
			return OCSP_cert_to_id(NULL, c->cert, ca->cert);
	}
	serial = ASN1_INTEGER_new();
	if (serial == NULL || ASN1_INTEGER_set_uint64(serial, (uint64_t)gh_now_us()) != 1) {
		ASN1_INTEGER_free(serial);
		return NULL;
	}
	id = OCSP_cert_id_new(EVP_sha1(), X509_get_subject_name(ca->cert),
	    X509_get0_pubkey_bitstr(ca->cert), serial);
	ASN1_INTEGER_free(serial);
	return id;
}

static const char *
judge_signature(const struct ca *ca, OCSP_BASICRESP *basic)
{
	X509_STORE *trusted = X509_STORE_new();
	bool ok = trusted != NULL && X509_STORE_add_cert(trusted, ca->cert) == 1 &&
	    X509_STORE_set_flags(trusted, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
	    OCSP_basic_verify(basic, NULL, trusted, 0) == 1;

	X509_STORE_free(trusted);
	return ok ? NULL : "its answer is not signed by or for the CA";
}

static const char *
judge_ocsp(const struct gh_conf *conf, const struct ca *ca, const struct gh_buf *b)
{
	const unsigned char *p = b->data;
	OCSP_RESPONSE *resp = d2i_OCSP_RESPONSE(NULL, &p, (long)b->len);
	int status = resp != NULL ? OCSP_response_status(resp) : -1;
	OCSP_BASICRESP *basic = NULL;
	const char *wrong = NULL;

	if (status == OCSP_RESPONSE_STATUS_UNAUTHORIZED &&
	    strcmp(conf->ocsp.unknown, "unauthorized") == 0)
		wrong = NULL; /* as configured for a number that was never issued */
	else if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL ||
	    (basic = OCSP_response_get1_basic(resp)) == NULL)
		wrong = status < 0 ? "this is no OCSP answer" : OCSP_response_status_str(status);
	else
		wrong = judge_signature(ca, basic);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(resp);
	ERR_clear_error();
	return wrong;
}

static void
check_ocsp(struct doctor *d, const struct ca *ca, const char *url)
{
	OCSP_REQUEST *req = OCSP_REQUEST_new();
	OCSP_CERTID *id = certificate_id(d, ca);
	struct url_post post = {.type = "application/ocsp-request"};
	struct gh_error err = {0};
	unsigned char *der = NULL;
	const char *wrong;
	struct gh_buf b;
	int n = 0;

	if (req != NULL && id != NULL && OCSP_request_add0_id(req, id) != NULL) {
		id = NULL;
		n = i2d_OCSP_REQUEST(req, &der);
	}
	OCSP_CERTID_free(id);
	OCSP_REQUEST_free(req);
	if (n <= 0)
		return;
	post.data = der;
	post.len = (size_t)n;
	if (url_fetch(url, &post, &b, &err) != 0) {
		wrong = err.message;
	} else {
		wrong = judge_ocsp(d->env.conf, ca, &b);
		gh_buf_free(&b);
	}
	OPENSSL_free(der);
	if (wrong != NULL)
		wrong_url(d, "url-ocsp", ca, url, err.code != GH_E_BUSY, wrong);
	else
		finding_ok(&d->findings, "url-ocsp", "CA %s: %s", ca->name, url);
}

static size_t
count(char *const *urls)
{
	size_t n = 0;

	while (urls != NULL && urls[n] != NULL)
		n++;
	return n;
}

static void
check_ca(struct doctor *d, const struct ca *ca)
{
	if (count(ca->cdp_urls) + count(ca->ocsp_urls) == 0)
		finding_wrong(&d->findings, FINDING_WARNING, "ca-urls",
		    "`gatehouse ca set --base-url URL`, for what is issued "
		    "from now on",
		    "the certificates of CA %s name neither CRL nor OCSP responder: relying parties cannot learn "
		    "of revocations",
		    ca->name);
	for (size_t i = 0; i < count(ca->cdp_urls); i++)
		check_fetched(d, ca, "url-crl", ca->cdp_urls[i], judge_crl);
	for (size_t i = 0; i < count(ca->aia_urls); i++)
		check_fetched(d, ca, "url-certificate", ca->aia_urls[i], judge_certificate);
	for (size_t i = 0; i < count(ca->ocsp_urls); i++)
		if (is_http(ca->ocsp_urls[i]))
			check_ocsp(d, ca, ca->ocsp_urls[i]);
}

void
doctor_urls(struct doctor *d)
{
	for (size_t i = 0; d->gateway.catalog != NULL && i < d->gateway.catalog->cas.n; i++) {
		const struct ca *ca = d->gateway.catalog->cas.ca[i];

		if (ca->cert != NULL && ca->sealed != NULL && ca->state != CA_RETIRED)
			check_ca(d, ca);
	}
}
