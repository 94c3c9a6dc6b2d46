/* Application key and signature (notes of the wire format 1.2). */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "catalog/app.h"
#include "digest.h"
#include "encoding.h"

#include "auth_hmac.h"

#define HEADER_MAX 4096 /* characters of either header */

int
auth_app_find(const struct catalog *c, const char *app_key, const struct app **out,
    const struct app **known, struct gh_error *err)
{
	unsigned char *key = NULL;
	size_t len = 0;

	*out = *known = NULL;
	if (app_key == NULL || *app_key == '\0')
		return gh_refuse(err, GH_E_APP_KEY, "The header X-CSS-CMS-AppKey is missing.");
	if (strlen(app_key) > HEADER_MAX ||
	    gh_base64_decode(app_key, strlen(app_key), &key, &len, NULL) != 0)
		return gh_fail(err, GH_E_APP_KEY, "application key is no base64 or too long");
	*known = catalog_find_app(c, key, len);
	OPENSSL_cleanse(key, len);
	free(key);
	if (*known == NULL)
		return gh_fail(err, GH_E_APP_KEY, "application key is not known");
	if (!(*known)->is_enabled)
		return gh_fail(err, GH_E_APP_KEY, "application %s is disabled", (*known)->name);
	*out = *known;
	return 0;
}

static bool
hash_of_size(size_t n, enum gh_hash *out)
{
	for (int i = 0; i < GH_HASHES; i++)
		if (gh_digest_size((enum gh_hash)i) == n) {
			*out = (enum gh_hash)i;
			return true;
		}
	return false;
}

/* sig: decoded. The bytes are compared, so that the spelling of the base64 does not matter. */
static int
check_decoded(const struct app *app, const unsigned char *sig, size_t sig_len, const void *body,
    size_t body_len, struct gh_error *err)
{
	unsigned char mac[GH_DIGEST_MAX];
	enum gh_hash hash;

	if (!hash_of_size(sig_len, &hash))
		return gh_fail(err, GH_E_SIGNATURE, "signature of %zu bytes", sig_len);
	if (hash < app->min_hash)
		return gh_fail(err, GH_E_SIGNATURE,
		    "application %s demands a stronger hash than %zu bytes", app->name, sig_len);
	if (app->secret == NULL)
		return gh_fail(err, GH_E_SIGNATURE, "application %s has no secret", app->name);
	if (!gh_hmac(hash, app->secret, app->secret_len, body, body_len, mac))
		return gh_fail(err, GH_E_INTERNAL, "HMAC failed");
	if (CRYPTO_memcmp(mac, sig, sig_len) != 0)
		return gh_fail(err, GH_E_SIGNATURE,
		    "signature does not match the body, application %s", app->name);
	return 0;
}

int
auth_signature_check(const struct app *app, const char *signature, const void *body,
    size_t body_len, struct gh_error *err)
{
	unsigned char *sig = NULL;
	size_t len = 0;
	int rc;

	if (signature == NULL || *signature == '\0') {
		if (!app->signature_required)
			return 0;
		return gh_refuse(err, GH_E_SIGNATURE, "The header X-CSS-CMS-Signature is missing.");
	}
	if (strlen(signature) > HEADER_MAX ||
	    gh_base64_decode(signature, strlen(signature), &sig, &len, NULL) != 0)
		return gh_fail(err, GH_E_SIGNATURE, "signature is no base64 or too long");
	rc = check_decoded(app, sig, len, body, body_len, err);
	free(sig);
	return rc;
}
