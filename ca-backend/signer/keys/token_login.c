/* The login to the PKCS#11 token, and its keys by their URIs. See token.h. */
#define OPENSSL_SUPPRESS_DEPRECATED /* the engine API: Debian 12 has no provider for PKCS#11 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>

#include "log.h"
#include "token_private.h"

/* PKCS#11, 2.40, base specification, A: answers after which the PIN is not tried again. */
#define CKR_PIN_INCORRECT 0xa0
#define CKR_PIN_EXPIRED 0xa3
#define CKR_PIN_LOCKED 0xa4

struct token token = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int
read_pin(const char *path, struct gh_error *err)
{
	struct stat st;
	FILE *f = fopen(path, "re");
	bool ok;

	if (f == NULL || fstat(fileno(f), &st) != 0) {
		gh_refuse(err, GH_E_CONF, "%s: %s", path, strerror(errno));
		if (f != NULL)
			fclose(f);
		return GH_E_CONF;
	}
	ok = fgets(token.pin, sizeof(token.pin), f) != NULL;
	fclose(f);
	token.pin[strcspn(token.pin, "\r\n")] = '\0';
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return gh_refuse(err, GH_E_CONF, "%s: others than the owner have access; chmod 600",
		    path);
	if (!ok || token.pin[0] == '\0')
		return gh_refuse(err, GH_E_CONF, "%s: its first line is no PIN", path);
	token.has_pin = true;
	return 0;
}

/* The engine must never ask anybody for a PIN. */
static int
refuse_question(UI *ui)
{
	(void)ui;
	return 0;
}

int
token_configure(const char *module, const char *pin_file, struct gh_error *err)
{
	token.module = module;
	if ((token.no_questions = UI_create_method("no questions")) == NULL ||
	    UI_method_set_opener(token.no_questions, refuse_question) != 0)
		return gh_fail(err, GH_E_NOMEM, "UI method");
	return pin_file != NULL ? read_pin(pin_file, err) : 0;
}

void
token_note_errors(const char *what)
{
	unsigned long code, last = 0;
	const char *reason;

	while ((code = ERR_get_error()) != 0) {
		int r = ERR_GET_REASON(code);

		if (ERR_GET_LIB(code) < ERR_LIB_USER)
			continue;
		last = code;
		if (r == CKR_PIN_INCORRECT || r == CKR_PIN_EXPIRED || r == CKR_PIN_LOCKED)
			token.is_pin_refused = true;
	}
	reason = last != 0 ? ERR_reason_error_string(last) : NULL;
	snprintf(token.text, sizeof(token.text), "%s%s%s", what, reason != NULL ? ": " : "",
	    reason != NULL ? reason : "");
	if (token.is_pin_refused)
		snprintf(token.text, sizeof(token.text),
		    "the PIN was refused (it is not tried again before a restart of the signer)");
}

void
token_disconnect(void)
{
	struct token_key *k;

	for (k = token.keys; k != NULL; k = k->next) {
		EVP_PKEY_free(k->live);
		k->live = NULL;
	}
	if (token.engine != NULL) {
		ENGINE_finish(token.engine);
		ENGINE_free(token.engine);
	}
	token.engine = NULL;
	ERR_clear_error();
}

/* Log in, unless that is done. false: token.text says why. */
static bool
token_connect(void)
{
	ENGINE *e;

	if (token.engine != NULL)
		return true;
	if (token.module == NULL) {
		snprintf(token.text, sizeof(token.text),
		    "no PKCS#11 module is configured (signer.pkcs11_module)");
		return false;
	}
	if (token.is_pin_refused) {
		token_note_errors("");
		return false;
	}
	ENGINE_load_dynamic();
	if ((e = ENGINE_by_id("pkcs11")) == NULL) {
		token_note_errors("OpenSSL's engine \"pkcs11\" is not there "
				  "(package libengine-pkcs11-openssl)");
		return false;
	}
	if (ENGINE_ctrl_cmd_string(e, "MODULE_PATH", token.module, 0) != 1 ||
	    (token.has_pin && ENGINE_ctrl_cmd_string(e, "PIN", token.pin, 0) != 1) ||
	    ENGINE_init(e) != 1) {
		token_note_errors("the PKCS#11 module cannot be loaded");
		ENGINE_free(e);
		return false;
	}
	token.engine = e;
	return true;
}

EVP_PKEY *
token_load_uri(const char *uri)
{
	EVP_PKEY *key;

	if (!token_connect())
		return NULL;
	key = ENGINE_load_private_key(token.engine, uri, token.no_questions, NULL);
	if (key == NULL)
		token_note_errors("no token with this key");
	else
		/* The engine keeps a reference to each of its keys, and each key one to the engine:
		 * it would never finish, and the module never be initialised anew. The key's own
		 * methods, which lead to the token, are enough for signing. */
		(void)EVP_PKEY_set1_engine(key, NULL);
	ERR_clear_error();
	return key;
}

void
token_warm_up(void)
{
	if (token.module == NULL)
		return;
	pthread_mutex_lock(&token.lock);
	if (!token_connect())
		gh_log_kv(GH_LOG_WARN, "PKCS#11 token", "cause", token.text, NULL);
	pthread_mutex_unlock(&token.lock);
}
