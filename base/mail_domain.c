/* Domains of mail addresses. See mail_domain.h. */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "mail_domain.h"
#include "name_prep.h"
#include "utf8.h"

#define LABEL_MAX 63 /* RFC 1035, 2.3.4; characters of a decoded one, too */
#define FORM_MAX 2048
#define PREFIX "xn--"

/* --- A-labels (RFC 3492) ---------------------------------------------------------------------- */

enum { BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, INITIAL_BIAS = 72, INITIAL_N = 128 };

static int
digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' + 26
	    : c >= 'a' && c <= 'z'  ? c - 'a'
	    : c >= 'A' && c <= 'Z'  ? c - 'A'
				    : -1;
}

/* 6.1 */
static uint32_t
adapt(uint32_t delta, uint32_t points, bool is_first)
{
	uint32_t k = 0;

	delta = is_first ? delta / DAMP : delta / 2;
	for (delta += delta / points; delta > ((BASE - TMIN) * TMAX) / 2; k += BASE)
		delta /= BASE - TMIN;
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

/* One generalized variable-length integer (6.2), added to *i. */
static bool
read_delta(const char **p, const char *end, uint32_t bias, uint32_t *i)
{
	uint32_t w = 1;

	for (uint32_t k = BASE;; k += BASE) {
		uint32_t t = k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;
		int digit = *p < end ? digit_of(*(*p)++) : -1;

		if (digit < 0 || (uint32_t)digit > (UINT32_MAX - *i) / w)
			return false;
		*i += (uint32_t)digit * w;
		if ((uint32_t)digit < t)
			return true;
		if (w > UINT32_MAX / (BASE - t))
			return false;
		w *= BASE - t;
	}
}

/* The characters before the last hyphen are themselves. */
static bool
read_basic(const char *p, size_t n, uint32_t *out)
{
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)p[i] >= INITIAL_N)
			return false;
		out[i] = (unsigned char)p[i];
	}
	return true;
}

/* The label behind its prefix, as characters. false: malformed, or with nothing beyond ASCII. */
static bool
decode(const char *p, size_t len, uint32_t out[LABEL_MAX], size_t *n)
{
	const char *hyphen = memrchr(p, '-', len), *end = p + len;
	uint32_t code = INITIAL_N, i = 0, bias = INITIAL_BIAS;

	*n = hyphen != NULL ? (size_t)(hyphen - p) : 0;
	if (*n >= LABEL_MAX || !read_basic(p, *n, out))
		return false;
	if (hyphen != NULL)
		p = hyphen + 1;
	if (p == end)
		return false;
	while (p < end) {
		uint32_t old = i, points = (uint32_t)*n + 1;

		if (points > LABEL_MAX || !read_delta(&p, end, bias, &i))
			return false;
		bias = adapt(i - old, points, old == 0);
		if (i / points > 0x10ffff - code)
			return false;
		code += i / points;
		i %= points;
		memmove(&out[i + 1], &out[i], (*n - i) * sizeof(*out));
		out[i++] = code;
		++*n;
	}
	return true;
}

static int
put_decoded(const char *label, size_t len, struct gh_buf *out, struct gh_error *err)
{
	uint32_t c[LABEL_MAX];
	size_t n;

	if (!decode(label + strlen(PREFIX), len - strlen(PREFIX), c, &n))
		return gh_fail(err, GH_E_SUBJECT, "an A-label is malformed");
	for (size_t i = 0; i < n; i++) {
		if (c[i] >= 0xd800 && c[i] <= 0xdfff)
			return gh_fail(err, GH_E_SUBJECT, "an A-label holds a surrogate");
		gh_utf8_put(out, c[i]);
	}
	return gh_buf_check(out, err);
}

/* --- names ------------------------------------------------------------------------------------ */

/* No label becomes two by its preparation: a fullwidth stop is one behind it. */
static bool
is_label(const char *p, size_t n)
{
	return n > 0 && memchr(p, '.', n) == NULL && memchr(p, ' ', n) == NULL &&
	    memchr(p, '@', n) == NULL && memchr(p, '\0', n) == NULL;
}

static int
put_label(const char *label, size_t len, struct gh_buf *out, struct gh_error *err)
{
	struct gh_buf text;
	size_t start = out->len;
	int rc = 0;

	gh_buf_init(&text, FORM_MAX);
	if (len >= strlen(PREFIX) && strncasecmp(label, PREFIX, strlen(PREFIX)) == 0)
		rc = put_decoded(label, len, &text, err);
	else
		gh_buf_put(&text, label, len);
	if (rc == 0 && (rc = gh_buf_check(&text, err)) == 0 &&
	    (rc = gh_name_prep(text.data, text.len, out, err)) == 0)
		rc = gh_buf_check(out, err);
	gh_buf_free(&text);
	if (rc == 0 && !is_label((const char *)out->data + start, out->len - start))
		rc = gh_fail(err, GH_E_SUBJECT, "a label of the domain is empty or malformed");
	return rc;
}

int
gh_domain_prep(const char *domain, struct gh_buf *out, struct gh_error *err)
{
	size_t len = strlen(domain);
	int rc = 0;

	if (len > 0 && domain[len - 1] == '.')
		len--;
	if (len == 0 || len > GH_DOMAIN_MAX)
		return gh_fail(err, GH_E_SUBJECT, "the domain is empty or too long");
	for (size_t at = 0; rc == 0 && at <= len;) {
		const char *dot = memchr(domain + at, '.', len - at);
		size_t n = (dot != NULL ? (size_t)(dot - domain) : len) - at;

		if (at > 0)
			gh_buf_putc(out, '.');
		rc = n > 0 ? put_label(domain + at, n, out, err)
			   : gh_fail(err, GH_E_SUBJECT, "the domain has an empty label");
		at += n + 1;
	}
	return rc;
}

bool
gh_mail_is_of_domain(const char *mail, const char *prepared)
{
	const char *at = strrchr(mail, '@');
	struct gh_buf form;
	size_t n = strlen(prepared);
	bool is_so = false;

	gh_buf_init(&form, FORM_MAX);
	if (at != NULL && at != mail && gh_domain_prep(at + 1, &form, NULL) == 0) {
		const char *p = (const char *)form.data;

		is_so = *prepared == '.' ? form.len > n && strcmp(p + form.len - n, prepared) == 0
					 : strcmp(p, prepared) == 0;
	}
	gh_buf_free(&form);
	return is_so;
}
