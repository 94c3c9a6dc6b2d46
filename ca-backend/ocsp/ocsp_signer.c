/* OCSP signers. See ocsp_signer.h. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "asn1_time.h"
#include "digest.h"
#include "log.h"
#include "timestamp.h"

#include "store/status/ocsp_row.h"

#include "ocsp_signer.h"

#define RECHECK_SECONDS 60 /* how soon a new signer of another node is used */
#define RETRY_SECONDS 5    /* after a failure */
#define DAY 86400

struct ocsp_signer {
	atomic_uint refs;
	unsigned char id[SIGNER_CA_ID_SIZE];
	unsigned char serial[20];
	size_t serial_len;
	unsigned char *sealed;
	size_t sealed_len;
	int64_t not_after;
};

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

/* --- one
 * ------------------------------------------------------------------------------------------- */

struct ocsp_signer *
ocsp_signer_ref(struct ocsp_signer *o)
{
	atomic_fetch_add(&o->refs, 1);
	return o;
}

void
ocsp_signer_unref(struct ocsp_signer *o)
{
	if (o == NULL || atomic_fetch_sub(&o->refs, 1) != 1)
		return;
	free(o->sealed);
	free(o);
}

const unsigned char *
ocsp_signer_id(const struct ocsp_signer *o)
{
	return o->id;
}

int64_t
ocsp_signer_not_after(const struct ocsp_signer *o)
{
	return o->not_after;
}

int
ocsp_signer_load(const struct ocsp_signer *o, struct signer_client *signer, struct gh_error *err)
{
	unsigned char id[SIGNER_CA_ID_SIZE];
	int rc = signer_client_load_ca(signer, o->sealed, o->sealed_len, id, err);

	if (rc == 0 && memcmp(id, o->id, sizeof(id)) != 0)
		rc = gh_fail(err, GH_E_CA_UNAVAILABLE,
		    "sealed record of an OCSP signer is of another certificate");
	return rc;
}

static int
set_serial(struct ocsp_signer *o, const struct store_ocsp_signer *row, struct gh_error *err)
{
	const unsigned char *p = row->cert;
	X509 *cert = d2i_X509(NULL, &p, (long)row->cert_len);
	const ASN1_INTEGER *serial = cert != NULL ? X509_get0_serialNumber(cert) : NULL;
	int rc = 0;

	if (serial == NULL || serial->length < 1 || (size_t)serial->length > sizeof(o->serial))
		rc = gh_fail(err, GH_E_DB, "certificate of an OCSP signer is unreadable");
	else
		memcpy(o->serial, serial->data, o->serial_len = (size_t)serial->length);
	ERR_clear_error();
	X509_free(cert);
	return rc;
}

/* Takes over the sealed record. */
static int
signer_of_row(struct store_ocsp_signer *row, struct ocsp_signer **out, struct gh_error *err)
{
	struct ocsp_signer *o = calloc(1, sizeof(*o));
	int rc;

	*out = NULL;
	if (o == NULL)
		return gh_fail(err, GH_E_NOMEM, "OCSP signer");
	atomic_init(&o->refs, 1);
	o->not_after = row->not_after;
	rc = set_serial(o, row, err);
	if (rc == 0 && !gh_digest(GH_SHA256, row->cert, row->cert_len, o->id))
		rc = gh_fail(err, GH_E_INTERNAL, "SHA-256");
	if (rc != 0) {
		free(o);
		return rc;
	}
	o->sealed = row->sealed;
	o->sealed_len = row->sealed_len;
	row->sealed = NULL;
	*out = o;
	return 0;
}

/* --- making one
 * ------------------------------------------------------------------------------------ */

static int
load_ca(const struct ca *ca, struct signer_client *signer, struct gh_error *err)
{
	unsigned char id[SIGNER_CA_ID_SIZE];
	int rc;

	if (ca->sealed == NULL)
		return gh_fail(err, GH_E_CA_UNAVAILABLE, "CA %s has no key here", ca->name);
	rc = signer_client_load_ca(signer, ca->sealed, ca->sealed_len, id, err);
	if (rc == 0 && memcmp(id, ca->ca_id, sizeof(id)) != 0)
		rc = gh_fail(err, GH_E_CA_UNAVAILABLE,
		    "sealed record of CA %s is of another certificate", ca->name);
	return rc;
}

static int
read_times(struct store_ocsp_signer *o, struct gh_error *err)
{
	const unsigned char *p = o->cert;
	X509 *cert = d2i_X509(NULL, &p, (long)o->cert_len);
	int rc = 0;

	if (cert == NULL || !gh_asn1_time_get(X509_get0_notBefore(cert), &o->not_before) ||
	    !gh_asn1_time_get(X509_get0_notAfter(cert), &o->not_after))
		rc = gh_fail(err, GH_E_SIGNER, "certificate of an OCSP signer is unreadable");
	ERR_clear_error();
	X509_free(cert);
	return rc;
}

static int
make(void *arg, struct store_ocsp_signer *out, struct gh_error *err)
{
	const struct ocsp_issuing *i = arg;
	int64_t now = gh_now(), from = now - i->conf->ca.backdate;
	int64_t to = from + (int64_t)i->conf->ocsp.signer_days * DAY;
	int rc = GH_E_NOT_FOUND;

	for (int tries = 0; rc == GH_E_NOT_FOUND && tries < 2; tries++) {
		if (tries > 0 && (rc = load_ca(i->ca, i->signer, err)) != 0)
			return rc;
		rc = signer_client_create_ocsp_signer(i->signer, i->ca->ca_id, from, to, NULL,
		    &out->cert, &out->cert_len, &out->sealed, &out->sealed_len, err);
	}
	if (rc == GH_E_NOT_FOUND)
		rc = gh_fail(err, GH_E_SIGNER_DOWN, "signer lost CA %s right after loading it",
		    i->ca->name);
	return rc == 0 ? read_times(out, err) : rc;
}

int
ocsp_signer_issue(const struct ocsp_issuing *i, const struct requester *who, int64_t until,
    struct store_ocsp_signer *out, bool *is_new, struct gh_error *err)
{
	struct ocsp_issuing copy = *i;
	struct store_ocsp_issue issue = {.ca = i->ca,
	    .who = who,
	    .until = until,
	    .make = make,
	    .arg = &copy};

	return store_issue_ocsp_signer(i->store, &issue, out, is_new, err);
}

/* --- all
 * ------------------------------------------------------------------------------------------- */

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
	return o != NULL && o->not_after > now + OCSP_SIGNER_MARGIN;
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
	struct store_ocsp_signer row;
	bool is_new;
	int rc = store_find_ocsp_signer(i->store, i->ca->id, until, &row, err);

	if (rc == GH_E_NOT_FOUND)
		rc = ocsp_signer_issue(i, &who, until, &row, &is_new, err);
	if (rc == 0)
		rc = signer_of_row(&row, out, err);
	store_ocsp_signer_clear(&row);
	return rc;
}

int
ocsp_signers_get(struct ocsp_signers *s, const struct ocsp_issuing *i, struct ocsp_signer **out,
    struct gh_error *err)
{
	const struct ca *ca = i->ca;
	enum look found;

	*out = NULL;
	found = look(s, ca->id, out, err);
	if (found == LOOK_REFRESH) {
		if (pthread_mutex_trylock(&s->refresh) != 0) {
			/* the database may be slow: one thread is enough to wait for it */
			if (use_known(s, ca->id, out))
				return 0;
			pthread_mutex_lock(&s->refresh);
		}
		found = look(s, ca->id, out, err);
		if (found == LOOK_REFRESH) {
			struct ocsp_signer *fresh = NULL;

			(void)obtain(i, &fresh, err);
			remember(s, ca->id, fresh, err);
			ocsp_signer_unref(fresh);
			/* while the database is unreachable, an old one that is still valid will
			 * do */
			found = look(s, ca->id, out, err);
		}
		pthread_mutex_unlock(&s->refresh);
	}
	if (found == LOOK_FOUND)
		return 0;
	return err->code != GH_OK
	    ? (int)err->code
	    : gh_fail(err, GH_E_CA_UNAVAILABLE, "OCSP signer of CA %s is about to end", ca->name);
}

bool
ocsp_signers_forget(struct ocsp_signers *s, int64_t ca_id, const unsigned char *serial, size_t len)
{
	bool is_ours = false;

	pthread_mutex_lock(&s->lock);
	for (struct slot *slot = s->slots; slot != NULL; slot = slot->next) {
		struct ocsp_signer *o = slot->signer;

		if (slot->ca_id != ca_id || o == NULL || o->serial_len != len ||
		    memcmp(o->serial, serial, len) != 0)
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
