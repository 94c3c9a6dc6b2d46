/* What the section syslog of the configuration must say together. */
#include <string.h>

#include "conf_private.h"

/* SD-ID of RFC 5424, 6.3.2, of those who are not the IETF: a name, and a number that IANA gave. */
static bool
is_sd_id(const char *s)
{
	size_t name = strcspn(s, "@"),
	       digits = s[name] == '@' ? strspn(s + name + 1, "0123456789.") : 0;

	for (const char *p = s; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("=]\"", *p) != NULL)
			return false;
	return name > 0 && digits > 0 && s[name + 1 + digits] == '\0' && strlen(s) <= 32;
}

int
conf_syslog_check(const struct gh_conf *conf, const char *path, struct gh_error *err)
{
	const char *host = conf->syslog.host;

	if (strpbrk(host, " \t\r\n/[]") != NULL)
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: syslog.host must be a name or an address, without port", path);
	if ((*conf->syslog.certificate == '\0') != (*conf->syslog.key == '\0'))
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: syslog.certificate and syslog.key need each other", path);
	if (!is_sd_id(conf->syslog.sd_id))
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: syslog.sd_id must be NAME@NUMBER of at most 32 characters", path);
	return 0;
}
