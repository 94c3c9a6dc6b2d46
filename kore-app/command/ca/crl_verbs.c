/* `gatehouse crl`: certificate revocation lists. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "crl_job.h"
#include "store/status/crl_row.h"

#include "command.h"
#include "options.h"
#include "output.h"
#include "session.h"

#define WAIT_SECONDS 60 /* for another process that makes a CRL of the same CA */
#define LIST_MAX 1000000

/* Which CA, and which of its CRLs. */
struct crl_choice {
	const char *ca; /* NULL: all */
	bool delta;
	int shard;
	bool has_shard;
};

/* By name, without its case; *ca borrowed from the catalog. */
static int
find_ca(const struct catalog *catalog, const char *name, const struct ca **ca, struct gh_error *err)
{
	*ca = catalog_find_ca(catalog, name);
	return *ca != NULL ? 0
			   : gh_refuse(err, GH_E_NOT_FOUND,
				 "there is no CA \"%s\": see `gatehouse ca list`", name);
}

/* ---- issue ---- */

static void
say(void *arg, const char *text)
{
	if (!*(const bool *)arg)
		printf("%s\n", text);
}

/* Another process is at work on a CRL of this CA: what it makes may be older than what is asked for
 * now. */
static int
issue_waiting(struct job_env *env, const struct ca *ca, const struct crl_wish *wish, int *made,
    struct gh_error *err)
{
	int rc;

	for (int waited = 0;
	     (rc = crl_job_issue(env, ca, wish, made, err)) == GH_E_BUSY && waited < WAIT_SECONDS;
	     waited++)
		sleep(1);
	return rc;
}

static int
publish(struct job_env *env, const struct ca *ca, const char *who)
{
	struct gh_error err;
	int published, rc = crl_job_publish(env, ca, &published, &err);

	if (rc == 0 && published > 0)
		job_progress(env, "%s: %d published in the directory", ca->name, published);
	return rc == 0 ? COMMAND_OK : command_fail(who, &err);
}

/* Each CA that is asked for; a failure does not hold up the others. */
static int
issue_all(struct job_env *env, const struct crl_choice *choice, const struct crl_wish *wish,
    int *total, const char *who)
{
	int made, exit_code = COMMAND_OK;
	struct gh_error err;

	for (size_t i = 0; i < env->catalog->cas; i++) {
		const struct ca *ca = env->catalog->ca[i];
		int rc;

		if (choice->ca != NULL ? strcasecmp(choice->ca, ca->name) != 0 : !crl_has_crls(ca))
			continue;
		rc = issue_waiting(env, ca, wish, &made, &err);
		*total += made;
		if (rc != 0) {
			fprintf(stderr, "%s: CA %s\n", who, ca->name);
			exit_code = command_fail(who, &err);
		} else if (publish(env, ca, who) != COMMAND_OK)
			exit_code = COMMAND_FAILED;
	}
	return exit_code;
}

static int
issue(const char *who, const char *conf, const struct crl_choice *choice, bool json)
{
	const struct crl_wish wish = {.complete = !choice->delta,
	    .delta = choice->delta,
	    .is_forced = true};
	struct session s;
	struct session_env e = {0};
	const struct ca *ca;
	struct gh_error err;
	int made = 0, exit_code, rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err);

	if (rc != 0)
		return command_fail(who, &err);
	rc = session_env_open(&s, &e, &err);
	if (rc == 0 && choice->ca != NULL)
		rc = find_ca(e.env.catalog, choice->ca, &ca, &err);
	if (rc == 0 && choice->delta && s.conf->crl.delta_interval == 0)
		rc = gh_refuse(&err, GH_E_CONF, "crl.delta_interval is 0: there are no delta CRLs");
	if (rc == 0) {
		struct job_env env = {.conf = s.conf,
		    .server_secret = s.secret,
		    .store = s.store,
		    .signer = e.env.signer,
		    .dir = e.env.dir,
		    .catalog = e.env.catalog,
		    .who = s.who,
		    .progress = say,
		    .arg = &json};

		exit_code = issue_all(&env, choice, &wish, &made, who);
		if (json)
			printf("{\"made\":%d}\n", made);
	} else
		exit_code = command_fail(who, &err);
	session_env_free(&e);
	session_close(&s);
	return output_finish() != COMMAND_OK ? COMMAND_FAILED : exit_code;
}

int
cmd_crl_issue(int argc, char **argv)
{
	const char *conf = NULL;
	struct crl_choice choice = {0};
	bool json = false;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"ca", 0, OPTION_TEXT, &choice.ca, "NAME", "only this CA (default: all that can sign)"},
	    {"delta", 0, OPTION_FLAG, &choice.delta, NULL,
		"the delta CRL, not the complete one and the shards"},
	    OPTION_JSON(&json),
	    OPTION_END,
	};
	static const struct usage usage = {"", 0, 0,
	    "Makes CRLs now, whether they are due or not, through the running signer, and publishes them in the "
	    "directory where that is configured. Gateways serve them within a second.",
	    "gatehouse crl issue\ngatehouse crl issue --ca issuing --delta\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	return rc != OPTIONS_GO ? rc : issue(argv[0], conf, &choice, json);
}

/* ---- list, show, export ---- */

/* One CRL, from the database. */
struct found_crl {
	struct store_crl crl;
	gh_json *row;
	unsigned char *der; /* NULL unless asked for */
};

static void
found_clear(struct found_crl *f)
{
	gh_json_free(f->row);
	free(f->der);
	memset(f, 0, sizeof(*f));
}

/* The CRLs of a CA, or of all. */
static int
load_rows(struct session *s, const char *ca_name, bool newest, int limit, gh_json **out,
    struct gh_error *err)
{
	struct catalog *catalog = NULL;
	const struct ca *ca = NULL;
	int rc = 0;

	*out = NULL;
	if (ca_name != NULL) {
		rc = enroll_load_catalog(s->store, s->secret, &catalog, err);
		if (rc == 0)
			rc = find_ca(catalog, ca_name, &ca, err);
	}
	if (rc == 0)
		rc = store_crl_list(s->store, ca != NULL ? ca->id : 0, newest, limit, out, err);
	if (catalog != NULL)
		catalog_free(catalog);
	return rc;
}

static bool
is_chosen(const gh_json *row, const struct crl_choice *choice)
{
	int64_t shard;
	bool has_shard = gh_json_int(gh_json_get(row, "shard"), &shard);

	if (gh_json_bool(gh_json_get(row, "delta"), false) != choice->delta ||
	    has_shard != choice->has_shard)
		return false;
	return !has_shard || shard == choice->shard;
}

static int
take_row(struct session *s, gh_json *row, bool with_body, struct found_crl *f, struct gh_error *err)
{
	f->row = gh_json_ref(row);
	if (!gh_json_int(gh_json_get(row, "id"), &f->crl.id) ||
	    !gh_json_int(gh_json_get(row, "size"), &f->crl.size))
		return gh_fail(err, GH_E_DB, "row of a CRL");
	return with_body ? store_crl_body(s->store, &f->crl, &f->der, err) : 0;
}

static int
find_crl(const char *conf, const struct crl_choice *choice, bool with_body, struct found_crl *f,
    struct gh_error *err)
{
	gh_json *rows = NULL;
	struct session s;
	int rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, err);

	memset(f, 0, sizeof(*f));
	if (rc != 0)
		return rc;
	rc = load_rows(&s, choice->ca, true, LIST_MAX, &rows, err);
	for (size_t i = 0; rc == 0 && f->row == NULL && i < gh_json_size(rows); i++)
		if (is_chosen(gh_json_at(rows, i), choice))
			rc = take_row(&s, gh_json_at(rows, i), with_body, f, err);
	if (rc == 0 && f->row == NULL)
		rc = gh_refuse(err, GH_E_NOT_FOUND,
		    "there is no such CRL of CA %s: see `gatehouse crl list`", choice->ca);
	gh_json_free(rows);
	session_close(&s);
	if (rc != 0)
		found_clear(f);
	return rc;
}

int
cmd_crl_list(int argc, char **argv)
{
	static const struct output_column columns[] = {{"CA", "ca"}, {"SHARD", "shard"},
	    {"DELTA", "delta"}, {"NUMBER", "number"}, {"BASE", "base_number"},
	    {"THIS UPDATE", "this_update"}, {"NEXT UPDATE", "next_update"}, {"ENTRIES", "entries"},
	    {"BYTES", "size"}, {NULL, NULL}};
	const char *conf = NULL, *ca = NULL;
	bool all = false, json = false;
	int limit = 0, n, rc;
	gh_json *out = NULL;
	const struct option_row rows[] = {
	    OPTION_CONFIG(&conf),
	    {"ca", 0, OPTION_TEXT, &ca, "NAME", "only this CA"},
	    {"all", 0, OPTION_FLAG, &all, NULL,
		"also earlier ones, not only the newest of each kind"},
	    {"limit", 'n', OPTION_NUMBER, &limit, "N", "how many rows (default: all)"},
	    OPTION_JSON(&json),
	    OPTION_END,
	};
	static const struct usage usage = {"", 0, 0, "Lists CRLs, newest first.",
	    "gatehouse crl list\ngatehouse crl list --ca issuing --all --json\n"};
	struct gh_error err;
	struct session s;

	if ((rc = options_parse(&usage, rows, argc, argv, &n)) != OPTIONS_GO)
		return rc;
	if (session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err) != 0)
		return command_fail(argv[0], &err);
	rc = load_rows(&s, ca, !all, limit > 0 ? limit : LIST_MAX, &out, &err);
	session_close(&s);
	if (rc != 0)
		return command_fail(argv[0], &err);
	rc = json ? output_json(out) : output_table(out, columns);
	gh_json_free(out);
	return rc;
}

#define OPTIONS_CHOICE(c) \
	{"delta", 0, OPTION_FLAG, &(c).delta, NULL, "the delta CRL"}, \
	{ \
		"shard", 0, OPTION_TEXT, &shard, "N", "the CRL of a shard" \
	}

/* The operand and --shard. COMMAND_OK or an exit code. */
static int
choose(char **argv, const char *shard, struct crl_choice *choice)
{
	char *end;
	long n = shard != NULL ? strtol(shard, &end, 10) : 0;

	choice->ca = argv[1];
	choice->has_shard = shard != NULL;
	if (shard != NULL && (*shard == '\0' || *end != '\0' || n < 0 || n >= CA_SHARDS_MAX))
		return command_usage(argv[0], "--shard is from 0 to %d", CA_SHARDS_MAX - 1);
	if (choice->has_shard && choice->delta)
		return command_usage(argv[0],
		    "--delta and --shard exclude each other: shards have no delta CRLs");
	choice->shard = (int)n;
	return COMMAND_OK;
}

int
cmd_crl_show(int argc, char **argv)
{
	const char *conf = NULL, *shard = NULL;
	struct crl_choice choice = {0};
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTIONS_CHOICE(choice),
	    OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"CA", 1, 1,
	    "Shows what is recorded of the newest CRL of a CA.",
	    "gatehouse crl show issuing\ngatehouse crl show issuing --shard 3 --json\n"};
	struct found_crl f;
	struct gh_error err;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if ((rc = choose(argv, shard, &choice)) != COMMAND_OK)
		return rc;
	if (find_crl(conf, &choice, false, &f, &err) != 0)
		return command_fail(argv[0], &err);
	rc = json ? output_json(f.row) : output_object(f.row, NULL);
	found_clear(&f);
	return rc;
}

int
cmd_crl_export(int argc, char **argv)
{
	const char *conf = NULL, *shard = NULL;
	struct crl_choice choice = {0};
	bool der = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTIONS_CHOICE(choice),
	    {"der", 0, OPTION_FLAG, &der, NULL, "write DER, not PEM"}, OPTION_END};
	static const struct usage usage = {"CA", 1, 1,
	    "Writes the newest CRL of a CA to standard output.",
	    "gatehouse crl export issuing | openssl crl -noout -text\n"
	    "gatehouse crl export issuing --delta --der > issuing-delta.crl\n"};
	struct found_crl f;
	struct gh_error err;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);
	bool ok;

	if (rc != OPTIONS_GO)
		return rc;
	if ((rc = choose(argv, shard, &choice)) != COMMAND_OK)
		return rc;
	if (find_crl(conf, &choice, true, &f, &err) != 0)
		return command_fail(argv[0], &err);
	if (der)
		ok = fwrite(f.der, 1, (size_t)f.crl.size, stdout) == (size_t)f.crl.size;
	else
		ok = PEM_write(stdout, PEM_STRING_X509_CRL, "", f.der, (long)f.crl.size) > 0;
	found_clear(&f);
	return output_finish() == COMMAND_OK && ok ? COMMAND_OK : COMMAND_FAILED;
}
