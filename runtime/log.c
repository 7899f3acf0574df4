/* One JSON object a line: what an epoch gave, for programs. */
#include "trainer.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

void plast_write_json_string(FILE *to, const char *text)
{
    putc('"', to);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(to, "\\%c", *c);
        else if (*c < 0x20 || *c == 0x7f)
            fprintf(to, "\\u%04x", *c);
        else
            putc(*c, to);
    }
    putc('"', to);
}

/* The decimal point of the locale, if a program that calls plast_main() has set one, is not that of
 * JSON. */
void plast_write_json_number(FILE *to, double number)
{
    char text[40];
    if (!isfinite(number)) {
        fputs("null", to);
        return;
    }
    snprintf(text, sizeof text, "%.17g", number);
    for (char *c = text; *c; c++)
        putc(strchr("+-0123456789e", *c) ? *c : '.', to);
}

/* {"h1": ..., ...} over the layers that own weights. */
static void
write_layers(FILE *to, const struct plast_model *model, const void *block, const char *key,
             void (*value)(FILE *, const struct plast_layer *, const struct plast_live *))
{
    const char *between = "";
    fprintf(to, ", \"%s\": {", key);
    for (int i = 0; i < model->layers; i++) {
        struct plast_live live;
        if (!model->layer[i].synapses)
            continue;
        plast_count_live(&live, model, block, i);
        fputs(between, to);
        plast_write_json_string(to, model->layer[i].name);
        fputs(": ", to);
        value(to, &model->layer[i], &live);
        between = ", ";
    }
    putc('}', to);
}

static void write_live(FILE *to, const struct plast_layer *layer, const struct plast_live *live)
{
    plast_write_json_number(to, (double)live->synapses / (double)layer->synapses);
}

static void write_live_neurons(FILE *to, const struct plast_layer *layer,
                               const struct plast_live *live)
{
    (void)layer;
    fprintf(to, "%" PRId64, live->neurons);
}

/* What the next step will work on. */
static void write_forms(FILE *to, const struct plast_model *model, const void *block)
{
    const char *comma = "";
    fputs(", \"form\": {", to);
    for (int i = 1; i < model->layers; i++) {
        if (!model->layer[i].synapses)
            continue;
        fputs(comma, to);
        plast_write_json_string(to, model->layer[i].name);
        fprintf(to, ": \"%s\"", plast_form_name(model, block, i));
        comma = ", ";
    }
    putc('}', to);
}

static void write_number(FILE *to, const char *key, double number, bool there)
{
    fprintf(to, ", \"%s\": ", key);
    plast_write_json_number(to, there ? number : NAN);
}

void plast_write_epoch_keys(FILE *to, const struct plast_model *model, const void *block,
                            const struct plast_epoch *epoch)
{
    fprintf(to, "\"epoch\": %" PRId64, epoch->number);
    write_number(to, "loss", epoch->loss, true);
    write_number(to, "train_accuracy", epoch->train_accuracy, epoch->train_accuracy >= 0);
    write_number(to, "test_accuracy", epoch->test_accuracy, epoch->test_accuracy >= 0);
    write_layers(to, model, block, "live", write_live);
    write_layers(to, model, block, "live_neurons", write_live_neurons);
    write_forms(to, model, block);
    write_number(to, "ms_per_step", 1e3 * epoch->seconds / (double)epoch->steps, epoch->steps > 0);
    write_number(to, "samples_per_second", epoch->samples / epoch->seconds, epoch->seconds > 0);
}

static int fail_log(const struct plast_log *log, struct plast_fault *fault)
{
    return plast_fail(fault, PLAST_STATUS_FILE, "%s: the log cannot be written: %s", log->name,
                      strerror(errno));
}

int plast_open_log(struct plast_log *log, const char *name, bool append, struct plast_fault *fault)
{
    *log = (struct plast_log){.name = name};
    if (!name)
        return 0;
    if (!strcmp(name, "-")) {
        *log = (struct plast_log){.file = stdout, .name = "standard output"};
        return 0;
    }
    log->file = fopen(name, append ? "a" : "w");
    return log->file ? 0 : fail_log(log, fault);
}

int plast_write_log(struct plast_log *log, const struct plast_model *model, const void *block,
                    const struct plast_epoch *epoch, struct plast_fault *fault)
{
    if (!log->file)
        return 0;
    putc('{', log->file);
    plast_write_epoch_keys(log->file, model, block, epoch);
    fputs("}\n", log->file);
    return fflush(log->file) || ferror(log->file) ? fail_log(log, fault) : 0;
}

int plast_close_log(struct plast_log *log, struct plast_fault *fault)
{
    FILE *file = log->file;
    log->file = NULL;
    if (!file || file == stdout)
        return 0;
    return fclose(file) ? fail_log(log, fault) : 0;
}
