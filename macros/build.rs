//! Has cargo compile the attributes anew, and with them the documentation, when the address in the links changes.
//!
//! `cargo doc` does not look at the variables that a macro reads: only a build script can name them.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_DOC_LINKS").is_some() {
        println!("cargo::rerun-if-env-changed=TTA_PROMETHEUS_URL");
    }
}
