/* `gatehouse package`: what waits for EST clients. docs/est-packages.md */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "package/package_add.h"
#include "package/package_audience.h"
#include "package/package_list.h"
#include "package/package_view.h"
#include "pem.h"
#include "store/package/package_delivery.h"
#include "store/package/package_row.h"
#include "timestamp.h"

#include "command.h"
#include "file.h"
#include "prompt.h"
#include "verb.h"

/* ---- add ---- */

static const char *type, *audience, *name, *until, *id_text, *signer;
static bool asks_answer;
static struct package_order order;

static const struct option_row add_options[] = {
    {"type", 't', OPTION_TEXT, &type, "TYPE",
	"symmetric-keys, firmware, tamp-status-query, tamp-update, tamp-apex-update, "
	"tamp-community-update, tamp-sequence-adjust or ee-certificate"},
    {"for", 'f', OPTION_TEXT, &audience, "CLIENT",
	"who gets it: all, group:NAME, user:NAME, est-user:NAME, device:LABEL/SUBJECT or device:HEX"},
    {"name", 'n', OPTION_TEXT, &name, "TEXT", "for people (default: the file's name)"},
    {"until", 'u', OPTION_TEXT, &until, "TIME", "nobody gets it from this day or time (UTC) on"},
    {"id", 0, OPTION_TEXT, &id_text, "HEX",
	"what answers name it by, when it does not name itself"},
    {"answer", 0, OPTION_FLAG, &asks_answer, NULL,
	"ask for a receipt, also when the file does not"},
    {"signer", 0, OPTION_TEXT, &signer, "FILE",
	"certificates (PEM) of who may have signed it, beside those in it"},
    VERB_CONFIG,
    VERB_JSON,
    OPTION_END,
};

static int
check_add(const struct verb_call *c)
{
	const char *slash = strrchr(c->operand[0], '/');

	if (type == NULL || audience == NULL)
		return command_usage(c->who, "--type and --for are needed");
	if (!package_kind_find(type, &order.kind))
		return command_usage(c->who, "\"%.60s\" is no type of package: see --help", type);
	if (until != NULL && !gh_day_parse(until, &order.expires) &&
	    gh_timestamp_parse(until, &order.expires, NULL) != 0)
		return command_usage(c->who, "--until is 2027-01-31 or 2027-01-31T12:00:00Z");
	order.name = name != NULL ? name : slash != NULL ? slash + 1 : c->operand[0];
	order.audience = audience;
	order.id = id_text;
	order.asks_answer = asks_answer;
	return COMMAND_OK;
}

static int
read_signers(struct gh_error *err)
{
	char *text;
	size_t len;
	int rc;

	if (signer == NULL)
		return 0;
	if ((rc = file_read(signer, &text, &len, err)) != 0)
		return rc;
	rc = gh_pem_read_certs(text, len, &order.signers, err);
	free(text);
	return rc;
}

static int
put_added(struct verb_call *c, const struct package_added *a, struct gh_error *err)
{
	gh_json *out = c->out = gh_json_new_object();
	int bad = out == NULL;

	bad |= gh_json_set_int(out, "id", a->id);
	bad |= gh_json_set_string(out, "signature",
	    a->is_checked      ? "correct"
		: a->is_signed ? "not checked: the signer's certificate is not in it, see --signer"
			       : "none");
	if (a->is_plain)
		bad |= gh_json_set_string(out, "warning",
		    "the keys are not encrypted: TLS alone protects them on their way");
	return bad ? gh_fail(err, GH_E_NOMEM, "package") : 0;
}

static int
add(struct verb_call *c, struct gh_error *err)
{
	struct package_added added;
	char *bytes = NULL;
	int rc;

	if ((rc = read_signers(err)) != 0 ||
	    (rc = file_read_long(c->operand[0], CMS_DER_MAX, &bytes, &order.len, err)) != 0)
		return rc;
	order.bytes = (unsigned char *)bytes;
	rc = package_add(c->env.store, c->env.secret, &c->env.who, &order, &added, err);
	explicit_bzero(bytes, order.len);
	free(bytes);
	return rc == 0 ? put_added(c, &added, err) : rc;
}

static void
clear_add(void)
{
	sk_X509_pop_free(order.signers, X509_free);
	order.signers = NULL;
}

const struct verb verb_package_add = {
    .usage = {"FILE", 1, 1,
	"Puts in a file that EST clients are to get by their package list (RFC 8295). It is looked over first: a file "
	"that is not of its type is refused, with what is wrong. Keys are kept sealed.",
	"gatehouse package add router-7.fw --type firmware --for group:Routers --answer\n"
	"gatehouse package add anchors.tamp --type tamp-update --for all --until 2027-01-31\n"},
    .options = add_options,
    .needs = NEEDS_GRANTS,
    .check = check_add,
    .work = add,
    .clear = clear_add,
};

/* ---- list, show ---- */

static int
list(struct verb_call *c, struct gh_error *err)
{
	const struct package_filter all = {.limit = 0};
	int64_t next;

	return package_view_page(c->env.store, &all, &c->out, &next, err);
}

static const struct output_column columns[] = {{"ID", "id"}, {"TYPE", "kind"}, {"NAME", "name"},
    {"FOR", "audience"}, {"BYTES", "size"}, {"ADDED", "added_at"}, {"UNTIL", "expires_at"},
    {NULL, NULL}};

const struct verb verb_package_list = {
    .usage = {NULL, 0, 0, "Lists the packages that wait for EST clients.",
	"gatehouse package list --json\n"},
    .options = verb_json_options,
    .needs = NEEDS_GRANTS,
    .work = list,
    .columns = columns,
};

static int
show(struct verb_call *c, struct gh_error *err)
{
	return package_view_one(c->env.store, c->env.secret, c->id, &c->out, err);
}

const struct verb verb_package_show = {
    .usage = {"ID", 1, 1,
	"Shows one package. Its content is looked over again: whether it is as it was put in.",
	"gatehouse package show 7\n"},
    .options = verb_json_options,
    .needs = NEEDS_GRANTS,
    .operand = OPERAND_ID,
    .object = "package",
    .work = show,
};

/* ---- set ---- */

static const struct option_row set_options[] = {
    {"for", 'f', OPTION_TEXT, &audience, "CLIENT",
	"who gets it from now on: all, group:NAME, user:NAME, est-user:NAME, device:LABEL/SUBJECT or "
	"device:HEX"},
    VERB_CONFIG,
    OPTION_END,
};

static int
check_set(const struct verb_call *c)
{
	return audience != NULL ? COMMAND_OK : command_usage(c->who, "--for is needed");
}

static int
set(struct verb_call *c, struct gh_error *err)
{
	int rc = package_audience_check(audience, err);

	return rc == 0 ? store_address_package(c->env.store, &c->env.who, c->id, audience, err)
		       : rc;
}

static int
show_set(struct verb_call *c)
{
	printf("package %lld is for %s\n", (long long)c->id, audience);
	return output_finish();
}

const struct verb verb_package_set = {
    .usage = {"ID", 1, 1, "Says anew for whom a package is. Who has fetched it has it.",
	"gatehouse package set 7 --for device:'routers/CN=router-7'\n"},
    .options = set_options,
    .needs = NEEDS_GRANTS,
    .operand = OPERAND_ID,
    .check = check_set,
    .work = set,
    .show = show_set,
};

/* ---- remove ---- */

static const struct option_row remove_options[] = {
    VERB_CONFIG,
    VERB_YES,
    OPTION_END,
};

static int
remove_one(struct verb_call *c, struct gh_error *err)
{
	int rc = verb_shared.is_sure
	    ? 0
	    : prompt_confirm("Remove this package? Who has not fetched it gets it no more.", err);

	return rc == 0 ? store_remove_package(c->env.store, &c->env.who, c->id, err) : rc;
}

static int
show_removed(struct verb_call *c)
{
	printf("package %lld is removed\n", (long long)c->id);
	return output_finish();
}

const struct verb verb_package_remove = {
    .usage = {"ID", 1, 1,
	"Takes a package back. What clients have fetched and answered stays on record.",
	"gatehouse package remove 7 --yes\n"},
    .options = remove_options,
    .needs = NEEDS_GRANTS,
    .operand = OPERAND_ID,
    .work = remove_one,
    .show = show_removed,
};

/* ---- status ---- */

static const char *client;

static const struct option_row status_options[] = {
    {"client", 0, OPTION_TEXT, &client, "NAME", "only what this client got, as the list names it"},
    VERB_CONFIG,
    VERB_JSON,
    OPTION_END,
};

#define STATUS_MAX 1000

static int64_t wanted;

static int
check_status(const struct verb_call *c)
{
	if (c->operands == 1 && !options_parse_id(c->operand[0], &wanted))
		return command_usage(c->who, "\"%.60s\" is no package id", c->operand[0]);
	return COMMAND_OK;
}

static int
status(struct verb_call *c, struct gh_error *err)
{
	char object[PACKAGE_OBJECT_SIZE];
	const struct store_delivery_filter f = {.limit = STATUS_MAX,
	    .newest_first = true,
	    .object = c->operands == 1 ? package_object(wanted, object) : NULL,
	    .client = client};
	int64_t next;

	return store_page_deliveries(c->env.store, &f, &c->out, &next, err);
}

static const struct output_column status_columns[] = {{"CLIENT", "client"}, {"OBJECT", "object"},
    {"FIRST", "first_at"}, {"LAST", "last_at"}, {"TIMES", "downloads"}, {"ANSWER", "answer"},
    {"CODE", "answer_code"}, {"SIGNED", "signed"}, {"ANSWERED", "answered_at"}, {NULL, NULL}};

const struct verb verb_package_status = {
    .usage = {"[ID]", 0, 1,
	"Lists what EST clients got and what they answered, the newest first: of one package, or of all. CODE is the protocol's "
	"own: RFC 7191, 4108 or 5934.",
	"gatehouse package status 7\ngatehouse package status --client 'EXAMPLE\\alice'\n"},
    .options = status_options,
    .needs = NEEDS_STORE,
    .check = check_status,
    .work = status,
    .columns = status_columns,
};
