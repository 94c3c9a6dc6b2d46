/* See signer_options.h. */
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "signer_options.h"

#define CONNECTIONS_DEFAULT 256u /* as signer.max_connections of gatehouse.conf */
#define CONNECTIONS_MAX 4096u

static const char usage[] =
    "usage: gatehouse-signer --socket PATH --key-file FILE [--peer-user NAME]... "
    "[--max-connections N]\n"
    "                        [--pkcs11-module PATH [--pkcs11-pin-file FILE]] [--log-level LEVEL]\n"
    "       gatehouse-signer --admin-fd N --key-file FILE [--pkcs11-module PATH "
    "[--pkcs11-pin-file FILE]]\n"
    "                        [--log-level LEVEL]\n"
    "\n"
    "Holds the CA keys and signs certificates for the gateway; or holds the keys of the KRA, which\n"
    "archives and recovers private keys.\n"
    "\n"
    "  --role ca|kra         what it is (default ca)\n"
    "  --socket PATH         unix socket to serve (mode 0660) until SIGTERM\n"
    "  --key-file FILE       system key that seals the CA keys: 64 hex digits, for its owner only\n"
    "  --peer-user NAME      user who may connect, beside root and the signer's own; may be "
    "repeated\n"
    "  --max-connections N   connections at a time (default 256)\n"
    "  --admin-fd N          serve one inherited socket, which may also create CAs, until it is "
    "closed\n"
    "  --pkcs11-module PATH  PKCS#11 module of the token that holds CA keys\n"
    "  --pkcs11-pin-file FILE  the user's PIN, first line, for its owner only\n"
    "  --first-password-by-api  those who connect may put a CA key under its first password\n"
    "  --allow-legacy-wrapping  a KRA also takes RSA PKCS#1 v1.5 and AES-CBC, and gives PKCS#12 with 3DES\n"
    "  --sealed-policy-only  a KRA archives nothing without a policy of recovery that it has sealed\n"
    "  --log-level LEVEL     error, warn, info (default) or debug\n"
    "  --help, --version (also: gatehouse-signer version)\n";

static int
print_version(void)
{
	return puts("gatehouse-signer " GATEHOUSE_VERSION) < 0 || fflush(stdout) != 0 ? 1 : 0;
}

static bool
parse_number(const char *text, long max, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *out >= 0 && *out <= max;
}

static int
add_peer(struct signer_options *o, const char *name)
{
	const struct passwd *pw = getpwnam(name);

	if (pw == NULL) {
		fprintf(stderr, "gatehouse-signer: --peer-user %s: no such user\n", name);
		return -1;
	}
	if (o->server.peers == SERVER_PEERS_MAX) {
		fprintf(stderr, "gatehouse-signer: more than %d --peer-user\n", SERVER_PEERS_MAX);
		return -1;
	}
	o->server.peer[o->server.peers++] = pw->pw_uid;
	return 0;
}

static int
set_number(const char *option, const char *text, long min, long max, long *out)
{
	if (parse_number(text, max, out) && *out >= min)
		return 0;
	fprintf(stderr, "gatehouse-signer: %s %s: not a number from %ld to %ld\n", option, text,
	    min, max);
	return -1;
}

static int
set_log_level(const char *text, enum gh_log_level *out)
{
	if (gh_log_level_parse(text, out) != 0) {
		fprintf(stderr,
		    "gatehouse-signer: --log-level %s: not error, warn, info or debug\n", text);
		return -1;
	}
	return 0;
}

static int
set_role(const char *text, enum signer_role *out)
{
	if (strcmp(text, "ca") != 0 && strcmp(text, "kra") != 0) {
		fprintf(stderr, "gatehouse-signer: --role %s: not ca or kra\n", text);
		return -1;
	}
	*out = strcmp(text, "kra") == 0 ? SIGNER_KRA : SIGNER_CA;
	return 0;
}

static int
set_connections(struct signer_options *o, const char *value)
{
	long n;

	if (set_number("--max-connections", value, 1, CONNECTIONS_MAX, &n) != 0)
		return -1;
	o->server.max_connections = (unsigned)n;
	return 0;
}

static int
set_admin_fd(struct signer_options *o, const char *value)
{
	long n;

	if (set_number("--admin-fd", value, 0, 1 << 20, &n) != 0)
		return -1;
	o->admin_fd = (int)n;
	return 0;
}

static int
set_option(struct signer_options *o, int letter, const char *value)
{
	switch (letter) {
	case 's':
		o->server.socket_path = value;
		return 0;
	case 'k':
		o->key_file = value;
		return 0;
	case 'p':
		return add_peer(o, value);
	case 'm':
		return set_connections(o, value);
	case 'a':
		return set_admin_fd(o, value);
	case 'r':
		return set_role(value, &o->role);
	case 'P':
		o->module = value;
		return 0;
	case 'N':
		o->pin_file = value;
		return 0;
	case 'f':
		o->first_password_by_api = true;
		return 0;
	case 'w':
		o->allow_legacy_wrapping = true;
		return 0;
	case 'o':
		o->sealed_policy_only = true;
		return 0;
	case 'l':
		return set_log_level(value, &o->log_level);
	case 'h':
		fputs(usage, stdout);
		exit(0);
	case 'v':
		exit(print_version());
	default:
		fputs(usage, stderr);
		return -1;
	}
}

int
signer_options_parse(int argc, char **argv, struct signer_options *o)
{
	static const struct option names[] = {{"socket", required_argument, NULL, 's'},
	    {"key-file", required_argument, NULL, 'k'}, {"peer-user", required_argument, NULL, 'p'},
	    {"max-connections", required_argument, NULL, 'm'},
	    {"pkcs11-module", required_argument, NULL, 'P'},
	    {"pkcs11-pin-file", required_argument, NULL, 'N'},
	    {"first-password-by-api", no_argument, NULL, 'f'},
	    {"allow-legacy-wrapping", no_argument, NULL, 'w'},
	    {"sealed-policy-only", no_argument, NULL, 'o'}, {"role", required_argument, NULL, 'r'},
	    {"admin-fd", required_argument, NULL, 'a'}, {"log-level", required_argument, NULL, 'l'},
	    {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'v'},
	    {NULL, 0, NULL, 0}};
	int letter;

	memset(o, 0, sizeof(*o));
	o->admin_fd = -1;
	o->role = SIGNER_CA;
	o->log_level = GH_LOG_INFO;
	o->server.max_connections = CONNECTIONS_DEFAULT;
	if (argc == 2 && strcmp(argv[1], "version") == 0) /* as the other command takes it */
		exit(print_version());
	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (set_option(o, letter, optarg) != 0)
			return -1;
	}
	if (optind != argc || o->key_file == NULL || (o->pin_file != NULL && o->module == NULL) ||
	    (o->server.socket_path != NULL) == (o->admin_fd >= 0)) {
		fputs(usage, stderr);
		return -1;
	}
	gh_log_init(o->role == SIGNER_KRA ? "kra" : "signer", o->log_level, NULL);
	return 0;
}
