/* The policy of a KRA in the signer: who must agree, and what is never given out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/cms.h>
#include <openssl/pkcs12.h>

#include "signer/kra/approval.h"

#include "ca-backend/archive_cms.h"
#include "ca-backend/kra_fixture.h"

/* --- who must agree --------------------------------------------------------------------------- */

struct agent {
	EVP_PKEY *key;
	X509 *x;
	unsigned char *der;
	size_t len;
};

static struct agent
make_agent(const char *name)
{
	struct agent a = {.key = gh_key_make("P-256"), .x = X509_new()};
	X509_NAME *n = X509_get_subject_name(a.x);

	X509_gmtime_adj(X509_getm_notBefore(a.x), -60);
	X509_gmtime_adj(X509_getm_notAfter(a.x), 3600);
	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(a.x, n);
	X509_set_pubkey(a.x, a.key);
	assert_int_not_equal(X509_sign(a.x, a.key, EVP_sha256()), 0);
	a.len = (size_t)i2d_X509(a.x, &a.der);
	return a;
}

static void
agent_free(struct agent *a)
{
	EVP_PKEY_free(a->key);
	X509_free(a->x);
	OPENSSL_free(a->der);
}

static struct gh_der
approve(const struct kra_recover *q, const struct agent *a)
{
	struct approval_subject s = {.request_id = q->request_id,
	    .requester = q->requester,
	    .until = q->until};
	unsigned char *der = NULL;
	CMS_ContentInfo *cms;
	struct gh_error err;
	struct gh_buf text;
	BIO *in;
	int n;

	memcpy(s.key_id, q->facts.id, sizeof(s.key_id));
	assert_true(kra_release_digest(&q->release, s.wrapping));
	gh_buf_init(&text, 4096);
	assert_int_equal(approval_text(&s, &text, &err), 0);
	in = BIO_new_mem_buf(text.data, (int)text.len);
	cms = CMS_sign(a->x, a->key, NULL, in, CMS_BINARY | CMS_DETACHED);
	assert_non_null(cms);
	n = i2d_CMS_ContentInfo(cms, &der);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	gh_buf_free(&text);
	return (struct gh_der){der, (size_t)n};
}

static int
seal_policy(struct fixture *f, const struct kra_policy *p, struct signer_blob *out)
{
	struct gh_error err;

	return kra_client_seal_policy(f->admin.client, p, out, &err);
}

static void
policy__two_of_three_sign(void **state)
{
	struct fixture *f = *state;
	struct agent a = make_agent("anna"), b = make_agent("bert"), c = make_agent("carl");
	struct agent mallory = make_agent("anna");
	struct kra_policy p = {.name = TEXT("two of three"),
	    .revision = 2,
	    .required = 2,
	    .is_signed = true,
	    .agent = {{TEXT("guid:anna"), {a.der, a.len}}, {TEXT("guid:bert"), {b.der, b.len}},
		{TEXT("guid:carl"), {c.der, c.len}}},
	    .agents = 3};
	struct signer_blob stored, sealed, older, weaker;
	struct client_key k;
	struct kra_recover q = {0};
	struct gh_der from_a, from_b, from_c, from_mallory;
	int64_t until;
	struct gh_error err;

	assert_int_equal(seal_policy(f, &p, &sealed), 0);
	p.revision = 1;
	assert_int_equal(seal_policy(f, &p, &older), 0);
	p.name = TEXT("one");
	p.required = 1;
	assert_int_equal(seal_policy(f, &p, &weaker), 0);
	archive_key(f, "two of three", &stored);
	release_key(&k, &f->transport, "AES-256-GCM");
	q = (struct kra_recover){.facts = facts_of(f, "two of three"),
	    .stored = BLOB(stored),
	    .release = {.form = KRA_WRAPPED, .wrapping = k.wrapping},
	    .policy = BLOB(sealed),
	    .request_id = 7,
	    .requester = TEXT("guid:anna"),
	    .until = gh_now() + 3600};
	from_a = approve(&q, &a);
	from_b = approve(&q, &b);
	from_c = approve(&q, &c);
	from_mallory = approve(&q, &mallory);

	/* nobody; one; one twice; one and the requester, who does not count; a stranger */
	assert_int_equal(recover_as(f, &q, &k, &err), GH_E_CONFLICT);
	q.approvals = 1, q.approval[0] = from_b;
	assert_int_equal(recover_as(f, &q, &k, &err), GH_E_CONFLICT);
	assert_string_equal(err.detail, "signer: 1 of 2 agents have approved.");
	q.approvals = 2, q.approval[1] = from_b;
	assert_int_equal(recover_as(f, &q, &k, &err), GH_E_CONFLICT);
	q.approval[1] = from_a;
	assert_int_equal(recover_as(f, &q, &k, &err), GH_E_CONFLICT);
	q.approval[1] = from_mallory;
	assert_int_equal(recover_as(f, &q, &k, &err), GH_E_VALIDATION);
	/* two */
	q.approval[1] = from_c;
	assert_int_equal(recover_as(f, &q, &k, &err), 0);
	/* the same two, for another request, for another requester's key, later, of an older or
	 * another policy */
	q.request_id++;
	assert_int_equal(recover_as(f, &q, &k, &err), GH_E_VALIDATION);
	q.request_id--, q.requester = TEXT("guid:mallory");
	assert_int_equal(recover_as(f, &q, &k, &err), GH_E_VALIDATION);
	q.requester = TEXT("guid:anna");
	q.release.wrapping.payload_alg = TEXT("AES-256-KWP");
	assert_int_equal(recover_as(f, &q, &k, &err), GH_E_VALIDATION);
	q.release.wrapping.payload_alg = TEXT("AES-256-GCM");
	until = q.until; /* what was signed has the second in it */
	q.until = gh_now() - 1;
	assert_int_equal(recover_as(f, &q, &k, &err), GH_E_CONFLICT);
	q.until = until;
	q.policy = BLOB(older);
	assert_int_equal(recover_as(f, &q, &k, &err), GH_E_SIGNER);
	q.policy = BLOB(weaker);
	assert_int_equal(recover_as(f, &q, &k, &err), GH_E_SIGNER);
	q.policy = BLOB(sealed);
	q.facts.policy = TEXT("");
	assert_int_equal(recover_as(f, &q, &k, &err), GH_E_SIGNER);
	q.facts.policy = TEXT("one");
	q.policy = BLOB(weaker);
	assert_int_equal(recover_as(f, &q, &k, &err), GH_E_SIGNER);

	OPENSSL_free((void *)from_a.p);
	OPENSSL_free((void *)from_b.p);
	OPENSSL_free((void *)from_c.p);
	OPENSSL_free((void *)from_mallory.p);
	agent_free(&a);
	agent_free(&b);
	agent_free(&c);
	agent_free(&mallory);
	free(stored.p);
	free(sealed.p);
	free(older.p);
	free(weaker.p);
	gh_buf_free(&k.parts);
}

/* Who has taken over a worker sees a session key, wrapped, and what came back under it: the KRA
 * does not archive that for him under no policy, which would give it to him. */
static int
archive_released(struct fixture *f, const struct kra_wrapping *w, const char *key_alg,
    const struct signer_blob *iv, const struct signer_blob *out, struct gh_error *err)
{
	struct kra_archive q = {.facts = facts_of(f, ""),
	    .wrapping = *w,
	    .iv = BLOB(*iv),
	    .cipher = BLOB(*out)};
	struct signer_blob stored;
	int rc;

	memcpy(q.storage_id, f->storage.id, sizeof(q.storage_id));
	q.wrapping.key_alg = TEXT(key_alg);
	if ((rc = kra_client_archive(f->client, &q, &stored, err)) == 0) {
		assert_int_equal(recover(f, "", &stored, err), 0);
		free(stored.p);
	}
	return rc;
}

static const char *
key_wrap_name_of(const struct client_key *c)
{
	enum key_wrap_alg alg;

	assert_true(key_wrap_find(&c->wrapping.key_alg, &alg));
	return key_wrap_name(alg);
}

static void
policy__what_was_given_out_is_not_archived(void **state)
{
	struct fixture *f = *state;
	struct agent a = make_agent("anna");
	struct kra_policy p = {.name = TEXT("one signs"),
	    .revision = 1,
	    .required = 1,
	    .is_signed = true,
	    .agent = {{TEXT("guid:anna"), {a.der, a.len}}},
	    .agents = 1};
	struct signer_blob stored, sealed, iv, out, agent;
	struct client_key plain, k;
	struct kra_recover q = {0};
	struct gh_error err;

	assert_int_equal(seal_policy(f, &p, &sealed), 0);
	archive_key(f, "one signs", &stored);
	client_key(&plain, &f->transport, "AES-256-GCM");
	q = (struct kra_recover){.facts = facts_of(f, "one signs"),
	    .stored = BLOB(stored),
	    .release = {.form = KRA_WRAPPED, .wrapping = plain.wrapping},
	    .policy = BLOB(sealed),
	    .request_id = 7,
	    .requester = TEXT("guid:alice"),
	    .until = gh_now() + 3600,
	    .approvals = 1};
	/* a session key as for archiving is not taken, whoever signed it */
	q.approval[0] = approve(&q, &a);
	assert_int_equal(kra_client_check_approval(f->client, &q, &agent, &err), GH_E_VALIDATION);
	assert_int_equal(recover_as(f, &q, &plain, &err), GH_E_VALIDATION);
	OPENSSL_free((void *)q.approval[0].p);
	/* one that is for what comes back, is; and is nothing else, whatever it is called */
	release_key(&k, &f->transport, "AES-256-GCM");
	q.release.wrapping = k.wrapping;
	q.approval[0] = approve(&q, &a);
	assert_int_equal(recover_as(f, &q, &k, &err), 0);
	assert_int_equal(kra_client_recover(f->client, &q, &iv, &out, &err), 0);
	assert_int_equal(archive_released(f, &k.wrapping, key_wrap_name_of(&k), &iv, &out, &err),
	    GH_E_VALIDATION);
	assert_int_equal(archive_released(f, &k.wrapping, key_wrap_name_of(&plain), &iv, &out,
			     &err),
	    GH_E_VALIDATION);
	free(iv.p);
	free(out.p);
	OPENSSL_free((void *)q.approval[0].p);
	free(stored.p);
	/* where nobody signs, both are taken; what that means shows here */
	archive_key(f, "", &stored);
	q.stored = BLOB(stored);
	q.facts = facts_of(f, "");
	q.approvals = 0;
	assert_int_equal(recover_as(f, &q, &k, &err), 0);
	q.release.wrapping = plain.wrapping;
	assert_int_equal(kra_client_recover(f->client, &q, &iv, &out, &err), 0);
	assert_int_equal(archive_released(f, &plain.wrapping, key_wrap_name_of(&plain), &iv, &out,
			     &err),
	    0);
	free(iv.p);
	free(out.p);
	free(stored.p);
	free(sealed.p);
	agent_free(&a);
	gh_buf_free(&k.parts);
	gh_buf_free(&plain.parts);
}

/* What an agent signed covers all that decides how strongly the secret is wrapped. */
static void
policy__signature_is_over_the_strength(void **state)
{
	struct fixture *f = *state;
	struct agent a = make_agent("anna");
	struct kra_policy p = {.name = TEXT("strength"),
	    .revision = 1,
	    .required = 1,
	    .is_signed = true,
	    .agent = {{TEXT("guid:anna"), {a.der, a.len}}},
	    .agents = 1};
	struct kra_release weaker[6];
	struct signer_blob sealed, agent;
	struct client_key k;
	struct kra_recover q = {.facts = facts_of(f, "strength"),
	    .request_id = 7,
	    .requester = TEXT("guid:alice"),
	    .until = gh_now() + 3600,
	    .approvals = 1};
	struct gh_error err;

	assert_int_equal(seal_policy(f, &p, &sealed), 0);
	release_key(&k, &f->transport, "AES-256-GCM");
	q.policy = BLOB(sealed);
	q.release = (struct kra_release){.form = KRA_PKCS12,
	    .wrapping = k.wrapping,
	    .iv = TEXT("123456789012"),
	    .password = TEXT("wrapped"),
	    .name = TEXT("Alice"),
	    .iterations = 200000};
	q.approval[0] = approve(&q, &a);
	assert_int_equal(kra_client_check_approval(f->client, &q, &agent, &err), 0);
	assert_int_equal(agent.len, strlen("guid:anna"));
	assert_memory_equal(agent.p, "guid:anna", agent.len);
	free(agent.p);
	for (size_t i = 0; i < 6; i++)
		weaker[i] = q.release;
	weaker[0].iterations = 1;
	weaker[1].form = KRA_PKCS12_LEGACY;
	weaker[2].has_clear_password = true;
	weaker[3].password = TEXT("wrapper");
	weaker[4].wrapping.key_alg = TEXT("RSA1_5");
	weaker[5].name = TEXT("Alicia");
	for (size_t i = 0; i < 6; i++) {
		q.release = weaker[i];
		if (kra_client_check_approval(f->client, &q, &agent, &err) != GH_E_VALIDATION)
			fail_msg("%zu", i);
	}
	/* certificate and issuers are found later, and fit the key or no PKCS#12 is made */
	q.release = weaker[5], q.release.name = TEXT("Alice");
	q.release.cert = TEXT("certificate");
	assert_int_equal(kra_client_check_approval(f->client, &q, &agent, &err), 0);
	free(agent.p);
	q.facts.policy = TEXT("another");
	assert_int_equal(kra_client_check_approval(f->client, &q, &agent, &err), GH_E_SIGNER);
	q.facts.policy = TEXT("strength"), q.approvals = 0;
	assert_int_not_equal(kra_client_check_approval(f->client, &q, &agent, &err), 0);
	OPENSSL_free((void *)q.approval[0].p);
	agent_free(&a);
	free(sealed.p);
	gh_buf_free(&k.parts);
}

/* To workers, as it was sealed. */
static void
policy__is_shown(void **state)
{
	struct fixture *f = *state;
	const struct kra_policy p = {.name = TEXT("shown"),
	    .revision = 3,
	    .required = 2,
	    .requester_counts = true,
	    .agent = {{.id = TEXT("anna")}, {.id = TEXT("bert")}},
	    .agents = 2};
	struct kra_show_policy q = {.name = TEXT("shown")};
	struct signer_blob sealed, text;
	struct kra_policy out;
	struct gh_error err;

	assert_int_equal(seal_policy(f, &p, &sealed), 0);
	q.sealed = BLOB(sealed);
	assert_int_equal(kra_client_show_policy(f->client, &q, &out, &text, &err), 0);
	assert_int_equal(out.revision, 3);
	assert_int_equal(out.required, 2);
	assert_true(out.requester_counts);
	assert_false(out.is_signed);
	assert_int_equal(out.agents, 2);
	assert_memory_equal(out.agent[1].id.p, "bert", 4);
	free(text.p);
	q.name = TEXT("hidden");
	assert_int_equal(kra_client_show_policy(f->client, &q, &out, &text, &err), GH_E_SIGNER);
	assert_null(text.p);
	q.name = TEXT("shown");
	sealed.p[sealed.len - 1] ^= 1;
	assert_int_equal(kra_client_show_policy(f->client, &q, &out, &text, &err), GH_E_SIGNER);
	free(sealed.p);
}

/* Where it is said so, nothing is archived without a policy that the KRA has sealed, whatever the
 * worker says. */
static void
policy__nothing_without(void **state)
{
	struct fixture *f = *state;
	const struct kra_policy p = {.name = TEXT("p"),
	    .revision = 1,
	    .required = 1,
	    .agent = {{.id = TEXT("anna")}},
	    .agents = 1};
	struct kra_policy other = p;
	struct kra_facts facts = facts_of(f, "p"), none = facts_of(f, "");
	struct kra_generate g = {.facts = facts_of(f, "p"),
	    .key_alg = "P-256",
	    .is_archived = true};
	struct kra_client_made made;
	struct signer_blob sealed[2], stored;
	struct gh_error err;

	other.name = TEXT("q");
	assert_int_equal(seal_policy(f, &p, &sealed[0]), 0);
	assert_int_equal(seal_policy(f, &other, &sealed[1]), 0);
	assert_int_equal(signer_process_stop(&f->sp, SIGTERM), 0);
	f->sp.needs_policy = true;
	signer_process_start(&f->sp, "8");
	assert_int_equal(load(f, &f->storage), 0);
	assert_int_equal(load(f, &f->transport), 0);
	assert_int_equal(archive(f, "AES-256-GCM", &none, BUF(f->pkcs8), &stored, &err),
	    GH_E_VALIDATION);
	assert_int_equal(archive(f, "AES-256-GCM", &facts, BUF(f->pkcs8), &stored, &err),
	    GH_E_SIGNER);
	f->policy = sealed[1];
	assert_int_equal(archive(f, "AES-256-GCM", &facts, BUF(f->pkcs8), &stored, &err),
	    GH_E_SIGNER);
	f->policy = sealed[0];
	assert_int_equal(archive(f, "AES-256-GCM", &none, BUF(f->pkcs8), &stored, &err),
	    GH_E_VALIDATION);
	assert_int_equal(archive(f, "AES-256-GCM", &facts, BUF(f->pkcs8), &stored, &err), 0);
	free(stored.p);
	/* keys that the KRA makes */
	memcpy(g.storage_id, f->storage.id, sizeof(g.storage_id));
	assert_int_equal(kra_client_generate(f->client, &g, &made, &err), GH_E_SIGNER);
	g.policy = BLOB(sealed[0]);
	assert_int_equal(kra_client_generate(f->client, &g, &made, &err), 0);
	kra_client_made_free(&made);
	g.facts.policy = TEXT("");
	assert_int_equal(kra_client_generate(f->client, &g, &made, &err), GH_E_VALIDATION);
	free(sealed[0].p);
	free(sealed[1].p);
}

static void
policy__must_make_sense(void **state)
{
	struct fixture *f = *state;
	struct agent a = make_agent("anna");
	struct kra_policy good = {.name = TEXT("p"),
			      .revision = 1,
			      .required = 1,
			      .is_signed = true,
			      .agent = {{TEXT("anna"), {a.der, a.len}}},
			      .agents = 1},
			  p;
	struct signer_blob sealed;
	struct gh_error err;

	assert_int_equal(seal_policy(f, &good, &sealed), 0);
	free(sealed.p);
	p = good, p.required = 2;
	assert_int_equal(seal_policy(f, &p, &sealed), GH_E_VALIDATION);
	p = good, p.name = TEXT("");
	assert_int_equal(seal_policy(f, &p, &sealed), GH_E_VALIDATION);
	p = good, p.agents = 2, p.agent[1] = p.agent[0];
	assert_int_equal(seal_policy(f, &p, &sealed), GH_E_VALIDATION);
	p = good, p.agents = 2, p.agent[1].id = TEXT("anna again"),
	p.agent[1].cert = p.agent[0].cert;
	assert_int_equal(seal_policy(f, &p, &sealed), GH_E_VALIDATION);
	p = good, p.agent[0].cert.len = 0;
	assert_int_equal(seal_policy(f, &p, &sealed), GH_E_VALIDATION);
	p.is_signed = false;
	assert_int_equal(seal_policy(f, &p, &sealed), 0);
	free(sealed.p);
	assert_int_equal(kra_client_seal_policy(f->client, &good, &sealed, &err), GH_E_FORBIDDEN);
	agent_free(&a);
}

#define each(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    each(policy__two_of_three_sign),
	    cmocka_unit_test_setup_teardown(policy__what_was_given_out_is_not_archived, setup_rsa,
		teardown),
	    cmocka_unit_test_setup_teardown(policy__what_was_given_out_is_not_archived, setup_rsa,
		teardown),
	    each(policy__signature_is_over_the_strength),
	    each(policy__is_shown),
	    each(policy__nothing_without),
	    each(policy__must_make_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
