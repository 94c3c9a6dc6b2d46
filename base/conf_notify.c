/* What the section notify of the configuration must say together. */
#include <string.h>

#include "conf_private.h"
#include "ip.h"
#include "mail_address.h"
#include "words.h"

/* The part between scheme and port; *port: what is behind it. NULL: no such URL. */
static const char *
host_of(const char *url, size_t *len, const char **port)
{
	const char *host;

	if (strncmp(url, "smtp://", 7) == 0)
		host = url + 7;
	else if (strncmp(url, "smtps://", 8) == 0)
		host = url + 8;
	else
		return NULL;
	*len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	if (*len == 0 || *len > strlen(host) || strcspn(host, "/?#@ \t\r\n\\") < strlen(host))
		return NULL;
	*port = host + *len;
	return host;
}

static bool
is_port(const char *text)
{
	size_t n;

	if (*text == '\0')
		return true;
	if (*text++ != ':')
		return false;
	n = strspn(text, "0123456789");
	return n >= 1 && n <= 5 && text[n] == '\0';
}

/* Where a password or a message without TLS leaves this machine for nowhere. */
static bool
is_loopback(const char *host, size_t n)
{
	return (n == 9 && strncmp(host, "localhost", n) == 0) ||
	    (n > 4 && n <= 15 && strncmp(host, "127.", 4) == 0 &&
		strspn(host, "0123456789.") >= n) ||
	    (n == 5 && strncmp(host, "[::1]", n) == 0);
}

static int
check_smtp(const struct gh_conf *conf, const char *path, struct gh_error *err)
{
	size_t n = 0;
	const char *port, *host = host_of(conf->notify.smtp_url, &n, &port);

	if (host == NULL || !is_port(port))
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: notify.smtp_url must be \"smtp://HOST:PORT\" or \"smtps://HOST:PORT\"",
		    path);
	if (strcmp(conf->notify.smtp_tls, "none") == 0 && !is_loopback(host, n))
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: notify.smtp_tls = \"none\" is for a mail server on this machine: "
		    "127.0.0.1, [::1] or localhost",
		    path);
	if (!gh_mail_address_is_valid(conf->notify.from))
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: notify.smtp_url needs notify.from, an address of e-mail like "
		    "pki@corp.example",
		    path);
	return 0;
}

int
conf_notify_check(const struct gh_conf *conf, const char *path, struct gh_error *err)
{
	if ((*conf->notify.smtp_user == '\0') != (*conf->notify.smtp_password_file == '\0'))
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: notify.smtp_user and notify.smtp_password_file need each other", path);
	for (const unsigned char *p = (const unsigned char *)conf->notify.from_name; *p != '\0';
	     p++)
		if (*p < ' ' || *p == 0x7f)
			return gh_refuse(err, GH_E_CONF,
			    "%.120s: notify.from_name has a control character", path);
	if (words_find(conf->notify.language) == NULL)
		return gh_refuse(err, GH_E_CONF, "%.120s: notify.language must be en or de", path);
	if (*conf->notify.url != '\0' && strncmp(conf->notify.url, "https://", 8) != 0)
		return gh_refuse(err, GH_E_CONF, "%.120s: notify.url must begin with https://",
		    path);
	if (!gh_ip_list_is_valid(conf->notify.webhook_allow))
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: notify.webhook_allow must be numeric addresses or networks, like "
		    "\"10.0.0.1 10.1.0.0/16 fd00::/8\"",
		    path);
	return *conf->notify.smtp_url != '\0' ? check_smtp(conf, path, err) : 0;
}
