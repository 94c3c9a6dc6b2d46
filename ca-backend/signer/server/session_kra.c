/* A connection's questions to a KRA. See kra.h. */
#include <string.h>

#include <openssl/crypto.h>

#include "hex.h"
#include "log.h"
#include "session_private.h"
#include "signer/keys/sealed.h"
#include "signer/kra/kra_generate.h"

#define POLICY_MAX (192 * 1024)

/* The KRA's own trail: no secret leaves it without a line. */
static void
log_secret(const char *what, const struct kra_facts *facts)
{
	char id[2 * KRA_SECRET_ID_SIZE + 1];

	gh_log_kv(GH_LOG_INFO, what, "key", gh_hex_lower(facts->id, sizeof(facts->id), id), NULL);
}

/* A worker renews a transport key by itself; where storage keys are, and under which passwords,
 * only the administrator says. */
static int
check_create(const struct session *s, const struct kra_create_key *f, struct gh_error *err)
{
	if (s->is_admin || (!f->is_storage && f->key_uri[0] == '\0' && f->password[0] == '\0'))
		return 0;
	return gh_fail(err, GH_E_CA_POLICY, "such a key is not made on this socket");
}

int
session_kra_create_key(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct signer_strings strings;
	struct kra_create_key f;
	struct gh_buf spki, sealed;
	int rc;

	memset(&strings, 0, sizeof(strings));
	gh_buf_init(&spki, SEALED_RECORD_MAX);
	gh_buf_init(&sealed, SEALED_RECORD_MAX);
	if (!kra_get_create_key(r, &f, &strings)) {
		rc = session_fail_garbled(err);
	} else if ((rc = check_create(s, &f, err)) == 0 &&
	    (rc = kra_create_key(&s->signer->kra, &f, &spki, &sealed, err)) == 0) {
		signer_put_two_blocks(&s->out, spki.data, spki.len, sealed.data, sealed.len);
		gh_log_kv(GH_LOG_INFO,
		    f.is_storage ? "storage key created" : "transport key created", NULL);
	}
	OPENSSL_cleanse(&strings, sizeof(strings));
	gh_buf_free(&spki);
	gh_buf_free(&sealed);
	return rc;
}

int
session_kra_archive(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct kra_archive f;
	struct gh_buf stored;
	int rc;

	if (!kra_get_archive(r, &f))
		return session_fail_garbled(err);
	gh_buf_init(&stored, KRA_STORED_MAX);
	if ((rc = kra_archive(&s->signer->kra, &f, &stored, err)) == 0) {
		signer_put_block(&s->out, stored.data, stored.len);
		log_secret("secret archived", &f.facts);
	}
	gh_buf_free(&stored);
	return rc;
}

int
session_kra_recover(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct gh_buf iv, out;
	struct kra_recover f;
	int rc;

	if (!kra_get_recover(r, &f))
		return session_fail_garbled(err);
	gh_buf_init(&iv, KRA_STORED_MAX);
	gh_buf_init(&out, SIGNER_FRAME_MAX);
	out.secret = true;
	if ((rc = kra_recover(&s->signer->kra, &f, &iv, &out, err)) == 0) {
		signer_put_two_blocks(&s->out, iv.data, iv.len, out.data, out.len);
		log_secret("secret released", &f.facts);
	}
	gh_buf_free(&iv);
	gh_buf_free(&out);
	return rc;
}

int
session_kra_rewrap(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct kra_rewrap f;
	struct gh_buf stored;
	int rc;

	if (!kra_get_rewrap(r, &f))
		return session_fail_garbled(err);
	gh_buf_init(&stored, KRA_STORED_MAX);
	if ((rc = kra_rewrap(&s->signer->kra, &f, &stored, err)) == 0)
		signer_put_block(&s->out, stored.data, stored.len);
	gh_buf_free(&stored);
	return rc;
}

static struct gh_der
view(const struct gh_buf *b)
{
	return (struct gh_der){b->data, b->len};
}

int
session_kra_generate(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct signer_strings strings;
	struct kra_generate f;
	struct kra_made m;
	int rc;

	if (!kra_get_generate(r, &f, &strings))
		return session_fail_garbled(err);
	if ((rc = kra_generate(&s->signer->kra, &f, &m, err)) == 0) {
		kra_put_generated(&s->out,
		    &(struct kra_generated){m.kind, view(&m.spki), view(&m.archived), view(&m.kept),
			view(&m.csr), view(&m.iv), view(&m.out)});
		log_secret("secret made", &f.facts);
	}
	kra_made_free(&m);
	return rc;
}

int
session_kra_seal_policy(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	struct kra_policy p;
	struct gh_buf sealed;
	int rc;

	if (!kra_get_policy(r, &p))
		return session_fail_garbled(err);
	gh_buf_init(&sealed, POLICY_MAX);
	if ((rc = policy_seal(&s->signer->key, &p, &sealed, err)) == 0) {
		signer_put_block(&s->out, sealed.data, sealed.len);
		gh_log_kv(GH_LOG_INFO, "policy of recovery sealed", NULL);
	}
	gh_buf_free(&sealed);
	return rc;
}

int
session_kra_show_policy(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	const struct kra *k = &s->signer->kra;
	struct kra_show_policy f;
	struct gh_buf plain;
	int rc;

	if (!kra_get_show_policy(r, &f))
		return session_fail_garbled(err);
	gh_buf_init(&plain, POLICY_MAX);
	if ((rc = policy_show(k->sealing, k->policies, &f, &plain, err)) == 0)
		signer_put_block(&s->out, plain.data, plain.len);
	gh_buf_free(&plain);
	return rc;
}

int
session_kra_check_approval(struct session *s, struct gh_reader *r, struct gh_error *err)
{
	const struct kra *k = &s->signer->kra;
	struct kra_recover f;
	struct gh_buf agent;
	int rc;

	if (!kra_get_recover(r, &f) || f.approvals != 1)
		return session_fail_garbled(err);
	gh_buf_init(&agent, KRA_TEXT_MAX);
	if ((rc = policy_check_approval(k->sealing, k->policies, &f, &agent, err)) == 0)
		signer_put_block(&s->out, agent.data, agent.len);
	gh_buf_free(&agent);
	return rc;
}
