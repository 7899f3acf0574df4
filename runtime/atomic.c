/* Files that are either as they were or whole: written under a temporary name in the same
 * directory, flushed to the disk, renamed. One temporary name per file, so that a program that was
 * killed leaves at most one, which the next run takes over; a lock keeps two running programs
 * apart. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "trainer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_output(const struct plast_output *output, const char *what,
                       struct plast_fault *fault)
{
    return plast_fail(fault, PLAST_STATUS_FILE, "%s: %s: %s", output->name, what, strerror(errno));
}

/* Whether the descriptor is still what the name means: the program that held the lock before may
 * have renamed the file. */
static bool is_current(int file, const char *name)
{
    struct stat open, named;
    return !fstat(file, &open) && !stat(name, &named) && open.st_dev == named.st_dev &&
           open.st_ino == named.st_ino;
}

/* Systems without locks of files are taken to have one writer. */
static bool lock_file(int file)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return !fcntl(file, F_SETLK, &lock) || (errno != EACCES && errno != EAGAIN);
}

static int open_temporary(struct plast_output *output, struct plast_fault *fault)
{
    for (;;) {
        int file = open(output->temporary, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (file < 0)
            return fail_output(output, "cannot be written", fault);
        if (!lock_file(file)) {
            close(file);
            return plast_fail(fault, PLAST_STATUS_FILE, "%s: another program is writing this file",
                              output->name);
        }
        if (!is_current(file, output->temporary)) {
            close(file);
            continue;
        }
        output->file = ftruncate(file, 0) ? NULL : fdopen(file, "wb");
        if (output->file)
            return 0;
        int status = fail_output(output, "cannot be written", fault);
        unlink(output->temporary);
        close(file);
        return status;
    }
}

static void free_names(struct plast_output *output)
{
    free(output->name);
    free(output->temporary);
    *output = (struct plast_output){0};
}

/* What a symbolic link stands for is replaced, not the link. */
static int set_names(struct plast_output *output, const char *name, struct plast_fault *fault)
{
    char *target = realpath(name, NULL);
    const char *chosen = target ? target : name;
    size_t length = strlen(chosen);
    *output = (struct plast_output){.name = malloc(length + 1), .temporary = malloc(length + 5)};
    if (output->name && output->temporary) {
        memcpy(output->name, chosen, length + 1);
        memcpy(output->temporary, chosen, length);
        memcpy(output->temporary + length, ".tmp", 5);
    }
    free(target);
    return output->name && output->temporary
               ? 0
               : plast_fail(fault, PLAST_STATUS_FILE, "%s: no memory", name);
}

int plast_open_output(struct plast_output *output, const char *name, struct plast_fault *fault)
{
    struct stat there;
    if (!stat(name, &there) && !S_ISREG(there.st_mode))
        return plast_fail(fault, PLAST_STATUS_FILE, "%s: is not a regular file", name);
    int status = set_names(output, name, fault);
    if (!status)
        status = open_temporary(output, fault);
    if (status)
        free_names(output);
    return status;
}

/* A renamed file is safe only when its directory is on the disk, too. Not all file systems can
 * flush a directory; there is nothing to be done where they cannot. */
static void sync_directory(char *name)
{
    char *slash = strrchr(name, '/');
    if (slash)
        slash[slash == name] = 0;
    int directory = open(slash ? name : ".", O_RDONLY | O_CLOEXEC);
    if (directory >= 0) {
        fsync(directory);
        close(directory);
    }
}

int plast_commit_output(struct plast_output *output, struct plast_fault *fault)
{
    if (fflush(output->file) || ferror(output->file) || fsync(fileno(output->file)) ||
        rename(output->temporary, output->name)) {
        int status = fail_output(output, "cannot be written", fault);
        plast_abandon_output(output);
        return status;
    }
    fclose(output->file);
    sync_directory(output->name);
    free_names(output);
    return 0;
}

/* The name goes first: once the lock is gone another program may use it. */
void plast_abandon_output(struct plast_output *output)
{
    unlink(output->temporary);
    fclose(output->file);
    free_names(output);
}

int plast_try_output(const char *name, struct plast_fault *fault)
{
    struct plast_output output;
    int status = plast_open_output(&output, name, fault);
    if (!status)
        plast_abandon_output(&output);
    return status;
}
