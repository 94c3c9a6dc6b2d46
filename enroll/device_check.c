/* The device table at enrollment. See device_check.h. */
#include <string.h>

#include "catalog/catalog.h"

#include "device_check.h"

static bool
serial_of(const struct ca_pkcs10 *csr, char out[LISTED_DEVICE_SERIAL_SIZE], bool *is_there)
{
	const X509_NAME *subject = X509_REQ_get_subject_name(csr->req);

	*is_there =
	    X509_NAME_get_index_by_NID((X509_NAME *)(uintptr_t)subject, NID_serialNumber, -1) >= 0;
	return listed_device_serial_of(subject, out);
}

/* A request that names a serial number names its own. */
static int
check_serial(const struct listed_device *d, const struct ca_pkcs10 *csr, struct gh_error *err)
{
	char serial[LISTED_DEVICE_SERIAL_SIZE];
	bool is_there;
	bool is_serial = serial_of(csr, serial, &is_there);

	if (!is_there || (is_serial && strcmp(serial, d->serial) == 0))
		return 0;
	return gh_refuse(err, GH_E_FORBIDDEN,
	    "The serial number in the subject of the request is not that of the device.");
}

/* Who is not listed does not get the serial number of who is. */
static int
check_unlisted(const struct worker_env *env, const struct ca_pkcs10 *csr, struct gh_error *err)
{
	char serial[LISTED_DEVICE_SERIAL_SIZE];
	bool is_there;

	if (!serial_of(csr, serial, &is_there) ||
	    !listed_devices_has(&env->catalog->est_devices, serial))
		return 0;
	return gh_refuse(err, GH_E_FORBIDDEN,
	    "The serial number in the subject of the request is that of a listed device.");
}

int
device_check(const struct worker_env *env, const struct enroll_request *req,
    const struct ca_pkcs10 *csr, struct csr_names *names, struct gh_error *err)
{
	const struct est_label *l =
	    req->label != NULL ? catalog_find_est_label(env->catalog, req->label) : NULL;
	const struct listed_device *d = NULL;
	int rc;

	memset(names, 0, sizeof(*names));
	if (l == NULL || l->devices == EST_DEVICES_NONE)
		return 0;
	if (req->requester.device != 0)
		d = listed_devices_find_id(&env->catalog->est_devices, req->requester.device);
	if (d == NULL && (l->devices == EST_DEVICES_REQUIRED || req->requester.device != 0))
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "This label is for listed devices, and this is none of them.");
	if (d == NULL)
		return csr != NULL ? check_unlisted(env, csr, err) : 0;
	if (!listed_device_has_label(d, l->name))
		return gh_refuse(err, GH_E_FORBIDDEN, "The device is not listed for this label.");
	if (csr != NULL && (rc = check_serial(d, csr, err)) != 0)
		return rc;
	return listed_device_names(d, names, err);
}

int64_t
device_of_ra(const struct worker_env *env, const char *label, const struct ca_pkcs10 *csr)
{
	const struct est_label *l = catalog_find_est_label(env->catalog, label);
	const struct listed_device *d = NULL;
	char serial[LISTED_DEVICE_SERIAL_SIZE];
	bool is_there;

	if (l != NULL && l->devices != EST_DEVICES_NONE && serial_of(csr, serial, &is_there))
		d = listed_devices_find_only(&env->catalog->est_devices, serial);
	return d != NULL ? d->id : 0;
}
