/* `gatehouse crl list|show|export`: certificate revocation lists. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>

#include "authority/loaded_ca.h"
#include "store/status/crl_row.h"

#include "command.h"
#include "verb.h"

#define LIST_MAX 1000000

/* The CRLs of a CA, or of all (ca_name NULL). */
static int
load_rows(struct command_env *env, const char *ca_name, bool newest, int limit, gh_json **out,
    struct gh_error *err)
{
	struct ca_set cas = {0};
	const struct ca *ca = NULL;
	int rc = 0;

	*out = NULL;
	if (ca_name != NULL) {
		rc = loaded_ca_open_all(env->store, &cas, err);
		if (rc == 0)
			ca = ca_set_find(&cas, ca_name);
	}
	if (rc == 0 && ca_name != NULL && ca == NULL)
		rc = gh_refuse(err, GH_E_NOT_FOUND,
		    "there is no CA \"%s\": see `gatehouse ca list`", ca_name);
	if (rc == 0)
		rc = store_crl_list(env->store, ca != NULL ? ca->id : 0, newest, limit, out, err);
	ca_set_clear(&cas);
	return rc;
}

/* ---- list ---- */

static const char *only;
static bool earlier;
static int rows_max;
static const struct option_row list_options[] = {
    VERB_CONFIG,
    {"ca", 0, OPTION_TEXT, &only, "NAME", "only this CA"},
    {"all", 0, OPTION_FLAG, &earlier, NULL, "also earlier ones, not only the newest of each kind"},
    {"limit", 'n', OPTION_NUMBER, &rows_max, "N", "how many rows (default: all)"},
    VERB_JSON,
    OPTION_END,
};
static const struct output_column columns[] = {{"CA", "ca"}, {"SHARD", "shard"}, {"DELTA", "delta"},
    {"NUMBER", "number"}, {"BASE", "base_number"}, {"THIS UPDATE", "this_update"},
    {"NEXT UPDATE", "next_update"}, {"ENTRIES", "entries"}, {"BYTES", "size"}, {NULL, NULL}};

static int
list(struct verb_call *c, struct gh_error *err)
{
	return load_rows(&c->env, only, !earlier, rows_max > 0 ? rows_max : LIST_MAX, &c->out, err);
}

const struct verb verb_crl_list = {
    .usage = {"", 0, 0, "Lists CRLs, newest first.",
	"gatehouse crl list\ngatehouse crl list --ca issuing --all --json\n"},
    .options = list_options,
    .needs = NEEDS_GRANTS,
    .work = list,
    .columns = columns,
};

/* ---- show, export ---- */

/* Which of the CRLs of a CA. */
static struct {
	const char *shard_text;
	int shard;
	bool delta;
} choice;

#define OPTION_DELTA \
	{ \
		"delta", 0, OPTION_FLAG, &choice.delta, NULL, "the delta CRL" \
	}
#define OPTION_SHARD \
	{ \
		"shard", 0, OPTION_TEXT, &choice.shard_text, "N", "the CRL of a shard" \
	}

static int
check_choice(const struct verb_call *c)
{
	const char *text = choice.shard_text;
	char *end;
	long n;

	if (text == NULL)
		return COMMAND_OK;
	n = strtol(text, &end, 10);
	if (*text == '\0' || *end != '\0' || n < 0 || n >= CA_SHARDS_MAX)
		return command_usage(c->who, "--shard is from 0 to %d", CA_SHARDS_MAX - 1);
	if (choice.delta)
		return command_usage(c->who,
		    "--delta and --shard exclude each other: shards have no delta CRLs");
	choice.shard = (int)n;
	return COMMAND_OK;
}

static bool
is_chosen(const gh_json *row)
{
	int64_t shard;
	bool has_shard = gh_json_int(gh_json_get(row, "shard"), &shard);

	if (gh_json_bool(gh_json_get(row, "delta"), false) != choice.delta ||
	    has_shard != (choice.shard_text != NULL))
		return false;
	return !has_shard || shard == choice.shard;
}

static int
find(struct verb_call *c, struct gh_error *err)
{
	gh_json *rows = NULL;
	int rc = load_rows(&c->env, c->operand[0], true, LIST_MAX, &rows, err);

	for (size_t i = 0; rc == 0 && c->out == NULL && i < gh_json_size(rows); i++)
		if (is_chosen(gh_json_at(rows, i)))
			c->out = gh_json_ref(gh_json_at(rows, i));
	if (rc == 0 && c->out == NULL)
		rc = gh_refuse(err, GH_E_NOT_FOUND,
		    "there is no such CRL of CA %s: see `gatehouse crl list`", c->operand[0]);
	gh_json_free(rows);
	return rc;
}

static const struct option_row show_options[] = {VERB_CONFIG, OPTION_DELTA, OPTION_SHARD, VERB_JSON,
    OPTION_END};
const struct verb verb_crl_show = {
    .usage = {"CA", 1, 1, "Shows what is recorded of the newest CRL of a CA.",
	"gatehouse crl show issuing\ngatehouse crl show issuing --shard 3 --json\n"},
    .options = show_options,
    .needs = NEEDS_GRANTS,
    .check = check_choice,
    .work = find,
};

static bool as_der;
static struct store_crl crl;
static unsigned char *der;

static int
find_body(struct verb_call *c, struct gh_error *err)
{
	int rc = find(c, err);

	if (rc != 0)
		return rc;
	if (!gh_json_int(gh_json_get(c->out, "id"), &crl.id) ||
	    !gh_json_int(gh_json_get(c->out, "size"), &crl.size))
		return gh_fail(err, GH_E_DB, "row of a CRL");
	return store_crl_body(c->env.store, &crl, &der, err);
}

static int export(struct verb_call *c)
{
	bool ok;

	(void)c;
	if (as_der)
		ok = fwrite(der, 1, (size_t)crl.size, stdout) == (size_t)crl.size;
	else
		ok = PEM_write(stdout, PEM_STRING_X509_CRL, "", der, (long)crl.size) > 0;
	return output_finish() == COMMAND_OK && ok ? COMMAND_OK : COMMAND_FAILED;
}

static void
free_der(void)
{
	free(der);
	der = NULL;
}

static const struct option_row export_options[] = {VERB_CONFIG, OPTION_DELTA, OPTION_SHARD,
    {"der", 0, OPTION_FLAG, &as_der, NULL, "write DER, not PEM"}, OPTION_END};
const struct verb verb_crl_export = {
    .usage = {"CA", 1, 1, "Writes the newest CRL of a CA to standard output.",
	"gatehouse crl export issuing | openssl crl -noout -text\n"
	"gatehouse crl export issuing --delta --der > issuing-delta.crl\n"},
    .options = export_options,
    .needs = NEEDS_GRANTS,
    .check = check_choice,
    .work = find_body,
    .show = export,
    .clear = free_der,
};
