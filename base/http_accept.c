/* What a client takes. See http_accept.h. */
#include <string.h>
#include <strings.h>

#include "http.h"
#include "http_accept.h"

#define WEIGHT_MAX 1000

static size_t
blanks(const char *s)
{
	return strspn(s, " \t");
}

/* "0.8", up to three digits behind the point (RFC 9110, 12.4.2). */
static int
read_weight(const char *s)
{
	int weight = 0, unit = WEIGHT_MAX;

	if (*s != '0' && *s != '1')
		return 0;
	weight = (*s++ - '0') * unit;
	if (*s == '.')
		while (*++s >= '0' && *s <= '9' && unit > 1) {
			unit /= 10;
			weight += (*s - '0') * unit;
		}
	return weight <= WEIGHT_MAX ? weight : 0;
}

/* The parameters up to the comma; *s stays at it. Parameters beside q make a range more special,
 * which none of ours is: they are passed over. */
static int
skip_parameters(const char **s)
{
	int weight = WEIGHT_MAX;

	while (**s == ';') {
		*s += 1;
		*s += blanks(*s);
		if (strncasecmp(*s, "q=", 2) == 0)
			weight = read_weight(*s + 2);
		*s += strcspn(*s, ";,");
	}
	return weight;
}

bool
gh_accept_next(const char **list, struct gh_accept *out)
{
	const char *s = *list;

	if (s == NULL)
		return false;
	s += strspn(s, ", \t");
	out->name = s;
	out->len = strcspn(s, ";, \t");
	s += out->len;
	s += blanks(s);
	out->weight = skip_parameters(&s);
	s += strcspn(s, ",");
	*list = s;
	return out->len > 0;
}

static bool
is_range(const struct gh_accept *a, const char *range)
{
	return a->len == strlen(range) && strncasecmp(a->name, range, a->len) == 0;
}

int
gh_accept_weight(const char *accept, const char *type, const char *group)
{
	struct gh_accept a;
	int weight = 0, special = 0;

	while (gh_accept_next(&accept, &a)) {
		int now = is_range(&a, type) ? 3 : is_range(&a, group) ? 2 : is_range(&a, "*/*");

		if (now > special) {
			special = now;
			weight = a.weight;
		}
	}
	return weight;
}

static bool
prefers(const struct gh_http_request *req, const char *type)
{
	const char *accept = gh_http_header(req, "accept");

	return gh_accept_weight(accept, type, "text/*") >
	    gh_accept_weight(accept, "application/json", "application/*");
}

bool
gh_http_prefers_html(const struct gh_http_request *req)
{
	return prefers(req, "text/html");
}

bool
gh_http_prefers_text(const struct gh_http_request *req)
{
	return prefers(req, "text/plain");
}
