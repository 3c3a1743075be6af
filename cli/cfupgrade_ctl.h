/* SPDX-License-Identifier: MIT */
/* "cfupgrade ctl": the client of a running cfupgrade. */
#ifndef CFUPGRADE_CTL_H
#define CFUPGRADE_CTL_H

/* argv[0] is "ctl". What main() is to return. */
int cfupgrade_ctl(int argc, char **argv);

#endif
