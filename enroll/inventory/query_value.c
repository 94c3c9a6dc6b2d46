/* Values of a query. See query_value.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "calendar.h"
#include "store/store.h"
#include "timestamp.h"

#include "query_value.h"

#define TODAY "%TODAY"
#define TODAY_DAYS_MAX 36500
#define SHA1_DIGITS 40
#define SHA256_DIGITS 64

bool
query_value_may(const struct cert_node *n)
{
	enum cert_op op = n->op;

	if (op == CERT_EQ || op == CERT_NE)
		return true;
	if (op == CERT_HAS_NONE || op == CERT_HAS_SOME)
		return n->type != CERT_STATE;
	if (op == CERT_LT || op == CERT_LE || op == CERT_GT || op == CERT_GE)
		return n->type == CERT_NUMBER || n->type == CERT_TIME || n->type == CERT_DAY;
	return n->type == CERT_TEXT || n->column == CERT_COL_SERIAL;
}

/* Digits with a sign before them. */
static bool
take_number(const char *text, int64_t *out)
{
	const char *digits = text + (*text == '-' || *text == '+');
	size_t n = strspn(digits, "0123456789");

	if (n == 0 || digits[n] != '\0')
		return false;
	errno = 0;
	*out = strtoimax(text, NULL, 10);
	return errno == 0;
}

/* %TODAY%, %TODAY+30%, %TODAY-7%: the begin of a day in UTC. */
static bool
take_today(const char *text, int64_t now, int64_t *out)
{
	size_t n = strlen(text), prefix = strlen(TODAY);
	char days[8] = "0";
	int64_t d;

	if (n < prefix + 1 || strncasecmp(text, TODAY, prefix) != 0 || text[n - 1] != '%' ||
	    n - prefix - 1 >= sizeof(days))
		return false;
	if (n > prefix + 1)
		snprintf(days, sizeof(days), "%.*s", (int)(n - prefix - 1), text + prefix);
	if ((n > prefix + 1 && *days != '+' && *days != '-') || !take_number(days, &d) ||
	    d > TODAY_DAYS_MAX || d < -TODAY_DAYS_MAX)
		return false;
	*out = now - now % GH_DAY_SECONDS + d * GH_DAY_SECONDS;
	return true;
}

static bool
take_time(const struct query_env *env, const char *text, struct cert_node *n)
{
	n->is_day = take_today(text, env->now, &n->number) || gh_day_parse(text, &n->number);
	return n->is_day || gh_timestamp_parse(text, &n->number, NULL) == 0;
}

static bool
take_day(const struct query_env *env, const char *text, struct cert_node *n)
{
	char stamp[GH_TIMESTAMP_SIZE];

	if (!take_time(env, text, n))
		return false;
	gh_timestamp_format(n->number, stamp);
	n->text = strndup(stamp, strcspn(stamp, "T"));
	return n->text != NULL;
}

static bool
take_bool(const char *text, struct cert_node *n)
{
	n->number = strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0;
	return n->number != 0 || strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0;
}

static bool
take_state(const char *text, struct cert_node *n)
{
	static const char *const words[] = {[CERT_ACTIVE] = "active",
	    [CERT_EXPIRED] = "expired",
	    [CERT_REVOKED] = "revoked",
	    [CERT_ON_HOLD] = "hold",
	    [CERT_FOREIGN] = "foreign"};

	for (n->number = 0; n->number < (int64_t)(sizeof(words) / sizeof(words[0])); n->number++)
		if (strcasecmp(words[n->number], text) == 0)
			return true;
	return false;
}

static bool
take_hex(const char *text, struct cert_node *n)
{
	char digits[STORE_HEX_DIGITS_MAX + 1];
	size_t len;

	if (!store_clean_hex(text, digits))
		return false;
	len = strlen(digits);
	if (n->column == CERT_COL_THUMBPRINT && len != SHA1_DIGITS && len != SHA256_DIGITS)
		return false;
	if (n->column == CERT_COL_KEY && len != SHA256_DIGITS)
		return false;
	n->text = strdup(digits);
	return n->text != NULL;
}

static bool
take_text(const struct query_env *env, const char *text, struct cert_node *n)
{
	n->text = strdup(strcasecmp(text, "%ME%") == 0 ? env->me : text);
	return n->text != NULL;
}

bool
query_value_take(const struct query_env *env, const char *text, struct cert_node *n, char *why,
    size_t size)
{
	static const char *const expected[] = {[CERT_TEXT] = "",
	    [CERT_NUMBER] = "expected a whole number",
	    [CERT_TIME] =
		"expected a day (2026-12-31), a time (2026-12-31T12:00:00Z) or %TODAY+30%",
	    [CERT_DAY] = "expected a day (2026-12-31) or %TODAY+30%",
	    [CERT_BOOL] = "expected true or false",
	    [CERT_HEX] =
		"expected hexadecimal digits: a serial number, a thumbprint of 40 or 64, or the 64 of a key",
	    [CERT_STATE] = "expected active, expired, revoked, hold or foreign"};
	bool ok = false;

	switch (n->type) {
	case CERT_TEXT:
		ok = take_text(env, text, n);
		break;
	case CERT_NUMBER:
		ok = take_number(text, &n->number);
		break;
	case CERT_TIME:
		ok = take_time(env, text, n);
		break;
	case CERT_DAY:
		ok = take_day(env, text, n);
		break;
	case CERT_BOOL:
		ok = take_bool(text, n);
		break;
	case CERT_HEX:
		ok = take_hex(text, n);
		break;
	case CERT_STATE:
		ok = take_state(text, n);
		break;
	}
	snprintf(why, size, "%s", ok ? "" : expected[n->type]);
	return ok;
}
