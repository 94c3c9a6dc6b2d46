/* See run_tls.h. */
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "timestamp.h"

#include "run_tls.h"

#define LOOK_MS 500
#define TICKET_KEY_MS (12 * 3600 * 1000LL)

static void
look_at_files(const struct gh_conf *conf, struct timespec at[3])
{
	const char *path[3] = {conf->gateway.certificate, conf->gateway.key,
	    conf->gateway.client_ca};
	struct stat st;

	memset(at, 0, 3 * sizeof(*at));
	for (int i = 0; i < 3; i++)
		if (path[i][0] != '\0' && stat(path[i], &st) == 0)
			at[i] = st.st_mtim;
}

void
run_tls_reload(struct run_tls *t, const char *why)
{
	const struct gh_conf *conf = t->conf;
	struct gh_error err = {0};
	struct tls_pair pair;

	look_at_files(conf, t->changed);
	if (tls_pair_read(conf->gateway.certificate, conf->gateway.key, conf->gateway.client_ca,
		&pair, &err) != 0) {
		gh_log_kv(GH_LOG_ERROR, "the old certificate stays in use", "cause", err.detail,
		    NULL);
		return;
	}
	tls_region_publish(t->region, &pair);
	tls_pair_clear(&pair);
	t->next_ticket_key = gh_now_us() / 1000 + TICKET_KEY_MS;
	gh_log_kv(GH_LOG_INFO, "certificate read", "because", why, NULL);
}

void
run_tls_watch(struct run_tls *t, int64_t now)
{
	struct timespec at[3];

	if (now < t->next_look)
		return;
	t->next_look = now + LOOK_MS;
	look_at_files(t->conf, at);
	if (memcmp(at, t->changed, sizeof(at)) != 0)
		run_tls_reload(t, "changed file");
	else if (now >= t->next_ticket_key)
		run_tls_reload(t, "new ticket key");
}

int
run_tls_open(struct run_tls *t, const struct gh_conf *conf, struct tls_pair *pair,
    struct gh_error *err)
{
	int rc;

	*t = (struct run_tls){.conf = conf};
	if ((rc = tls_region_new(&t->region, err)) != 0)
		return rc;
	look_at_files(conf, t->changed);
	tls_region_publish(t->region, pair);
	t->next_ticket_key = gh_now_us() / 1000 + TICKET_KEY_MS;
	return 0;
}

void
run_tls_close(struct run_tls *t)
{
	tls_region_free(t->region);
	t->region = NULL;
}
