/* `gatehouse ca`: certification authorities. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"

#include "command.h"
#include "list.h"
#include "make_ca.h"
#include "options.h"
#include "pem.h"

int
cmd_ca_list(int argc, char **argv)
{
	static const struct output_column columns[] = {{"ID", "id"}, {"NAME", "name"}, {"SUBJECT", "subject"},
		{"PARENT", "parent"}, {"NOT AFTER", "not_after"}, {"STATE", "state"},
		{"KEY", "protection"}, {NULL, NULL}};
	const struct list_view view = {STORE_LIST_CAS, columns};
	const struct store_filter filter = {0};
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"", 0, 0, "Lists the certification authorities.",
		"gatehouse ca list --json\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return (rc);
	return (list_show(argv[0], conf, json, &view, &filter, 0));
}

/* The CA's row of the catalog, for the caller: it holds the chain. The sealed key is taken out. */
static int
load_ca(const char *conf, const char *name, gh_json **out, struct gh_error *err)
{
	struct session s;
	bool has_key;
	int rc = session_open(&s, conf, SESSION_STORE, err);

	*out = NULL;
	if (rc != 0)
		return (rc);
	rc = list_find_active(s.store, "cas", name, out, err);
	session_close(&s);
	if (rc == GH_E_NOT_FOUND)
		return (gh_refuse(err, rc, "there is no CA \"%s\": see `gatehouse ca list`", name));
	if (rc != 0)
		return (rc);
	has_key = gh_json_string(gh_json_get(*out, "sealed")) != NULL;
	if (gh_json_set(*out, "sealed", gh_json_new_bool(has_key)) == 0)
		return (0);
	gh_json_free(*out);
	*out = NULL;
	return (gh_fail(err, GH_E_NOMEM, "CA"));
}

static int
show_text(const gh_json *ca)
{
	const char *text = gh_json_string(gh_json_at(gh_json_get(ca, "chain"), 0));
	unsigned char *der = NULL;
	size_t len;
	int rc = COMMAND_FAILED;

	if (output_object(ca, "chain") == COMMAND_OK && text != NULL &&
	    gh_base64_decode(text, strlen(text), &der, &len, NULL) == 0) {
		putchar('\n');
		rc = pem_write_text(stdout, der, len);
	}
	free(der);
	return (rc == COMMAND_OK ? output_finish() : rc);
}

int
cmd_ca_show(int argc, char **argv)
{
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"NAME", 1, 1, "Shows a CA and the content of its certificate.",
		"gatehouse ca show issuing\n"};
	struct gh_error err;
	gh_json *ca;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return (rc);
	if (load_ca(conf, argv[1], &ca, &err) != 0)
		return (command_fail(argv[0], &err));
	rc = json ? output_json(ca) : show_text(ca);
	gh_json_free(ca);
	return (rc);
}

int
cmd_ca_export(int argc, char **argv)
{
	const char *conf = NULL;
	bool chain = false;
	const struct option_row rows[] = {
		OPTION_CONFIG(&conf),
		{"chain", 0, OPTION_FLAG, &chain, NULL, "also its issuers up to the root"},
		OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1, "Writes a CA's certificate as PEM to standard output.",
		"gatehouse ca export root > root.pem\ngatehouse ca export issuing --chain > chain.pem\n"};
	struct gh_error err;
	gh_json *ca;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return (rc);
	if (load_ca(conf, argv[1], &ca, &err) != 0)
		return (command_fail(argv[0], &err));
	rc = pem_write_chain(stdout, gh_json_get(ca, "chain"), chain ? CERT_CHAIN_MAX : 1);
	gh_json_free(ca);
	return (output_finish() != COMMAND_OK ? COMMAND_FAILED : rc);
}
