/* `gatehouse ca`: certification authorities. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "store/ca/ca_row.h"

#include "command.h"
#include "list.h"
#include "options.h"
#include "cert_output.h"
#include "session.h"

int
cmd_ca_list(int argc, char **argv)
{
	static const struct output_column columns[] = {{"ID", "id"}, {"NAME", "name"},
	    {"SUBJECT", "subject"}, {"PARENT", "parent"}, {"NOT AFTER", "not_after"},
	    {"STATE", "state"}, {"KEY", "protection"}, {NULL, NULL}};
	const struct list_view view = {STORE_LIST_CAS, columns};
	const struct store_filter filter = {0};
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"", 0, 0, "Lists the certification authorities.",
	    "gatehouse ca list --json\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	return list_show(argv[0], conf, json, &view, &filter, 0);
}

/* The CA's row, for the caller. */
static int
load_ca(const char *conf, const char *name, gh_json **out, struct gh_error *err)
{
	struct session s;
	int rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	rc = store_ca_get(s.store, name, out, err);
	session_close(&s);
	if (rc == GH_E_NOT_FOUND)
		return gh_refuse(err, rc, "there is no CA \"%s\": see `gatehouse ca list`", name);
	return rc;
}

/* Of the row what concerns people: not the key, only whether it is here. NULL: out of memory. */
static gh_json *
ca_view(const gh_json *row, const char *const *members)
{
	gh_json *o = gh_json_new_object();

	for (size_t i = 0; o != NULL && members[i] != NULL; i++) {
		gh_json *v = gh_json_get(row, members[i]);

		v = strcmp(members[i], "sealed") == 0 ? gh_json_new_bool(gh_json_string(v) != NULL)
						      : gh_json_ref(v);
		if (gh_json_set(o, members[i], v) != 0) {
			gh_json_free(o);
			o = NULL;
		}
	}
	return o;
}

/* Earlier and cross certificates, a line each. */
static void
show_further(const gh_json *row)
{
	const gh_json *list = gh_json_get(row, "certificates");

	for (size_t i = 0; i < gh_json_size(list); i++) {
		const char *kind = gh_json_string(gh_json_get(gh_json_at(list, i), "kind"));
		const char *until = gh_json_string(gh_json_get(gh_json_at(list, i), "not_after"));

		printf("%s certificate, valid until %s\n", kind != NULL ? kind : "?",
		    until != NULL ? until : "?");
	}
}

static int
show_certificate(const gh_json *row)
{
	const char *text = gh_json_string(gh_json_at(gh_json_get(row, "chain"), 0));
	unsigned char *der = NULL;
	size_t len;
	int rc = COMMAND_FAILED;

	if (text == NULL)
		return COMMAND_OK;
	if (gh_base64_decode(text, strlen(text), &der, &len, NULL) == 0) {
		putchar('\n');
		rc = pem_write_text(stdout, der, len);
	}
	free(der);
	return rc;
}

static int
show(const gh_json *row, bool json)
{
	static const char *const in_text[] = {"id", "name", "slug", "state", "protection", "sealed",
	    "parent", "subject", "not_before", "not_after", "created_at", "cdp", "aia", "ocsp",
	    "crl_shards", "policy", NULL};
	static const char *const in_json[] = {"id", "name", "slug", "state", "protection", "sealed",
	    "parent", "subject", "not_before", "not_after", "created_at", "cdp", "aia", "ocsp",
	    "crl_shards", "policy", "chain", "certificates", "csr", NULL};
	gh_json *view = ca_view(row, json ? in_json : in_text);
	int rc;

	if (view == NULL)
		return COMMAND_FAILED;
	rc = json ? output_json(view) : output_object(view, NULL);
	gh_json_free(view);
	if (json || rc != COMMAND_OK)
		return rc;
	show_further(row);
	rc = show_certificate(row);
	return rc == COMMAND_OK ? output_finish() : rc;
}

int
cmd_ca_show(int argc, char **argv)
{
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"NAME", 1, 1,
	    "Shows a CA: state, policy, URLs, and the content of its certificate.",
	    "gatehouse ca show issuing\n"};
	struct gh_error err;
	gh_json *ca;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (load_ca(conf, argv[1], &ca, &err) != 0)
		return command_fail(argv[0], &err);
	rc = show(ca, json);
	gh_json_free(ca);
	return rc;
}

/* The "der" of earlier and cross certificates, as a list of base64. */
static int
export_further(const gh_json *row)
{
	const gh_json *list = gh_json_get(row, "certificates");
	gh_json *ders = gh_json_new_array();
	int rc = ders != NULL ? COMMAND_OK : COMMAND_FAILED;

	for (size_t i = 0; rc == COMMAND_OK && i < gh_json_size(list); i++)
		if (gh_json_append(ders, gh_json_ref(gh_json_get(gh_json_at(list, i), "der"))) != 0)
			rc = COMMAND_FAILED;
	if (rc == COMMAND_OK && gh_json_size(ders) > 0)
		rc = pem_write_chain(stdout, ders, gh_json_size(ders));
	gh_json_free(ders);
	return rc;
}

int
cmd_ca_export(int argc, char **argv)
{
	const char *conf = NULL;
	bool chain = false, all = false;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"chain", 0, OPTION_FLAG, &chain, NULL, "also its issuers up to the root"},
	    {"all", 0, OPTION_FLAG, &all, NULL,
		"also earlier certificates of its key, and those by which old and new key of a root vouch for each other"},
	    OPTION_END,
	};
	static const struct usage usage = {"NAME", 1, 1,
	    "Writes a CA's certificate as PEM to standard output.",
	    "gatehouse ca export root > root.pem\ngatehouse ca export issuing --chain > chain.pem\n"};
	struct gh_error err;
	gh_json *ca;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (load_ca(conf, argv[1], &ca, &err) != 0)
		return command_fail(argv[0], &err);
	if (gh_json_size(gh_json_get(ca, "chain")) == 0) {
		gh_refuse(&err, GH_E_CONFLICT,
		    "CA \"%s\" has no certificate yet: `gatehouse ca csr %s` writes its request",
		    argv[1], argv[1]);
		gh_json_free(ca);
		return command_fail(argv[0], &err);
	}
	rc = pem_write_chain(stdout, gh_json_get(ca, "chain"), chain ? CERT_CHAIN_MAX : 1);
	if (rc == COMMAND_OK && all)
		rc = export_further(ca);
	gh_json_free(ca);
	return output_finish() != COMMAND_OK ? COMMAND_FAILED : rc;
}
