/* Answers to packages. See est_return.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "package/package_return.h"

#include "est_body.h"
#include "est_door.h"
#include "est_error.h"
#include "est_return.h"

#define TAMP_PREFIX "application/tamp-"

/* The message that the content type announces (RFC 5934, B); 0: none. */
static enum tamp_message
announced(const struct call *call)
{
	const char *type = gh_http_header(call->http, "content-type");
	size_t n;

	if (type == NULL || strncasecmp(type, TAMP_PREFIX, strlen(TAMP_PREFIX)) != 0)
		return 0;
	type += strlen(TAMP_PREFIX);
	n = strcspn(type, " \t;");
	for (int m = TAMP_STATUS_QUERY; m <= TAMP_SEQUENCE_ADJUST_CONFIRM; m++)
		if (strlen(tamp_word(m)) == n && strncasecmp(type, tamp_word(m), n) == 0)
			return m;
	return 0;
}

/* DER and BER begin with 0x30, and the base64 of that begins with "M". */
static int
read_body(const struct call *call, const char *type, unsigned char **decoded,
    struct package_reply *out, struct gh_error *err)
{
	const struct gh_http_request *http = call->http;
	int rc;

	*decoded = NULL;
	if (http->body_len > 0 && http->body[0] == GH_DER_SEQUENCE) {
		out->ber = (struct gh_der){http->body, http->body_len};
		return est_body_check(call, type, err);
	}
	rc = est_body_read(call, type, decoded, &out->ber.len, err);
	out->ber.p = *decoded;
	return rc;
}

static void
answer(struct worker_env *env, const struct call *call, const char *operation, const char *type,
    struct gh_http_reply *rep)
{
	struct package_reply reply = {.operation = operation, .tamp = announced(call)};
	const struct est_label *label;
	unsigned char *decoded = NULL;
	struct gh_error err = {0};
	int rc = est_door_label(env, call->parts, &label, &err);

	if (rc == 0 && (rc = read_body(call, type, &decoded, &reply, &err)) == 0)
		rc = package_return(env, call, &reply, &err);
	free(decoded);
	if (rc == 0)
		rep->status = 204;
	else
		est_error(&err, rep);
}

void
est_return_symmetrickeys(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	answer(env, call, "symmetrickeys", EST_CMS_TYPE, rep);
}

void
est_return_serverkeygen(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	answer(env, call, "serverkeygen", EST_CMS_TYPE, rep);
}

void
est_return_firmware(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	answer(env, call, "firmware", EST_CMS_TYPE, rep);
}

void
est_return_tamp(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	char type[60] = TAMP_PREFIX;
	enum tamp_message message = announced(call);
	struct gh_error err;

	if (message == 0) {
		(void)gh_refuse(&err, GH_E_UNSUPPORTED_MEDIA,
		    "The body must be application/tamp-... of an answer of TAMP (RFC 8295, 7.2).");
		est_error(&err, rep);
		return;
	}
	snprintf(type + strlen(type), sizeof(type) - strlen(type), "%s", tamp_word(message));
	answer(env, call, "tamp", type, rep);
}
