/* What a thread works with. See env.h. */
#include "env.h"
#include "signer/client/signer_client_kra.h"

static int
open_store(struct worker_env *env, struct gh_error *err)
{
	const struct gh_conf *conf = env->conf;
	struct store *s;
	int rc = store_new(conf->database.conninfo, conf->database.timeout_ms, &s, err);

	if (rc == 0 && env->server_secret != NULL)
		rc = store_use_secret(s, env->server_secret, err);
	if (rc != 0) {
		store_free(s);
		return rc;
	}
	env->store = s;
	return 0;
}

int
env_open(struct worker_env *env, unsigned parts, struct gh_error *err)
{
	int rc = 0;

	if ((parts & ENV_STORE) != 0 && env->store == NULL)
		rc = open_store(env, err);
	if (rc == 0 && (parts & ENV_DIR) != 0 && env->dir == NULL)
		rc = dir_new(env->dirs, &env->dir, err);
	if (rc == 0 && (parts & ENV_SIGNER) != 0 && env->signer == NULL)
		rc = signer_client_new(env->conf->signer.socket, env->conf->signer.timeout_ms,
		    &env->signer, err);
	if (rc == 0 && (parts & ENV_KRA) != 0 && env->kra == NULL &&
	    env->conf->kra.socket[0] != '\0')
		rc = kra_client_new(env->conf->kra.socket, env->conf->kra.timeout_ms, &env->kra,
		    err);
	return rc;
}

void
env_close(struct worker_env *env)
{
	store_free(env->store);
	dir_free(env->dir);
	signer_client_free(env->signer);
	signer_client_free(env->kra);
	if (env->catalog != NULL)
		catalog_free(env->catalog);
	env->store = NULL;
	env->dir = NULL;
	env->signer = NULL;
	env->kra = NULL;
	env->catalog = NULL;
}
