/*
 * Who calls a server and which: the options of a command, the environment, and passwords that are
 * read or asked for.
 */
#ifndef CLIENT_LOGIN_H
#define CLIENT_LOGIN_H

#include "verb.h"

#include "client_http.h"

/* Who calls, as options of a command; where the gateway is, is in verb_shared.url. */
struct client_login_options {
	const char *ca_file; /* NULL: GATEHOUSE_CAFILE */
	const char *user, *password_file;
	const char *tls_cert, *tls_key, *tls_password_file;
	int timeout; /* seconds of one call */
};
extern struct client_login_options client_login_options;
/* Rows of an option table: of a verb that is always a client; and of one that is so with --url. */
#define CLIENT_REST_OPTIONS \
	{"url", 'u', OPTION_TEXT, &verb_shared.url, "URL", \
	    "https://HOST[:PORT][/PREFIX] of the gateway (default: GATEHOUSE_URL)"}, \
	    CLIENT_REST_LOGIN
#define CLIENT_REST_REMOTE \
	{"url", 'u', OPTION_TEXT, &verb_shared.url, "URL", \
	    "ask the gateway at https://HOST[:PORT][/PREFIX], not the database; the options below are for that"}, \
	    CLIENT_REST_LOGIN
#define CLIENT_REST_LOGIN \
	{"cacert", 0, OPTION_TEXT, &client_login_options.ca_file, "FILE", \
	    "PEM: CAs trusted for its TLS (default: GATEHOUSE_CAFILE, or the system's)"}, \
	    {"user", 0, OPTION_TEXT, &client_login_options.user, "NAME", \
		"who calls, as in alice or DOMAIN\\alice (default: GATEHOUSE_USER)"}, \
	    {"password-file", 0, OPTION_TEXT, &client_login_options.password_file, "FILE", \
		"password of --user, first line of FILE, - is standard input (default: GATEHOUSE_PASSWORD, or asked for)"}, \
	    {"cert", 0, OPTION_TEXT, &client_login_options.tls_cert, "FILE", \
		"client certificate in place of --user: PEM, or PKCS#12 with its key"}, \
	    {"key", 0, OPTION_TEXT, &client_login_options.tls_key, "FILE", \
		"PEM: its key (default: in the same file)"}, \
	    {"key-password-file", 0, OPTION_TEXT, &client_login_options.tls_password_file, "FILE", \
		"password of that key, first line of FILE (default: asked for, when it has one)"}, \
	{ \
		"timeout", 0, OPTION_NUMBER, &client_login_options.timeout, "SECONDS", \
		    "bound of one call (default: 60)" \
	}

struct client_login {
	struct client_http_options http;
	char *password, *tls_password;
};

/* Of client_login_options, with its prefix empty; asks for passwords. Nobody may call: then neither
 * user nor certificate is set. GH_E_CONF: something is missing or wrong. Release with
 * client_login_clear, in any case. */
int client_login_read(struct client_login *l, struct gh_error *err) GH_MUSTCHECK;
void client_login_clear(struct client_login *l);

#endif
