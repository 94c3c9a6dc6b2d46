/* Reachability of database, signer, directory and KRA: one thread each, so that a slow one delays
 * no other. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "timestamp.h"

#include "clock.h"
#include "env.h"
#include "kra/kra_key_list.h"
#include "probe.h"

#include "health.h"
#include "metrics/metrics.h"
#include "watch/stop_flag.h"

#define INTERVAL_MS 1000
/* An answer older than this says nothing any more: the check itself hangs. */
#define MAX_AGE_US (5 * 1000000)
/* A refused password is not tried each second: the directory may lock the account. */
#define REFUSED_US (10 * 1000000)

/* Without those up to PEERS_NEEDED the gateway is not ready; the others are shown. */
enum peer {
	PEER_DATABASE,
	PEER_SIGNER,
	PEER_DIRECTORY,
	PEERS_NEEDED,
	PEER_TOKENS = PEERS_NEEDED,
	PEER_KRA,
	PEERS
};

struct check {
	struct health *health;
	enum peer peer;
	pthread_t thread;
	bool is_started;
	_Atomic(const char *) state; /* static text: UP, DOWN or a cause */
	_Atomic int64_t checked_us;  /* 0: never */
};

struct health {
	const struct gh_conf *conf;
	struct dir_shared *dir;
	struct catalog_watch *catalog;
	struct check check[PEERS];
	struct stop_flag stop;
};

static const char UP[] = "up", DOWN[] = "down", ABSENT[] = "absent";

static _Atomic(struct health *) published;

/* Of one thread: its part of env is opened at the first question and kept. */
struct link {
	const struct health *health;
	struct worker_env env;
	struct dir_report report;     /* of the last look at the directory */
	struct kra_key_list kra_keys; /* of the last look at the KRA */
	int64_t next_us;              /* not before */
};

/* ---- one question each ---- */

static int
ask_database(struct link *l, const char **state, struct gh_error *err)
{
	struct store *s = l->env.store;
	int64_t skew;
	int rc = store_clock_skew(s, &skew, err);

	if (rc == 0) {
		clock_set_skew(skew);
		metrics_clock(skew);
		*state = store_is_read_only(s) ? "read-only" : store_trouble();
		if (*state != NULL)
			return gh_fail(err, GH_E_DB_DOWN,
			    "the server answers, but nothing can be recorded: %s", *state);
	}
	return rc;
}

static int
ask_signer(struct link *l, const char **state, struct gh_error *err)
{
	(void)state;
	return signer_client_ping(l->env.signer, err);
}

static int
ask_directory(struct link *l, const char **state, struct gh_error *err)
{
	int rc;

	if (gh_now_us() < l->next_us)
		rc = gh_fail(err, GH_E_DIR_DOWN, "%s", l->report.detail);
	else if ((rc = dir_probe(l->env.dir, &l->report, err)) != 0 &&
	    l->report.state == DIR_STATE_CREDENTIALS)
		l->next_us = gh_now_us() + REFUSED_US;
	if (rc != 0)
		*state = dir_state_name(l->report.state);
	return rc;
}

static bool
is_in_token(const struct ca *ca)
{
	return ca->protection == CA_KEY_PKCS11 && ca->sealed != NULL && ca->state != CA_RETIRED;
}

static unsigned
count_in_tokens(const struct ca_set *cas)
{
	unsigned n = 0;

	for (size_t i = 0; i < cas->n; i++)
		n += is_in_token(cas->ca[i]);
	return n;
}

/* The signer looks for the keys it knows of: give it the others, as after its restart. */
static int
look_for_keys(const struct ca_set *cas, struct signer_client *signer, struct gh_error *err)
{
	struct signer_token_state state;
	int rc = signer_client_token_state(signer, &state, err);

	if (rc == 0 && state.keys < count_in_tokens(cas)) {
		for (size_t i = 0; i < cas->n && rc == 0; i++)
			if (is_in_token(cas->ca[i]))
				rc = ca_load_key(cas->ca[i], signer, err);
		if (rc == 0)
			rc = signer_client_token_state(signer, &state, err);
	}
	if (rc == 0 && state.keys_away > 0)
		rc = gh_fail(err, GH_E_CA_UNAVAILABLE, "%u of %u CA keys: %s", state.keys_away,
		    state.keys, state.text);
	return rc;
}

static int
ask_tokens(struct link *l, const char **state, struct gh_error *err)
{
	struct catalog *c = catalog_watch_get(l->health->catalog);
	int rc = 0;

	(void)state;
	if (c != NULL && count_in_tokens(&c->cas) > 0)
		rc = look_for_keys(&c->cas, l->env.signer, err);
	catalog_free(c);
	return rc;
}

/* A database that is down has a member of its own: the keys are those of before. */
static int
ask_kra(struct link *l, const char **state, struct gh_error *err)
{
	struct kra_key_list now, *before = &l->kra_keys;
	enum kra_state found;

	if (kra_key_list_read(l->env.store, &now, NULL) != 0) {
		found = kra_key_list_look(before, before, l->env.kra, err);
	} else {
		found = kra_key_list_look(&now, before, l->env.kra, err);
		kra_key_list_clear(before);
		*before = now;
	}
	*state = kra_state_name(found);
	return found == KRA_UP ? 0 : GH_E_CA_UNAVAILABLE; /* err says why */
}

static const struct {
	const char *name;
	unsigned part; /* ENV_*: what it asks */
	/* *state may be set to a static word for the cause of a failure */
	int (*ask)(struct link *l, const char **state, struct gh_error *err);
} peers[PEERS] = {
    [PEER_DATABASE] = {"database", ENV_STORE, ask_database},
    [PEER_SIGNER] = {"signer", ENV_SIGNER, ask_signer},
    [PEER_DIRECTORY] = {"directory", ENV_DIR, ask_directory},
    [PEER_TOKENS] = {"tokens", ENV_SIGNER, ask_tokens},
    [PEER_KRA] = {"kra", ENV_KRA | ENV_STORE, ask_kra},
};

/* ---- threads ---- */

static void
record(struct check *c, const char *state, const struct gh_error *err)
{
	const char *before = atomic_exchange(&c->state, state);

	atomic_store(&c->checked_us, gh_now_us());
	if (state == before || (before == NULL && state == UP))
		return;
	if (state == UP)
		gh_log_kv(GH_LOG_INFO, "reachable again", "peer", peers[c->peer].name, NULL);
	else
		gh_log_kv(GH_LOG_ERROR, "not usable", "peer", peers[c->peer].name, "state", state,
		    "cause", err->detail, NULL);
}

static void *
check_main(void *arg)
{
	struct check *c = arg;
	struct health *h = c->health;
	struct link l = {.health = h, .env = {.conf = h->conf, .dirs = h->dir}};

	do {
		const char *state = DOWN;
		struct gh_error err = {0};

		if (env_open(&l.env, peers[c->peer].part, &err) == 0 &&
		    peers[c->peer].ask(&l, &state, &err) == 0)
			state = UP;
		record(c, state, &err);
	} while (!stop_flag_wait(&h->stop, INTERVAL_MS / 1000));
	kra_key_list_clear(&l.kra_keys);
	env_close(&l.env);
	return NULL;
}

/* Without a KRA nobody asks for it. */
static bool
is_absent(const struct health *h, enum peer peer)
{
	return peer == PEER_KRA && h->conf->kra.socket[0] == '\0';
}

/* What has been started when the rest could not be. */
static void
stop_and_free(struct health *h)
{
	stop_flag_set(&h->stop);
	for (int i = 0; i < PEERS; i++)
		if (h->check[i].is_started)
			pthread_join(h->check[i].thread, NULL);
	stop_flag_destroy(&h->stop);
	free(h);
}

int
health_new(const struct gh_conf *conf, struct dir_shared *dir, struct catalog_watch *catalog,
    struct health **out, struct gh_error *err)
{
	struct health *h = calloc(1, sizeof(*h));
	int rc = 0;

	*out = NULL;
	if (h == NULL)
		return gh_fail(err, GH_E_NOMEM, "health");
	h->conf = conf;
	h->dir = dir;
	h->catalog = catalog;
	stop_flag_init(&h->stop);
	for (int i = 0; i < PEERS && rc == 0; i++) {
		h->check[i].health = h;
		h->check[i].peer = (enum peer)i;
		if (is_absent(h, h->check[i].peer))
			continue;
		rc = stop_flag_thread(&h->check[i].thread, check_main, &h->check[i]);
		h->check[i].is_started = rc == 0;
	}
	if (rc != 0) {
		stop_and_free(h);
		return gh_fail(err, GH_E_INTERNAL, "cannot start the health threads");
	}
	*out = h;
	return 0;
}

void
health_publish(struct health *h)
{
	atomic_store(&published, h);
}

/* ---- answers ---- */

static void
reply_json(struct gh_http_reply *rep, int status, gh_json *v)
{
	char *text = v != NULL ? gh_json_print(v, false) : NULL;

	gh_json_free(v);
	gh_http_reply_text(rep, text != NULL ? status : 500, "application/json", text);
}

void
health_live(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *v = gh_json_new_object();

	(void)env;
	(void)call;
	if (v != NULL && gh_json_set_string(v, "status", "up") != 0) {
		gh_json_free(v);
		v = NULL;
	}
	reply_json(rep, 200, v);
}

static const char *
state_of(const struct check *c)
{
	int64_t checked = atomic_load(&c->checked_us);

	if (is_absent(c->health, c->peer))
		return ABSENT;
	if (checked == 0)
		return "unknown";
	if (gh_now_us() - checked > MAX_AGE_US)
		return "no answer";
	return atomic_load(&c->state);
}

static bool
has_catalog(struct health *h)
{
	struct catalog *c = catalog_watch_get(h->catalog);

	if (c == NULL)
		return false;
	catalog_free(c);
	return true;
}

void
health_ready(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct health *h = atomic_load(&published);
	gh_json *v = gh_json_new_object();
	bool is_ready = h != NULL && has_catalog(h), is_loaded = is_ready;
	bool is_right = h != NULL && clock_check(h->conf, NULL) == 0;
	int rc = 0;

	(void)env;
	(void)call;
	for (int i = 0; i < PEERS_NEEDED; i++)
		is_ready = is_ready && state_of(&h->check[i]) == UP;
	is_ready = is_ready && is_right;
	rc |= gh_json_set_string(v, "status", is_ready ? "ready" : "not ready");
	for (int i = 0; i < PEERS; i++)
		rc |= gh_json_set_string(v, peers[i].name,
		    h != NULL ? state_of(&h->check[i]) : "unknown");
	rc |= gh_json_set_string(v, "clock", is_right ? "right" : "wrong");
	rc |= gh_json_set_int(v, "clock_skew_ms", clock_skew());
	rc |= gh_json_set_string(v, "configuration",
	    h != NULL && catalog_watch_is_refused(h->catalog) ? "refused"
		: is_loaded                                   ? "loaded"
							      : "not loaded");
	if (rc != 0) {
		gh_json_free(v);
		v = NULL;
	}
	reply_json(rep, is_ready ? 200 : 503, v);
	if (!is_ready)
		gh_http_reply_header(rep, "Retry-After", "1");
}
