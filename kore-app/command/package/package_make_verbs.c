/* `gatehouse package tamp` and `gatehouse package generate`: packages that are made here.
 * docs/est-packages.md */
#include <stdlib.h>
#include <string.h>

#include "ca_choice.h"
#include "package/package_make.h"
#include "pem.h"
#include "timestamp.h"
#include "utf8.h"

#include "command.h"
#include "file.h"
#include "verb.h"

#define BITS_DEFAULT 256

/* What both have. */
static const char *audience, *name, *until, *ca_name;
static bool asks_answer;
static struct package_order order;

#define MAKE_OPTIONS \
	{"for", 'f', OPTION_TEXT, &audience, "CLIENT", \
	    "who gets it: all, group:NAME, user:NAME, est-user:NAME, device:LABEL/SUBJECT or device:HEX"}, \
	    {"name", 'n', OPTION_TEXT, &name, "TEXT", "for people"}, \
	    {"until", 'u', OPTION_TEXT, &until, "TIME", \
		"nobody gets it from this day or time (UTC) on"}, \
	{ \
		"ca", 0, OPTION_TEXT, &ca_name, "NAME", \
		    "the CA that certifies what signs it (default: the only one that issues)" \
	}

static int
check_order(const struct verb_call *c, const char *called)
{
	if (audience == NULL)
		return command_usage(c->who, "--for is needed");
	if (until != NULL && !gh_day_parse(until, &order.expires) &&
	    gh_timestamp_parse(until, &order.expires, NULL) != 0)
		return command_usage(c->who, "--until is 2027-01-31 or 2027-01-31T12:00:00Z");
	order.audience = audience;
	order.name = name != NULL ? name : called;
	order.asks_answer = asks_answer;
	return COMMAND_OK;
}

static int
find_ca(const struct catalog *catalog, const struct ca **out, struct gh_error *err)
{
	*out =
	    ca_name != NULL ? ca_choice_find(catalog, ca_name) : ca_set_only_issuing(&catalog->cas);
	if (*out != NULL)
		return 0;
	return ca_name != NULL
	    ? gh_refuse(err, GH_E_CONF, "there is no CA \"%.80s\": see `gatehouse ca list`",
		  ca_name)
	    : gh_refuse(err, GH_E_CONF, "several CAs issue, or none: say which one with --ca");
}

static int
read_certs(const char *path, STACK_OF(X509) * *out, struct gh_error *err)
{
	char *text;
	size_t len;
	int rc;

	if (path == NULL)
		return 0;
	if ((rc = file_read(path, &text, &len, err)) != 0)
		return rc;
	rc = gh_pem_read_certs(text, len, out, err);
	free(text);
	return rc;
}

/* ---- tamp ---- */

static const char *add_file, *remove_file, *change_file;
static struct option_list join, leave, hardware;
static struct tamp_order tamp;

static const struct option_row tamp_options[] = {
    MAKE_OPTIONS,
    {"add", 0, OPTION_TEXT, &add_file, "FILE",
	"update, apex-update: certificates (PEM) that become trust anchors"},
    {"remove", 0, OPTION_TEXT, &remove_file, "FILE",
	"update: certificates (PEM) whose keys are trust anchors no more"},
    {"change", 0, OPTION_TEXT, &change_file, "FILE",
	"update: certificates (PEM) whose keys are trust anchors, and say what these become"},
    {"title", 0, OPTION_TEXT, &tamp.title, "TEXT",
	"update: with --change, only this title of the trust anchors changes"},
    {"join", 0, OPTION_LIST, &join, "OID",
	"community-update: a community that is joined; may be repeated"},
    {"leave", 0, OPTION_LIST, &leave, "OID",
	"community-update: a community that is left; may be repeated"},
    {"clear-anchors", 0, OPTION_FLAG, &tamp.clears_anchors, NULL,
	"apex-update: all other trust anchors end"},
    {"clear-communities", 0, OPTION_FLAG, &tamp.clears_communities, NULL,
	"apex-update: all communities are left"},
    {"community", 0, OPTION_TEXT, &tamp.community, "OID",
	"it is for modules of this community (default: for all)"},
    {"uri", 0, OPTION_TEXT, &tamp.uri, "URI", "it is for what this URI names"},
    {"hardware", 0, OPTION_LIST, &hardware, "TYPE[/SERIAL]",
	"it is for hardware of this type (OID), of this serial number (hex) or of one between two (0A00-0AFF); may be "
	"repeated"},
    {"terse", 0, OPTION_FLAG, &tamp.is_terse, NULL, "terse answers are enough"},
    VERB_CONFIG,
    VERB_JSON,
    OPTION_END,
};

static int
check_tamp(const struct verb_call *c)
{
	static const enum tamp_message messages[] = {TAMP_STATUS_QUERY, TAMP_UPDATE,
	    TAMP_APEX_UPDATE, TAMP_COMMUNITY_UPDATE, TAMP_SEQUENCE_ADJUST};

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		if (strcmp(c->operand[0], tamp_word(messages[i])) == 0)
			tamp.message = messages[i];
	if (tamp.message == 0)
		return command_usage(c->who,
		    "MESSAGE is status-query, update, apex-update, community-update or "
		    "sequence-adjust");
	if ((add_file != NULL && tamp.message != TAMP_UPDATE && tamp.message != TAMP_APEX_UPDATE) ||
	    ((remove_file != NULL || change_file != NULL) && tamp.message != TAMP_UPDATE) ||
	    (join.n + leave.n > 0 && tamp.message != TAMP_COMMUNITY_UPDATE) ||
	    ((tamp.clears_anchors || tamp.clears_communities) && tamp.message != TAMP_APEX_UPDATE))
		return command_usage(c->who, "those options are for another message: see --help");
	if ((tamp.uri != NULL) + (tamp.community != NULL) + (hardware.n > 0) > 1)
		return command_usage(c->who, "--community, --hardware or --uri");
	if (tamp.title != NULL && (change_file == NULL || !gh_utf8_is_clean(tamp.title)))
		return command_usage(c->who,
		    "--title is for --change, and has no control character");
	tamp.hardware = hardware.v;
	tamp.join = join.v;
	tamp.leave = leave.v;
	return check_order(c, c->operand[0]);
}

static int
make_tamp(struct verb_call *c, struct gh_error *err)
{
	struct package_making m = {.who = &c->env.who, .order = order};
	struct package_added added;
	int64_t number;
	int rc;

	if ((rc = find_ca(c->pipeline.env.catalog, &m.ca, err)) != 0 ||
	    (rc = read_certs(add_file, &tamp.add, err)) != 0 ||
	    (rc = read_certs(remove_file, &tamp.remove, err)) != 0 ||
	    (rc = read_certs(change_file, &tamp.change, err)) != 0 ||
	    (rc = package_make_tamp(&c->pipeline.env, &m, &tamp, &number, &added, err)) != 0)
		return rc;
	if ((c->out = gh_json_new_object()) == NULL ||
	    gh_json_set_int(c->out, "id", added.id) != 0 ||
	    gh_json_set_int(c->out, "sequence_number", number) != 0)
		return gh_fail(err, GH_E_NOMEM, "package");
	return 0;
}

static void
clear_tamp(void)
{
	sk_X509_pop_free(tamp.add, X509_free);
	sk_X509_pop_free(tamp.remove, X509_free);
	sk_X509_pop_free(tamp.change, X509_free);
	tamp.add = tamp.remove = tamp.change = NULL;
}

const struct verb verb_package_tamp = {
    .usage = {"MESSAGE", 1, 1,
	"Makes and signs a message about trust anchors (RFC 5934), and puts it in for EST clients. MESSAGE is status-query, "
	"update, apex-update, community-update or sequence-adjust. It is signed with a key of the gateway, which the CA "
	"certifies; clients must trust that CA for it. Each gets a greater sequence number than all before.",
	"gatehouse package tamp update --for group:Routers --add new-root.pem --remove old-root.pem\n"
	"gatehouse package tamp status-query --for all --ca issuing\n"},
    .options = tamp_options,
    .needs = NEEDS_GRANTS | NEEDS_PIPELINE,
    .check = check_tamp,
    .work = make_tamp,
    .clear = clear_tamp,
};

/* ---- generate ---- */

static int bits = BITS_DEFAULT, count = 1;
static const char *algorithm, *recipient_file;

static const struct option_row generate_options[] = {
    MAKE_OPTIONS,
    {"bits", 'b', OPTION_NUMBER, &bits, "N", "of each key (default: 256)"},
    {"count", 0, OPTION_NUMBER, &count, "N", "keys (default: 1)"},
    {"algorithm", 0, OPTION_TEXT, &algorithm, "TEXT",
	"what the keys are for, as clients know it (default: nothing is said)"},
    {"certificate", 0, OPTION_TEXT, &recipient_file, "FILE",
	"certificate (PEM) of the client, for which the keys are encrypted"},
    {"answer", 0, OPTION_FLAG, &asks_answer, NULL, "ask for a receipt"},
    VERB_CONFIG,
    VERB_JSON,
    OPTION_END,
};

static int
check_generate(const struct verb_call *c)
{
	return check_order(c, "keys made here");
}

static int
put_generated(struct verb_call *c, const struct package_added *a, const char *id,
    struct gh_error *err)
{
	gh_json *out = c->out = gh_json_new_object();
	int bad = out == NULL;

	bad |= gh_json_set_int(out, "id", a->id);
	bad |= gh_json_set_string(out, "package_id", id);
	bad |= gh_json_set_bool(out, "encrypted", !a->is_plain);
	if (a->is_plain)
		bad |= gh_json_set_string(out, "warning",
		    "the keys are not encrypted: TLS alone protects them on their way, see "
		    "--certificate");
	return bad ? gh_fail(err, GH_E_NOMEM, "package") : 0;
}

static int
generate(struct verb_call *c, struct gh_error *err)
{
	const struct sym_key_order keys = {.bits = bits, .count = count, .algorithm = algorithm};
	struct package_making m = {.who = &c->env.who, .order = order};
	STACK_OF(X509) *recipient = NULL;
	char id[PACKAGE_MADE_ID_SIZE];
	struct package_added added;
	int rc;

	if ((rc = find_ca(c->pipeline.env.catalog, &m.ca, err)) == 0 &&
	    (rc = read_certs(recipient_file, &recipient, err)) == 0)
		rc = package_make_keys(&c->pipeline.env, &m, &keys,
		    recipient != NULL ? sk_X509_value(recipient, 0) : NULL, id, &added, err);
	sk_X509_pop_free(recipient, X509_free);
	return rc == 0 ? put_generated(c, &added, id, err) : rc;
}

const struct verb verb_package_generate = {
    .usage = {NULL, 0, 0,
	"Makes symmetric keys for an EST client and puts them in (RFC 6031): nobody else sees them, and they are kept sealed. "
	"With --certificate they are encrypted for the client's key: RSA with keyEncipherment, or EC with keyAgreement.",
	"gatehouse package generate --for device:'routers/CN=router-7' --certificate router-7.pem --bits 256 --answer\n"},
    .options = generate_options,
    .needs = NEEDS_GRANTS | NEEDS_PIPELINE,
    .check = check_generate,
    .work = generate,
};
