/* What the client sends (notes of the protocol: docs/certenroll.md). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "encoding.h"
#include "json.h"
#include "timestamp.h"

#include "client_request.h"

#define FLAG_CERT_ONLY 0x01
#define TIMESTAMP_SIZE (GH_TIMESTAMP_SIZE + 16)

/* With milliseconds: two calls in one second are two requests, not a replay. */
static void
format_time(int64_t ms, char out[TIMESTAMP_SIZE])
{
	char seconds[GH_TIMESTAMP_SIZE];

	gh_timestamp_format(ms / 1000, seconds);
	seconds[strcspn(seconds, "Z")] = '\0';
	snprintf(out, TIMESTAMP_SIZE, "%s.%03uZ", seconds, (unsigned)(ms % 1000) % 1000);
}

int
client_request_add_metadata(gh_json *list, const char *word, struct gh_error *err)
{
	const char *eq = strchr(word, '=');
	char name[128];

	if (eq == NULL || eq == word || (size_t)(eq - word) >= sizeof(name))
		return gh_refuse(err, GH_E_CONF, "metadata \"%.100s\": use NAME=VALUE", word);
	memcpy(name, word, (size_t)(eq - word));
	name[eq - word] = '\0';
	if (gh_json_get(list, name) != NULL)
		return gh_refuse(err, GH_E_CONF, "metadata %s is given twice", name);
	if (gh_json_set_string(list, name, eq + 1) != 0)
		return gh_refuse(err, GH_E_CONF, "metadata %s: the value is not UTF-8", name);
	return 0;
}

static int
build_request(const struct client_request *r, gh_json *o, struct gh_error *err)
{
	gh_json *list = gh_json_new_object();
	int rc = list != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "request");

	for (size_t i = 0; rc == 0 && r->metadata != NULL && r->metadata[i] != NULL; i++)
		rc = client_request_add_metadata(list, r->metadata[i], err);
	if (rc == 0 &&
	    (gh_json_set_int(o, "Flags", r->cert_only ? FLAG_CERT_ONLY : 0) != 0 ||
		gh_json_set_string(o, "TemplateName", r->template_name) != 0 ||
		gh_json_set_string(o, "Pkcs10Request", r->csr_base64) != 0 ||
		gh_json_set(o, "MetadataList", gh_json_ref(list)) != 0))
		rc = gh_refuse(err, GH_E_CONF,
		    "the request cannot be written as JSON (is the template UTF-8?)");
	gh_json_free(list);
	return rc;
}

int
client_request_body(const struct client_request *r, char **out, struct gh_error *err)
{
	gh_json *inner = gh_json_new_object(), *envelope = gh_json_new_object();
	char timestamp[TIMESTAMP_SIZE];
	int rc = inner != NULL && envelope != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "request");

	*out = NULL;
	if (rc == 0)
		rc = build_request(r, inner, err);
	if (rc == 0 && r->version == 3) {
		format_time(r->now_ms, timestamp);
		if (gh_json_set_string(envelope, "Timestamp", timestamp) != 0 ||
		    gh_json_set(envelope, "Request", gh_json_ref(inner)) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "request");
	}
	if (rc == 0) {
		*out = gh_json_print(r->version == 3 ? envelope : inner, false);
		if (*out == NULL)
			rc = gh_fail(err, GH_E_NOMEM, "request");
	}
	gh_json_free(inner);
	gh_json_free(envelope);
	return rc;
}

char *
client_request_sign(enum gh_hash hash, const void *secret, size_t secret_len, const void *body,
    size_t len)
{
	unsigned char mac[GH_DIGEST_MAX];

	if (!gh_hmac(hash, secret, secret_len, body, len, mac))
		return NULL;
	return gh_base64_encode(mac, gh_digest_size(hash), GH_BASE64_ONE_LINE);
}

int
client_request_app_key(const char *given, char **out, struct gh_error *err)
{
	bool has_prefix = strncmp(given, "hex:", 4) == 0 || strncmp(given, "text:", 5) == 0 ||
	    strncmp(given, "base64:", 7) == 0;
	unsigned char *key = NULL;
	size_t len = 0;
	int rc;

	*out = NULL;
	rc = has_prefix ? gh_secret_decode(given, &key, &len, err)
			: gh_base64_decode(given, strlen(given), &key, &len, err);
	if (rc != 0 || len == 0) {
		free(key);
		return gh_refuse(err, GH_E_CONF,
		    "the application key is no base64 (use hex:... or text:... for other spellings)");
	}
	*out = gh_base64_encode(key, len, GH_BASE64_ONE_LINE);
	free(key);
	return *out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "application key");
}
