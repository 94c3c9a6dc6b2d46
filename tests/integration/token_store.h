/* The token stores that run_hsm.sh makes: $HSM_DIR/tokens is the one in use, $HSM_DIR/second
 * another one with the same keys (but for those that were born there). A test moves them while a
 * signer runs. */
#ifndef TEST_TOKEN_STORE_H
#define TEST_TOKEN_STORE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ca-backend/signer_process.h"

#define URI(object) "pkcs11:token=gatehouse;object=" object ";type=private"
/* A signer looks for a key that was away after a second, and for one that was there after ten, when
 * it is asked for the state. */
#define SOON_MS 30000

static inline void
move_store(const char *from, const char *to)
{
	char a[256], b[256];

	snprintf(a, sizeof(a), "%s/%s", getenv("HSM_DIR"), from);
	snprintf(b, sizeof(b), "%s/%s", getenv("HSM_DIR"), to);
	MUST(rename(a, b) == 0);
}

static inline bool
has_store(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", getenv("HSM_DIR"), name);
	return access(path, F_OK) == 0;
}

/* As it was before the test, whatever became of it. */
static inline void
put_stores_back(void)
{
	if (has_store("gone"))
		move_store("gone", "tokens");
	if (!has_store("other"))
		return;
	if (has_store("tokens"))
		move_store("tokens", "second");
	move_store("other", "tokens");
}

#endif
