/* Contents of packages at rest. See package_content.h. */
#include <string.h>

#include <openssl/crypto.h>

#include "aead.h"
#include "catalog/catalog_seal.h"
#include "package/cms_layer.h"
#include "store/package/package_row.h"

#include "package_content.h"

static const struct gh_der what = {(const unsigned char *)SEAL_LABEL_PACKAGE,
    sizeof(SEAL_LABEL_PACKAGE) - 1};

bool
package_is_secret(enum package_kind kind)
{
	return kind == PACKAGE_SYMMETRIC_KEYS;
}

int
package_content_seal(enum package_kind kind, const unsigned char server_secret[GH_KEY_SIZE],
    const struct gh_buf *der, struct gh_buf *out, struct gh_error *err)
{
	const struct gh_der plain = {der->data, der->len};
	unsigned char key[GH_KEY_SIZE];
	int rc;

	gh_buf_init(out, PACKAGE_STORED_MAX);
	if (!package_is_secret(kind)) {
		gh_buf_put(out, der->data, der->len);
		return gh_buf_check(out, err);
	}
	if ((rc = gh_derive_key(server_secret, SEAL_LABEL_PACKAGE, key, err)) == 0)
		rc = gh_aead_seal(key, &what, &plain, out, err);
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

static int
unseal(const unsigned char server_secret[GH_KEY_SIZE], const struct gh_buf *sealed,
    struct gh_buf *out, struct gh_error *err)
{
	const struct gh_der message = {sealed->data, sealed->len};
	unsigned char key[GH_KEY_SIZE];
	int rc = gh_derive_key(server_secret, SEAL_LABEL_PACKAGE, key, err);

	if (rc == 0)
		rc = gh_aead_open(key, &what, &message, out, err);
	OPENSSL_cleanse(key, sizeof(key));
	return rc == GH_E_BAD_REQUEST
	    ? gh_fail(err, GH_E_CONF, "a package does not open: another gateway secret sealed it")
	    : rc;
}

int
package_content_load(struct store *s, const unsigned char server_secret[GH_KEY_SIZE],
    const gh_json *row, struct gh_buf *out, struct gh_error *err)
{
	const char *sha256 = gh_json_string(gh_json_get(row, "sha256"));
	struct gh_buf stored;
	int64_t id = 0;
	int rc;

	gh_buf_init(&stored, PACKAGE_STORED_MAX);
	gh_buf_init(out, CMS_DER_MAX);
	out->secret = true;
	if (!gh_json_int(gh_json_get(row, "id"), &id) || sha256 == NULL)
		return gh_fail(err, GH_E_INTERNAL, "package without number or hash");
	rc = store_get_package_content(s, id, sha256, &stored, err);
	if (rc == 0 && gh_json_bool(gh_json_get(row, "sealed"), false))
		rc = unseal(server_secret, &stored, out, err);
	else if (rc == 0) {
		gh_buf_put(out, stored.data, stored.len);
		rc = gh_buf_check(out, err);
	}
	gh_buf_free(&stored);
	return rc;
}
