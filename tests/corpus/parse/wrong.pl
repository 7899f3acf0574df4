model wrong
let a = 3 let b = ;
layr h = x |> dense(300 400
rule r(a b) { adapt { x = 1; } }
rule s { sate x = 0; if (w > ) { y = 1; } else x = 2; adapt { z = 3
let c = 1 < 2 < 3 && 4;
include "open
include "none.pl";
let d = 12abc + 1e999; }
budget memory <= 3 MIB;
rule t {
    x = 1;
input y[3];
