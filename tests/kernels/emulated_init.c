/* The first program of an emulated machine: runs /huffman_paths with the lines of /arguments. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 100

int main(void)
{
    static char lines[ARGUMENTS_MAX][200];
    char *arguments[ARGUMENTS_MAX + 2] = {"/huffman_paths"};
    FILE *file = fopen("/arguments", "r");
    int status = 0;
    for (size_t i = 0; file && i < ARGUMENTS_MAX && fgets(lines[i], sizeof lines[i], file); i++) {
        lines[i][strcspn(lines[i], "\n")] = 0;
        arguments[i + 1] = lines[i];
    }
    puts("\nbegun");
    fflush(stdout);
    if (fork() == 0) {
        execv(arguments[0], arguments);
        _exit(127);
    }
    wait(&status);
    printf("ended %d\n", status);
    fflush(stdout);
    for (;;) { /* the machine would panic without it */
        pause();
    }
}
