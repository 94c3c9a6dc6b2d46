/*
 * What a worker may ask the signer to sign: subject, key and extensions, hostile. The reader of the
 * fields is part of the program, not of a library, and is compiled in here.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "signer/issue/cert_fields.c"
#include "signer/issue/cert_limits.c"
#include "signer/issue/public_key.c"

/* One with lists: clientAuth, and an extension of its own. */
static const struct issuer narrow = {
    .limits = {.may_sign_ca = 1,
	.path_len = SIGNER_PATH_LEN_ANY,
	.min_rsa_bits = 2048,
	.allow_rsa = 1,
	.allow_ec = 1,
	.allow_ed25519 = 1,
	.ekus = {1, {{8, {0x2b, 6, 1, 5, 5, 7, 3, 2}}}},
	.extensions = {1, {{3, {0x2a, 3, 4}}}}},
    .not_after = INT64_MAX,
};

/* A CA that may sign anything: what it accepts must at least be whole DER. */
static const struct issuer anyone = {
    .limits = {.may_sign_ca = 1,
	.path_len = SIGNER_PATH_LEN_ANY,
	.min_rsa_bits = 2048,
	.allow_rsa = 1,
	.allow_ec = 1,
	.allow_ed25519 = 1},
    .not_after = INT64_MAX,
};

static bool
is_element(const struct gh_der *d)
{
	return gh_der_is_strict(d->p, d->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct signer_cert_fields f;
	struct cert_facts facts;
	struct gh_reader r;

	gh_reader_init(&r, data, size);
	if (!signer_get_sign_cert(&r, &f) || cert_fields_read(&f, &facts, NULL) != 0)
		return 0;
	if (!is_element(&facts.subject) || !is_element(&facts.spki) || facts.key_bits.len == 0)
		abort();
	if (facts.extensions.len > 0 && f.extensions_len <= facts.extensions.len)
		abort();
	if (cert_limits_check(&facts, &anyone, NULL) == 0 && facts.not_before >= facts.not_after)
		abort();
	if (cert_limits_check(&facts, &narrow, NULL) == 0 && facts.ekus.len == 0)
		abort();
	return 0;
}
