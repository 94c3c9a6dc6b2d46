/* The device table at enrollment. See device_check.h. */
#include <string.h>

#include "catalog/catalog.h"
#include "formats/csr_names.h"

#include "device_check.h"

static bool
serial_of(const X509_NAME *subject, char out[LISTED_DEVICE_SERIAL_SIZE], bool *is_there)
{
	*is_there =
	    X509_NAME_get_index_by_NID((X509_NAME *)(uintptr_t)subject, NID_serialNumber, -1) >= 0;
	return listed_device_serial_of(subject, out);
}

/* A request that names a serial number names its own. */
static int
check_listed(const struct listed_device *d, const X509_NAME *subject, struct gh_error *err)
{
	char serial[LISTED_DEVICE_SERIAL_SIZE];
	bool is_there;
	bool is_serial = serial_of(subject, serial, &is_there);

	if (!is_there || (is_serial && strcmp(serial, d->serial) == 0))
		return 0;
	return gh_refuse(err, GH_E_FORBIDDEN,
	    "The serial number in the subject of the request is not that of the device.");
}

/* Who is not listed does not get the serial number of who is, nor one that is none: it is not known
 * then what others would read in it. */
static int
check_unlisted(const struct worker_env *env, const X509_NAME *subject, struct gh_error *err)
{
	char serial[LISTED_DEVICE_SERIAL_SIZE];
	bool is_there;
	bool is_serial = serial_of(subject, serial, &is_there);

	if (!is_there)
		return 0;
	if (!is_serial)
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "The serial number in the subject of the request is there twice, or none that a "
		    "device can have.");
	if (!listed_devices_has(&env->catalog->est_devices, serial))
		return 0;
	return gh_refuse(err, GH_E_FORBIDDEN,
	    "The serial number in the subject of the request is that of a listed device.");
}

/* d NULL: it is not listed. */
static int
check_subject(const struct worker_env *env, const struct listed_device *d, const X509_NAME *subject,
    struct gh_error *err)
{
	return d != NULL ? check_listed(d, subject, err) : check_unlisted(env, subject, err);
}

/* The subject that the request has, and the one that it asks for in its place (ChangeSubjectName):
 * either may be what is certified. */
static int
check_request(const struct worker_env *env, const struct listed_device *d,
    const struct ca_pkcs10 *csr, struct gh_error *err)
{
	struct csr_names change;
	bool found;
	int rc = check_subject(env, d, X509_REQ_get_subject_name(csr->req), err);

	if (rc != 0 || (rc = csr_names_read_change(csr, &found, &change, err)) != 0)
		return rc;
	if (found && change.subject != NULL)
		rc = check_subject(env, d, change.subject, err);
	csr_names_clear(&change);
	return rc;
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
		return csr != NULL ? check_request(env, NULL, csr, err) : 0;
	if (!listed_device_has_label(d, l->name))
		return gh_refuse(err, GH_E_FORBIDDEN, "The device is not listed for this label.");
	if (csr != NULL && (rc = check_request(env, d, csr, err)) != 0)
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

	if (l != NULL && l->devices != EST_DEVICES_NONE &&
	    serial_of(X509_REQ_get_subject_name(csr->req), serial, &is_there))
		d = listed_devices_find_only(&env->catalog->est_devices, serial);
	return d != NULL ? d->id : 0;
}
