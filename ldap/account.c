/* Account state in Active Directory's attributes. */
#include <errno.h>
#include <stdlib.h>

#include "account.h"

#define UAC_ACCOUNTDISABLE 0x2 /* MS-ADTS 2.2.16 */
#define EXPIRES_NEVER INT64_MAX
#define FILETIME_PER_SECOND 10000000
#define FILETIME_EPOCH INT64_C(11644473600) /* seconds from 1601 to 1970 */

/* A decimal number that fills the whole value. */
static bool
number(const struct dir_entry *e, enum dir_attr a, int64_t *out)
{
	const char *text = dir_entry_text(e, a);
	char *end;

	if (text == NULL)
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0';
}

bool
dir_account_is_disabled(const struct dir_entry *e, int64_t now)
{
	int64_t v;

	/* a value that cannot be read must not open an account */
	if (e->attr[DIR_ACCOUNT_CONTROL].n != 0 &&
	    (!number(e, DIR_ACCOUNT_CONTROL, &v) || (v & UAC_ACCOUNTDISABLE) != 0))
		return true;
	if (e->attr[DIR_ACCOUNT_EXPIRES].n == 0)
		return false;
	if (!number(e, DIR_ACCOUNT_EXPIRES, &v))
		return true;
	/* both mean "never" (MS-ADA1, accountExpires) */
	if (v == 0 || v == EXPIRES_NEVER)
		return false;
	return v / FILETIME_PER_SECOND - FILETIME_EPOCH <= now;
}
