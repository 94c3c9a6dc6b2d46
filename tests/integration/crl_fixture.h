/* What tests and benchmark of CRLs share: a signer with a root and an issuing CA, their rows, SQL
 * by psql. */
#ifndef CRL_FIXTURE_H
#define CRL_FIXTURE_H

#include "ca-backend/signer_process.h"
#include "crl/crl.h"
#include "store/ca/ca_row.h"

struct crl_world {
	struct signer_process sp;
	struct signer_client *signer;
	struct store *store;
	struct ca *root, *ca;
};

static const struct requester crl_tester = {.kind = REQUESTER_COMMAND, .name = "tester"};

/* First column of the first row into out (may be NULL): psql, since libpq is only known in
 * ca-backend/store. */
static inline void
crl_sql(char *out, size_t size, const char *fmt, ...)
{
	char *sql, *command, line[512] = "";
	va_list ap;
	FILE *p;

	va_start(ap, fmt);
	MUST(vasprintf(&sql, fmt, ap) > 0);
	va_end(ap);
	MUST(setenv("CRL_SQL", sql, 1) == 0);
	MUST(asprintf(&command, "psql -qAtX -v ON_ERROR_STOP=1 \"$PGCONNINFO\" -c \"$CRL_SQL\"") >
	    0);
	MUST((p = popen(command, "r")) != NULL);
	if (fgets(line, sizeof(line), p) == NULL)
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	while (getc(p) != EOF)
		;
	if (pclose(p) != 0) {
		fprintf(stderr, "psql failed: %s\n", sql);
		abort();
	}
	if (out != NULL)
		snprintf(out, size, "%s", line);
	free(command);
	free(sql);
}

static inline int64_t
crl_sql_int(const char *sql)
{
	char text[64];

	crl_sql(text, sizeof(text), "%s", sql);
	return atoll(text);
}

static inline struct ca *
crl_make_ca(struct crl_world *w, const char *name, const char *cn, const char *key_alg,
    const struct made_ca *parent, struct made_ca *made)
{
	struct ca *ca = calloc(1, sizeof(*ca));
	struct gh_error err;

	MUST(ca != NULL &&
	    make_ca(&w->sp, cn, key_alg, parent, parent == NULL ? &root_limits : &issuing_limits,
		made, &err) == 0);
	MUST((ca->name = strdup(name)) != NULL && (ca->slug = strdup(name)) != NULL);
	MUST(cert_chain_add(&ca->chain, made->cert, made->cert_len, &err) == 0);
	if (parent != NULL)
		MUST(cert_chain_add(&ca->chain, parent->cert, parent->cert_len, &err) == 0);
	MUST((ca->sealed = malloc(made->sealed_len)) != NULL);
	memcpy(ca->sealed, made->sealed, made->sealed_len);
	ca->sealed_len = made->sealed_len;
	ca->state = CA_ACTIVE;
	MUST((ca->cdp_urls = calloc(3, sizeof(*ca->cdp_urls))) != NULL);
	MUST(asprintf(&ca->cdp_urls[0], "http://pki.test/crl/%s.crl", name) > 0);
	MUST((ca->policy = gh_json_new_object()) != NULL);
	MUST(ca_finish(ca, &err) == 0);
	if (store_create_ca(w->store, &crl_tester,
		&(struct store_new_ca){.ca = ca, .event = "ca.created"}, &ca->id, &err) != 0) {
		fprintf(stderr, "%s\n", err.detail);
		abort();
	}
	return ca;
}

/* PGCONNINFO names an empty database. */
static inline void
crl_world_open(struct crl_world *w, const char *key_alg)
{
	struct made_ca root = {0}, issuing = {0};
	struct gh_error err;
	int applied;

	memset(w, 0, sizeof(*w));
	signer_process_new(&w->sp);
	MUST(store_new(getenv("PGCONNINFO"), 20000, &w->store, &err) == 0);
	MUST(store_use_secret(w->store, (const unsigned char[32]){1}, &err) == 0);
	if (store_migrate(w->store, &applied, &err) != 0) {
		fprintf(stderr, "%s\n", err.detail);
		abort();
	}
	w->root = crl_make_ca(w, "root", "Root", key_alg, NULL, &root);
	w->ca = crl_make_ca(w, "issuing", "Issuing", key_alg, &root, &issuing);
	made_ca_free(&root);
	made_ca_free(&issuing);
	signer_process_start(&w->sp, "16");
	w->signer = signer_process_client(&w->sp);
}

static inline void
crl_world_close(struct crl_world *w)
{
	signer_client_free(w->signer);
	store_free(w->store);
	ca_free(w->root);
	ca_free(w->ca);
	signer_process_free(&w->sp);
}

#endif
