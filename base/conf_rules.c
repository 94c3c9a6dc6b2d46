/* What the table cannot say of an option alone. */
#include <string.h>

#include "conf_private.h"
#include "ip.h"

/* Blank-separated "https://HOST[:PORT]". */
static bool
are_origins(const char *text)
{
	const char *scheme = "https://";

	while (*(text += strspn(text, " \t")) != '\0') {
		size_t n = strcspn(text, " \t"), s = strlen(scheme);

		if (n <= s || strncmp(text, scheme, s) != 0 ||
		    strcspn(text + s, "/?#@,;*\\") < n - s)
			return false;
		text += n;
	}
	return true;
}

/* Separated by semicolons. */
static bool
are_groups(const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, ";");

		if (n > GH_CONF_GROUP_MAX)
			return false;
		text += n + (text[n] == ';');
	}
	return true;
}

/* Options that are lists in a text. */
static int
check_lists(const struct gh_conf *conf, const char *path, struct gh_error *err)
{
	if (!are_origins(conf->gateway.origins))
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: gateway.origins must be \"https://HOST\" or \"https://HOST:PORT\", "
		    "without a path",
		    path);
	if (!gh_ip_list_is_valid(conf->gateway.proxies))
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: gateway.proxies must be numeric addresses or networks, like "
		    "\"10.0.0.1 10.1.0.0/16 2001:db8::/32\"",
		    path);
	if (!are_groups(conf->roles.admin_groups) || !are_groups(conf->roles.officer_groups) ||
	    !are_groups(conf->roles.auditor_groups) || !are_groups(conf->roles.agent_groups))
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: roles: a group has at most %d bytes; separate groups by semicolons",
		    path, GH_CONF_GROUP_MAX);
	return 0;
}

/* Two processes that answer at one socket, or open each other's records, would be none. */
static int
check_kra(const struct gh_conf *conf, const char *path, struct gh_error *err)
{
	if (conf->certenroll.pkcs12_legacy && !conf->kra.allow_legacy_wrapping)
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: certenroll.pkcs12_legacy needs kra.allow_legacy_wrapping", path);
	if (*conf->kra.socket == '\0')
		return 0;
	if (strcmp(conf->kra.socket, conf->signer.socket) == 0)
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: kra.socket is that of the signer: the KRA is a process of its own",
		    path);
	if (strcmp(conf->kra.key_file, conf->signer.key_file) == 0)
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: kra.key_file is that of the signer: the KRA has a key of its own",
		    path);
	return 0;
}

int
conf_rules_check(const struct gh_conf *conf, const char *path, struct gh_error *err)
{
	int days[GH_CONF_DAYS_MAX], rc;

	if (conf->certenroll.denied_status != 200 && conf->certenroll.denied_status != 403)
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: certenroll.denied_status must be 403 or 200", path);
	if (conf->certenroll.replay_window < 2 * conf->certenroll.timestamp_window)
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: certenroll.replay_window must be at least twice "
		    "timestamp_window, or a request could be accepted twice",
		    path);
	if (conf->jobs.retention_days > 0 && conf->ocsp.archive_cutoff > conf->jobs.retention_days)
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: ocsp.archive_cutoff promises the status of certificates for longer "
		    "than jobs.retention_days keeps them",
		    path);
	if (gh_conf_days(conf->jobs.expiry_days, days) < 0 ||
	    gh_conf_days(conf->jobs.ca_expiry_days, days) < 0)
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: jobs.expiry_days and jobs.ca_expiry_days must be up to %d different "
		    "numbers from 1 to 3650",
		    path, GH_CONF_DAYS_MAX);
	if (*conf->directory.bind_dn != '\0' && *conf->directory.password_file == '\0')
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: directory.bind_dn needs directory.password_file", path);
	if ((rc = check_kra(conf, path, err)) != 0 ||
	    (rc = conf_notify_check(conf, path, err)) != 0 ||
	    (rc = conf_syslog_check(conf, path, err)) != 0)
		return rc;
	return check_lists(conf, path, err);
}
