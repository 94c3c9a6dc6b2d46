/* Configuration and catalog of the tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "buf.h"
#include "encoding.h"
#include "hex.h"

#include "fake.h"

struct gh_conf fake_conf;
const unsigned char fake_secret[32] = "0123456789abcdef0123456789abcde";

#define TEMPLATE(id, name, more) \
	"{\"id\":" #id ",\"name\":\"" name "\",\"version\":1,\"body\":{\"name\":\"" name "\"" more \
	"}}"

#define UMLAUTS \
	"\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4" \
	"\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
static const char templates[] = TEMPLATE(1, "User", "") "," TEMPLATE(2, "Slow",
    ",\"approval\":true,\"purpose\":\"client_auth\"") "," TEMPLATE(3, "NoUpn",
    ",\"apply\":-87") "," TEMPLATE(4, "Closed", ",\"may\":-81") "," TEMPLATE(5, "Other",
    "") "," TEMPLATE(6, "Needs", ",\"required\":[\"Dept\"]") "," TEMPLATE(7, "Patient",
    ",\"waits\":true,\"purpose\":\"client_auth\",\"archival\":\"required\",\"recovery_policy\":\"hr\"") "," TEMPLATE(8,
    "Two", ",\"approval\":true,\"approvals\":2") "," TEMPLATE(9, "Ruled",
    ",\"unruled\":\"dns:bank.example\"") "," TEMPLATE(10, "Verbose",
    ",\"unruled\":\"" UMLAUTS UMLAUTS UMLAUTS UMLAUTS
    "\"") "," TEMPLATE(11, "Supplied", ",\"supplied\":true");

static const char fields[] = "{\"name\":\"Dept\",\"type\":1},{\"name\":\"Count\",\"type\":2}";

static void
put_app(struct gh_buf *b, int id, const char *name, const char *ca, const char *list, bool enabled)
{
	unsigned char index[32];
	char key[16], secret[16], *hex, *sealed;

	snprintf(key, sizeof(key), "key%d", id);
	snprintf(secret, sizeof(secret), "secret%d", id);
	catalog_key_index(fake_secret, key, strlen(key), index);
	hex = gh_hex_encode(index, sizeof(index));
	assert_int_equal(catalog_seal(fake_secret, secret, strlen(secret), &sealed, NULL), 0);
	gh_buf_putf(b,
	    "{\"id\":%d,\"name\":\"%s\",\"key_index\":\"%s\",\"secret_sealed\":\"%s\",\"templates\":[%s],"
	    "\"ca\":\"%s\",\"groups\":[],\"signature_required\":true,\"min_hash\":\"SHA1\","
	    "\"service_identity\":null,\"enabled\":%s}",
	    id, name, hex, sealed, list, ca, enabled ? "true" : "false");
	free(hex);
	free(sealed);
}

static void
put_ca(struct gh_buf *b, int id, const char *name, bool enabled)
{
	gh_buf_putf(b,
	    "{\"id\":%d,\"name\":\"%s\",\"chain\":[\"%s\",\"%s\"],\"sealed\":\"AAAA\",\"cdp\":[\"http://x/\"],"
	    "\"aia\":[],\"ocsp\":[],\"slug\":\"%s\",\"also\":[],\"state\":\"%s\",\"policy\":{},\"crl_shards\":0,"
	    "\"protection\":\"system\"}",
	    id, name, fake_ca_chain(0), fake_ca_chain(1), name, enabled ? "active" : "disabled");
}

static void
put_catalog(struct gh_buf *b)
{
	gh_buf_puts(b, "{\"generation\":3,\"cas\":[");
	put_ca(b, 1, "issuing", true);
	gh_buf_puts(b, ",");
	put_ca(b, 2, "stopped", false);
	gh_buf_putf(b, "],\"templates\":[%s],\"apps\":[", templates);
	put_app(b, 7, "app", "issuing",
	    "\"User\",\"Slow\",\"NoUpn\",\"Closed\",\"Gone\",\"Needs\",\"Patient\",\"Two\"", true);
	gh_buf_puts(b, ",");
	put_app(b, 8, "other", "issuing", "\"Other\",\"Ruled\"", true);
	gh_buf_puts(b, ",");
	put_app(b, 9, "off", "stopped", "\"User\",\"Slow\"", true);
	gh_buf_puts(b, ",");
	put_app(b, 10, "disabled", "issuing", "\"User\"", false);
	gh_buf_putf(b, "],\"metadata_fields\":[%s]}", fields);
}

void
fake_world_new(struct worker_env *env)
{
	struct gh_error err;
	struct gh_buf b;
	gh_json *json;

	fake_store_reset();
	memset(&fake_dir, 0, sizeof(fake_dir));
	memset(&fake_ca, 0, sizeof(fake_ca));
	fake_conf.certenroll.timestamp_window = 300;
	fake_conf.certenroll.tokens = true;
	fake_conf.certenroll.token_seconds = 300;
	fake_conf.certenroll.denied_status = 403;
	fake_conf.ca.backdate = 600;
	memset(env, 0, sizeof(*env));
	env->conf = &fake_conf;
	env->server_secret = fake_secret;
	gh_buf_init(&b, 1024 * 1024);
	put_catalog(&b);
	assert_int_equal(gh_buf_check(&b, NULL), 0);
	if (gh_json_parse((char *)b.data, b.len, GH_JSON_STRICT, &json, &err) != 0 ||
	    catalog_new(json, fake_secret, &env->catalog, &err) != 0)
		fail_msg("catalog: %s", err.detail);
	gh_json_free(json);
	gh_buf_free(&b);
}

void
fake_world_free(struct worker_env *env)
{
	catalog_free(env->catalog);
	fake_store_reset();
}

static X509_REQ *
make_csr(void)
{
	X509_REQ *req = X509_REQ_new();
	X509_NAME *n = X509_REQ_get_subject_name(req);
	EVP_PKEY *key = EVP_EC_gen("P-256");

	assert_true(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC,
			(const unsigned char *)"from the csr", -1, -1, 0) == 1 &&
	    X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 &&
	    X509_REQ_set_pubkey(req, key) == 1 && X509_REQ_sign(req, key, EVP_sha256()) > 0);
	EVP_PKEY_free(key);
	return req;
}

char *
fake_csr_pem(void)
{
	X509_REQ *req = make_csr();
	BIO *bio = BIO_new(BIO_s_mem());
	char *p, *text;
	long n;

	assert_int_equal(PEM_write_bio_X509_REQ(bio, req), 1);
	n = BIO_get_mem_data(bio, &p);
	text = strndup(p, (size_t)n);
	BIO_free(bio);
	X509_REQ_free(req);
	return text;
}

char *
fake_csr_base64(void)
{
	X509_REQ *req = make_csr();
	unsigned char *der = NULL;
	int n = i2d_X509_REQ(req, &der);
	char *text = gh_base64_encode(der, (size_t)n, GH_BASE64_ONE_LINE);

	OPENSSL_free(der);
	X509_REQ_free(req);
	return text;
}
