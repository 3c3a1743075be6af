/* SPDX-License-Identifier: MIT */
/*
 * usage: large_peak KIB COMMAND...: run it; exit 0 when it succeeds and was never larger
 * than that in memory. A shell or Python would count itself, from before it became the
 * command.
 */
#define _DEFAULT_SOURCE /* wait4 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct rusage used;
    int status;
    pid_t pid;

    if (argc < 3)
        return 2;
    pid = fork();
    if (pid == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
        return 2;
    fprintf(stderr, "status %#x, %ld KiB\n", (unsigned)status, used.ru_maxrss);
    return status == 0 && used.ru_maxrss <= atol(argv[1]) ? 0 : 1;
}
