/* The option table and the reader of the configuration file, over libconfuse. */
#include <confuse.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "conf.h"
#include "ip.h"

enum option_type { OPT_STRING, OPT_INT, OPT_BOOL };

struct option {
	const char *section, *name;
	enum option_type type;
	size_t offset;        /* in struct gh_conf */
	const char *fallback; /* NULL: must be given */
	long min, max;        /* integers */
	const char *choices;  /* strings: blank-separated, NULL = any */
	const char *meaning;
};

#define AT(s, n) #s, #n
#define STR(s, n, fallback, meaning) \
	{ \
		AT(s, n), OPT_STRING, offsetof(struct gh_conf, s.n), fallback, 0, 0, NULL, meaning \
	}
#define ONE_OF(s, n, fallback, choices, meaning) \
	{ \
		AT(s, n), OPT_STRING, offsetof(struct gh_conf, s.n), fallback, 0, 0, choices, \
		    meaning \
	}
#define INT(s, n, fallback, min, max, meaning) \
	{ \
		AT(s, n), OPT_INT, offsetof(struct gh_conf, s.n), fallback, min, max, NULL, \
		    meaning \
	}
#define BOOL(s, n, fallback, meaning) \
	{ \
		AT(s, n), OPT_BOOL, offsetof(struct gh_conf, s.n), fallback, 0, 0, NULL, meaning \
	}

static const struct option options[] = {
    STR(gateway, listen, "127.0.0.1", "numeric address to listen on"),
    INT(gateway, port, "8443", 1, 65535, "TCP port of HTTPS"),
    STR(gateway, http_listen, "127.0.0.1", "numeric address of plain HTTP"),
    INT(gateway, http_port, "0", 0, 65535,
	"TCP port of plain HTTP: CRLs, OCSP, CA certificates, health; 0 = none"),
    INT(gateway, workers, "0", 0, 255, "worker processes; 0 = one for each core, at most 8"),
    INT(gateway, threads, "4", 1, 64, "pool threads of each worker"),
    INT(gateway, queue, "512", 1, 65536, "requests waiting for a thread, per worker; more get 503"),
    INT(gateway, max_connections, "2048", 16, 65536,
	"connections of each worker to the HTTPS port"),
    INT(gateway, http_max_connections, "1024", 16, 65536,
	"connections of each worker to the plain HTTP port"),
    INT(gateway, max_per_address, "512", 0, 65536,
	"connections of each worker from one client address, or IPv6 /64; 0 = no limit"),
    STR(gateway, proxies, "",
	"addresses and networks, blank-separated, whose connections begin with a PROXY header, version 2"),
    INT(gateway, body_memory, "64", 32, 65536,
	"MB of request bodies that each worker holds; more get 503"),
    INT(gateway, body_max, "262144", 16384, 16777216, "largest request body in bytes"),
    INT(gateway, request_timeout, "15", 1, 600, "seconds a client may take to send its request"),
    STR(gateway, certificate, NULL, "PEM file: server certificate and its issuers"),
    STR(gateway, key, NULL, "PEM file: key of the server certificate"),
    STR(gateway, client_ca, "",
	"PEM file: CAs whose client certificates are accepted; empty = none"),
    ONE_OF(gateway, client_name, "upn", "upn mail",
	"name in a client certificate that finds its user in the directory"),
    ONE_OF(gateway, client_mapping, "strong", "strong name",
	"client certificates of other CAs without SID: strong = refused, name = the name is enough, without roles"),
    STR(gateway, origins, "",
	"https://HOST[:PORT], blank-separated: by which clients reach the gateway; empty = any"),
    STR(gateway, run_dir, "/run/gatehouse",
	"folder for process files and the generated Kore configuration"),
    STR(gateway, secret_file, "/etc/gatehouse/gateway.secret",
	"64 hex digits, the same on all nodes: seals application secrets and signs tokens"),
    STR(gateway, user, "", "user that runs Kore; empty = as started"),
    ONE_OF(gateway, log_level, "info", "error warn info debug",
	"least important level that is logged"),
    STR(gateway, module, "/usr/lib/gatehouse/gatehouse.so", "the gateway's Kore module"),
    BOOL(gateway, metrics_public, "false", "answer /metrics to other than loopback addresses"),

    STR(database, conninfo, NULL, "libpq connection string"),
    INT(database, timeout_ms, "5000", 100, 60000,
	"bound of connecting and of each statement, milliseconds"),
    INT(database, clock_skew, "30", 1, 86400,
	"seconds that this node's clock may be away from the database's; beyond, it issues nothing"),

    STR(signer, socket, "/run/gatehouse-signer/signer.sock", "unix socket of the signer"),
    STR(signer, key_file, "/etc/gatehouse/signer.key",
	"64 hex digits, the same on all nodes: seals the CA keys; readable by the signer only"),
    STR(signer, user, "", "user that runs the signer; empty = as started"),
    INT(signer, timeout_ms, "5000", 100, 60000,
	"bound of each question to the signer, milliseconds"),
    INT(signer, max_connections, "256", 1, 4096, "connections the signer accepts"),
    STR(signer, program, "/usr/sbin/gatehouse-signer", "the signer program"),
    STR(signer, pkcs11_module, "", "PKCS#11 module of the token that holds CA keys; empty = none"),
    STR(signer, pkcs11_pin_file, "",
	"file with the token's PIN in its first line; readable by the signer only; empty = no PIN"),
    BOOL(signer, first_password_by_api, "false",
	"the gateway's API may put an unprotected CA key under a password; else only `gatehouse ca password`"),

    ONE_OF(directory, type, NULL, "ad openldap",
	"kind of directory: its attribute names and group rules"),
    STR(directory, uris, NULL, "blank-separated LDAP URIs, tried in order"),
    BOOL(directory, starttls, "false",
	"StartTLS on ldap:// URIs; without it only ldaps:// and ldapi://"),
    STR(directory, ca_file, "", "PEM file: CAs trusted for the directory's TLS"),
    STR(directory, bind_dn, "", "service account; empty = anonymous"),
    STR(directory, password_file, "", "file with the service account's password in its first line"),
    STR(directory, base, NULL, "DN under which users and computers are found"),
    STR(directory, user_filter, "",
	"%s = name without domain, %u = name as given; empty = by type"),
    STR(directory, computer_filter, "", "the same for computers; empty = by type"),
    STR(directory, group_base, "", "DN under which groups are found; empty = base"),
    STR(directory, netbios_domain, "",
	"domain accepted in DOMAIN\\name; empty = that form is refused"),
    STR(directory, realm, "", "realm accepted in name@realm when no attribute holds that name"),
    INT(directory, connect_ms, "3000", 100, 60000, "deadline of connecting with TLS, milliseconds"),
    INT(directory, operation_ms, "5000", 100, 60000, "deadline of each operation, milliseconds"),
    INT(directory, cache_seconds, "60", 0, 60, "how long attributes and groups are remembered"),
    INT(directory, bind_cache_seconds, "60", 0, 60, "how long a successful login is remembered"),
    INT(directory, group_depth, "10", 1, 64, "levels of nested groups that are followed"),
    STR(directory, attr_cn, "", "attribute with the common name; empty = by type"),
    STR(directory, attr_mail, "", "attribute with the e-mail address; empty = by type"),
    STR(directory, attr_upn, "", "attribute with the user principal name; empty = by type"),
    STR(directory, attr_dns, "", "attribute with the DNS host name; empty = by type"),
    STR(directory, attr_sam, "", "attribute with the account name; empty = by type"),
    STR(directory, attr_guid, "", "attribute with the object GUID; empty = by type"),
    STR(directory, attr_sid, "", "attribute with the object SID; empty = by type"),

    STR(certenroll, prefixes, "",
	"further blank-separated path prefixes; /CMSApi and none always work"),
    INT(certenroll, timestamp_window, "300", 10, 86400,
	"seconds that a Timestamp may lie from our time"),
    INT(certenroll, replay_window, "600", 20, 604800, "seconds that recorded answers are repeated"),
    BOOL(certenroll, tokens, "true", "tokens, and with them versions 1 and 2"),
    INT(certenroll, token_seconds, "300", 10, 86400, "life of a token"),
    INT(certenroll, denied_status, "403", 200, 403, "HTTP status of a denial: 403 or 200"),

    INT(ca, backdate, "600", 0, 86400, "seconds that notBefore lies before the time of issue"),
    INT(ca, password_attempts, "3", 1, 100, "wrong passwords of a CA key before it is locked out"),
    INT(ca, password_lock_seconds, "300", 1, 86400,
	"seconds of the first lockout; each further one is twice as long, up to a day"),
    INT(ca, unlock_seconds, "900", 1, 2592000,
	"longest time in seconds that a CA key stays unlocked"),

    INT(crl, interval, "43200", 60, 31536000, "seconds from one complete CRL to the next"),
    INT(crl, grace, "43200", 60, 31536000,
	"seconds that a CRL is valid beyond the time of the next one"),
    INT(crl, delta_interval, "0", 0, 31536000,
	"seconds from one delta CRL to the next; 0 = no delta CRLs"),
    BOOL(crl, on_revoke, "true",
	"make a CRL soon after a revocation: a delta where there are deltas"),
    INT(crl, min_interval, "300", 1, 86400,
	"seconds between CRLs that are made because of revocations"),
    STR(crl, ldap_dn, "",
	"entry of the directory to publish CRLs in, %s = name of the CA in URLs; empty = none"),

    INT(ocsp, lifetime, "43200", 60, 1209600,
	"seconds from thisUpdate to nextUpdate of an OCSP answer"),
    INT(ocsp, max_age, "300", 0, 1209600,
	"seconds that HTTP caches may keep an OCSP answer; at most to nextUpdate"),
    INT(ocsp, signer_days, "14", 1, 90, "days that the certificate of an OCSP signer is valid"),
    ONE_OF(ocsp, unknown, "unknown", "unknown unauthorized",
	"answer about a serial number that was never issued"),
    INT(ocsp, archive_cutoff, "0", 0, 36500,
	"days after its end that a certificate's status is known, in answers; 0 = say nothing"),
    INT(ocsp, cache_mb, "64", 1, 65536, "megabytes of ready OCSP answers in each worker"),
    INT(ocsp, presign_hits, "10", 0, 1000000000,
	"an answer that was asked so often is renewed before it ends; 0 = none"),

    STR(roles, admin_groups, "", "directory groups of administrators, separated by semicolons"),
    STR(roles, officer_groups, "", "directory groups of officers: approve, deny, revoke"),
    STR(roles, auditor_groups, "", "directory groups of auditors: read the audit trail"),

    INT(jobs, crl, "30", 0, 604800,
	"seconds between looks at which CRLs are due; 0 = only on demand"),
    INT(jobs, ocsp_signer, "600", 0, 604800,
	"seconds between looks at the OCSP signers; 0 = only on demand"),
    INT(jobs, server_certificate, "3600", 0, 604800,
	"seconds between looks at the server certificate of each node; 0 = only on demand"),
    INT(jobs, expiry_notices, "3600", 0, 604800,
	"seconds between searches for certificates that end soon; 0 = only on demand"),
    STR(jobs, expiry_days, "30 14 7 1",
	"days before its end at which a certificate gets a notice; empty = none"),
    INT(jobs, audit_seal, "60", 0, 604800,
	"seconds between seals of the audit trail; 0 = only on demand"),
    INT(jobs, retention, "86400", 0, 604800,
	"seconds between removals by retention_days; 0 = only on demand"),
    INT(jobs, retention_days, "0", 0, 36500,
	"days after its end that a certificate is kept; 0 = for ever"),

    ONE_OF(revocation, owner, "own", "own none",
	"own: who asked for a certificate may revoke it; none: officers only"),
    BOOL(revocation, require_if_match, "false",
	"refuse a change of status over REST without If-Match"),

    INT(limits, failures, "10", 1, 10000,
	"failed logins of a user from an address before they are refused ..."),
    INT(limits, window, "300", 1, 86400, "... within so many seconds"),
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))
#define SECTIONS_MAX 16
#define FILE_MAX_BYTES (1024 * 1024)

/* libconfuse has no user pointer in its error callback. Loading happens once, in one thread. */
static struct gh_error *parse_error;
static const char *parse_path; /* a section's own cfg_t does not know its file */

static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[160];

	/* the first message is the cause, later ones follow from it */
	if (parse_error == NULL || parse_error->code != GH_OK)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	gh_refuse(parse_error, GH_E_CONF, "%.80s:%d: %s", parse_path, cfg->line, text);
}

static const struct option *
find_option(const char *section, const char *name)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (strcmp(options[i].section, section) == 0 && strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

static bool
is_choice(const char *choices, const char *value)
{
	size_t n = strlen(value);

	for (const char *p = choices; n > 0 && (p = strstr(p, value)) != NULL; p += n)
		if ((p == choices || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

/* Runs while the file is read, so that the message names the line. */
static int
validate(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct option *o = find_option(cfg_name(cfg), cfg_opt_name(opt));

	if (o == NULL)
		return -1;
	if (o->type == OPT_INT) {
		long v = cfg_opt_getnint(opt, 0);

		if (v < o->min || v > o->max) {
			cfg_error(cfg, "%s must be from %ld to %ld", o->name, o->min, o->max);
			return -1;
		}
	}
	if (o->type == OPT_STRING && o->choices != NULL &&
	    !is_choice(o->choices, cfg_opt_getnstr(opt, 0))) {
		cfg_error(cfg, "%s must be one of: %s", o->name, o->choices);
		return -1;
	}
	return 0;
}

static cfg_opt_t
confuse_option(const struct option *o)
{
	cfg_opt_t str = CFG_STR(o->name, o->fallback, CFGF_NONE);
	cfg_opt_t num = CFG_INT(o->name, o->fallback != NULL ? atol(o->fallback) : 0, CFGF_NONE);
	cfg_opt_t truth = CFG_BOOL(o->name,
	    o->fallback != NULL && strcmp(o->fallback, "true") == 0 ? cfg_true : cfg_false,
	    CFGF_NONE);

	return o->type == OPT_STRING ? str : o->type == OPT_INT ? num : truth;
}

struct schema {
	cfg_opt_t option[SECTIONS_MAX][OPTIONS + 1];
	cfg_opt_t section[SECTIONS_MAX + 1];
	const char *name[SECTIONS_MAX];
	size_t sections;
};

static void
build_schema(struct schema *s)
{
	const cfg_opt_t end = CFG_END();

	memset(s, 0, sizeof(*s));
	for (size_t i = 0, n = 0; i < OPTIONS; i++) {
		if (i == 0 || strcmp(options[i].section, options[i - 1].section) != 0) {
			s->name[s->sections++] = options[i].section;
			n = 0;
		}
		s->option[s->sections - 1][n++] = confuse_option(&options[i]);
		s->option[s->sections - 1][n] = end;
	}
	for (size_t i = 0; i < s->sections; i++) {
		cfg_opt_t sec = CFG_SEC(s->name[i], s->option[i], CFGF_NONE);

		s->section[i] = sec;
	}
	s->section[s->sections] = end;
}

static int
take_option(cfg_t *cfg, const struct option *o, struct gh_conf *conf, const char *path,
    struct gh_error *err)
{
	cfg_t *sec = cfg_getsec(cfg, o->section);
	char *at = (char *)conf + o->offset;
	const char *s;

	switch (o->type) {
	case OPT_INT:
		*(int *)(void *)at = (int)cfg_getint(sec, o->name);
		return 0;
	case OPT_BOOL:
		*(bool *)(void *)at = cfg_getbool(sec, o->name) == cfg_true;
		return 0;
	case OPT_STRING:
		break;
	}
	if ((s = cfg_getstr(sec, o->name)) == NULL || (o->fallback == NULL && *s == '\0'))
		return gh_refuse(err, GH_E_CONF, "%.120s: section %s needs %s: %s", path,
		    o->section, o->name, o->meaning);
	if ((*(char **)(void *)at = strdup(s)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "configuration");
	return 0;
}

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

static int
check_together(const struct gh_conf *conf, const char *path, struct gh_error *err)
{
	int days[GH_CONF_DAYS_MAX];

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
	if (gh_conf_days(conf->jobs.expiry_days, days) < 0)
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: jobs.expiry_days must be up to %d different numbers from 1 to "
		    "3650",
		    path, GH_CONF_DAYS_MAX);
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
	if (*conf->directory.bind_dn != '\0' && *conf->directory.password_file == '\0')
		return gh_refuse(err, GH_E_CONF,
		    "%.120s: directory.bind_dn needs directory.password_file", path);
	return 0;
}

static void
on_error_silent(cfg_t *cfg, const char *fmt, va_list ap)
{
	(void)cfg;
	(void)fmt;
	(void)ap;
}

/* End of the comment at p, or p when there is none. Slashes inside an unquoted word start none. */
static char *
comment_end(char *p, bool in_word)
{
	char *end;

	if (p[0] == '#' || (!in_word && p[0] == '/' && p[1] == '/'))
		return p + strcspn(p, "\n");
	if (in_word || p[0] != '/' || p[1] != '*')
		return p;
	end = strstr(p + 2, "*/");
	return end != NULL ? end + 2 : p + strlen(p);
}

/* End of the quoted string at p, or p when there is none. */
static char *
string_end(char *p)
{
	char quote = *p;

	if (quote != '"' && quote != '\'')
		return p;
	for (p++; *p != '\0' && *p != quote; p++)
		if (*p == '\\' && p[1] != '\0')
			p++;
	return *p == quote ? p + 1 : p;
}

/* libconfuse 3.3 counts the line of a comment three times: without comments its line numbers are
 * right. */
static void
blank_comments(char *p)
{
	bool in_word = false;

	while (*p != '\0') {
		char *string = string_end(p), *comment = comment_end(p, in_word);

		if (string == p && comment == p) {
			in_word = strchr(" \t\r\n={}(),+", *p) == NULL;
			p++;
			continue;
		}
		for (; p < comment; p++)
			if (*p != '\n')
				*p = ' ';
		if (string > p)
			p = string;
		in_word = false;
	}
}

/* The file without its comments, malloc'd; NULL when it cannot be read (errno), is too long or
 * holds a NUL. */
static char *
read_file(const char *path)
{
	char *text = NULL;
	size_t n = 0;
	FILE *in = fopen(path, "re"), *out = open_memstream(&text, &n);
	bool ok = in != NULL && out != NULL;

	for (int c; ok && (c = getc(in)) != EOF;)
		ok = c != '\0' && n < FILE_MAX_BYTES && putc(c, out) != EOF;
	if (in != NULL)
		ok = !ferror(in) && ok;
	if (in != NULL)
		fclose(in);
	if (out != NULL)
		ok = fclose(out) == 0 && ok;
	if (!ok) {
		free(text);
		return NULL;
	}
	blank_comments(text);
	return text;
}

/*
 * libconfuse 3.3 takes a file that ends inside a section: a half-written one would start with
 * defaults. One more closing brace must be too many; if it is not, one was missing.
 */
static bool
is_complete(struct schema *schema, const char *text)
{
	cfg_t *cfg = cfg_init(schema->section, CFGF_NONE);
	char *more = NULL;
	bool complete = false;

	if (cfg != NULL && asprintf(&more, "%s\n}\n", text) >= 0) {
		cfg_set_error_function(cfg, on_error_silent);
		complete = cfg_parse_buf(cfg, more) != CFG_SUCCESS;
		OPENSSL_cleanse(more, strlen(more));
		free(more);
	}
	if (cfg != NULL)
		cfg_free(cfg);
	return complete;
}

static int
parse_text(cfg_t *cfg, const char *text, const char *path, struct gh_error *err)
{
	int ret;

	gh_error_clear(err);
	parse_error = err;
	parse_path = path;
	ret = cfg_parse_buf(cfg, text);
	parse_error = NULL;
	if (ret != CFG_SUCCESS) {
		if (err->code == GH_OK)
			gh_refuse(err, GH_E_CONF, "%.160s: syntax error", path);
		return GH_E_CONF;
	}
	return 0;
}

/* Parse path into cfg. */
static int
parse_file(cfg_t *cfg, struct schema *schema, const char *path, struct gh_error *err)
{
	char *text;
	int ret;

	errno = 0;
	if ((text = read_file(path)) == NULL && errno != 0)
		return gh_refuse(err, GH_E_CONF, "%.160s: cannot be read: %m", path);
	if (text == NULL)
		return gh_refuse(err, GH_E_CONF,
		    "%.160s: cannot be read: it is too long, or holds a NUL", path);
	ret = parse_text(cfg, text, path, err);
	if (ret == 0 && !is_complete(schema, text))
		ret = gh_refuse(err, GH_E_CONF, "%.160s: the file ends inside a section", path);
	OPENSSL_cleanse(text, strlen(text)); /* conninfo may hold a password */
	free(text);
	return ret;
}

int
gh_conf_load(const char *path, struct gh_conf **out, struct gh_error *err)
{
	struct schema *schema = malloc(sizeof(*schema));
	struct gh_conf *conf = calloc(1, sizeof(*conf));
	struct gh_error own;
	cfg_t *cfg = NULL;
	int ret = GH_E_NOMEM;

	*out = NULL;
	if (err == NULL)
		err = &own;
	if (schema == NULL || conf == NULL)
		goto out;
	build_schema(schema);
	if ((cfg = cfg_init(schema->section, CFGF_NONE)) == NULL)
		goto out;
	cfg_set_error_function(cfg, on_error);
	for (size_t i = 0; i < OPTIONS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s|%s", options[i].section, options[i].name);
		cfg_set_validate_func(cfg, name, validate);
	}
	ret = parse_file(cfg, schema, path, err);
	for (size_t i = 0; ret == 0 && i < OPTIONS; i++)
		ret = take_option(cfg, &options[i], conf, path, err);
	if (ret == 0)
		ret = check_together(conf, path, err);
out:
	if (cfg != NULL)
		cfg_free(cfg);
	free(schema);
	if (ret == GH_E_NOMEM)
		gh_fail(err, GH_E_NOMEM, "configuration");
	if (ret != 0)
		gh_conf_free(conf);
	else
		*out = conf;
	return ret;
}

void
gh_conf_free(struct gh_conf *conf)
{
	if (conf == NULL)
		return;
	for (size_t i = 0; i < OPTIONS; i++) {
		if (options[i].type != OPT_STRING)
			continue;
		char *s = *(char **)(void *)((char *)conf + options[i].offset);

		if (s != NULL)
			OPENSSL_cleanse(s, strlen(s)); /* conninfo may hold a password */
		free(s);
	}
	free(conf);
}

bool
gh_conf_option(size_t i, struct gh_conf_option_info *out)
{
	static _Thread_local char name[64];
	static const char *const types[] = {"string", "integer", "boolean"};

	memset(out, 0, sizeof(*out));
	if (i >= OPTIONS)
		return false;
	snprintf(name, sizeof(name), "%s.%s", options[i].section, options[i].name);
	out->name = name;
	out->type = types[options[i].type];
	out->fallback = options[i].fallback;
	out->meaning = options[i].meaning;
	return true;
}

bool
gh_conf_value(const struct gh_conf *conf, const char *name, const char **out)
{
	static _Thread_local char number[32];
	size_t dot = strcspn(name, ".");

	*out = NULL;
	for (size_t i = 0; i < OPTIONS && *out == NULL; i++) {
		const struct option *o = &options[i];
		const void *at = (const char *)conf + o->offset;

		if (strlen(o->section) != dot || strncmp(o->section, name, dot) != 0 ||
		    name[dot] != '.' || strcmp(o->name, name + dot + 1) != 0)
			continue;
		snprintf(number, sizeof(number), "%d", o->type == OPT_INT ? *(const int *)at : 0);
		*out = o->type == OPT_STRING ? *(char *const *)at
		    : o->type == OPT_INT     ? number
		    : *(const bool *)at      ? "true"
					     : "false";
	}
	return *out != NULL;
}

static void
print_string(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', f);
		fputc(*s, f);
	}
	fputs("\"\n", f);
}

void
gh_conf_print_value(FILE *f, const struct gh_conf_option_info *option, const char *value)
{
	if (strcmp(option->type, "string") == 0)
		print_string(f, value);
	else
		fprintf(f, "%s\n", value);
}

void
gh_conf_print_defaults(FILE *f)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option *o = &options[i];

		if (i == 0 || strcmp(o->section, options[i - 1].section) != 0)
			fprintf(f, "%s%s {\n", i == 0 ? "" : "}\n\n", o->section);
		fprintf(f, "\t# %s\n", o->meaning);
		if (o->type == OPT_INT)
			fprintf(f, "\t#   (%ld to %ld)\n", o->min, o->max);
		fprintf(f, "\t%s%s = ", o->fallback == NULL ? "" : "# ", o->name);
		if (o->type == OPT_STRING)
			print_string(f, o->fallback != NULL ? o->fallback : "");
		else
			fprintf(f, "%s\n", o->fallback);
	}
	fputs("}\n", f);
}
