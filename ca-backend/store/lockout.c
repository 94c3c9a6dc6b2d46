/* See lockout.h. */
#include <stdint.h>

#include "lockout.h"

#define LOCKOUT_MAX (24 * 3600) /* seconds */

int
store_lockout_seconds(int first, int lockouts)
{
	int64_t seconds = first;

	while (lockouts-- > 0 && seconds < LOCKOUT_MAX)
		seconds *= 2;
	return (int)(seconds < LOCKOUT_MAX ? seconds : LOCKOUT_MAX);
}
