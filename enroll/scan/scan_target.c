/* The operator's list. See scan_target.h. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ip.h"

#include "scan_target.h"

#define LINE_SIZE 1024
#define V4_BITS 96 /* of an IPv4-mapped address, before the address */
#define BLANKS " \t\r"

static const struct {
	const char *name;
	int port;
} starts[SCAN_STARTS] = {[SCAN_TLS] = {"tls", 443},
    [SCAN_SMTP] = {"smtp", 25},
    [SCAN_IMAP] = {"imap", 143},
    [SCAN_LDAP] = {"ldap", 389},
    [SCAN_POSTGRES] = {"postgres", 5432}};

const char *
scan_start_name(enum scan_start s)
{
	return starts[s].name;
}

void
scan_targets_clear(struct scan_targets *t)
{
	free(t->v);
	memset(t, 0, sizeof(*t));
}

static int
add(struct scan_targets *t, const struct scan_target *one, struct gh_error *err)
{
	if (t->n == SCAN_TARGETS_MAX)
		return gh_refuse(err, GH_E_CONF, "there are more than %d targets",
		    SCAN_TARGETS_MAX);
	if (t->n == t->cap) {
		size_t cap = t->cap > 0 ? 2 * t->cap : 64;
		void *p = realloc(t->v, cap * sizeof(*t->v));

		if (p == NULL)
			return gh_fail(err, GH_E_NOMEM, "targets");
		t->v = p;
		t->cap = cap;
	}
	t->v[t->n++] = *one;
	return 0;
}

/* ---- words of a line ---- */

static bool
is_name(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n < SCAN_NAME_SIZE && s[0] != '-' && s[0] != '.' &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == n;
}

/* 1 to max. */
static bool
read_number(const char *s, long max, long *out)
{
	size_t n = strspn(s, "0123456789");

	*out = n > 0 && n < 7 && s[n] == '\0' ? strtol(s, NULL, 10) : 0;
	return *out > 0 && *out <= max;
}

/* "host", "host:port", "[address]:port", an IPv6 address alone; in place. port NULL: none. */
static bool
split_port(char *word, char **host, char **port)
{
	char *colon = strchr(word, ':');

	*host = word;
	*port = NULL;
	if (*word == '[') {
		char *end = strchr(word, ']');

		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return false;
		*port = end[1] == ':' ? end + 2 : NULL;
		*end = '\0';
		*host = word + 1;
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		*colon = '\0';
		*port = colon + 1;
	}
	return true;
}

static int
read_option(const char *word, struct scan_target *t, struct gh_error *err)
{
	if (strncmp(word, "sni=", 4) == 0 && is_name(word + 4)) {
		snprintf(t->sni, sizeof(t->sni), "%s", word + 4);
		return 0;
	}
	if (strncmp(word, "starttls=", 9) == 0)
		for (int i = SCAN_SMTP; i < SCAN_STARTS; i++)
			if (strcmp(starts[i].name, word + 9) == 0) {
				t->start = (enum scan_start)i;
				return 0;
			}
	return gh_refuse(err, GH_E_CONF,
	    "\"%.60s\" is neither starttls=smtp, imap, ldap or postgres nor sni=NAME", word);
}

/* ---- addresses ---- */

static void
print_address(const unsigned char ip[GH_IP_SIZE], char out[SCAN_NAME_SIZE])
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool is_v4 = memcmp(ip, mapped, sizeof(mapped)) == 0;

	out[0] = '\0';
	(void)inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? ip + 12 : ip, out, SCAN_NAME_SIZE);
}

static int
add_network(struct scan_targets *t, struct scan_target *one, const char *address, const char *bits,
    struct gh_error *err)
{
	unsigned char ip[GH_IP_SIZE];
	bool is_v4 = strchr(address, ':') == NULL;
	unsigned low;
	long prefix;
	int left, rc = 0;

	if (!gh_ip_parse(address, ip) || !read_number(bits, is_v4 ? 32 : 128, &prefix))
		return gh_refuse(err, GH_E_CONF, "\"%.50s/%.10s\" is no network", address, bits);
	left = 128 - (int)prefix - (is_v4 ? V4_BITS : 0);
	if (left > SCAN_NETWORK_BITS)
		return gh_refuse(err, GH_E_CONF, "%.50s/%ld has more than %d addresses", address,
		    prefix, 1 << SCAN_NETWORK_BITS);
	low = ((unsigned)ip[14] << 8 | ip[15]) & ((1U << left) - 1);
	if (low != 0)
		return gh_refuse(err, GH_E_CONF, "%.50s is not the first address of a /%ld",
		    address, prefix);
	for (unsigned i = 0; rc == 0 && i < 1U << left; i++) {
		unsigned char each[GH_IP_SIZE];

		memcpy(each, ip, sizeof(each));
		each[14] = (unsigned char)(ip[14] | i >> 8);
		each[15] = (unsigned char)(ip[15] | (i & 0xff));
		print_address(each, one->host);
		rc = add(t, one, err);
	}
	return rc;
}

static int
add_host(struct scan_targets *t, struct scan_target *one, char *host, struct gh_error *err)
{
	unsigned char ip[GH_IP_SIZE];
	char *slash = strchr(host, '/');

	if (slash != NULL) {
		*slash = '\0';
		return add_network(t, one, host, slash + 1, err);
	}
	if (gh_ip_parse(host, ip)) {
		print_address(ip, one->host);
	} else if (is_name(host)) {
		snprintf(one->host, sizeof(one->host), "%s", host);
		if (one->sni[0] == '\0')
			snprintf(one->sni, sizeof(one->sni), "%s", host);
	} else {
		return gh_refuse(err, GH_E_CONF, "\"%.60s\" is neither a name nor an address",
		    host);
	}
	return add(t, one, err);
}

/* ---- lines ---- */

static int
take_line(struct scan_targets *t, char *line, struct gh_error *err)
{
	struct scan_target one = {.start = SCAN_TLS};
	char *rest, *host = strtok_r(line, BLANKS, &rest), *word, *port;
	long number;
	int rc = 0;

	if (host == NULL || *host == '#')
		return 0;
	while (rc == 0 && (word = strtok_r(NULL, BLANKS, &rest)) != NULL && *word != '#')
		rc = read_option(word, &one, err);
	if (rc != 0)
		return rc;
	if (!split_port(host, &host, &port) || (port != NULL && !read_number(port, 65535, &number)))
		return gh_refuse(err, GH_E_CONF, "a target is HOST, HOST:PORT or [ADDRESS]:PORT");
	one.port = port != NULL ? (int)number : starts[one.start].port;
	return add_host(t, &one, host, err);
}

int
scan_targets_read(const char *text, struct scan_targets *out, struct gh_error *err)
{
	char line[LINE_SIZE];
	struct gh_error why;
	int number = 1;

	memset(out, 0, sizeof(*out));
	for (const char *p = text; *p != '\0'; number++) {
		size_t n = strcspn(p, "\n");
		int rc;

		if (n >= sizeof(line))
			return gh_refuse(err, GH_E_CONF, "line %d is too long", number);
		memcpy(line, p, n);
		line[n] = '\0';
		if ((rc = take_line(out, line, &why)) != 0)
			return gh_refuse(err, rc, "line %d: %s", number, why.message);
		p += n + (p[n] == '\n');
	}
	return 0;
}
