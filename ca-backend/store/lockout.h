/* How long too many wrong passwords of a key lock it. */
#ifndef STORE_LOCKOUT_H
#define STORE_LOCKOUT_H

#define STORE_LOCKOUTS_MAX 1000000 /* counted up to here */

/* Seconds of the next lockout after so many in a row: first, twice that, and so on, a day at most.
 */
int store_lockout_seconds(int first, int lockouts);

#endif
