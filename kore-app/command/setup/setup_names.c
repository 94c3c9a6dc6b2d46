/*
 * `gatehouse setup`: names and URLs. The URLs of CRL, CA certificate and OCSP responder stand in
 * every certificate and cannot be changed there: they are checked before the first one is issued.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "setup.h"

#define HTTPS_PORT "8443"
#define HTTP_PORT 80
#define URL_SIZE 300

/* ---- this machine ---- */

/* The fully qualified name, where the resolver knows one. */
static void
own_name(char out[256])
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
	    .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_CANONNAME};
	struct addrinfo *found = NULL;
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) != 0)
		snprintf(host, sizeof(host), "localhost");
	host[sizeof(host) - 1] = '\0';
	snprintf(out, 256, "%s", host);
	if (strchr(host, '.') != NULL || getaddrinfo(host, NULL, &hints, &found) != 0)
		return;
	if (found->ai_canonname != NULL && strchr(found->ai_canonname, '.') != NULL &&
	    strlen(found->ai_canonname) < 256)
		snprintf(out, 256, "%s", found->ai_canonname);
	freeaddrinfo(found);
}

static bool
is_same_address(const struct sockaddr *a, const struct sockaddr *b)
{
	if (a == NULL || b == NULL || a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET)
		return ((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr ==
		    ((const struct sockaddr_in *)(const void *)b)->sin_addr.s_addr;
	return a->sa_family == AF_INET6 &&
	    memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
		&((const struct sockaddr_in6 *)(const void *)b)->sin6_addr,
		sizeof(struct in6_addr)) == 0;
}

static bool
is_loopback(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return (ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr) >>
			   24) == 127;
	return a->sa_family == AF_INET6 &&
	    IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

static bool
is_own_address(const struct sockaddr *a)
{
	struct ifaddrs *all, *i;

	if (getifaddrs(&all) != 0)
		return false;
	for (i = all; i != NULL && !is_same_address(i->ifa_addr, a); i = i->ifa_next)
		;
	freeifaddrs(all);
	return i != NULL;
}

/* ---- names in the DNS ---- */

static int
check_resolves(const struct setup *s, const char *host, struct gh_error *err)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	bool is_ours = false, is_reachable = false;
	struct addrinfo *found = NULL;
	int code = getaddrinfo(host, NULL, &hints, &found);

	if (code != 0 && s->o.allow_unresolved) {
		setup_warn(s, "%s is not in the DNS yet: relying parties will not find the URLs",
		    host);
		return 0;
	}
	if (code != 0)
		return gh_refuse(err, GH_E_CONF,
		    "the name %.100s of the URLs cannot be resolved (%s): add it to the DNS, or "
		    "give --allow-unresolved to do so later",
		    host, gai_strerror(code));
	for (const struct addrinfo *a = found; a != NULL; a = a->ai_next) {
		is_ours |= is_loopback(a->ai_addr) || is_own_address(a->ai_addr);
		is_reachable |= !is_loopback(a->ai_addr);
	}
	freeaddrinfo(found);
	if (!is_reachable)
		setup_warn(s,
		    "%s is a loopback address here: other machines must find it in the DNS", host);
	else if (!is_ours)
		setup_warn(s,
		    "%s is not an address of this machine: right behind a load balancer only",
		    host);
	else
		setup_tell(s, "names: %s resolves to this machine", host);
	return 0;
}

/* Host of "http://host[:port][/...]". */
static int
url_host(const char *url, char out[256], struct gh_error *err)
{
	const char *host = url + strlen("http://");
	size_t n;

	if (strncasecmp(url, "http://", strlen("http://")) != 0)
		return gh_refuse(err, GH_E_CONF,
		    "the URL %.100s must begin with http://: relying parties fetch CRLs before "
		    "they trust any TLS certificate (RFC 5280, 8)",
		    url);
	n = host[0] == '[' ? strcspn(host, "]") : strcspn(host, ":/");
	if (host[0] == '[') {
		host++;
		n--;
	}
	if (n == 0 || n > 255)
		return gh_refuse(err, GH_E_CONF, "the URL %.100s names no host", url);
	snprintf(out, 256, "%.*s", (int)n, host);
	return 0;
}

static int
ask_url(struct setup *s, const char *host, int http_port, bool is_again, struct gh_error *err)
{
	char fallback[URL_SIZE], name[256];
	int rc;

	if (s->o.no_urls) {
		setup_warn(s,
		    "no URLs: nobody will learn of revocations from the certificates of these CAs");
		return 0;
	}
	/* CAs that are there keep theirs; a new one beside an old configuration needs the option */
	if (!s->is_new && s->o.base_url == NULL)
		return 0;
	if (http_port == 0 || http_port == HTTP_PORT)
		snprintf(fallback, sizeof(fallback), "http://%s", host);
	else
		snprintf(fallback, sizeof(fallback), "http://%s:%d", host, http_port);
	free(s->base_url);
	rc = setup_answer(s, is_again ? NULL : s->o.base_url, "--base-url", "URL of plain HTTP",
	    "Relying parties fetch CRLs, CA certificates and OCSP answers below it. It stands in every certificate, for years: "
	    "use a name that stays, such as http://pki.corp.example.",
	    fallback, &s->base_url, err);
	if (rc == 0)
		rc = url_host(s->base_url, name, err);
	return rc == 0 ? check_resolves(s, name, err) : rc;
}

/* ---- ports ---- */

static int
set_number(struct setup *s, const char *setting, int value, const char *fallback,
    struct gh_error *err)
{
	char text[16];

	if (value < 0)
		return conf_settings_set(&s->settings, setting, fallback, err);
	snprintf(text, sizeof(text), "%d", value);
	return conf_settings_set(&s->settings, setting, text, err);
}

static int
set_addresses(struct setup *s, struct gh_error *err)
{
	const char *listen = s->o.listen != NULL ? s->o.listen : "0.0.0.0";
	int rc = conf_settings_set(&s->settings, "gateway.listen", listen, err);

	if (rc == 0)
		rc = conf_settings_set(&s->settings, "gateway.http_listen", listen, err);
	if (rc == 0)
		rc = set_number(s, "gateway.port", s->o.port, HTTPS_PORT, err);
	if (rc == 0)
		rc = set_number(s, "gateway.http_port", s->o.http_port, s->o.no_urls ? "0" : "80",
		    err);
	return rc;
}

/* ---- the step ---- */

static int
ask_host(struct setup *s, bool is_again, char **host, struct gh_error *err)
{
	char fallback[256];
	int rc;

	own_name(fallback);
	rc = setup_answer(s, is_again ? NULL : s->o.hostname, "--hostname", "Name of this gateway",
	    "DNS name by which clients reach it; stands in its server certificate.", fallback, host,
	    err);
	server_cert_names_clear(&s->names);
	if (rc == 0)
		rc = server_cert_names_add(&s->names, *host, err);
	for (size_t i = 0; rc == 0 && i < s->o.names.n; i++)
		rc = server_cert_names_add(&s->names, s->o.names.v[i], err);
	return rc;
}

static int
step(struct setup *s, bool is_again, struct gh_error *err)
{
	char *host = NULL;
	int rc = ask_host(s, is_again, &host, err), http_port;

	if (rc == 0 && s->is_new)
		rc = set_addresses(s, err);
	if (rc == 0 && s->is_new)
		rc = setup_load(s, err);
	http_port = rc == 0 ? s->conf->gateway.http_port : 0;
	if (rc == 0)
		rc = ask_url(s, host, http_port, is_again, err);
	free(host);
	return rc;
}

int
setup_names(struct setup *s, struct gh_error *err)
{
	return setup_repeat(s, step, err);
}
