/* `gatehouse cert import`: certificates from elsewhere, in files, folders and lists.
 * docs/inventory.md */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/provider.h>

#include "catalog/catalog.h"
#include "enroll.h"

#include "client/client_request.h"
#include "cert_import_files.h"
#include "command.h"
#include "prompt.h"
#include "verb.h"

#define PROGRESS_FILES 500

static const char *password_file, *list_file;
static struct option_list metadata;
static bool is_quiet;
static const struct option_row options[] = {
    VERB_CONFIG,
    {"password-file", 'p', OPTION_TEXT, &password_file, "FILE",
	"first line: the password of the PKCS#12 files; without it the terminal is asked"},
    {"metadata", 'm', OPTION_LIST, &metadata, "NAME=VALUE",
	"metadata of each certificate; repeat for more"},
    {"csv", 0, OPTION_TEXT, &list_file, "FILE",
	"a list: a column file or certificate (base64), and a column for each metadata field"},
    {"quiet", 'q', OPTION_FLAG, &is_quiet, NULL, "do not list what went well"},
    VERB_JSON,
    OPTION_END,
};

static int
check(const struct verb_call *c)
{
	if ((c->operands == 0) == (list_file == NULL))
		return command_usage(c->who, "name files or folders, or a list with --csv FILE");
	if (list_file != NULL && metadata.n > 0)
		return command_usage(c->who, "a list has the metadata in its columns");
	return COMMAND_OK;
}

static int
read_metadata(gh_json *values, struct gh_error *err)
{
	int rc = values != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "metadata");

	for (size_t i = 0; rc == 0 && i < metadata.n; i++)
		rc = client_request_add_metadata(values, metadata.v[i], err);
	return rc;
}

/* For who waits at a terminal. */
static void
show_progress(const struct import_files *f)
{
	if (f->files % PROGRESS_FILES == 0)
		fprintf(stderr, "%lld files: %lld stored, %lld already there, %lld refused\n",
		    (long long)f->files, (long long)f->report.stored, (long long)f->report.present,
		    (long long)f->report.refused);
}

/* What is wrong with the metadata of all is said once. */
static int
check_metadata(const struct import_files *f, struct gh_error *err)
{
	gh_json *typed = NULL;
	int rc = cert_import_metadata(&f->import, &typed, err);

	gh_json_free(typed);
	return rc;
}

static int
import_all(struct verb_call *c, struct import_files *f, struct gh_error *err)
{
	int rc;

	if (list_file != NULL)
		return import_files_csv(f, list_file, err);
	rc = check_metadata(f, err);
	for (int i = 0; rc == 0 && i < c->operands; i++)
		rc = import_files_add(f, c->operand[i], err);
	return rc;
}

/* {"stored","present","refused","private_keys","passed_over","entries"}; takes entries. */
static int
conclude(struct verb_call *c, struct import_files *f, struct gh_error *err)
{
	struct cert_import_report *r = &f->report;
	gh_json *o = c->out = gh_json_new_object();
	int bad = gh_json_set_int(o, "stored", r->stored);

	bad |= gh_json_set_int(o, "present", r->present);
	bad |= gh_json_set_int(o, "refused", r->refused);
	bad |= gh_json_set_int(o, "private_keys", r->keys);
	bad |= gh_json_set_int(o, "passed_over", f->passed_over);
	bad |= gh_json_set(o, "entries", r->entries);
	r->entries = NULL;
	if (r->refused > 0)
		c->exit = COMMAND_FAILED;
	return bad != 0 ? gh_fail(err, GH_E_NOMEM, "report") : 0;
}

static int
work(struct verb_call *c, struct gh_error *err)
{
	struct import_files f = {.password_file = password_file,
	    .progress = isatty(STDERR_FILENO) ? show_progress : NULL,
	    .report = {.entries = gh_json_new_array(), .only_refused = is_quiet}};
	gh_json *values = gh_json_new_object();
	struct catalog *catalog = NULL;
	/* RC2, which Windows wrote for long */
	OSSL_PROVIDER *legacy = OSSL_PROVIDER_try_load(NULL, "legacy", 1);
	int rc = read_metadata(values, err);

	ERR_clear_error();
	if (rc == 0)
		rc = enroll_load_catalog(c->env.store, c->env.secret, &catalog, err);
	if (rc == 0) {
		f.import = (struct cert_import){.store = c->env.store,
		    .cas = &catalog->cas,
		    .field = catalog->field,
		    .fields = catalog->fields,
		    .who = &c->env.who,
		    .metadata = values};
		rc = import_all(c, &f, err);
	}
	if (rc == 0)
		rc = conclude(c, &f, err);
	else if (f.report.stored > 0)
		fprintf(stderr,
		    "%s: %lld certificates were stored before this: the same command goes on from there\n",
		    c->who, (long long)f.report.stored);
	gh_json_free(f.report.entries);
	gh_json_free(values);
	prompt_free(f.password);
	catalog_free(catalog);
	if (legacy != NULL)
		OSSL_PROVIDER_unload(legacy);
	return rc;
}

static long long
number(const gh_json *o, const char *name)
{
	int64_t n = 0;

	(void)gh_json_int(gh_json_get(o, name), &n);
	return n;
}

static int
show(struct verb_call *c)
{
	static const struct output_column columns[] = {{"RESULT", "result"}, {"ID", "id"},
	    {"FILE", "file"}, {"LINE", "line"}, {"NUMBER", "number"}, {"SUBJECT", "subject"},
	    {"REASON", "reason"}, {NULL, NULL}};
	const gh_json *entries = gh_json_get(c->out, "entries");

	if (gh_json_size(entries) > 0 && output_table(entries, columns) != COMMAND_OK)
		return COMMAND_FAILED;
	printf("%lld stored, %lld already there, %lld refused\n", number(c->out, "stored"),
	    number(c->out, "present"), number(c->out, "refused"));
	if (number(c->out, "private_keys") > 0)
		printf("private keys passed over: %lld; none is stored\n",
		    number(c->out, "private_keys"));
	if (number(c->out, "passed_over") > 0)
		printf("links, hidden and special files passed over: %lld\n",
		    number(c->out, "passed_over"));
	return output_finish();
}

const struct verb verb_cert_import = {
    .usage = {"[FILE|FOLDER...]", 0, -1,
	"Puts certificates that others issued into the inventory: PEM, DER, PKCS#7 and PKCS#12, of which private keys are "
	"passed over. Of a folder all files in it and below it are taken, without following links, but no hidden ones. What is "
	"there already stays as it is. \"-\" is standard input. Fails where one was refused; the others are stored.",
	"gatehouse cert import /etc/ssl/certs/partner.pem --metadata Department=IT\n"
	"gatehouse cert import /etc/ssl/appliances --quiet\n"
	"gatehouse cert import keystore.p12 --password-file pass\n"
	"openssl s_client -connect mail.example:465 -showcerts </dev/null | gatehouse cert import -\n"
	"gatehouse cert import --csv servers.csv --json\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .check = check,
    .work = work,
    .show = show,
};
