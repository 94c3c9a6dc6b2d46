/*
 * Most verbs do the same around their work: parse options, open configuration and database, find
 * something, and show what came out as text or JSON. So a verb is a row that says what differs, and
 * verb_run does the rest.
 *
 * A process runs one verb once: its options are stored in static variables beside its row.
 */
#ifndef VERB_H
#define VERB_H

#include "command_env.h"
#include "options.h"
#include "output.h"
#include "own_signer.h"

/* What is opened before the work and closed behind it. Any of them reads the configuration; 0: not
 * even that. */
#define NEEDS_CONF 0x100u
#define NEEDS_STORE OPEN_STORE
#define NEEDS_RAW_STORE OPEN_RAW_STORE
#define NEEDS_GRANTS (OPEN_STORE | OPEN_SECRET) /* and rows that grant rights */
#define NEEDS_PIPELINE 0x200u                   /* catalog, directory, signer */
#define NEEDS_SIGNER 0x400u                     /* a signer of our own */

struct verb_call {
	const struct verb *verb;
	const struct verb_action *action; /* of verb->actions; NULL where it has none */
	const char *who;                  /* "gatehouse app show" */
	bool json;
	char **operand; /* operand[0] to operand[operands - 1] */
	int operands;
	int64_t id; /* OPERAND_ID: the first operand */
	struct command_env env;
	struct pipeline pipeline;
	struct own_signer signer;
	gh_json *out; /* what is shown, made by the work; NULL: nothing */
	/* What an action has made and nobody can read back, to be shown this once: a password.
	 * Wiped and freed by verb_run. */
	char *made;
	int exit; /* when all is shown; COMMAND_FAILED: it was bad news */
};

enum operand_kind { OPERAND_TEXT, OPERAND_ID };

/* One word of a verb whose operands are "ACTION [NAME]". */
struct verb_action {
	const char *name; /* NULL ends the list */
	bool is_named; /* the second operand is the name of what it works on; else there is none */
	int (*work)(struct verb_call *c, struct gh_error *err);
	/* What is shown: `done`, a sentence behind the name ("is removed", and as JSON the name,
	 * both with c->made), unless the work has left something in c->out; of that a table of
	 * `columns`, or what `show` makes of it, or all members. */
	const char *done;
	const struct output_column *columns;
	int (*show)(const gh_json *out);
};

struct verb {
	struct usage usage;
	const struct option_row *options;
	unsigned needs;
	enum operand_kind operand;
	/* What the first operand names, where GH_E_NOT_FOUND of the work can only mean that: then
	 * the message names it, and the list to look at. */
	const char *object;
	/* In place of work, columns and show; `named` is what the second operand names ("EST
	 * user"), `made` what c->made is ("password"). */
	const struct verb_action *actions;
	const char *named, *made;
	/* Do the options fit together? Before anything is opened. COMMAND_OK, or an exit code of
	 * command_usage. May be NULL, as all below. */
	int (*check)(const struct verb_call *c);
	int (*work)(struct verb_call *c, struct gh_error *err);
	/* The same at a gateway, over REST: in place of work where --url is given;
	 * nothing is opened then. */
	int (*remote)(struct verb_call *c, struct gh_error *err);
	/* The text of c->out: `show`, else a table of `columns`, else all members but `hidden`. */
	const struct output_column *columns;
	const char *hidden;
	int (*show)(struct verb_call *c);
	void (*clear)(void); /* static variables; called in any case behind the options */
	void *arg;           /* of a work that several verbs share */
};

/* Exit code. argv[0]: the full name. */
int verb_run(const struct verb *v, int argc, char **argv);
/* The rows of a page behind those that c->out, an array, has. GH_E_NOMEM. */
int verb_append_rows(struct verb_call *c, const gh_json *page, struct gh_error *err) GH_MUSTCHECK;

/* Options that many verbs have. */
struct verb_shared {
	const char *conf;
	const char *url; /* of a gateway: see remote above */
	bool json, is_sure;
};
extern struct verb_shared verb_shared;
#define VERB_CONFIG OPTION_CONFIG(&verb_shared.conf)
#define VERB_JSON OPTION_JSON(&verb_shared.json)
#define VERB_YES \
	{ \
		"yes", 'y', OPTION_FLAG, &verb_shared.is_sure, NULL, "do not ask" \
	}
extern const struct option_row verb_options[];      /* --config */
extern const struct option_row verb_json_options[]; /* and --json */

#endif
