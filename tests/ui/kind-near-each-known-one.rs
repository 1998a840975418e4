#[tta::primitive(kind = "lambada")]
//~                     ^^^^^^^^^
fn a() {}

#[tta::primitive(kind = "lmm")]
//~                     ^^^^^
fn b() {}

#[tta::primitive(kind = "embeding")]
//~                     ^^^^^^^^^^
fn c() {}

#[tta::primitive(kind = "retrival")]
//~                     ^^^^^^^^^^
fn d() {}

#[tta::primitive(kind = "tools")]
//~                     ^^^^^^^
fn e() {}

#[tta::primitive(kind = "agnet")]
//~                     ^^^^^^^
fn f() {}

#[tta::primitive(kind = "htpp")]
//~                     ^^^^^^
fn g() {}

#[tta::primitive(kind = "dbs")]
//~                     ^^^^^
fn h() {}

#[tta::primitive(kind = "ruoter")]
//~                     ^^^^^^^^
fn i() {}

#[tta::primitive(kind = "cahce")]
//~                     ^^^^^^^
fn j() {}

#[tta::workflow(kind = "sequental")]
//~                    ^^^^^^^^^^^
fn k() {}

#[tta::workflow(kind = "paralel")]
//~                    ^^^^^^^^^
fn l() {}

#[tta::workflow(kind = "conditonal")]
//~                    ^^^^^^^^^^^^
fn m() {}

#[tta::workflow(kind = "swich")]
//~                    ^^^^^^^
fn n() {}

#[tta::workflow(kind = "retyr")]
//~                    ^^^^^^^
fn o() {}

#[tta::workflow(kind = "fall_back")]
//~                    ^^^^^^^^^^^
fn p() {}

#[tta::workflow(kind = "timeuot")]
//~                    ^^^^^^^^^
fn q() {}

#[tta::workflow(kind = "sagas")]
//~                    ^^^^^^^
fn r() {}

fn main() {}
