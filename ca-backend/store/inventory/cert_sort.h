/* Orders of the inventory. Each is that of an index; equal ones follow their ids. */
#ifndef STORE_CERT_SORT_H
#define STORE_CERT_SORT_H

enum cert_sort {
	CERT_BY_ID,
	CERT_BY_NOT_AFTER,
	CERT_BY_SUBJECT, /* its first 200 characters, without case */
	CERT_BY_REQUESTER,
	CERT_BY_SERIAL,
	CERT_BY_TEMPLATE, /* without case; those without one come first */
	/* by an indexed metadata field, whose name is told beside it (cert_field.h) */
	CERT_BY_TEXT_FIELD,
	CERT_BY_NUMBER_FIELD
};

#endif
