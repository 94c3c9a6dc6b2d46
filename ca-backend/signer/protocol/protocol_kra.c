/* Encoders and decoders of the messages of a KRA. */
#include <string.h>

#include "digest.h"

#include "protocol_kra.h"

#define ALG_MAX 32           /* bytes of an algorithm's name */
#define SPKI_MAX (8 * 1024)  /* bytes; RSA-16384 has 2 kB */
#define WRAPPED_KEY_MAX 2048 /* RSA-16384 */
#define IV_MAX 32
#define CIPHER_MAX (KRA_SECRET_MAX + 64)
#define CERT_MAX (16 * 1024)
#define POLICY_MAX (192 * 1024)
#define NAME_MAX_SIZE (8 * 1024)   /* of a subject */
#define EXTENSIONS_MAX (24 * 1024) /* of a PKCS#10: as many names as are taken */
#define KEK_MAX 64
#define KEK_ID_MAX 256

/* --- parts ------------------------------------------------------------------------------------ */

static void
put_der(struct gh_buf *b, const struct gh_der *d)
{
	gh_buf_put_block(b, d->p, d->len);
}

static struct gh_der
get_der(struct gh_reader *r, size_t max)
{
	struct gh_der d;

	d.p = gh_reader_block(r, max, &d.len);
	return d;
}

/* A text: no NUL in it. */
static struct gh_der
get_text(struct gh_reader *r, size_t max)
{
	struct gh_der d = get_der(r, max);

	if (d.len > 0 && memchr(d.p, 0, d.len) != NULL)
		r->failed = true;
	return d;
}

static void
get_octets(struct gh_reader *r, unsigned char *out, size_t n)
{
	size_t len;
	const unsigned char *p = gh_reader_block(r, n, &len);

	if (len != n)
		r->failed = true;
	else
		memcpy(out, p, n);
}

/* One of 1 to max. */
static int
get_choice(struct gh_reader *r, int max)
{
	int v = gh_reader_u8(r);

	if (v < 1 || v > max)
		r->failed = true;
	return v;
}

static bool
get_flag(struct gh_reader *r)
{
	uint8_t v = gh_reader_u8(r);

	if (v > 1)
		r->failed = true;
	return v == 1;
}

static int64_t
get_time(struct gh_reader *r)
{
	uint64_t v = gh_reader_u64(r);

	if (v > INT64_MAX)
		r->failed = true;
	return (int64_t)v;
}

/* How many follow, at most max. */
static size_t
get_count(struct gh_reader *r, size_t max)
{
	size_t n = gh_reader_u8(r);

	if (n <= max)
		return n;
	r->failed = true;
	return 0;
}

void
kra_put_facts(struct gh_buf *b, const struct kra_facts *f)
{
	gh_buf_put_block(b, f->id, sizeof(f->id));
	gh_buf_put_u8(b, (uint8_t)f->kind);
	put_der(b, &f->owner);
	put_der(b, &f->client_id);
	put_der(b, &f->policy);
	put_der(b, &f->spki);
	gh_buf_put_u64(b, (uint64_t)f->forget_at);
}

static void
get_facts(struct gh_reader *r, struct kra_facts *f)
{
	get_octets(r, f->id, sizeof(f->id));
	f->kind = (enum kra_kind)get_choice(r, KRA_PASSPHRASE);
	f->owner = get_text(r, KRA_TEXT_MAX);
	f->client_id = get_text(r, KRA_TEXT_MAX);
	f->policy = get_text(r, KRA_TEXT_MAX);
	f->spki = get_der(r, SPKI_MAX);
	f->forget_at = get_time(r);
}

static void
put_wrapping(struct gh_buf *b, const struct kra_wrapping *w)
{
	gh_buf_put_block(b, w->transport_id, sizeof(w->transport_id));
	put_der(b, &w->key_alg);
	put_der(b, &w->ephemeral);
	put_der(b, &w->wrapped_key);
	put_der(b, &w->payload_alg);
}

static void
get_wrapping(struct gh_reader *r, struct kra_wrapping *w)
{
	get_octets(r, w->transport_id, sizeof(w->transport_id));
	w->key_alg = get_text(r, ALG_MAX);
	w->ephemeral = get_der(r, SPKI_MAX);
	w->wrapped_key = get_der(r, WRAPPED_KEY_MAX);
	w->payload_alg = get_text(r, ALG_MAX);
}

bool
kra_release_digest(const struct kra_release *f, unsigned char out[KRA_RELEASE_DIGEST_SIZE])
{
	struct kra_release bare = *f;
	struct gh_buf b;
	bool ok;

	bare.cert = (struct gh_der){NULL, 0};
	bare.chain_len = 0;
	gh_buf_init(&b, SIGNER_FRAME_MAX);
	kra_put_release(&b, &bare);
	ok = gh_buf_check(&b, NULL) == 0 && gh_digest(GH_SHA256, b.data, b.len, out);
	gh_buf_free(&b);
	return ok;
}

static void
put_key_package(struct gh_buf *b, const struct kra_key_package *f)
{
	put_der(b, &f->signer_key);
	put_der(b, &f->signer_cert);
	put_der(b, &f->content_alg);
	put_der(b, &f->kek);
	put_der(b, &f->kek_id);
	put_der(b, &f->recipient);
	put_der(b, &f->key_alg);
}

static void
get_key_package(struct gh_reader *r, struct kra_key_package *f)
{
	f->signer_key = get_der(r, KRA_SECRET_MAX);
	f->signer_cert = get_der(r, CERT_MAX);
	f->content_alg = get_text(r, ALG_MAX);
	f->kek = get_der(r, KEK_MAX);
	f->kek_id = get_der(r, KEK_ID_MAX);
	f->recipient = get_der(r, CERT_MAX);
	f->key_alg = get_text(r, ALG_MAX);
}

/* What was signed over a release of the other forms (kra_release_digest) stays as it was. */
void
kra_put_release(struct gh_buf *b, const struct kra_release *f)
{
	gh_buf_put_u8(b, (uint8_t)f->form);
	put_wrapping(b, &f->wrapping);
	put_der(b, &f->iv);
	put_der(b, &f->password);
	put_der(b, &f->name);
	put_der(b, &f->cert);
	gh_buf_put_u8(b, (uint8_t)f->chain_len);
	for (size_t i = 0; i < f->chain_len; i++)
		put_der(b, &f->chain[i]);
	gh_buf_put_u32(b, f->iterations);
	gh_buf_put_u8(b, f->has_clear_password);
	if (f->form == KRA_KEY_PACKAGE)
		put_key_package(b, &f->package);
}

static void
get_release(struct gh_reader *r, struct kra_release *f)
{
	f->form = (enum kra_form)get_choice(r, KRA_KEY_PACKAGE);
	get_wrapping(r, &f->wrapping);
	f->iv = get_der(r, IV_MAX);
	f->password = get_der(r, CIPHER_MAX);
	f->name = get_text(r, KRA_TEXT_MAX);
	f->cert = get_der(r, CERT_MAX);
	f->chain_len = get_count(r, KRA_CHAIN_MAX);
	for (size_t i = 0; i < f->chain_len; i++)
		f->chain[i] = get_der(r, CERT_MAX);
	f->iterations = gh_reader_u32(r);
	f->has_clear_password = get_flag(r);
	memset(&f->package, 0, sizeof(f->package));
	if (f->form == KRA_KEY_PACKAGE)
		get_key_package(r, &f->package);
}

bool
kra_get_release(struct gh_reader *r, struct kra_release *f)
{
	get_release(r, f);
	return gh_reader_is_done(r);
}

/* --- messages --------------------------------------------------------------------------------- */

void
kra_put_create_key(struct gh_buf *b, const struct kra_create_key *f)
{
	gh_buf_put_u8(b, f->is_storage);
	gh_buf_put_string(b, f->key_alg);
	gh_buf_put_string(b, f->key_uri);
	gh_buf_put_string(b, f->password);
}

bool
kra_get_create_key(struct gh_reader *r, struct kra_create_key *f, struct signer_strings *s)
{
	f->is_storage = get_flag(r);
	signer_get_string(r, s->key_alg, sizeof(s->key_alg));
	signer_get_string(r, s->key_uri, sizeof(s->key_uri));
	signer_get_string(r, s->password, sizeof(s->password));
	f->key_alg = s->key_alg;
	f->key_uri = s->key_uri;
	f->password = s->password;
	return gh_reader_is_done(r);
}

/* In which form a secret comes. */
enum { MATERIAL_WRAPPED = 1, MATERIAL_OPTIONS = 2 };

void
kra_put_archive(struct gh_buf *b, const struct kra_archive *f)
{
	bool is_options = f->options.len > 0;

	gh_buf_put_block(b, f->storage_id, sizeof(f->storage_id));
	kra_put_facts(b, &f->facts);
	put_der(b, &f->policy);
	gh_buf_put_u8(b, is_options ? MATERIAL_OPTIONS : MATERIAL_WRAPPED);
	if (is_options) {
		gh_buf_put_block(b, f->wrapping.transport_id, sizeof(f->wrapping.transport_id));
		put_der(b, &f->options);
		return;
	}
	put_wrapping(b, &f->wrapping);
	put_der(b, &f->iv);
	put_der(b, &f->cipher);
}

bool
kra_get_archive(struct gh_reader *r, struct kra_archive *f)
{
	memset(f, 0, sizeof(*f));
	get_octets(r, f->storage_id, sizeof(f->storage_id));
	get_facts(r, &f->facts);
	f->policy = get_der(r, POLICY_MAX);
	if (get_choice(r, MATERIAL_OPTIONS) == MATERIAL_OPTIONS) {
		get_octets(r, f->wrapping.transport_id, sizeof(f->wrapping.transport_id));
		f->options = get_der(r, KRA_OPTIONS_MAX);
		return gh_reader_is_done(r) && f->options.len > 0;
	}
	get_wrapping(r, &f->wrapping);
	f->iv = get_der(r, IV_MAX);
	f->cipher = get_der(r, CIPHER_MAX);
	return gh_reader_is_done(r);
}

void
kra_put_recover(struct gh_buf *b, const struct kra_recover *f)
{
	kra_put_facts(b, &f->facts);
	put_der(b, &f->stored);
	kra_put_release(b, &f->release);
	put_der(b, &f->policy);
	gh_buf_put_u64(b, (uint64_t)f->request_id);
	put_der(b, &f->requester);
	gh_buf_put_u64(b, (uint64_t)f->until);
	gh_buf_put_u8(b, (uint8_t)f->approvals);
	for (size_t i = 0; i < f->approvals; i++)
		put_der(b, &f->approval[i]);
}

bool
kra_get_recover(struct gh_reader *r, struct kra_recover *f)
{
	get_facts(r, &f->facts);
	f->stored = get_der(r, KRA_STORED_MAX);
	get_release(r, &f->release);
	f->policy = get_der(r, POLICY_MAX);
	f->request_id = get_time(r);
	f->requester = get_text(r, KRA_TEXT_MAX);
	f->until = get_time(r);
	f->approvals = get_count(r, KRA_APPROVALS_MAX);
	for (size_t i = 0; i < f->approvals; i++)
		f->approval[i] = get_der(r, KRA_APPROVAL_MAX);
	return gh_reader_is_done(r);
}

void
kra_put_generate(struct gh_buf *b, const struct kra_generate *f)
{
	gh_buf_put_block(b, f->storage_id, sizeof(f->storage_id));
	gh_buf_put_block(b, f->facts.id, sizeof(f->facts.id));
	put_der(b, &f->facts.owner);
	put_der(b, &f->facts.client_id);
	put_der(b, &f->facts.policy);
	put_der(b, &f->policy);
	gh_buf_put_u64(b, (uint64_t)f->facts.forget_at);
	gh_buf_put_string(b, f->key_alg);
	gh_buf_put_u8(b, f->is_archived);
	gh_buf_put_u8(b, f->is_released);
	put_der(b, &f->subject);
	put_der(b, &f->extensions);
	if (f->is_released)
		kra_put_release(b, &f->release);
}

bool
kra_get_generate(struct gh_reader *r, struct kra_generate *f, struct signer_strings *s)
{
	memset(f, 0, sizeof(*f));
	get_octets(r, f->storage_id, sizeof(f->storage_id));
	get_octets(r, f->facts.id, sizeof(f->facts.id));
	f->facts.owner = get_text(r, KRA_TEXT_MAX);
	f->facts.client_id = get_text(r, KRA_TEXT_MAX);
	f->facts.policy = get_text(r, KRA_TEXT_MAX);
	f->policy = get_der(r, POLICY_MAX);
	f->facts.forget_at = get_time(r);
	signer_get_string(r, s->key_alg, sizeof(s->key_alg));
	f->key_alg = s->key_alg;
	f->is_archived = get_flag(r);
	f->is_released = get_flag(r);
	f->subject = get_der(r, NAME_MAX_SIZE);
	f->extensions = get_der(r, EXTENSIONS_MAX);
	if (f->is_released)
		get_release(r, &f->release);
	return gh_reader_is_done(r);
}

void
kra_put_generated(struct gh_buf *b, const struct kra_generated *g)
{
	gh_buf_put_u8(b, (uint8_t)g->kind);
	put_der(b, &g->spki);
	put_der(b, &g->archived);
	put_der(b, &g->kept);
	put_der(b, &g->csr);
	put_der(b, &g->iv);
	put_der(b, &g->out);
}

bool
kra_get_generated(struct gh_reader *r, struct kra_generated *g)
{
	g->kind = (enum kra_kind)get_choice(r, KRA_PASSPHRASE);
	g->spki = get_der(r, SPKI_MAX);
	g->archived = get_der(r, KRA_STORED_MAX);
	g->kept = get_der(r, KRA_STORED_MAX);
	g->csr = get_der(r, CERT_MAX);
	g->iv = get_der(r, IV_MAX);
	g->out = get_der(r, CIPHER_MAX);
	return gh_reader_is_done(r);
}

void
kra_put_rewrap(struct gh_buf *b, const struct kra_rewrap *f)
{
	gh_buf_put_block(b, f->to_id, sizeof(f->to_id));
	put_der(b, &f->stored);
}

bool
kra_get_rewrap(struct gh_reader *r, struct kra_rewrap *f)
{
	get_octets(r, f->to_id, sizeof(f->to_id));
	f->stored = get_der(r, KRA_STORED_MAX);
	return gh_reader_is_done(r);
}

void
kra_put_show_policy(struct gh_buf *b, const struct kra_show_policy *f)
{
	put_der(b, &f->name);
	put_der(b, &f->sealed);
}

bool
kra_get_show_policy(struct gh_reader *r, struct kra_show_policy *f)
{
	f->name = get_text(r, KRA_TEXT_MAX);
	f->sealed = get_der(r, POLICY_MAX);
	return gh_reader_is_done(r);
}

void
kra_put_policy(struct gh_buf *b, const struct kra_policy *p)
{
	put_der(b, &p->name);
	gh_buf_put_u64(b, p->revision);
	gh_buf_put_u8(b, p->required);
	gh_buf_put_u8(b, p->requester_counts);
	gh_buf_put_u8(b, p->is_signed);
	gh_buf_put_u8(b, (uint8_t)p->agents);
	for (size_t i = 0; i < p->agents; i++) {
		put_der(b, &p->agent[i].id);
		put_der(b, &p->agent[i].cert);
	}
}

bool
kra_get_policy(struct gh_reader *r, struct kra_policy *p)
{
	p->name = get_text(r, KRA_TEXT_MAX);
	p->revision = gh_reader_u64(r);
	p->required = (uint8_t)get_choice(r, KRA_APPROVALS_MAX);
	p->requester_counts = get_flag(r);
	p->is_signed = get_flag(r);
	p->agents = get_count(r, KRA_AGENTS_MAX);
	for (size_t i = 0; i < p->agents; i++) {
		p->agent[i].id = get_text(r, KRA_TEXT_MAX);
		p->agent[i].cert = get_der(r, CERT_MAX);
	}
	return gh_reader_is_done(r);
}
