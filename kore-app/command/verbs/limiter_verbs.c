/* `gatehouse limiter`: failed log-ins that the running nodes count in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "watch/limiter_message.h"
#include "store/message.h"
#include "timestamp.h"

#include "command.h"
#include "verb.h"

#define WAIT_SECONDS 2 /* how long nodes are heard */

/* What the nodes said. */
struct answers {
	const char *id;
	gh_json *rows;
	size_t nodes;
	int64_t counts;
	bool failed;
};

static void
take_answer(void *arg, const char *text)
{
	struct answers *a = arg;
	gh_json *j = NULL;
	const char *id;
	int64_t counts;

	if (gh_json_parse(text, strlen(text), GH_JSON_STRICT, &j, NULL) != 0)
		return;
	id = gh_json_string(gh_json_get(j, "id"));
	if (id == NULL || strcmp(id, a->id) != 0) {
		gh_json_free(j);
	} else if (gh_json_int(gh_json_get(j, "counts"), &counts)) {
		a->nodes++;
		a->counts += counts;
		gh_json_free(j);
	} else {
		a->failed |= gh_json_append(a->rows, j) != 0;
	}
}

static int
make_id(char out[LIMITER_ID_SIZE], struct gh_error *err)
{
	unsigned char bits[(LIMITER_ID_SIZE - 1) / 2];

	if (RAND_bytes(bits, sizeof(bits)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	for (size_t i = 0; i < sizeof(bits); i++)
		snprintf(out + 2 * i, 3, "%02x", bits[i]);
	return 0;
}

/* The ears are open before the question is asked; then all nodes have the same time. */
static int
hear(struct command_env *env, struct store *ears, const char *question, struct answers *a,
    struct gh_error *err)
{
	int64_t end;
	int rc = store_message_wait(ears, STORE_LIMITER_ANSWER, 0, take_answer, a, err);

	if (rc == 0)
		rc = store_message_send(env->store, STORE_LIMITER_QUESTION, question, err);
	end = gh_now_us() + WAIT_SECONDS * INT64_C(1000000);
	while (rc == 0 && gh_now_us() < end)
		rc = store_message_wait(ears, STORE_LIMITER_ANSWER,
		    (int)((end - gh_now_us()) / 1000) + 1, take_answer, a, err);
	if (rc == 0 && a->failed)
		rc = gh_fail(err, GH_E_NOMEM, "answers");
	if (rc == 0 && a->nodes == 0)
		rc = gh_refuse(err, GH_E_NOT_FOUND,
		    "no gateway answers: is one running on this database, with this "
		    "gateway.secret_file and the same time?");
	return rc;
}

static int
ask(struct command_env *env, struct limiter_question *q, struct answers *a, struct gh_error *err)
{
	struct store *ears = NULL;
	char *question = NULL;
	int rc = make_id(q->id, err);

	q->at = gh_now();
	a->id = q->id;
	if (rc == 0 && (a->rows = gh_json_new_array()) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "answers");
	if (rc == 0)
		rc = limiter_question_write(q, env->secret, &question, err);
	if (rc == 0)
		rc = command_env_open_store(env->conf, &ears, err);
	if (rc == 0)
		rc = hear(env, ears, question, a, err);
	store_free(ears);
	free(question);
	return rc;
}

/* ---- list ---- */

static int
list(struct verb_call *c, struct gh_error *err)
{
	struct limiter_question q = {0};
	struct answers a = {0};
	int rc = ask(&c->env, &q, &a, err);

	c->out = a.rows;
	return rc;
}

static const struct output_column columns[] = {{"NODE", "node"}, {"USER", "user"},
    {"ADDRESS", "address"}, {"FAILURES", "failures"}, {"SECONDS LEFT", "seconds_left"},
    {NULL, NULL}};
const struct verb verb_limiter_list = {
    .usage = {"", 0, 0,
	"Lists the failed log-ins that the running nodes count: of a user "
	"from an address,\nof an address, of a user from anywhere. Who has seconds left is refused for so long.",
	"gatehouse limiter list\n"},
    .options = verb_json_options,
    .needs = NEEDS_GRANTS,
    .work = list,
    .columns = columns,
};

/* ---- clear ---- */

static const char *user, *address;
static bool all;
static struct limiter_question wish = {.clear = true};
static const struct option_row clear_options[] = {
    {"user", 'u', OPTION_TEXT, &user, "NAME",
	"failures of this user, as `limiter list` names him, or without domain"},
    {"address", 'a', OPTION_TEXT, &address, "ADDRESS", "failures from this address"},
    {"all", 0, OPTION_FLAG, &all, NULL, "all failures"},
    VERB_CONFIG,
    VERB_JSON,
    OPTION_END,
};

static bool
take_name(const char *given, bool *has, char *out, size_t size)
{
	*has = given != NULL;
	return given == NULL || (size_t)snprintf(out, size, "%s", given) < size;
}

static int
check_clear(const struct verb_call *c)
{
	if (all == (user != NULL || address != NULL))
		return command_usage(c->who,
		    "one of --user, --address (or both) and --all is needed");
	if (!take_name(user, &wish.has_user, wish.user, sizeof(wish.user)) ||
	    !take_name(address, &wish.has_address, wish.address, sizeof(wish.address)))
		return command_usage(c->who, "a name has at most %d bytes here",
		    AUTH_LIMIT_LABEL - 1);
	return COMMAND_OK;
}

static int
clear(struct verb_call *c, struct gh_error *err)
{
	char detail[2 * AUTH_LIMIT_LABEL + 32];
	const struct store_audit row = {.event = "limiter.cleared",
	    .outcome = "success",
	    .who = &c->env.who,
	    .detail = detail};
	struct answers a = {0};
	int rc;

	snprintf(detail, sizeof(detail), "user %s, address %s", wish.has_user ? wish.user : "*",
	    wish.has_address ? wish.address : "*");
	if ((rc = store_audit(c->env.store, &row, err)) == 0)
		rc = ask(&c->env, &wish, &a, err);
	gh_json_free(a.rows);
	c->out = gh_json_new_object();
	if (rc == 0 &&
	    (gh_json_set_int(c->out, "cleared", a.counts) != 0 ||
		gh_json_set_int(c->out, "nodes", (int64_t)a.nodes) != 0))
		rc = gh_fail(err, GH_E_NOMEM, "counts");
	return rc;
}

static int
show_cleared(struct verb_call *c)
{
	int64_t counts = 0, nodes = 0;

	if (gh_json_int(gh_json_get(c->out, "cleared"), &counts) &&
	    gh_json_int(gh_json_get(c->out, "nodes"), &nodes))
		printf("forgotten: %lld counts on %lld nodes\n", (long long)counts,
		    (long long)nodes);
	return output_finish();
}

const struct verb verb_limiter_clear = {
    .usage = {"", 0, 0,
	"Forgets failed log-ins on all running nodes, so that who was "
	"refused may try again.\nWith both --user and --address, those of the user from the address.",
	"gatehouse limiter clear --user alice\ngatehouse limiter clear --address 192.0.2.7\n"},
    .options = clear_options,
    .needs = NEEDS_GRANTS,
    .check = check_clear,
    .work = clear,
    .show = show_cleared,
};
