/* Files with certificates from elsewhere, in whatever form: each item is a certificate or says why
 * it is none, and what is read of a certificate lies inside of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/cert_bundle.h"
#include "formats/foreign_cert.h"
#include "formats/names_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_inside(const struct gh_der *part, const struct cert_bundle_item *item)
{
	return part->p == NULL ||
	    (part->p >= item->der && part->p + part->len <= item->der + item->len);
}

static void
check_cert(const struct cert_bundle_item *item)
{
	struct foreign_cert cert;
	struct gh_error err = {0};
	gh_json *names;
	int rc = foreign_cert_read(item->der, item->len, &cert, &err);

	if (rc != 0 && (rc != GH_E_BAD_REQUEST || *err.message == '\0'))
		abort();
	if (rc == 0) {
		const struct cert_parts *p = &cert.parts;

		if (cert.x509 == NULL || p->serial.len == 0 || p->serial.len > FOREIGN_SERIAL_MAX ||
		    !is_inside(&p->issuer, item) || !is_inside(&p->subject, item) ||
		    !is_inside(&p->spki, item) || !is_inside(&p->san, item) ||
		    !is_inside(&cert.key_id, item))
			abort();
		/* what the row is made of */
		names = ca_san_json_der(p->san.p, p->san.len);
		if (names == NULL)
			abort();
		gh_json_free(names);
	}
	foreign_cert_clear(&cert);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cert_bundle b;
	struct gh_error err = {0};
	int rc = cert_bundle_read(data, size, "secret", &b, &err);

	if (rc == 0 ? b.n == 0
		    : rc != GH_E_BAD_REQUEST && rc != GH_E_AUTH_FAILED && rc != GH_E_TOO_LARGE)
		abort();
	for (size_t i = 0; rc == 0 && i < b.n; i++) {
		if ((b.item[i].der == NULL) != (*b.item[i].wrong != '\0') ||
		    b.item[i].number != (int)i + 1)
			abort();
		if (b.item[i].der != NULL)
			check_cert(&b.item[i]);
	}
	cert_bundle_clear(&b);
	return 0;
}
