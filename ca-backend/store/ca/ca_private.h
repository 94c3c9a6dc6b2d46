/* Shared by the files about rows of CAs. */
#ifndef STORE_CA_PRIVATE_H
#define STORE_CA_PRIVATE_H

/* The id that $1 means; a name that consists of digits comes before an id. */
#define STORE_CA_FIND \
	"SELECT id FROM ca WHERE lower(name) = lower($1) OR id::text = $1 " \
	"ORDER BY lower(name) = lower($1) DESC LIMIT 1"

#endif
