/*
 * The device table (docs/est-devices.md): devices by the serial number that their manufacturer gave
 * them, X.520 serialNumber in the subject of their certificate (IEEE 802.1AR), with the names that
 * they get here.
 */
#ifndef ENROLL_LISTED_DEVICE_H
#define ENROLL_LISTED_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "error.h"
#include "formats/csr_names.h"
#include "json.h"

#define LISTED_DEVICES_MAX 20000
#define LISTED_DEVICE_SERIAL_SIZE 65 /* X.520 ub-serial-number, and NUL */
#define LISTED_DEVICE_KEY_SIZE 65    /* SHA-256 of a SubjectPublicKeyInfo in hex, and NUL */

/* Immutable once loaded. */
struct listed_device {
	int64_t id;
	char *serial; /* in its form: listed_device_serial */
	char *anchor; /* "": of any manufacturer that the label has, where it has but one */
	char *spki, *labels, *subject, *san, *est_user; /* as in the table; NULL: none */
	bool is_enabled;
	int64_t expires; /* UTC seconds; 0: never */
};

struct listed_devices {
	struct listed_device *device; /* by serial, then anchor */
	size_t n;
};

/*
 * The form in which serial numbers are compared: caseIgnoreMatch of X.520 without case, blanks at
 * the ends, and more than one blank between. Only printable ASCII is a serial number
 * (PrintableString is a part of it). false: it is none, or too long.
 */
bool listed_device_serial(const char *text, size_t len, char out[LISTED_DEVICE_SERIAL_SIZE]);
/* That of a name; false: it has none, several, or none that can be compared. */
bool listed_device_serial_of(const X509_NAME *name, char out[LISTED_DEVICE_SERIAL_SIZE]);
/* SHA-256 of the SubjectPublicKeyInfo. */
bool listed_device_key(const X509 *cert, char out[LISTED_DEVICE_KEY_SIZE]);

/* row: of the table. All of it is checked, names, too. GH_E_CONF (public). */
int listed_device_check(const gh_json *row, struct gh_error *err) GH_MUSTCHECK;
/* rows: "est_devices" of store_load_catalog. One that cannot be read is left out and logged.
 * GH_E_NOMEM; *out is empty then. */
int listed_devices_load(const gh_json *rows, struct listed_devices *out,
    struct gh_error *err) GH_MUSTCHECK;
void listed_devices_clear(struct listed_devices *d); /* accepts a zeroed one */

/* NULL: there is none. All also find disabled ones. */
const struct listed_device *listed_devices_find_id(const struct listed_devices *d, int64_t id);
const struct listed_device *listed_devices_find_user(const struct listed_devices *d,
    const char *user);
/* Of this manufacturer; one of no manufacturer where is_only: the label knows no other. */
const struct listed_device *listed_devices_find(const struct listed_devices *d, const char *serial,
    const char *anchor, bool is_only);
/* The only one with this serial number, of whichever manufacturer; NULL also where there are two.
 */
const struct listed_device *listed_devices_find_only(const struct listed_devices *d,
    const char *serial);

bool listed_devices_has(const struct listed_devices *d, const char *serial); /* any */

/* Is this label one of its own? */
bool listed_device_has_label(const struct listed_device *d, const char *label);
/* The names of the table, where it has a subject; else *out is empty. *out is the caller's. */
int listed_device_names(const struct listed_device *d, struct csr_names *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
