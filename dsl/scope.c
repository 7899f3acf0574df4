/* Names: the tables of what was defined, where each is seen, and what to say when one is unknown.
 * Relies on interned names: they are hashed by their pointers. */
#include "check.h"

#include <string.h>

static size_t slot_of(const struct map *map, const char *name)
{
    size_t i = (size_t)((uintptr_t)name >> 3) * 0x9e3779b1u & (map->room - 1);
    while (map->key[i] && map->key[i] != name)
        i = (i + 1) & (map->room - 1);
    return i;
}

void *map_find(const struct map *map, const char *name)
{
    if (!map->room)
        return NULL;
    size_t i = slot_of(map, name);
    return map->key[i] ? map->value[i] : NULL;
}

void map_set(struct arena *arena, struct map *map, const char *name, void *value)
{
    if (2 * (map->count + 1) > map->room) {
        struct map old = *map;
        map->room = old.room ? 2 * old.room : 64;
        map->key = NEW_ARRAY(arena, map->room, const char *);
        map->value = NEW_ARRAY(arena, map->room, void *);
        map->count = 0;
        for (size_t i = 0; i < old.room; i++)
            if (old.key[i])
                map_set(arena, map, old.key[i], old.value[i]);
    }
    size_t i = slot_of(map, name);
    map->count += !map->key[i];
    map->key[i] = name;
    map->value[i] = value;
}

struct symbol *find_symbol(const struct context *context, enum table table, const char *name)
{
    struct symbol *s = map_find(&context->check->names[table], name);
    while (s && s->order >= context->limit)
        s = s->older;
    return s;
}

struct symbol *declare(struct check *check, enum table table, enum symbol_kind kind,
                       struct name name, const struct stmt *stmt)
{
    struct symbol *older = map_find(&check->names[table], name.text);
    struct symbol *s = NEW(check->arena, struct symbol);
    s->kind = kind;
    s->name = name.text;
    s->loc = name.loc;
    s->order = ++check->order;
    s->prelude = check->in_prelude;
    s->stmt = stmt;
    s->older = older;
    if (older && older->prelude == s->prelude) {
        diag_error(check->diag, name.loc, "'%s' is defined a second time", name.text);
        diag_note(check->diag, older->loc, "it was defined here");
        s->poisoned = true;
    }
    map_set(check->arena, &check->names[table], name.text, s);
    PUSH(check->arena, check->all[table], check->all_count[table], s);
    return s;
}

bool is_broken(const struct check *check, const char *name)
{
    return check->file->any_broken || map_find(&check->broken, name);
}

bool is_run_scalar(const char *name)
{
    static const char *const names[] = {"epoch", "epochs", "step", "progress"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

bool is_truth(const char *name, double *value)
{
    *value = strcmp(name, "true") == 0;
    return *value != 0 || strcmp(name, "false") == 0;
}

struct context file_context(struct check *check, bool run)
{
    return (struct context){.check = check, .limit = check->order + 1, .run = run};
}

bool say_once(struct check *check, const char *name)
{
    name = intern(check->arena, name);
    if (map_find(&check->told, name))
        return false;
    map_set(check->arena, &check->told, name, check);
    return true;
}

void report_unknown_of(struct check *check, struct loc loc, const char *name, const char *what,
                       const char *const *candidates, size_t count)
{
    diag_error(check->diag, loc, "unknown %s '%s'", what, name);
    const char *nearest = nearest_name(name, candidates, count);
    if (nearest)
        diag_note(check->diag, (struct loc){0}, "did you mean '%s'?", nearest);
}

/* A name used too early is worth a hint. */
static const struct stmt *defined_later(const struct check *check, const char *name, struct loc use)
{
    for (const struct stmt *s = check->file->first; s; s = s->next)
        if (s->name.text == name && (s->loc.file != use.file || s->loc.start > use.start) &&
            s->kind != ST_LOSS && s->kind != ST_LEARN && s->kind != ST_USE_OPTIMIZER &&
            s->kind != ST_PLASTICITY && s->kind != ST_PRUNE)
            return s;
    return NULL;
}

/* Of a hostile file with a hundred thousand unknown names nobody reads the last suggestions. */
enum { MOST_SUGGESTIONS = 200, MOST_CANDIDATES = 5000 };

void report_unknown(const struct context *context, struct loc loc, const char *name,
                    const char *what, enum table table, unsigned kinds, const char *const *extra)
{
    struct check *check = context->check;
    if (is_broken(check, name) || (table == T_VALUE && !check->has_input && kinds >> SYM_LAYER & 1))
        return;
    if (!say_once(check, arena_format(check->arena, "%s %s %d", what, name, check->stmt_number)))
        return;
    const char **candidates = NULL;
    size_t count = 0;
    if (check->diag->errors < MOST_SUGGESTIONS) {
        for (; extra && *extra; extra++)
            PUSH(check->arena, candidates, count, *extra);
        for (int i = 0; i < context->bindings; i++)
            PUSH(check->arena, candidates, count, context->binding[i].name);
        for (int i = check->all_count[table]; i-- > 0 && count < MOST_CANDIDATES;) {
            struct symbol *s = check->all[table][i];
            if ((kinds >> s->kind & 1) && s->order < context->limit)
                PUSH(check->arena, candidates, count, s->name);
        }
    }
    report_unknown_of(check, loc, name, what, candidates, count);
    const struct stmt *later =
        check->diag->errors < MOST_SUGGESTIONS ? defined_later(check, name, loc) : NULL;
    if (later)
        diag_note(check->diag, later->name.loc, "it is defined here, but is needed before");
}
