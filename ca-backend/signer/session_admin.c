/* What only an inherited socket may ask: CAs made, imported, renewed; their limits changed. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "ca_create.h"
#include "cert_build.h"
#include "log.h"
#include "session_private.h"

int
session_create_ca(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct signer_strings strings;
	struct signer_create_ca f;
	struct gh_buf cert, sealed;
	int rc;

	memset(&strings, 0, sizeof(strings));
	gh_buf_init(&cert, CERT_DER_MAX);
	gh_buf_init(&sealed, SEALED_RECORD_MAX);
	if (!signer_get_create_ca(r, &f, &strings)) {
		rc = session_fail_garbled(err);
	} else if ((rc = ca_create(&s->signer->key, &f, &cert, &sealed, err)) == 0) {
		signer_put_two_blocks(&s->out, cert.data, cert.len, sealed.data, sealed.len);
		gh_log_kv(GH_LOG_INFO, "CA created", "key_alg", f.key_alg, NULL);
	}
	OPENSSL_cleanse(&strings, sizeof(strings));
	gh_buf_free(&cert);
	gh_buf_free(&sealed);
	return rc;
}
