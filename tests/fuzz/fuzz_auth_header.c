/* What a stranger writes into Authorization, X-CSS-CMS-AppKey, X-CSS-CMS-Signature and
 * X-CSS-CMS-Token. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth_basic.h"
#include "auth/auth_cert.h"
#include "auth/auth_hmac.h"
#include "catalog/app.h"
#include "certenroll/ce.h"

static const unsigned char secret[32] = {1};

static void
check_basic(const char *header)
{
	struct auth_basic b;
	int rc = auth_basic_parse(header, &b, NULL);

	if (memchr(b.user, '\0', sizeof(b.user)) == NULL ||
	    memchr(b.password, '\0', sizeof(b.password)) == NULL)
		abort();
	if (rc == 0 && (b.user[0] == '\0' || b.password[0] == '\0' || strchr(b.user, ':') != NULL))
		abort();
}

/* Nobody guesses a key, a signature or a token. */
static void
check_app(const char *header)
{
	static unsigned char key[] = "secret";
	static char name[] = "app";
	struct app app = {.name = name, .secret = key, .secret_len = 6, .is_enabled = true};
	struct app *apps[1];
	struct catalog c = {.app = apps};
	const struct app *out, *known;
	struct requester who = {.name = "alice"};

	if (auth_app_find(&c, header, &out, &known, NULL) != GH_E_APP_KEY || known != NULL)
		abort();
	if (auth_signature_check(&app, header, "body", 4, NULL) !=
	    (*header != '\0' ? GH_E_SIGNATURE : 0))
		abort();
	if (ce_token_check(secret, header, &who, 0, NULL) != GH_E_TOKEN)
		abort();
}

static void
check_cert(const uint8_t *data, size_t size)
{
	struct auth_cert c;

	for (int which = AUTH_CERT_UPN; which <= AUTH_CERT_MAIL; which++) {
		int rc = auth_cert_read(data, size, (enum auth_cert_name)which, &c, NULL);

		if (rc == 0 &&
		    (c.name[0] == '\0' || strlen(c.name) > AUTH_USER_MAX ||
			(c.sid != NULL && strncmp(c.sid, "S-1-", 4) != 0)))
			abort();
		if (rc != 0 && (c.name != NULL || c.sid != NULL))
			abort();
		auth_cert_clear(&c);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *header = malloc(size + 1);

	if (header == NULL)
		return 0;
	memcpy(header, data, size);
	header[size] = '\0';
	check_basic(header);
	check_app(header);
	check_cert(data, size);
	free(header);
	return 0;
}
