/* OCSP requests: what is read must lie inside the input, and each CertID must read the same by
 * itself. Base64 of a path, too. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "public/ocsp_http.h"
#include "formats/ocsp_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must_lie_inside(const struct gh_der *d, const uint8_t *data, size_t size)
{
	if (d->len > 0 && (d->p < data || d->len > size || d->p > data + size - d->len))
		abort();
}

static void
check(const uint8_t *data, size_t size)
{
	struct ocsp_request req;
	struct gh_error err;

	if (ocsp_request_parse(data, size, &req, &err) != 0) {
		if (err.code != GH_E_BAD_REQUEST)
			abort();
		return;
	}
	if (req.n < 1 || req.n > OCSP_CERTS_MAX || req.nonce.len > OCSP_NONCE_MAX)
		abort();
	must_lie_inside(&req.nonce, data, size);
	for (size_t i = 0; i < req.n; i++) {
		const struct ocsp_cert_id *id = &req.cert[i];
		struct ocsp_cert_id again;

		must_lie_inside(&id->whole, data, size);
		must_lie_inside(&id->serial, data, size);
		must_lie_inside(&id->name_hash, data, size);
		must_lie_inside(&id->key_hash, data, size);
		if (id->serial.len > OCSP_SERIAL_MAX ||
		    (id->has_hash && id->name_hash.len != gh_digest_size(id->hash)) ||
		    !ocsp_cert_id_parse(id->whole.p, id->whole.len, &again) ||
		    !gh_der_equals(&again.serial, id->serial.p, id->serial.len))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char der[256];
	char *text = malloc(size + 1);
	size_t len;

	if (text == NULL)
		return 0;
	check(data, size);
	memcpy(text, data, size);
	text[size] = '\0';
	if (ocsp_path_decode(text, der, sizeof(der), &len)) {
		if (len == 0 || len > sizeof(der))
			abort();
		check(der, len);
	} else if (len != 0) {
		abort();
	}
	free(text);
	return 0;
}
