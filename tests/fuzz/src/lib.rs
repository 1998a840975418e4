//! The macros and the propagators under a fuzzer: whatever is written in an attribute, and wherever it is put, the
//! macros answer; whatever is in the headers of a request, what is sent on is right.
//!
//! `tests/` tries random input for a while with any toolchain. `fuzz_targets/` is the same for a fuzzer that is guided
//! by coverage, which finds more and never ends (`expansions` or `headers`):
//!
//! ```sh
//! cargo install cargo-fuzz
//! RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz --sanitizer none expansions
//! ```
//!
//! The modules of `tta-macros` are here once more, in a library: a crate of macros can be called by the compiler only,
//! and is not built with a fuzzer's instrumentation.

#[path = "../../../macros/src/args/mod.rs"]
mod args;
#[allow(dead_code, reason = "where a branch stands alone is for the compiler to say")]
#[path = "../../../macros/src/branch.rs"]
mod branch;
mod corpus;
#[path = "../../../macros/src/ctxt.rs"]
mod ctxt;
#[path = "../../../macros/src/derive/mod.rs"]
mod derive;
mod edit;
#[path = "../../../macros/src/expand/mod.rs"]
mod expand;
#[path = "../../../macros/src/fallback.rs"]
mod fallback;
mod headers;
mod input;
#[path = "../../../macros/src/item/mod.rs"]
mod item;
#[path = "../../../macros/src/parse.rs"]
mod parse;
#[path = "../../../macros/src/valid/mod.rs"]
mod valid;
#[path = "../../../macros/src/words.rs"]
mod words;

pub use crate::headers::{Headers, Taken};
pub use crate::input::{Answer, Input, Macro};
