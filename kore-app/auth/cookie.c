/* Cookies. See cookie.h. */
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "hex.h"

#include "cookie.h"

/* One of the pairs "name=value" of the header. */
struct pair {
	const char *name, *value;
	size_t name_len, value_len;
};

/* The next pair from *at on; false: there is none. One without "=" has no name. */
static bool
next_pair(const char **at, struct pair *out)
{
	const char *p = *at + strspn(*at, " \t;");
	size_t n = strcspn(p, ";");
	const char *equals = memchr(p, '=', n);

	if (n == 0)
		return false;
	*at = p + n;
	while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	out->name = p;
	out->name_len = equals != NULL ? (size_t)(equals - p) : 0;
	out->value = equals != NULL ? equals + 1 : p;
	out->value_len = n - (size_t)(out->value - p);
	return true;
}

/* How many cookies have this name; the last one is *out. */
static size_t
find(const struct gh_http_request *http, const char *name, struct pair *out)
{
	const char *header = gh_http_header(http, "cookie");
	struct pair pair;
	size_t n = 0;

	while (header != NULL && next_pair(&header, &pair))
		if (pair.name_len == strlen(name) && memcmp(pair.name, name, pair.name_len) == 0) {
			*out = pair;
			n++;
		}
	return n;
}

bool
cookie_is_sent(const struct gh_http_request *http, const char *name)
{
	struct pair pair;

	return find(http, name, &pair) > 0;
}

bool
cookie_read(const struct gh_http_request *http, const char *name, unsigned char out[COOKIE_SIZE])
{
	struct pair pair;

	memset(out, 0, COOKIE_SIZE);
	if (find(http, name, &pair) != 1 || pair.value_len != 2 * COOKIE_SIZE)
		return false;
	for (size_t i = 0; i < 2 * COOKIE_SIZE; i++) {
		char c = pair.value[i];

		if (gh_hex_value(c) < 0 || (c >= 'A' && c <= 'F')) {
			OPENSSL_cleanse(out, COOKIE_SIZE);
			return false;
		}
		out[i / 2] = (unsigned char)(out[i / 2] << 4 | gh_hex_value(c));
	}
	return true;
}

void
cookie_set(struct gh_http_reply *rep, const char *name, const unsigned char *value, int seconds)
{
	char hex[COOKIE_HEX_SIZE] = "", age[32] = "", line[256];

	if (value != NULL)
		gh_hex_lower(value, COOKIE_SIZE, hex);
	if (value == NULL || seconds > 0)
		snprintf(age, sizeof(age), "; Max-Age=%d", value == NULL ? 0 : seconds);
	snprintf(line, sizeof(line), "%s=%s; Path=/; Secure; HttpOnly; SameSite=Strict%s", name,
	    hex, age);
	gh_http_reply_header(rep, "Set-Cookie", line);
	OPENSSL_cleanse(hex, sizeof(hex));
	OPENSSL_cleanse(line, sizeof(line));
}

bool
cookie_read_word(const struct gh_http_request *http, const char *name, char *out, size_t size)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
	struct pair pair;

	*out = '\0';
	if (find(http, name, &pair) != 1 || pair.value_len == 0 || pair.value_len >= size ||
	    strspn(pair.value, letters) < pair.value_len)
		return false;
	memcpy(out, pair.value, pair.value_len);
	out[pair.value_len] = '\0';
	return true;
}

void
cookie_set_word(struct gh_http_reply *rep, const char *name, const char *word, int seconds)
{
	char line[128];

	snprintf(line, sizeof(line), "%s=%s; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=%d",
	    name, word, seconds);
	gh_http_reply_header(rep, "Set-Cookie", line);
}
