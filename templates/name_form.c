/* Forms of names and patterns, and which patterns cover a name. See name_form.h. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "model.h"
#include "name_form.h"

static const char *const word[NAME_KINDS] = {"dns", "email", "ip", "uri", "upn"};

bool
name_kind_find(const char *text, enum name_kind *out)
{
	for (int k = 0; k < NAME_KINDS; k++)
		if (strcmp(word[k], text) == 0) {
			*out = (enum name_kind)k;
			return true;
		}
	return false;
}

static void
lower(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}

static bool
refuse(const char **why, const char *text)
{
	*why = text;
	return false;
}

/* --- DNS names -------------------------------------------------------------------------------- */

static bool
is_ascii(const char *s)
{
	return tmpl_text_is_ascii(s, strlen(s));
}

static bool
dns_form(const char *text, bool wildcard, char out[NAME_FORM_SIZE], const char **why)
{
	size_t n = strlen(text);

	if (!is_ascii(text))
		return refuse(why, "is not in ASCII: write it with A-labels (xn--...)");
	/* "a.example." is the same name, as a resolver reads it (RFC 1034, 3.1) */
	if (n > 1 && text[n - 1] == '.')
		n--;
	if (n > 253)
		return refuse(why, "is too long for a DNS name");
	memcpy(out, text, n);
	out[n] = '\0';
	lower(out);
	return tmpl_text_is_dns(out, wildcard) || refuse(why, "is not a DNS name");
}

static bool
dns_pattern(const char *text, char out[NAME_FORM_SIZE], const char **why)
{
	size_t skip = text[0] == '.' ? 1 : strncmp(text, "*.", 2) == 0 ? 2 : 0;

	if (strcmp(text, "*") == 0)
		skip = 1, out[1] = '\0';
	else if (!dns_form(text + skip, false, out + skip, why))
		return false;
	memcpy(out, text, skip);
	return true;
}

/* rest: "" or from a dot on. */
static bool
covers_domain(const char *rest, name_form_fn take, void *arg)
{
	for (; *rest != '\0'; rest = strchrnul(rest + 1, '.'))
		if (take(arg, rest))
			return true;
	return take(arg, "*");
}

static bool
dns_covers(const char *form, name_form_fn take, void *arg)
{
	const char *rest = strchrnul(form, '.');
	char one[NAME_FORM_SIZE];

	if (take(arg, form))
		return true;
	if (*rest != '\0' && form[0] != '*') {
		one[0] = '*';
		strcpy(one + 1, rest);
		if (take(arg, one))
			return true;
	}
	return covers_domain(rest, take, arg);
}

/* --- mail addresses and UPNs ------------------------------------------------------------------ */

static bool
address_form(enum name_kind kind, const char *text, char out[NAME_FORM_SIZE], const char **why)
{
	const char *at = strrchr(text, '@');
	size_t local = at != NULL ? (size_t)(at - text) + 1 : 0;

	if (kind == NAME_EMAIL && !tmpl_text_is_mail(text))
		return refuse(why, "is not a plain ASCII mail address");
	if (kind == NAME_UPN && !tmpl_text_is_upn(text))
		return refuse(why, "is not of the form name@suffix");
	if (!dns_form(text + local, false, out + local, why))
		return refuse(why, "has no DNS name behind its @");
	memcpy(out, text, local);
	if (kind == NAME_UPN) /* account names are without case in Active Directory */
		lower(out);
	return true;
}

static bool
address_pattern(enum name_kind kind, const char *text, char out[NAME_FORM_SIZE], const char **why)
{
	return strchr(text, '@') != NULL ? address_form(kind, text, out, why)
					 : dns_pattern(text, out, why);
}

static bool
address_covers(const char *form, name_form_fn take, void *arg)
{
	return take(arg, form) || dns_covers(strrchr(form, '@') + 1, take, arg);
}

/* --- addresses -------------------------------------------------------------------------------- */

static void
unmap(struct tmpl_network *w)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (w->len != 16 || w->bits < 96 || memcmp(w->addr, mapped, sizeof(mapped)) != 0)
		return;
	memmove(w->addr, w->addr + 12, 4);
	w->len = 4;
	w->bits -= 96;
}

/* A whole address without its length. */
static void
put_network(const struct tmpl_network *w, char out[NAME_FORM_SIZE])
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(w->len == 4 ? AF_INET : AF_INET6, w->addr, text, sizeof(text));
	if (w->bits == w->len * 8)
		snprintf(out, NAME_FORM_SIZE, "%s", text);
	else
		snprintf(out, NAME_FORM_SIZE, "%s/%u", text, w->bits);
}

static bool
ip_form(const char *text, bool is_pattern, char out[NAME_FORM_SIZE], const char **why)
{
	struct tmpl_network w;

	if (!tmpl_network_parse(text, &w) || (!is_pattern && strchr(text, '/') != NULL))
		return refuse(why,
		    is_pattern ? "is neither an address nor a network like 10.1.0.0/16"
			       : "is not an address");
	unmap(&w);
	put_network(&w, out);
	return true;
}

static bool
ip_covers(const char *form, name_form_fn take, void *arg)
{
	struct tmpl_network w;
	char text[NAME_FORM_SIZE];

	if (!tmpl_network_parse(form, &w))
		return false;
	for (;;) {
		put_network(&w, text);
		if (take(arg, text))
			return true;
		if (w.bits == 0)
			return false;
		w.bits--;
		w.addr[w.bits / 8] &= (unsigned char)~(0x80u >> w.bits % 8);
	}
}

/* --- URIs ------------------------------------------------------------------------------------- */

/* Only such of which no reader makes another one (RFC 3986, 6.2): nothing encoded, no user, no dot
 * segments. */
static bool
uri_form(const char *text, char out[NAME_FORM_SIZE], const char **why)
{
	const char *host = strstr(text, "://"), *path;
	size_t n = strlen(text);

	if (n >= NAME_FORM_SIZE || !tmpl_text_is_uri(text) || host == NULL ||
	    host != strchr(text, ':'))
		return refuse(why, "is not a URI with a host");
	host += 3;
	path = host + strcspn(host, "/?#");
	if (path == host || memchr(host, '@', (size_t)(path - host)) != NULL)
		return refuse(why, "is a URI without a host, or with a user");
	if (strpbrk(text, "%?#") != NULL || strstr(path, "//") != NULL ||
	    strstr(path, "/./") != NULL || strstr(path, "/../") != NULL ||
	    (n > 2 && strcmp(text + n - 2, "/.") == 0) ||
	    (n > 3 && strcmp(text + n - 3, "/..") == 0))
		return refuse(why, "is a URI with encoded characters, a query or dot segments");
	memcpy(out, text, (size_t)(path - text));
	out[path - text] = '\0';
	lower(out);
	strcpy(out + (path - text), path);
	return true;
}

static bool
uri_covers(const char *form, name_form_fn take, void *arg)
{
	const char *slash = strstr(form, "://");
	char text[NAME_FORM_SIZE];

	if (take(arg, form))
		return true;
	slash = slash != NULL ? strchr(slash + 3, '/') : NULL;
	for (; slash != NULL && slash[1] != '\0'; slash = strchr(slash + 1, '/')) {
		memcpy(text, form, (size_t)(slash - form) + 1);
		text[slash - form + 1] = '\0';
		if (take(arg, text))
			return true;
	}
	return false;
}

/* --- all kinds -------------------------------------------------------------------------------- */

bool
name_form(enum name_kind kind, const char *text, char out[NAME_FORM_SIZE], const char **why)
{
	switch (kind) {
	case NAME_DNS:
		return dns_form(text, true, out, why);
	case NAME_IP:
		return ip_form(text, false, out, why);
	case NAME_URI:
		return uri_form(text, out, why);
	default:
		return address_form(kind, text, out, why);
	}
}

bool
name_form_pattern(enum name_kind kind, const char *text, char out[NAME_FORM_SIZE], const char **why)
{
	switch (kind) {
	case NAME_DNS:
		return dns_pattern(text, out, why);
	case NAME_IP:
		return ip_form(text, true, out, why);
	case NAME_URI:
		return uri_form(text, out, why);
	default:
		return address_pattern(kind, text, out, why);
	}
}

bool
name_form_is_loose(enum name_kind kind, const char *pattern)
{
	if (kind == NAME_IP)
		return tmpl_network_is_wide(pattern);
	if (kind == NAME_URI || strchr(pattern, '@') != NULL)
		return false;
	/* "localhost" is one name */
	if (pattern[0] == '.')
		return strchr(pattern + 1, '.') == NULL;
	return strcmp(pattern, "*") == 0 ||
	    (strncmp(pattern, "*.", 2) == 0 && strchr(pattern + 2, '.') == NULL);
}

bool
name_form_covers(enum name_kind kind, const char *form, name_form_fn take, void *arg)
{
	switch (kind) {
	case NAME_DNS:
		return dns_covers(form, take, arg);
	case NAME_IP:
		return ip_covers(form, take, arg);
	case NAME_URI:
		return uri_covers(form, take, arg);
	default:
		return address_covers(form, take, arg);
	}
}
