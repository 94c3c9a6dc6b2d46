/* See key_statement.h. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "timestamp.h"
#include "uuid.h"

#include "key_call.h"
#include "key_statement.h"
#include "output.h"

#define DIGITS (2 * KRA_RELEASE_DIGEST_SIZE)
#define DIGITS_MIN 16 /* of a wrapping that was told: 64 bits */

static bool
read_wrapping(const char *text, unsigned char out[KRA_RELEASE_DIGEST_SIZE])
{
	unsigned char *p = NULL;
	size_t n = 0;

	if (strlen(text) != DIGITS || gh_hex_decode(text, DIGITS, &p, &n, NULL) != 0)
		return false;
	memcpy(out, p, KRA_RELEASE_DIGEST_SIZE);
	free(p);
	return true;
}

int
key_statement_read(const gh_json *o, struct key_statement *out, struct gh_error *err)
{
	struct approval_subject *s = &out->subject;
	const char *wrapping = key_call_text(o, "wrapping_sha256");
	/* of people with a directory entry its id, else the name */
	const char *requester = key_call_text(o, "requester_id");

	memset(out, 0, sizeof(*out));
	if (gh_json_bool(gh_json_get(o, "altered"), false))
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "the request is not as it was recorded: somebody changed it in the database. Reject it, "
		    "and tell the administrator");
	if (requester[0] == '\0')
		requester = key_call_text(o, "requester");
	s->requester = (struct gh_der){(const unsigned char *)requester, strlen(requester)};
	out->has_wrapping = wrapping[0] != '\0';
	if (!gh_json_int(gh_json_get(o, "id"), &s->request_id) || requester[0] == '\0' ||
	    !gh_uuid_parse(key_call_text(o, "key_id"), s->key_id) ||
	    gh_timestamp_parse(key_call_text(o, "expires_at"), &s->until, NULL) != 0 ||
	    (out->has_wrapping && !read_wrapping(wrapping, s->wrapping)))
		return gh_refuse(err, GH_E_BAD_JSON,
		    "the gateway does not say what is to be approved: no request for a recovery?");
	return 0;
}

int
key_statement_check_wrapping(const struct key_statement *s, const char *hex, struct gh_error *err)
{
	char real[DIGITS + 1];
	size_t n = 0;

	gh_hex_lower(s->subject.wrapping, KRA_RELEASE_DIGEST_SIZE, real);
	for (; *hex != '\0'; hex++) {
		if (*hex == ' ')
			continue;
		if (!s->has_wrapping || n == DIGITS || tolower((unsigned char)*hex) != real[n++])
			return gh_refuse(err, GH_E_FORBIDDEN,
			    "the request has another wrapping than the requester named: somebody else would get the "
			    "key. Reject it, and tell the administrator");
	}
	if (n < DIGITS_MIN)
		return gh_refuse(err, GH_E_CONF, "--wrapping needs %d digits at least", DIGITS_MIN);
	return 0;
}

/* ---- for people ---- */

static void
line(FILE *f, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	fprintf(f, "    %-10s ", name);
	output_safe(f, value);
	fputc('\n', f);
}

/* In groups of four, to be read aloud. */
static void
wrapping_line(FILE *f, const char *hex)
{
	if (hex[0] == '\0')
		return;
	fprintf(f, "    %-10s", "wrapped in");
	for (size_t i = 0; i < DIGITS && hex[i] != '\0'; i++)
		fprintf(f, "%s%c", i % 4 == 0 ? " " : "",
		    isxdigit((unsigned char)hex[i]) ? hex[i] : '?');
	fprintf(f, "\n    %-10s (`key recover` showed the same to the requester: ask him for it)\n",
	    "");
}

void
key_statement_show(FILE *f, const gh_json *o, const gh_json *key, const char *signer)
{
	fputs(signer != NULL ? "You sign that this key is given out:\n"
			     : "You agree that this key is given out:\n",
	    f);
	line(f, "key", key_call_text(o, "key_id"));
	line(f, "kind", key_call_text(key, "kind"));
	line(f, "algorithm", key_call_text(key, "algorithm"));
	line(f, "called", key_call_text(key, "client_id"));
	line(f, "owner", key_call_text(key, "owner"));
	line(f, "to", key_call_text(o, "requester"));
	line(f, "that is", key_call_text(o, "requester_id"));
	line(f, "because", key_call_text(o, "comment"));
	wrapping_line(f, key_call_text(o, "wrapping_sha256"));
	line(f, "until", key_call_text(o, "expires_at"));
	if (signer != NULL)
		line(f, "signed by", signer);
}
