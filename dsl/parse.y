/* The grammar of plast. Tokens come in from feed.c, statements go out to
 * parse_file.c; every action is one call of a constructor. What a keyword means
 * depends on where it stands: wherever no statement begins it is a name. */
%define api.pure full
%define api.location.type {struct loc}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param {struct parser *p}

%code requires {
#include "parser.h"
}

%code {
#define YYLLOC_DEFAULT(all, rhs, n) ((all) = join_places(&(rhs)[0], (n)))

static struct loc join_places(const struct loc *rhs, int count)
{
    if (!count) /* nothing was read: the place after what was */
        return (struct loc){rhs[0].file, rhs[0].end, rhs[0].end};
    return (struct loc){rhs[1].file, rhs[1].start, rhs[count].end};
}

static int yylex(YYSTYPE *, struct loc *, struct parser *);
static void yyerror(const struct loc *, struct parser *, const char *);
}

%initial-action { @$ = (struct loc){p->file, 0, 0}; }

%union {
    struct name name;
    double number;
    const char *string;
    struct expr *expr;
    struct exprs exprs;
    struct entry entry;
    struct entries entries;
    struct stmt *stmt;
    struct body *body;
    struct items items;
    struct targets targets;
    struct period *period;
    enum space space;
    enum expr_kind op;
}

%token <name> NAME "a name"
%token <number> NUMBER "a number"
%token <string> STRING "a file name in quotes"
/* these begin statements */
%token <name> MODEL "model" INCLUDE "include" LET "let" TIME "time" INPUT "input" LAYER "layer"
%token <name> BLOCK "block" OUTPUT "output" LOSS "loss" LEARN "learn" OPTIMIZER "optimizer"
%token <name> BATCH "batch" EPOCHS "epochs" SEED "seed" BUDGET "budget" PLASTICITY "plasticity"
%token <name> PRUNE "prune" FUNCTION "function" NEURON "neuron" RULE "rule"
/* these have a meaning inside some */
%token <name> ON "on" EACH "each" FROM "from" UNTIL "until" EPOCH "epoch" STEPS "steps"
%token <name> STATE "state" LEARNABLE "learnable" EMIT "emit" DROP "drop" GROW "grow" WHEN "when"
%token <name> SYNAPSE "synapse" KERNEL "kernel"
/* these are reserved */
%token IF "if" ELSE "else" AND "and" OR "or" NOT "not"
%token PIPE "|>" LE "<=" GE ">=" EQ "==" NE "!="
%token ADD_TO "+=" SUB_TO "-=" MUL_TO "*=" DIV_TO "/="
%token END "end of file"
%token BAD    /* what the scanner cannot read; p->bad says why */
%token RESUME /* feed.c: text was skipped up to here */

%precedence "|>"
%right '?' ':'
%left "or"
%left "and"
%precedence "not"
%nonassoc '<' "<=" '>' ">=" "==" "!="
%left '+' '-'
%left '*' '/'
%precedence NEGATIVE
%right '^'

%type <name> name
%type <expr> expr callee
%type <exprs> exprs dims dims_opt transforms
%type <entry> entry decl
%type <entries> args entries decls
%type <stmt> stmt
%type <body> item
%type <items> braces items else
%type <targets> on targets
%type <period> period
%type <space> space
%type <op> assign

%%

start: file END             { (void)yynerrs; /* bison counts errors that diag counts better */ }

file: %empty
    | file stmt             { add_stmt(p, $2); }
    | file error RESUME     { skip_text(p, loc_join(@2, @3)); p->poisoned = false; yyerrok; }

stmt: MODEL name ';'        { $$ = make_stmt(p, (struct stmt){ST_MODEL, @$, .name = $2}); }
    | INCLUDE STRING ';'
        { $$ = make_stmt(p, (struct stmt){ST_INCLUDE, @$, .name.loc = @2, .path = $2}); }
    | LET name '=' expr ';'
        { $$ = make_stmt(p, (struct stmt){ST_LET, @$, .name = $2, .value = $4}); }
    | TIME expr ';'         { $$ = make_stmt(p, (struct stmt){ST_TIME, @$, .value = $2}); }
    | INPUT name dims transforms ';'
        { $$ = make_input(p, (struct stmt){ST_INPUT, @$, .name = $2}, $3, @3, $4); }
    | LAYER name dims_opt '=' expr ';'
        { $$ = make_shaped(p, (struct stmt){ST_LAYER, @$, .name = $2, .value = $5}, $3, @3); }
    | BLOCK name args '=' expr ';'
        { $$ = make_definition(p, (struct stmt){ST_BLOCK, @$, .name = $2, .list = $3, .value = $5}); }
    | OUTPUT name '=' expr ';'
        { $$ = make_stmt(p, (struct stmt){ST_OUTPUT, @$, .name = $2, .value = $4}); }
    | LOSS name args ';'
        { $$ = make_stmt(p, (struct stmt){ST_LOSS, @$, .name = $2, .list = $3}); }
    | LEARN name ';'        { $$ = make_stmt(p, (struct stmt){ST_LEARN, @$, .name = $2}); }
    | OPTIMIZER name args ';'
        { $$ = make_stmt(p, (struct stmt){ST_USE_OPTIMIZER, @$, .name = $2, .list = $3}); }
    | BATCH expr ';'        { $$ = make_stmt(p, (struct stmt){ST_BATCH, @$, .value = $2}); }
    | EPOCHS expr ';'       { $$ = make_stmt(p, (struct stmt){ST_EPOCHS, @$, .value = $2}); }
    | SEED expr ';'         { $$ = make_stmt(p, (struct stmt){ST_SEED, @$, .value = $2}); }
    | PLASTICITY name args on period ';'
        { $$ = make_attachment(p, (struct stmt){ST_PLASTICITY, @$, .name = $2, .list = $3}, &$4, $5); }
    | PRUNE name args on period ';'
        { $$ = make_attachment(p, (struct stmt){ST_PRUNE, @$, .name = $2, .list = $3}, &$4, $5); }
    | BUDGET name "<=" expr ';'
        { $$ = make_budget(p, (struct stmt){ST_BUDGET, @$, .name = $2, .value = $4}, (struct name){0}); }
    | BUDGET name "<=" expr name ';'
        { $$ = make_budget(p, (struct stmt){ST_BUDGET, @$, .name = $2, .value = $4}, $5); }
    | FUNCTION name args '=' expr ';'
        { $$ = make_definition(p, (struct stmt){ST_FUNCTION, @$, .name = $2, .list = $3, .value = $5}); }
    | NEURON name args braces
        { $$ = make_definition(p, (struct stmt){ST_NEURON, @$, .name = $2, .list = $3, .body = $4.first}); }
    | OPTIMIZER name args braces
        { $$ = make_definition(p, (struct stmt){ST_OPTIMIZER, @$, .name = $2, .list = $3, .body = $4.first}); }
    | RULE name args braces
        { $$ = make_definition(p, (struct stmt){ST_RULE, @$, .name = $2, .list = $3, .body = $4.first}); }

/* --- shapes, layers, periods */

dims: '[' exprs ']'         { $$ = $2; }
dims_opt: %empty            { $$ = (struct exprs){0}; }
    | dims
transforms: %empty          { $$ = (struct exprs){0}; }
    | transforms "|>" callee { $$ = add_expr(p, $1, $3); }

on: %empty                  { $$ = (struct targets){0}; }
    | ON targets            { $$ = $2; }
targets: name               { $$ = add_target(p, (struct targets){0}, $1, NULL, @$); }
    | name '[' expr ']'     { $$ = add_target(p, (struct targets){0}, $1, $3, @$); }
    | targets ',' name      { $$ = add_target(p, $1, $3, NULL, @3); }
    | targets ',' name '[' expr ']' { $$ = add_target(p, $1, $3, $5, loc_join(@3, @6)); }

period: %empty              { $$ = new_period(p); }
    | period EACH EPOCH     { $$ = set_each(p, $1, loc_join(@2, @3), NULL, false); }
    | period EACH expr EPOCHS { $$ = set_each(p, $1, loc_join(@2, @4), $3, false); }
    | period EACH expr STEPS { $$ = set_each(p, $1, loc_join(@2, @4), $3, true); }
    | period FROM EPOCH expr { $$ = set_from(p, $1, loc_join(@2, @4), $4); }
    | period UNTIL EPOCH expr { $$ = set_until(p, $1, loc_join(@2, @4), $4); }

/* --- bodies */

/* Reduced at the brace, so that an error behind it finds no `items` that would take it for their own. */
braces: '{' items '}'       { $$ = $2; }

items: %empty               { $$ = (struct items){0}; }
    | items item            { $$ = add_item($1, $2); }
    | items error RESUME    { $$ = $1; p->poisoned = true; yyerrok; }

item: STATE decls ';'       { $$ = make_body(p, (struct body){B_STATE, @$, .list = $2}); }
    | STATE space decls ';'
        { $$ = make_body(p, (struct body){B_STATE, @$, $2, @2, .list = $3}); }
    | LEARNABLE decls ';'   { $$ = make_body(p, (struct body){B_LEARNABLE, @$, .list = $2}); }
    | LEARNABLE space decls ';'
        { $$ = make_body(p, (struct body){B_LEARNABLE, @$, $2, @2, .list = $3}); }
    | space decls ';'       { $$ = make_body(p, (struct body){B_VALUE, @$, $1, @1, .list = $2}); }
    | name assign expr ';'
        { $$ = make_body(p, (struct body){B_ASSIGN, @$, .name = $1, .op = $2, .value = $3}); }
    | EMIT expr ';'         { $$ = make_body(p, (struct body){B_EMIT, @$, .value = $2}); }
    | name braces
        { $$ = make_body(p, (struct body){B_PHASE, @$, .name = $1, .inner = $2.first}); }
    | IF '(' expr ')' braces else
        { $$ = make_body(p, (struct body){B_IF, @$, .value = $3, .inner = $5.first, .other = $6.first}); }
    | DROP space WHEN expr ';'
        { $$ = make_body(p, (struct body){B_DROP, @$, $2, @2, .value = $4}); }
    | GROW space WHEN expr ';'
        { $$ = make_body(p, (struct body){B_GROW, @$, $2, @2, .value = $4}); }

else: %empty                { $$ = (struct items){0}; }
    | ELSE braces           { $$ = $2; }

assign: '=' { $$ = E_NUMBER; }
    | "+="  { $$ = E_ADD; }
    | "-="  { $$ = E_SUB; }
    | "*="  { $$ = E_MUL; }
    | "/="  { $$ = E_DIV; }

space: SYNAPSE  { $$ = SPACE_SYNAPSE; }
    | KERNEL    { $$ = SPACE_KERNEL; }
    | NEURON    { $$ = SPACE_NEURON; }
    | INPUT     { $$ = SPACE_INPUT; }
    | LAYER     { $$ = SPACE_LAYER; }

decls: decl                 { $$ = add_entry(p, (struct entries){0}, $1); }
    | decls ',' decl        { $$ = add_entry(p, $1, $3); }
decl: name '=' expr         { $$ = (struct entry){$1, $3, @$}; }

/* --- expressions; one list for arguments and parameters */

args: %empty                { $$ = (struct entries){0}; }
    | '(' ')'               { $$ = (struct entries){.parens = true}; }
    | '(' entries ')'       { $$ = $2; }
entries: entry              { $$ = add_entry(p, (struct entries){.parens = true}, $1); }
    | entries ',' entry     { $$ = add_entry(p, $1, $3); }
entry: expr                 { $$ = make_entry($1, @$); }
    | decl

exprs: expr                 { $$ = add_expr(p, (struct exprs){0}, $1); }
    | exprs ',' expr        { $$ = add_expr(p, $1, $3); }

callee: name                { $$ = make_call(p, @$, $1, (struct entries){0}); }
    | name '(' ')'          { $$ = make_call(p, @$, $1, (struct entries){.parens = true}); }
    | name '(' entries ')'  { $$ = make_call(p, @$, $1, $3); }

expr: NUMBER                { $$ = expr_number(p->arena, @$, $1); }
    | name                  { $$ = expr_name(p->arena, @$, $1.text); }
    | name '(' ')'          { $$ = make_call(p, @$, $1, (struct entries){.parens = true}); }
    | name '(' entries ')'  { $$ = make_call(p, @$, $1, $3); }
    | '(' expr ')'          { $$ = $2; }
    | '(' expr ',' exprs ')' { $$ = make_tuple(p, @$, $2, $4); }
    | '-' expr %prec NEGATIVE { $$ = make_unary(p, @$, E_NEG, $2); }
    | "not" expr            { $$ = make_unary(p, @$, E_NOT, $2); }
    | expr "|>" callee      { $$ = make_binary(p, @$, E_PIPE, $1, $3); }
    | expr '?' expr ':' expr { $$ = make_cond(p, @$, $1, $3, $5); }
    | expr "or" expr        { $$ = make_binary(p, @$, E_OR, $1, $3); }
    | expr "and" expr       { $$ = make_binary(p, @$, E_AND, $1, $3); }
    | expr '<' expr         { $$ = make_binary(p, @$, E_LT, $1, $3); }
    | expr "<=" expr        { $$ = make_binary(p, @$, E_LE, $1, $3); }
    | expr '>' expr         { $$ = make_binary(p, @$, E_GT, $1, $3); }
    | expr ">=" expr        { $$ = make_binary(p, @$, E_GE, $1, $3); }
    | expr "==" expr        { $$ = make_binary(p, @$, E_EQ, $1, $3); }
    | expr "!=" expr        { $$ = make_binary(p, @$, E_NE, $1, $3); }
    | expr '+' expr         { $$ = make_binary(p, @$, E_ADD, $1, $3); }
    | expr '-' expr         { $$ = make_binary(p, @$, E_SUB, $1, $3); }
    | expr '*' expr         { $$ = make_binary(p, @$, E_MUL, $1, $3); }
    | expr '/' expr         { $$ = make_binary(p, @$, E_DIV, $1, $3); }
    | expr '^' expr         { $$ = make_binary(p, @$, E_POW, $1, $3); }

name: NAME | MODEL | INCLUDE | LET | TIME | INPUT | LAYER | BLOCK | OUTPUT | LOSS | LEARN | OPTIMIZER
    | BATCH | EPOCHS | SEED | BUDGET | PLASTICITY | PRUNE | FUNCTION | NEURON | RULE | ON | EACH | FROM
    | UNTIL | EPOCH | STEPS | STATE | LEARNABLE | EMIT | DROP | GROW | WHEN | SYNAPSE | KERNEL

%%

static int yylex(YYSTYPE *value, struct loc *loc, struct parser *p)
{
    return feed_token(value, loc, p);
}

/* Only when its stack is full, which feed.c should have prevented. */
static void yyerror(const struct loc *loc, struct parser *p, const char *message)
{
    diag_error(p->diag, *loc, "%s", message);
}

static int yyreport_syntax_error(const yypcontext_t *context, struct parser *p)
{
    yysymbol_kind_t symbol[YYNTOKENS];
    const char *name[YYNTOKENS];
    struct refusal refusal = {yysymbol_name(yypcontext_token(context)),
                              *yypcontext_location(context), name, 0};
    if (wants_details(p)) /* to find what was expected, each token is tried */
        refusal.count = yypcontext_expected_tokens(context, symbol, YYNTOKENS);
    for (int i = 0; i < refusal.count; i++)
        name[i] = yysymbol_name(symbol[i]);
    report_refusal(p, &refusal);
    return 0;
}
