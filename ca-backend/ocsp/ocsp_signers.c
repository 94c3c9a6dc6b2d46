/* What is remembered of the signers of all CAs. See ocsp_signers.h. */
#include <pthread.h>
#include <stdlib.h>

#include "timestamp.h"

#include "store/status/delegated_signer.h"

#include "ocsp_signers.h"

#define RECHECK_SECONDS 60 /* how soon a new signer of another node is used */
#define RETRY_SECONDS 5    /* after a failure */

struct slot {
	struct slot *next;
	int64_t ca_id;
	struct ocsp_signer *signer; /* NULL: none */
	int64_t checked;            /* when the database was asked last */
	int64_t failed;             /* when that or making one failed last */
	struct gh_error failure;
};

struct ocsp_signers {
	pthread_mutex_t refresh; /* one thread asks and makes; taken before lock */
	pthread_mutex_t lock;    /* guards all below */
	struct slot *slots;
};

int
ocsp_signers_new(struct ocsp_signers **out, struct gh_error *err)
{
	struct ocsp_signers *s = *out = calloc(1, sizeof(*s));

	if (s == NULL)
		return gh_fail(err, GH_E_NOMEM, "OCSP signers");
	pthread_mutex_init(&s->refresh, NULL);
	pthread_mutex_init(&s->lock, NULL);
	return 0;
}

void
ocsp_signers_free(struct ocsp_signers *s)
{
	struct slot *slot, *next;

	if (s == NULL)
		return;
	for (slot = s->slots; slot != NULL; slot = next) {
		next = slot->next;
		ocsp_signer_unref(slot->signer);
		free(slot);
	}
	pthread_mutex_destroy(&s->refresh);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* The lock is held. NULL: out of memory. Slots are never removed: there are as many as CAs. */
static struct slot *
slot_of(struct ocsp_signers *s, int64_t ca_id)
{
	struct slot *slot = s->slots;

	while (slot != NULL && slot->ca_id != ca_id)
		slot = slot->next;
	if (slot == NULL && (slot = calloc(1, sizeof(*slot))) != NULL) {
		slot->ca_id = ca_id;
		slot->next = s->slots;
		s->slots = slot;
	}
	return slot;
}

static bool
is_usable(const struct ocsp_signer *o, int64_t now)
{
	return o != NULL && ocsp_signer_not_after(o) > now + OCSP_SIGNER_MARGIN;
}

enum look { LOOK_FOUND, LOOK_FAILED, LOOK_REFRESH };

/* What is remembered of a CA. */
static enum look
look(struct ocsp_signers *s, int64_t ca_id, struct ocsp_signer **out, struct gh_error *err)
{
	int64_t now = gh_now();
	enum look result = LOOK_REFRESH;
	struct slot *slot;

	pthread_mutex_lock(&s->lock);
	slot = slot_of(s, ca_id);
	if (slot != NULL) {
		bool has_failed = slot->failed != 0 && now - slot->failed < RETRY_SECONDS;

		if (is_usable(slot->signer, now) && now - slot->checked < RECHECK_SECONDS) {
			*out = ocsp_signer_ref(slot->signer);
			result = LOOK_FOUND;
		} else if (has_failed) {
			*err = slot->failure;
			result = LOOK_FAILED;
		}
	}
	pthread_mutex_unlock(&s->lock);
	return result;
}

static void
remember(struct ocsp_signers *s, int64_t ca_id, struct ocsp_signer *fresh,
    const struct gh_error *failure)
{
	int64_t now = gh_now();
	struct slot *slot;

	pthread_mutex_lock(&s->lock);
	slot = slot_of(s, ca_id);
	if (slot != NULL && fresh != NULL) {
		ocsp_signer_unref(slot->signer);
		slot->signer = ocsp_signer_ref(fresh);
		slot->checked = now;
		slot->failed = 0;
	} else if (slot != NULL && is_usable(slot->signer, now)) {
		slot->checked = now; /* as good as before */
	} else if (slot != NULL) {
		slot->failed = now;
		slot->failure = *failure;
	}
	pthread_mutex_unlock(&s->lock);
}

/* The signer that is known, however long ago it was looked up. */
static bool
use_known(struct ocsp_signers *s, int64_t ca_id, struct ocsp_signer **out)
{
	struct slot *slot;

	pthread_mutex_lock(&s->lock);
	slot = slot_of(s, ca_id);
	if (slot != NULL && is_usable(slot->signer, gh_now()))
		*out = ocsp_signer_ref(slot->signer);
	pthread_mutex_unlock(&s->lock);
	return *out != NULL;
}

/* From the database, or a new one. */
static int
obtain(const struct ocsp_issuing *i, struct ocsp_signer **out, struct gh_error *err)
{
	static const struct requester who = {.kind = REQUESTER_COMMAND, .name = "gateway"};
	int64_t until = gh_now() + OCSP_SIGNER_MARGIN;
	struct store_signer row;
	bool is_new;
	int rc = store_find_signer(i->store, STORE_SIGNER_OCSP, i->ca->id, until, &row, err);

	if (rc == GH_E_NOT_FOUND)
		rc = ocsp_signer_issue(i, &who, until, &row, &is_new, err);
	if (rc == 0)
		rc = ocsp_signer_of_row(&row, out, err);
	store_signer_clear(&row);
	return rc;
}

/* Another thread may have done it while this one waited for the lock. */
static enum look
refresh(struct ocsp_signers *s, const struct ocsp_issuing *i, struct ocsp_signer **out,
    struct gh_error *err)
{
	enum look found = look(s, i->ca->id, out, err);
	struct ocsp_signer *fresh = NULL;

	if (found != LOOK_REFRESH)
		return found;
	(void)obtain(i, &fresh, err);
	remember(s, i->ca->id, fresh, err);
	ocsp_signer_unref(fresh);
	/* while the database is unreachable, an old one that is still valid will do */
	return look(s, i->ca->id, out, err);
}

int
ocsp_signers_get(struct ocsp_signers *s, const struct ocsp_issuing *i, struct ocsp_signer **out,
    struct gh_error *err)
{
	enum look found;

	*out = NULL;
	found = look(s, i->ca->id, out, err);
	if (found == LOOK_REFRESH) {
		/* the database may be slow: one thread is enough to wait for it */
		if (pthread_mutex_trylock(&s->refresh) != 0) {
			if (use_known(s, i->ca->id, out))
				return 0;
			pthread_mutex_lock(&s->refresh);
		}
		found = refresh(s, i, out, err);
		pthread_mutex_unlock(&s->refresh);
	}
	if (found == LOOK_FOUND)
		return 0;
	return err->code != GH_OK ? (int)err->code
				  : gh_fail(err, GH_E_CA_UNAVAILABLE,
					"OCSP signer of CA %s is about to end", i->ca->name);
}

bool
ocsp_signers_forget(struct ocsp_signers *s, int64_t ca_id, const unsigned char *serial, size_t len)
{
	bool is_ours = false;

	pthread_mutex_lock(&s->lock);
	for (struct slot *slot = s->slots; slot != NULL; slot = slot->next) {
		struct ocsp_signer *o = slot->signer;

		if (slot->ca_id != ca_id || o == NULL || !ocsp_signer_has_serial(o, serial, len))
			continue;
		is_ours = true;
		slot->signer = NULL;
		ocsp_signer_unref(o);
	}
	pthread_mutex_unlock(&s->lock);
	return is_ours;
}

void
ocsp_signers_recheck(struct ocsp_signers *s)
{
	pthread_mutex_lock(&s->lock);
	for (struct slot *slot = s->slots; slot != NULL; slot = slot->next)
		slot->checked = slot->failed = 0;
	pthread_mutex_unlock(&s->lock);
}
