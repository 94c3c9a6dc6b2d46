/* Keys that were made here. See made_key.h. */
#include <stdio.h>

#include "digest.h"
#include "hex.h"
#include "store/package/package_delivery.h"

#include "made_key.h"
#include "package_client.h"

bool
made_key_object(const struct gh_der *id, char out[MADE_KEY_OBJECT_SIZE])
{
	char hex[2 * MADE_KEY_ID_SIZE + 1];

	if (id->len != MADE_KEY_ID_SIZE)
		return false;
	(void)gh_hex_lower(id->p, id->len, hex);
	snprintf(out, MADE_KEY_OBJECT_SIZE, STORE_KEY_OBJECT "%s", hex);
	return true;
}

int
made_key_record(struct worker_env *env, const struct call *call, const struct gh_der *cert,
    struct gh_error *err)
{
	unsigned char digest[MADE_KEY_ID_SIZE];
	const struct gh_der id = {digest, sizeof(digest)};
	char client[PACKAGE_CLIENT_SIZE], object[MADE_KEY_OBJECT_SIZE];

	if (!gh_digest(GH_SHA256, cert->p, cert->len, digest) || !made_key_object(&id, object))
		return gh_fail(err, GH_E_NOMEM, "identifier of a key");
	package_client_key(call->requester, client);
	return store_record_delivery(env->store, call->requester, client, object,
	    call->http->request_id, err);
}
