/*
 * What a template reads of the one that a certificate is for: names, SID and groups come from here
 * and from nowhere else. A further source (a certificate that is being renewed, a list of devices)
 * becomes a member.
 */
#ifndef SUBJECT_SOURCE_H
#define SUBJECT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "dir_entry.h"
#include "formats/pkcs10.h"

struct name_owners; /* name_owners.h */
struct csr_names;   /* formats/csr_names.h */

/* All borrowed. A zeroed one is refused everything. */
struct subject_source {
	const struct ca_pkcs10 *csr;   /* what is asked; NULL where only permission is */
	const struct dir_entry *entry; /* the requester's; NULL: the directory does not have him */
	/* Without an entry he is refused, unless what let him in knows him by other means and says
	 * that this is enough. With one it has no effect. */
	bool needs_no_entry;
	/* The private key of the request comes with it, or was made for it, and will be archived
	 * before anything is signed. */
	bool archives_key;
	/* ChangeSubjectName of the request names whom it is for (formats/csr_names.h); else it is
	 * not looked at. */
	bool takes_change;
	/* The names that are certified, from a list of devices, in place of those that the request
	 * has; NULL, or without subject: the request's. They pass the same rules. */
	const struct csr_names *listed;
	/* Who owns which names, for templates with naming; NULL: nobody any. */
	const struct name_owners *owners;
	/* Seconds asked for, from now on; 0: as long as the template gives. */
	int64_t validity;
};

#endif
