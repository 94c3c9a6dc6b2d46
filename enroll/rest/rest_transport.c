/* Transport keys and what goes with them, for clients. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "encoding.h"
#include "hex.h"
#include "http_cache.h"
#include "kra/kra_keys.h"
#include "log.h"
#include "pem.h"
#include "timestamp.h"

#include "rest_certificate.h"
#include "rest_kra.h"
#include "rest_transport.h"

#define CACHE "private, max-age=60" /* a new key shows soon */
#define PEM_MAX (1024 * 1024)

/* --- one key ---------------------------------------------------------------------------------- */

static int
set_bytes(gh_json *o, const char *name, const unsigned char *p, size_t len)
{
	char *text = gh_base64_encode(p, len, GH_BASE64_ONE_LINE);
	int rc = text != NULL ? gh_json_set_string(o, name, text) : -1;

	free(text);
	return rc;
}

/* What wraps a session key for a key of this kind. */
static const char *
algorithm_of(const struct store_kra_key *k)
{
	const unsigned char *p = k->spki.p;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)k->spki.len);
	bool is_rsa = key != NULL && EVP_PKEY_is_a(key, "RSA");

	EVP_PKEY_free(key);
	return is_rsa ? "RSA-OAEP-256" : "ECDH-ES+A256KW";
}

static int
set_certificate(gh_json *o, const struct store_kra_key *k)
{
	char text[GH_TIMESTAMP_SIZE];
	struct gh_buf pem;
	int rc;

	gh_buf_init(&pem, PEM_MAX);
	gh_pem_put(&pem, "CERTIFICATE", k->cert.p, k->cert.len);
	rc = gh_buf_check(&pem, NULL) != 0 || gh_json_set_string(o, "pem", (char *)pem.data) != 0 ||
	    gh_json_set_int(o, "certificate_id", k->certificate_id) != 0 ||
	    gh_json_set_string(o, "not_after", gh_timestamp_format(k->not_after, text)) != 0;
	gh_buf_free(&pem);
	return rc;
}

static gh_json *
key_json(const struct store_kra_key *k, bool is_current)
{
	char id[2 * KRA_KEY_ID_SIZE + 1];
	gh_json *o = gh_json_new_object();

	if (gh_json_set_string(o, "id", gh_hex_lower(k->id, sizeof(k->id), id)) == 0 &&
	    gh_json_set_bool(o, "is_current", is_current) == 0 &&
	    gh_json_set_string(o, "algorithm", algorithm_of(k)) == 0 &&
	    set_bytes(o, "public_key", k->spki.p, k->spki.len) == 0 &&
	    (k->cert.len == 0 || set_certificate(o, k) == 0))
		return o;
	gh_json_free(o);
	return NULL;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* One of the three, as it grows. */
struct page {
	struct kra_means means;
	enum rest_certificate_format format;
	gh_json *entries;
	struct gh_buf body;
	unsigned char current[KRA_KEY_ID_SIZE];
};

static int
put_key(struct page *page, const struct store_kra_key *k, bool is_current, struct gh_error *err)
{
	switch (page->format) {
	case REST_CERTIFICATE_JSON:
		return gh_json_append(page->entries, key_json(k, is_current)) == 0
		    ? 0
		    : gh_fail(err, GH_E_NOMEM, "transport keys");
	case REST_CERTIFICATE_PEM:
		if (k->cert.len > 0)
			gh_pem_put(&page->body, "CERTIFICATE", k->cert.p, k->cert.len);
		break;
	case REST_CERTIFICATE_PKCS7: /* see choose_form */
	case REST_CERTIFICATE_DER:
		if (is_current)
			gh_buf_put(&page->body, k->cert.p, k->cert.len);
		break;
	}
	return gh_buf_check(&page->body, err);
}

/* Those that still open what was wrapped for them, behind the current one. */
static int
put_older(void *arg, const struct store_kra_key *k, struct gh_error *err)
{
	struct page *page = arg;
	int rc;

	if (k->kind != STORE_KRA_TRANSPORT || memcmp(k->id, page->current, sizeof(k->id)) == 0 ||
	    (k->not_after != 0 && k->not_after <= gh_now()))
		return 0;
	if ((rc = kra_keys_check_row(&page->means, k, err)) == GH_E_SIGNER_DOWN)
		return rc;
	/* whoever can write the database gets nothing wrapped for a key of his own */
	if (rc != 0) {
		gh_log_kv(GH_LOG_ERROR, "a transport key is not shown", "cause", err->detail, NULL);
		return 0;
	}
	return put_key(page, k, false, err);
}

static int
put_all(struct page *page, struct gh_error *err)
{
	struct store_kra_key current;
	int rc = kra_keys_current(&page->means, STORE_KRA_TRANSPORT, &current, err);

	if (rc != 0)
		return rc;
	memcpy(page->current, current.id, sizeof(page->current));
	if ((rc = put_key(page, &current, true, err)) == 0)
		rc = store_each_kra_key(page->means.store, put_older, page, err);
	if (rc == 0 && page->format != REST_CERTIFICATE_JSON && page->body.len == 0)
		rc = gh_refuse(err, GH_E_NOT_FOUND,
		    "The transport key has no certificate yet; ask for JSON.");
	store_kra_key_clear(&current);
	return rc;
}

static void
reply_page(struct gh_http_reply *rep, struct page *page)
{
	gh_json *o;

	if (page->format == REST_CERTIFICATE_JSON) {
		o = gh_json_new_object();
		if (gh_json_set(o, "entries", page->entries) != 0) {
			gh_json_free(o);
			o = NULL;
		}
		page->entries = NULL;
		rest_json(rep, 200, o);
		return;
	}
	rep->status = 200;
	rep->body = page->body.data;
	rep->body_len = page->body.len;
	page->body = (struct gh_buf){0};
	gh_http_reply_type(rep,
	    page->format == REST_CERTIFICATE_DER ? "application/pkix-cert"
						 : "application/x-pem-file");
}

static int
choose_form(const struct call *call, enum rest_certificate_format *out, struct rest_fields *f,
    struct gh_error *err)
{
	int rc = rest_certificate_format(call, out, f, err);

	if (rc != 0 || *out != REST_CERTIFICATE_PKCS7)
		return rc;
	rest_field_wrong(f, "format", "The format is json, pem or der.");
	return rest_fields_check(f, err);
}

void
rest_transport(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct page page = {.means = kra_env_means(env), .entries = gh_json_new_array()};
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	int rc;

	gh_buf_init(&page.body, PEM_MAX);
	if ((rc = kra_env_check(env, &err)) == 0 &&
	    (rc = choose_form(call, &page.format, &fields, &err)) == 0)
		rc = put_all(&page, &err);
	if (rc == 0) {
		reply_page(rep, &page);
		gh_http_cache_content(call->http, rep, CACHE);
	} else {
		kra_rest_fail(call, &err, &fields, rep);
	}
	gh_http_reply_header(rep, "Vary", "Accept");
	gh_json_free(page.entries);
	gh_buf_free(&page.body);
}

/* --- info ------------------------------------------------------------------------------------- */

static gh_json *
words_json(const char *const *words)
{
	gh_json *a = gh_json_new_array();

	for (; a != NULL && *words != NULL; words++) {
		if (gh_json_append(a, gh_json_new_string(*words)) == 0)
			continue;
		gh_json_free(a);
		a = NULL;
	}
	return a;
}

/* As docs/kra.md has them; what is legacy is taken only where the KRA was started so. */
static int
set_algorithms(gh_json *o, bool is_legacy)
{
	static const char *const keys[] = {"RSA-OAEP-256", "ECDH-ES+A256KW", NULL},
				 *const old_keys[] = {"RSA-OAEP-256", "ECDH-ES+A256KW", "RSA1_5",
				     NULL},
				 *const releases[] = {"RSA-OAEP-256-RELEASE",
				     "ECDH-ES+A256KW-RELEASE", NULL},
				 *const payloads[] = {"AES-128-GCM", "AES-256-GCM", "AES-128-KWP",
				     "AES-256-KWP", "AES-128-KW", "AES-256-KW", NULL},
				 *const old_payloads[] = {"AES-128-GCM", "AES-256-GCM",
				     "AES-128-KWP", "AES-256-KWP", "AES-128-KW", "AES-256-KW",
				     "AES-128-CBC", "AES-256-CBC", NULL},
				 *const formats[] = {"wrapped", "pkcs12", NULL},
				 *const old_formats[] = {"wrapped", "pkcs12", "pkcs12-legacy",
				     NULL};

	return gh_json_set(o, "session_key_algorithms", words_json(is_legacy ? old_keys : keys)) |
	    gh_json_set(o, "release_key_algorithms", words_json(releases)) |
	    gh_json_set(o, "secret_algorithms", words_json(is_legacy ? old_payloads : payloads)) |
	    gh_json_set(o, "formats", words_json(is_legacy ? old_formats : formats));
}

static gh_json *
kra_json(const struct gh_conf *conf)
{
	gh_json *o = gh_json_new_object();

	if (set_algorithms(o, conf->kra.allow_legacy_wrapping) == 0 &&
	    gh_json_set_bool(o, "allows_legacy", conf->kra.allow_legacy_wrapping) == 0 &&
	    gh_json_set_int(o, "secret_octets_max", KRA_SECRET_MAX) == 0 &&
	    gh_json_set_int(o, "approvals", conf->kra.approvals) == 0 &&
	    gh_json_set_int(o, "request_seconds", conf->kra.request_expiry) == 0 &&
	    gh_json_set_int(o, "repeat_seconds", conf->kra.repeat) == 0 &&
	    gh_json_set_string(o, "transport", "/pki/config/kra/cert/transport") == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
rest_info(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	bool has_kra = *env->conf->kra.socket != '\0';
	gh_json *o = gh_json_new_object();

	if (gh_json_set(o, "kra", has_kra ? kra_json(env->conf) : gh_json_new_string(NULL)) != 0) {
		gh_json_free(o);
		o = NULL;
	}
	rest_json(rep, 200, o);
	gh_http_cache_content(call->http, rep, CACHE);
}
