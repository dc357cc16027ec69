//! Cargo does not see a new migration by itself: `embed_migrations!` reads a directory.
fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
