/* What `gatehouse cert import` reads: files, folders, and lists of them. */
#ifndef CERT_IMPORT_FILES_H
#define CERT_IMPORT_FILES_H

#include "inventory/cert_import.h"

struct import_files {
	struct cert_import
	    import; /* name, password and, of lists, metadata are set for each file */
	const char *password_file; /* NULL: asked, where there is somebody to ask */
	char *password;            /* once it is known; prompt_free */
	struct cert_import_report report;
	int64_t files;       /* that were read */
	int64_t passed_over; /* in folders: links, hidden, special and what lies too deep */
	void (*progress)(const struct import_files *f); /* after each of them; NULL: nobody waits */
};

/* A file, "-", or all files in a folder and those below it, but hidden ones; links are not followed
 * there. */
int import_files_add(struct import_files *f, const char *path, struct gh_error *err) GH_MUSTCHECK;
/* The first line names the columns: "file" (its path, or one beside the list), or "certificate"
 * (PEM or DER in base64); all others are metadata fields, and what is empty is not set. A line that
 * is wrong is reported, and the rest is taken. */
int import_files_csv(struct import_files *f, const char *path, struct gh_error *err) GH_MUSTCHECK;

#endif
