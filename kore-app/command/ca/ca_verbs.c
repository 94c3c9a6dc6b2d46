/* `gatehouse ca list|show|export`: certification authorities. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/ca_view.h"
#include "encoding.h"
#include "store/ca/ca_row.h"

#include "command.h"
#include "list.h"
#include "cert_output.h"
#include "verb.h"

static struct list_query all = {.what = STORE_LIST_CAS};
static const struct output_column columns[] = {{"ID", "id"}, {"NAME", "name"},
    {"SUBJECT", "subject"}, {"PARENT", "parent"}, {"NOT AFTER", "not_after"}, {"STATE", "state"},
    {"KEY", "protection"}, {NULL, NULL}};

const struct verb verb_ca_list = {
    .usage = {"", 0, 0, "Lists the certification authorities.", "gatehouse ca list --json\n"},
    .options = verb_json_options,
    .needs = NEEDS_STORE,
    .work = list_rows,
    .columns = columns,
    .arg = &all,
};

/* ---- show ---- */

static gh_json *row; /* of store_ca_get */

static void
free_row(void)
{
	gh_json_free(row);
	row = NULL;
}

/* Earlier and cross certificates, a line each. */
static void
show_further(void)
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
show_certificate(void)
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
find(struct verb_call *c, struct gh_error *err)
{
	static const char *const in_text[] = {"id", "name", "slug", "state", "protection", "sealed",
	    "parent", "subject", "not_before", "not_after", "created_at", "cdp", "aia", "ocsp",
	    "crl_shards", "policy", NULL};
	static const char *const in_json[] = {"id", "name", "slug", "state", "protection", "sealed",
	    "parent", "subject", "not_before", "not_after", "created_at", "cdp", "aia", "ocsp",
	    "crl_shards", "policy", "chain", "certificates", "csr", NULL};
	int rc = store_ca_get(c->env.store, c->operand[0], &row, err);

	if (rc == 0 && (c->out = ca_view(row, c->json ? in_json : in_text)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "CA");
	return rc;
}

static int
show(struct verb_call *c)
{
	int rc = output_object(c->out, NULL);

	if (rc != COMMAND_OK)
		return rc;
	show_further();
	rc = show_certificate();
	return rc == COMMAND_OK ? output_finish() : rc;
}

const struct verb verb_ca_show = {
    .usage = {"NAME", 1, 1, "Shows a CA: state, policy, URLs, and the content of its certificate.",
	"gatehouse ca show issuing\n"},
    .options = verb_json_options,
    .needs = NEEDS_GRANTS,
    .object = "CA",
    .work = find,
    .show = show,
    .clear = free_row,
};

/* ---- export ---- */

static bool with_issuers, with_further;
static const struct option_row export_options[] = {
    VERB_CONFIG,
    {"chain", 0, OPTION_FLAG, &with_issuers, NULL, "also its issuers up to the root"},
    {"all", 0, OPTION_FLAG, &with_further, NULL,
	"also earlier certificates of its key, and those by which old and new key of a root vouch for each other"},
    OPTION_END,
};

static int
find_certificate(struct verb_call *c, struct gh_error *err)
{
	const char *name = c->operand[0];
	int rc = store_ca_get(c->env.store, name, &row, err);

	if (rc == 0 && gh_json_size(gh_json_get(row, "chain")) == 0)
		rc = gh_refuse(err, GH_E_CONFLICT,
		    "CA \"%s\" has no certificate yet: `gatehouse ca csr %s` writes its request",
		    name, name);
	return rc;
}

/* The "der" of earlier and cross certificates, as a list of base64. */
static int
export_further(void)
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

static int export(struct verb_call *c)
{
	int rc =
	    pem_write_chain(stdout, gh_json_get(row, "chain"), with_issuers ? CERT_CHAIN_MAX : 1);

	(void)c;
	if (rc == COMMAND_OK && with_further)
		rc = export_further();
	return output_finish() != COMMAND_OK ? COMMAND_FAILED : rc;
}

const struct verb verb_ca_export = {
    .usage = {"NAME", 1, 1, "Writes a CA's certificate as PEM to standard output.",
	"gatehouse ca export root > root.pem\ngatehouse ca export issuing --chain > chain.pem\n"},
    .options = export_options,
    .needs = NEEDS_GRANTS,
    .object = "CA",
    .work = find_certificate,
    .show = export,
    .clear = free_row,
};
