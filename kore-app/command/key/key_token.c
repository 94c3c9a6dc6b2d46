/* The key of an agent in a PKCS#11 token, through OpenSSL's engine "pkcs11". See key_signer.h. */
#define OPENSSL_SUPPRESS_DEPRECATED /* the engine API: Debian 12 has no provider for PKCS#11 */
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/ui.h>

#include "key_signer.h"

/* The PIN is at hand: the engine asks nobody. */
static int
refuse_question(UI *ui)
{
	(void)ui;
	return 0;
}

static EVP_PKEY *
find_key(ENGINE *e, const char *uri)
{
	UI_METHOD *silent = UI_create_method("no questions");
	EVP_PKEY *key = NULL;

	if (silent != NULL && UI_method_set_opener(silent, refuse_question) == 0)
		key = ENGINE_load_private_key(e, uri, silent, NULL);
	UI_destroy_method(silent);
	return key;
}

int
key_token_load(const char *module, const char *uri, const char *pin, EVP_PKEY **out,
    struct gh_error *err)
{
	const char *reason;
	ENGINE *e;

	*out = NULL;
	ENGINE_load_dynamic();
	if ((e = ENGINE_by_id("pkcs11")) == NULL) {
		ERR_clear_error();
		return gh_refuse(err, GH_E_CONF,
		    "OpenSSL's engine \"pkcs11\" is not there (package libengine-pkcs11-openssl)");
	}
	if (ENGINE_ctrl_cmd_string(e, "MODULE_PATH", module, 0) == 1 &&
	    ENGINE_ctrl_cmd_string(e, "PIN", pin, 0) == 1 && ENGINE_init(e) == 1) {
		*out = find_key(e, uri);
		ENGINE_finish(e);
	}
	ENGINE_free(e);
	reason = ERR_reason_error_string(ERR_peek_last_error());
	ERR_clear_error();
	if (*out != NULL)
		return 0;
	return gh_refuse(err, GH_E_CONF,
	    "no key %.100s in a token of %.80s, or the PIN is wrong%s%s", uri, module,
	    reason != NULL ? ": " : "", reason != NULL ? reason : "");
}
